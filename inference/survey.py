"""A survey: scenes and sites in, passes out; the one process behind the command line."""

import datetime
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

import shapely

from ..detector.coarse import coarse_detector
from ..detector.decode import MIN_SCORE
from ..detector.detector import Detector, TileDetector
from ..detector.errors import NoCrsError, SiteOutsideError, TileReadError
from ..detector.weights import recall_at
from . import events
from .counts import Curves, counted_nodes
from .coverage import touches
from .detection import detect
from .events import Tell, untold
from .georeference import SceneInfo
from .journal import Journal
from .pace import Pace
from .passes import Pass, observe, series
from .polygons import on_scene
from .result import SceneResult
from .scene import Scene, open_scene
from .sites import Site, placed
from .watch import Failure, Failures, SceneWatch


@dataclass(frozen=True, slots=True)
class Opening:
    """How scenes are opened, where they do not say it themselves, and where they are looked at."""

    gsd: float | None = None
    """Metres per pixel; overrides the georeference."""
    bands: tuple[int, ...] | None = None
    """One band or three, from 1, to see as red, green and blue."""
    date: datetime.date | None = None
    """Overrides what tags and names say."""
    clouds: str | None = None
    """The cloud mask of each scene: a path in which {dir} and {stem} stand for the scene's folder and its file name
    without ending."""
    within: tuple[Site, ...] | None = None
    """Only tiles that touch one of these sites are read and run; what lies outside of them is not seen."""
    screen: bool = False
    """A coarse look at what is to be seen decides which tiles are run."""

    def scene(self, path: str) -> Scene:
        """The opened scene. Raises what `open_scene` raises."""
        return open_scene(path, gsd=self.gsd, bands=self.bands, date=self.date, clouds=self.cloud_mask(path))

    def cloud_mask(self, path: str) -> str | None:
        """Where the cloud mask of a scene has to be; None where none are used."""
        if self.clouds is None:
            return None
        folder, file = os.path.split(path)
        return self.clouds.replace("{dir}", folder or ".").replace("{stem}", os.path.splitext(file)[0])


