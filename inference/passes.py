"""Passes: what one look at one site shows, and the series of them in order of time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ..detector.detections import NO_FLOORS
from ..detector.taxonomy import COUNTED, is_a
from .counts import NO_DOUBT, UNCALIBRATED, Count, Curves, count
from .coverage import seen_points, touches
from .packed import PackedMask
from .result import SceneResult
from .sites import Site

SEEN_FROM = 0.01
"""A site of which less than this share was seen was not seen: it has no count, which is not a count of zero."""
WHOLE_FROM = 0.95
"""From this coverage on a pass is not called partial."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at one site: one scene, one time, what share of the site was really seen, and what stood there."""

    site: str
    scene: str
    time: datetime | None
    coverage: float
    """Share of the site's area inside the scene, valid and read, 0 to 1."""
    lattice: PackedMask
    """`points`, packed."""
    members: NDArray[np.intp]
    """Rows of the scene's detections whose centre lies in the site."""
    counts: Mapping[str, Count]
    """Counts by node, parents first, of what was seen; empty where the site was not seen."""

    @property
    def points(self) -> NDArray[np.bool_]:
        """Which of the site's sample points (the same for every pass over the site) were seen."""
        return self.lattice.mask()

    @property
    def seen(self) -> bool:
        """False where less than 1 % of the site was seen; then there are no counts."""
        return self.coverage >= SEEN_FROM

    @property
    def partial(self) -> bool:
        """True where the site was seen, but less than 95 % of it: the counts are of the part that was seen."""
        return self.seen and self.coverage < WHOLE_FROM


def observe(
    result: SceneResult,
    site: Site,
    name: str,
    recall: Mapping[str, float],
    calibration: Curves = UNCALIBRATED,
    floors: Mapping[str, float] = NO_FLOORS,
    doubt: Mapping[str, float] = NO_DOUBT,
) -> Pass | None:
    """The pass of a scene, called `name`, over a site; None where the scene does not touch the site.

    `recall` is the measured share of objects found per node, `calibration` what scores say, `floors` from which score
    a class counts, `doubt` how doubtful the objects were by which recall was measured: see `counts.count`.
    """
    if not touches(result.scene, site):
        return None
    points = seen_points(result, site)
    coverage = float(points.mean())
    if coverage < SEEN_FROM:
        return Pass(site.name, name, result.scene.time, coverage, PackedMask.of(points), np.zeros(0, dtype=np.intp), {})
    members = np.flatnonzero(_inside(result, site))
    counts = count(result.detections.select(members), recall, calibration, floors, doubt)
    return Pass(site.name, name, result.scene.time, coverage, PackedMask.of(points), members, counts)


def _inside(result: SceneResult, site: Site) -> NDArray[np.bool_]:
    """Which detections (N,) of a scene have their centre in the site."""
    if site.polygon is None:  # also in an image without longitude and latitude
        return np.ones(len(result.detections), dtype=np.bool_)
    return site.contains(result.lonlat())


def series(passes: Iterable[Pass]) -> dict[str, tuple[Pass, ...]]:
    """The passes of each site in order of time (same times: as given; without a time: last), sites as first met."""
    by_site: dict[str, list[Pass]] = {}
    for one in passes:
        by_site.setdefault(one.site, []).append(one)
    return {site: tuple(sorted(ones, key=_order)) for site, ones in by_site.items()}


def _order(one: Pass) -> tuple[bool, datetime]:
    return one.time is None, one.time or datetime.min


def shown_nodes(passes: Iterable[Pass]) -> tuple[str, ...]:
    """The nodes worth a row in a table of these passes, parents first.

    All counted roots that the network knows, and every node below them that some pass has at least one detection of;
    without the nodes that only one node below them fills, detection by detection, in every pass.
    """
    seen = [one.counts for one in passes if one.counts]
    nodes = list(dict.fromkeys(node for counts in seen for node in counts))
    boxes = {node: [counts[node].detections if node in counts else 0 for counts in seen] for node in nodes}
    found = [node for node in nodes if any(boxes[node]) or node in COUNTED]
    return tuple(
        node
        for node in found
        if node in COUNTED
        or not any(is_a(other, node) and boxes[other] == boxes[node] for other in found if other != node)
    )


def depth(node: str, among: Iterable[str]) -> int:
    """How many of the nodes in `among` lie above the node: its indentation in a table."""
    return sum(node != other and is_a(node, other) for other in among)
