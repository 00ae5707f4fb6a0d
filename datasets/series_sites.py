"""The two fictitious places of the demo series: their ground, and which objects stand where on which date.

Nothing here is a real place. An air base empties of launchers and fighters while transports arrive; a field position
in dry country fills.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .synth_aircraft import jet, plane
from .synth_airframes import JETS, LARGE
from .synth_ground import Ground, Spot, add_apron, add_road, add_runway, open_ground
from .synth_groups import launchers, posts
from .synth_helicopters import KINDS, helicopter
from .synth_launchers import buk, s300_trailer, s300_truck
from .synth_layout import Draw, Plot, man_site, park_row
from .synth_mesh import Asset
from .synth_paint import Paint, aircraft_paint, vehicle_paint
from .synth_render import Placement, Sun
from .synth_scenery import add_grove, add_houses
from .synth_site import add_site

GSD = 0.5
DATES = ("20241112", "20241203", "20241210", "20241217")


@dataclass(frozen=True, slots=True)
class Group:
    """Objects of one kind that could stand at a site, and how many of them do on each date."""

    placements: tuple[Placement, ...]
    present: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """One fictitious site. `origin`: easting and northing of its upper left corner, EPSG:32637 (open Black Sea)."""

    name: str
    slug: str
    origin: tuple[float, float]
    build: Callable[[Generator, int], tuple[Ground, tuple[Group, ...]]]
    cut: tuple[float, ...]
    """Share of the width that is no-data on each date."""


def _typed(make: Callable[[Generator], Asset], paint: Callable[[Generator], Paint]) -> Draw:
    def draw(rng: Generator) -> tuple[Asset, Paint]:
        return make(rng), paint(rng)

    return draw


def _planes(name: str) -> Draw:
    shape = next(p for p in LARGE if p.name == name)
    return _typed(lambda rng: plane(shape, rng), lambda rng: aircraft_paint(rng, "grey"))


def _jets(name: str) -> Draw:
    shape = next(j for j in JETS if j.name == name)
    return _typed(lambda rng: jet(shape, rng), lambda rng: aircraft_paint(rng, "combat"))


def _helicopters(*names: str) -> Draw:
    kinds = [k for k in KINDS if k.name in names]
    return _typed(
        lambda rng: helicopter(kinds[int(rng.integers(len(kinds)))], "still", rng),
        lambda rng: aircraft_paint(rng, "helicopter"),
    )


def _mixed(*makers: Callable[[Generator], Asset]) -> Draw:
    return _typed(
        lambda rng: makers[int(rng.integers(len(makers)))](rng), lambda rng: vehicle_paint(rng, military=True)
    )


def _rows(plot: Plot, spots: Sequence[Spot], draw: Draw, present: Sequence[int], gap: float) -> Group:
    """Rows of one kind on the spots until there are enough for the fullest date; who leaves is drawn once for all."""
    start = len(plot.placed)
    for spot in spots:
        missing = max(present) - (len(plot.placed) - start)
        if missing > 0:
            park_row(plot, spot, draw, missing * 2, gap=gap)
    return _group(plot, start, present)


def _group(plot: Plot, start: int, present: Sequence[int]) -> Group:
    placed = plot.placed[start:]
    order = plot.rng.permutation(len(placed))
    return Group(tuple(placed[int(i)] for i in order), tuple(min(n, len(placed)) for n in present))


def _frame(size: int, heading: float) -> Callable[[float, float], tuple[float, float]]:
    """Metres along and across a heading, from the middle of the scene, to pixels."""
    scale = size * GSD / 2000

    def at(along: float, across: float) -> tuple[float, float]:
        c, s = np.cos(heading), np.sin(heading)
        x, y = along * c - across * s, along * s + across * c
        return float(size / 2 + x * scale / GSD), float(size / 2 + y * scale / GSD)

    return at


def air_base(rng: Generator, size: int) -> tuple[Ground, tuple[Group, ...]]:
    """An air base: runway, taxiway, three aprons, a launcher position beside it."""
    sun = Sun(0.9, float(np.radians(38)), float(np.radians(6)), 2.4, 0.28, 1.35)
    ground = open_ground(rng, (size, size), GSD, sun, climate="grass")
    heading = 0.31
    at, scale = _frame(size, heading), size * GSD / 2000
    road = np.array([at(-1500, 560), at(-200, 520), at(1500, 640)])
    add_road(ground, road, 8.0, "asphalt", marked=True)
    add_runway(ground, Spot("road", *at(0, -330), heading, 1900 * scale, 50.0))
    for x in (-700, 0, 700):
        add_apron(ground, Spot("road", *at(x, -180), heading + np.pi / 2, 300 * scale, 24.0), "asphalt")
    add_apron(ground, Spot("road", *at(0, -90), heading, 1750 * scale, 24.0), "asphalt")
    aprons = [
        Spot("apron", *at(-430, 70), heading, 560 * scale, 240 * scale),
        Spot("apron", *at(160, 40), heading, 420 * scale, 150 * scale),
        Spot("apron", *at(610, 40), heading, 360 * scale, 150 * scale),
    ]
    ground.spots.clear()
    for spot in aprons:
        add_apron(ground, spot, "concrete")
    pads = add_site(ground, *at(-120, 660), pads=6, radius=95.0)
    add_houses(ground, heading, int(26 * scale))
    for _ in range(3):
        add_grove(ground, int(700 * scale * scale), spread=0.05)
    plot = Plot.of(ground.free, GSD, rng, ground.sun)
    back, front = (_lane(aprons[0], shift * scale) for shift in (62, -62))
    groups = (
        _rows(plot, [front], _planes("an124"), (0, 0, 1, 2), 12.0),
        _rows(plot, [back], _planes("il76"), (1, 1, 3, 4), 9.0),
        _rows(plot, [_lane(aprons[1], -36 * scale), _lane(aprons[1], 36 * scale)], _jets("su27"), (12, 12, 9, 5), 6.0),
        _rows(plot, [_lane(aprons[2], -36 * scale), _lane(aprons[2], 36 * scale)],
              _helicopters("mi8", "mi24", "ka52"), (9, 8, 6, 4), 5.0),
        _site(plot, pads, _mixed(s300_truck, s300_trailer), (8, 8, 5, 2)),
    )  # fmt: skip
    return ground, groups


def field_position(rng: Generator, size: int) -> tuple[Ground, tuple[Group, ...]]:
    """A position in dry country: two rings of pads, a yard, a strip for helicopters, a road."""
    sun = Sun(2.2, float(np.radians(46)), float(np.radians(9)), 0.8, 0.24, 1.5)
    ground = open_ground(rng, (size, size), GSD, sun, climate="dry")
    heading = -0.42
    at, scale = _frame(size, heading), size * GSD / 2000
    add_road(ground, np.array([at(-1600, 80), at(0, 0), at(1600, -160)]), 7.0, "gravel", marked=False)
    ground.spots.clear()
    strip = Spot("apron", *at(420, 420), heading, 340 * scale, 70 * scale)
    yard = Spot("yard", *at(-430, -160), heading, 190 * scale, 80 * scale)
    add_apron(ground, strip, "concrete")
    add_apron(ground, yard, "gravel")
    first = add_site(ground, *at(-420, 420), pads=5, radius=110.0 * max(scale, 0.5))
    second = add_site(ground, *at(390, -420), pads=6, radius=100.0 * max(scale, 0.5))
    add_houses(ground, heading, int(12 * scale))
    add_grove(ground, int(240 * scale), spread=0.2)
    plot = Plot.of(ground.free, GSD, rng, ground.sun)
    groups = (
        _site(plot, first, _mixed(s300_truck, s300_trailer), (3, 5, 5, 6)),
        _site(plot, second, _mixed(buk), (0, 2, 4, 5)),
        _rows(plot, [yard], launchers, (2, 1, 0, 0), 3.0),
        _rows(plot, [strip], _helicopters("mi8", "uh60"), (2, 2, 3, 5), 8.0),
    )
    return ground, groups


def _lane(spot: Spot, across_m: float) -> Spot:
    """A lane of a spot, `across_m` metres from its middle line, as narrow as one row."""
    shift = np.array([-np.sin(spot.heading), np.cos(spot.heading)]) * across_m / GSD
    return Spot(spot.kind, float(spot.x + shift[0]), float(spot.y + shift[1]), spot.heading, spot.length, 10.0)


def _site(plot: Plot, pads: Sequence[Spot], draw: Draw, present: Sequence[int]) -> Group:
    """Launchers on the pads of a ring; the radar in the middle is no target and comes with the traffic."""
    start = len(plot.placed)
    man_site(plot, [p for p in pads if p.kind == "pad"], draw, posts)
    return _group(plot, start, present)


def standing(groups: Sequence[Group], date: int) -> list[Placement]:
    """The placements that are there on a date (an index into DATES)."""
    return [p for group in groups for p in group.placements[: group.present[date]]]


def tally(nodes: Sequence[str]) -> Mapping[str, int]:
    """Objects per node, each counted at its own node and at the counted root above it."""
    counts: dict[str, int] = {"fw": 0, "heli": 0, "ad.launcher": 0}
    for node in nodes:
        for name in {node, "fw"} if node.startswith("fw.") else {node}:
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def inside(placement: Placement, size: int, margin_share: float) -> bool:
    """Whether an object's middle is inside the site polygon: the scene less a margin."""
    low, high = size * margin_share, size * (1 - margin_share)
    at: NDArray[np.float64] = np.array([placement.x, placement.y])
    return bool(((at >= low) & (at < high)).all())


PLACES: tuple[Place, ...] = (
    Place("Alder Point air base", "alder-point", (400000.0, 4765000.0), air_base, (0.0, 0.0, 0.0, 0.0)),
    Place("Basin Road position", "basin-road", (410000.0, 4765000.0), field_position, (0.0, 0.0, 0.36, 0.0)),
)