@dataclass(frozen=True, slots=True)
class Weights:
    """What the detector says about itself, for the record of a result."""

    name: str
    sha256: str
    """Of the parameters; empty where there are none."""
    min_score: float | None
    """Boxes below this score were not reported; None where the detector has no such limit."""
    recall: Mapping[str, float]
    """The measured share of objects found, per node; a root without one is taken as 1."""
    not_measured: tuple[str, ...]
    """What was not measured about these weights, in sentences."""
    arithmetic: str = ""
    """Back end, device and precision that they ran on ("openvino cpu int8"); empty where that is not known."""
    recall_by_gsd: Curves = field(default_factory=dict)
    """The share of objects found over metres per pixel, per node, where it was measured so."""
    calibration: Curves = field(default_factory=dict)
    """How probable a node is at a score, per node; empty for a detector without a weight record."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """The score from which a node is reported, or, of a counted one, counts."""
    doubt: Mapping[str, float] = field(default_factory=dict)
    """What found objects lacked in probability where `recall` was measured, on average."""


def weights_of(detector: TileDetector) -> Weights:
    """What a detector says about itself; a detector without a weight record goes by the name of its class."""
    if not isinstance(detector, Detector):
        return Weights(type(detector).__name__, "", None, {}, ())
    record = detector.record
    return Weights(
        name=record.name,
        sha256=record.params_sha256,
        min_score=MIN_SCORE if detector.min_score is None else detector.min_score,
        recall=dict(record.recall),
        not_measured=tuple(record.not_measured),
        arithmetic="" if detector.choice is None else str(detector.choice),
        recall_by_gsd=record.recall_by_gsd,
        calibration=record.calibration,
        thresholds=record.thresholds,
        doubt=record.doubt,
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
    failed: tuple[Failure, ...] = ()
    """Scenes that could not be used."""

    def series(self) -> dict[str, tuple[Pass, ...]]:
        """The passes of each site in order of time; sites in their order."""
        by_site = series(one for each in self.looks for one in each.passes)
        return {site.name: by_site[site.name] for site in self.sites if site.name in by_site}

    @property
    def unread(self) -> int:
        """How many tiles, over all scenes, could not be read."""
        return sum(len(each.result.unread) for each in self.looks)


@dataclass(frozen=True, slots=True)
class SurveyPlan:
    """What a survey is going to do, once all scenes were opened and all sites found in them; made by `plan_survey`."""

    scenes: tuple[tuple[str, SceneInfo], ...]
    """Name, unique in the survey, and what is known of each scene that can be opened, in the order given."""
    sites: tuple[Site, ...]
    """The sites; for None, each scene is one."""
    whole_scenes: bool
    """True where each scene is a site of its own."""
    opening: Opening
    failed: tuple[Failure, ...]
    strict: bool
    """True: the first scene that cannot be used, or tile that cannot be read, ends the survey."""


def plan_survey(
    scenes: Sequence[str | os.PathLike[str]],
    *,
    sites: Sequence[Site] | None = None,
    opening: Opening | None = None,
    strict: bool = False,
    tell: Tell = untold,
) -> SurveyPlan:
    """Open all scenes and find all sites in them, before the first is worked on. A scene given twice is taken once.

    Without `sites` each scene is a site of its own. With `strict`, or where no scene can be used, raises what
    `open_scene` raises, and NoCrsError for an image without a place on the map where there are sites. Else such scenes
    are in `failed`. Raises SiteOutsideError for sites that no scene touches; where scenes failed it is told only.
    """
    how = opening or Opening()
    paths = list(dict.fromkeys(os.path.abspath(path) if os.path.exists(path) else os.fspath(path) for path in scenes))
    failures = Failures(strict or len(paths) == 1, tell)
    named: list[tuple[str, SceneInfo]] = []
    for path in paths:
        with failures.of(path):
            info = _info(path, how)
            if sites is not None:
                _check_placed(info, "leave out --sites to count per image")
            if how.within is not None:
                _check_placed(info, "leave out --within to look at the whole image")
            name = _unique(info.name, [name for name, _ in named])
            named.append((name, info))
            gsd = (round(info.gsd_x, 4), round(info.gsd_y, 4))
            date = None if info.time is None else info.time.isoformat()
            tell(events.Scene(name, path, info.width, info.height, gsd, date))
    failures.check(len(named))
    if sites is not None:
        _check_sites([info for _, info in named], sites, tell if failures.found else None)
    if how.within is not None:
        _check_within([info for _, info in named], how.within)
    places = tuple(Site(name, None) for name, _ in named) if sites is None else tuple(sites)
    return SurveyPlan(tuple(named), places, sites is None, how, tuple(failures.found), strict)


def run_plan(
    plan: SurveyPlan,
    detector: TileDetector,
    *,
    weights: Weights | None = None,
    journal: Journal | None = None,
    tell: Tell = untold,
) -> Survey:
    """What `detector` finds in the scenes of a plan, in their order, and what that says about each site.

    `weights` says what the result is recorded with; by default what the detector says about itself. Finished strips go
    to the `journal`, and those that it has are not run again.

    A scene that turns out to be of no use (too coarse, all no-data) is in the survey's `failed`; with `strict`, or
    where no scene is of use, raises what `detect` raises.
    """
    record = weights or weights_of(detector)
    failures = Failures(plan.strict or len(plan.scenes) + len(plan.failed) == 1, tell, plan.failed)
    screening = coarse_detector(detector) if plan.opening.screen and isinstance(detector, Detector) else None
    pace = Pace([megapixels(info, plan.opening.within) for _, info in plan.scenes])
    looks: list[Look] = []
    for number, (name, info) in enumerate(plan.scenes):
        with failures.of(info.path or name):
            watch = SceneWatch(name, number, len(plan.scenes), pace, tell)
            unread = _stop if plan.strict else watch.unread
            with plan.opening.scene(info.path or "") as scene:
                result = detect(
                    scene, detector, within=plan.opening.within, screening=screening,
                    progress=watch.progress, unread=unread, journal=journal,
                )  # fmt: skip
            own = plan.sites[number : number + 1] if plan.whole_scenes else plan.sites
            recall = recall_at(record.recall, record.recall_by_gsd, sqrt(info.gsd_x * info.gsd_y), record.doubt)
            known = (recall, record.calibration, record.thresholds, record.doubt)
            passes = (observe(result, site, name, *known) for site in own)
            looks.append(Look(name, result, tuple(one for one in passes if one is not None)))
            tell(watch.done(result))
    failures.check(len(looks))
    return Survey(tuple(looks), plan.sites, counted_nodes(detector.nodes), record, plan.opening, tuple(failures.found))


def run_survey(
    scenes: Sequence[str | os.PathLike[str]],
    detector: TileDetector,
    *,
    sites: Sequence[Site] | None = None,
    opening: Opening | None = None,
    weights: Weights | None = None,
) -> Survey:
    """What `detector` finds in the scenes, and what that says about each site: `plan_survey`, then `run_plan`."""
    return run_plan(plan_survey(scenes, sites=sites, opening=opening), detector, weights=weights)


def megapixels(info: SceneInfo, within: Sequence[Site] | None) -> float:
    """Of a scene, as far as it is to be seen: within the sites, overlapping ones once."""
    whole = info.width * info.height / 1e6
    if within is None or any(site.polygon is None for site in within):
        return whole
    areas = [on_scene(info, site.polygon) for site in within if site.polygon is not None]
    return float(shapely.union_all(areas).intersection(shapely.box(0, 0, info.width, info.height)).area) / 1e6


def _stop(error: TileReadError) -> None:
    raise error


def _info(path: str, how: Opening) -> SceneInfo:
    with how.scene(path) as scene:
        return scene.info


def _unique(name: str, taken: Sequence[str]) -> str:
    """The name, with a number behind it where it is taken.

    >>> _unique("a", ["a", "b"])
    'a-2'
    """
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def _check_placed(info: SceneInfo, instead: str) -> None:
    if not placed(info):
        raise NoCrsError(
            f"{info.path}: no place on the map, so no site can be found in it; {instead}, or give a georeferenced file"
        )


def _check_sites(infos: Sequence[SceneInfo], sites: Sequence[Site], tell: Tell | None) -> None:
    """Tell of sites that no scene touches; without `tell` raise."""
    outside = [site.name for site in sites if not any(touches(info, site) for info in infos)]
    if not outside:
        return
    message = f"{'site' if len(outside) == 1 else 'sites'} {', '.join(map(repr, outside))} outside of every scene"
    if tell is None:
        raise SiteOutsideError(f"{message}; check the coordinates, or take the site out of the file")
    tell(events.Warned(f"{message} that can be used"))


def _check_within(infos: Sequence[SceneInfo], within: Sequence[Site]) -> None:
    if not any(touches(info, site) for info in infos for site in within):
        raise SiteOutsideError(
            f"no site of --within lies in any scene: {', '.join(repr(site.name) for site in within[:5])};"
            " check the coordinates, or leave out --within to look at whole scenes"
        )
