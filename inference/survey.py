"""A survey: scenes and sites in, passes out; the one process behind the command line."""

import datetime
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..detector.detector import Detector, TileDetector
from ..detector.errors import NoCrsError, SiteOutsideError
from .counts import counted_nodes
from .coverage import touches
from .detection import detect
from .georeference import SceneInfo
from .passes import Pass, observe, series
from .result import SceneResult
from .scene import Scene, open_scene
from .screen import coarse_detector
from .sites import Site, placed

Progress = Callable[[str, int, int], None]
"""Called with the name of the scene in work, the number of its tiles that are done and of all its tiles."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How scenes are opened, where they do not say it themselves."""

    gsd: float | None = None
    """Metres per pixel; overrides the georeference."""
    bands: tuple[int, ...] | None = None
    """One band or three, from 1, to see as red, green and blue."""
    date: datetime.date | None = None
    """Overrides what tags and names say."""
    screen: bool = False
    """A coarse look at the whole scene decides which tiles are run."""

    def scene(self, path: str) -> Scene:
        """The opened scene. Raises what `open_scene` raises."""
        return open_scene(path, gsd=self.gsd, bands=self.bands, date=self.date)


@dataclass(frozen=True, slots=True)
class Weights:
    """What the detector says about itself, for the record of a result."""

    name: str
    sha256: str
    """Of the parameters; empty where there are none."""
    min_score: float | None
    """Boxes below this score were not reported; None where the detector has no such limit."""
    recall: Mapping[str, float]
    """The measured share of objects found, per counted root; a root without one is taken as 1."""
    not_measured: tuple[str, ...]
    """What was not measured about these weights, in sentences."""


def weights_of(detector: TileDetector) -> Weights:
    """What a detector says about itself; a detector without a weight record goes by the name of its class."""
    if not isinstance(detector, Detector):
        return Weights(type(detector).__name__, "", None, {}, ())
    record = detector.record
    return Weights(
        record.name, record.params_sha256, detector.min_score, dict(record.recall), tuple(record.not_measured)
    )


@dataclass(frozen=True, slots=True)
class Look:
    """One scene of a survey: its name, unique in the survey, what was detected, and its passes over sites."""

    name: str
    result: SceneResult
    passes: tuple[Pass, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a run found: scenes in the order given, sites in file order."""

    looks: tuple[Look, ...]
    sites: tuple[Site, ...]
    nodes: tuple[str, ...]
    """The counted nodes of the network, parents first."""
    weights: Weights
    opening: Opening = field(default_factory=Opening)

    def series(self) -> dict[str, tuple[Pass, ...]]:
        """The passes of each site in order of time; sites in their order."""
        by_site = series(one for each in self.looks for one in each.passes)
        return {site.name: by_site[site.name] for site in self.sites if site.name in by_site}

    @property
    def unread(self) -> int:
        """How many tiles, over all scenes, could not be read."""
        return sum(len(each.result.unread) for each in self.looks)


def run_survey(
    scenes: Sequence[str | os.PathLike[str]],
    detector: TileDetector,
    *,
    sites: Sequence[Site] | None = None,
    opening: Opening | None = None,
    weights: Weights | None = None,
    progress: Progress | None = None,
) -> Survey:
    """What `detector` finds in the scenes, in the order given, and what that says about each site.

    Without `sites` each scene is a site of its own. All scenes are opened, and all sites found in them, before the
    first is worked on. A scene that is given twice is taken once. `weights` says what the result is recorded with; by
    default what the detector says about itself.

    Raises what `open_scene` and `detect` raise, NoCrsError for an image without a place on the map where there are
    sites, and SiteOutsideError for sites that no scene touches.
    """
    how = opening or Opening()
    paths = list(dict.fromkeys(os.path.abspath(path) if os.path.exists(path) else os.fspath(path) for path in scenes))
    infos = [_info(path, how) for path in paths]
    names = _unique([info.name for info in infos])
    places = tuple(Site(name, None) for name in names) if sites is None else tuple(sites)
    if sites is not None:
        _check_sites(infos, places)
    record = weights or weights_of(detector)
    screening = coarse_detector(detector) if how.screen and isinstance(detector, Detector) else None
    looks = []
    for number, (path, name) in enumerate(zip(paths, names, strict=True)):
        with how.scene(path) as scene:
            result = detect(scene, detector, screening=screening, progress=_named(progress, name))
        own = places if sites is not None else places[number : number + 1]
        passes = (observe(result, site, name, record.recall) for site in own)
        looks.append(Look(name, result, tuple(one for one in passes if one is not None)))
    return Survey(tuple(looks), places, counted_nodes(detector.nodes), record, how)


def _info(path: str, how: Opening) -> SceneInfo:
    with how.scene(path) as scene:
        return scene.info


def _unique(names: Sequence[str]) -> list[str]:
    """The names, with a number behind those that are taken.

    >>> _unique(["a", "b", "a"])
    ['a', 'b', 'a-2']
    """
    unique: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in unique:
            number += 1
            candidate = f"{name}-{number}"
        unique.append(candidate)
    return unique


def _check_sites(infos: Sequence[SceneInfo], sites: Sequence[Site]) -> None:
    for info in infos:
        if not placed(info):
            raise NoCrsError(
                f"{info.path}: no place on the map, so no site can be found in it;"
                " leave out --sites to count per image, or give a georeferenced file"
            )
    outside = [site.name for site in sites if not any(touches(info, site) for info in infos)]
    if outside:
        raise SiteOutsideError(
            f"{'site' if len(outside) == 1 else 'sites'} {', '.join(map(repr, outside))} outside of every scene;"
            " check the coordinates, or take the site out of the file"
        )


def _named(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None

    def advance(done: int, total: int) -> None:
        progress(name, done, total)

    return advance
