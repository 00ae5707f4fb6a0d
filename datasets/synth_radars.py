"""Air-defence radars from above: engagement and search radars on the launchers' own chassis, on trailers, on masts.

A radar stands where launchers stand, wears their paint and shares their chassis, and is not counted: no drawn radar
is labelled. Sizes after the reference taxonomy of the project, part 4, the rest by eye.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator

from .synth_mesh import Asset, Facet, asset, block, loft, moved, plate, tube, turned
from .synth_parts import canister, drawn, heavy_chassis, outriggers, tracks, tractor, wheels


def _slewed(facets: list[Facet], rng: Generator, *, often: float) -> list[Facet]:
    """An antenna pointing forward, or with the chance `often` anywhere."""
    return turned(facets, float(rng.uniform(-np.pi, np.pi)) if rng.random() < often else 0.0)


def _reflector(half: float, z: float, bulge: float, tall: float) -> list[Facet]:
    """A curved reflector, its foot at height `z`: `half` metres to each side, `tall` high."""
    low = [(0.0, -half, z + 0.6), (bulge, 0.0, z), (0.0, half, z + 0.6)]
    high = [(-0.9, half * 0.85, z + tall), (bulge - 0.9, 0.0, z + tall + 0.2), (-0.9, -half * 0.85, z + tall)]
    return plate([*low, *high], "metal")


def array_radar(rng: Generator) -> Asset:
    """A 30N6 or 92N6: a cabin and one flat array on the launchers' chassis, raised to the sky or folded on the roof."""
    facets = heavy_chassis(13.4 * float(rng.normal(1, 0.015)), 3.1)
    facets += block((-0.4, 3.3), (-1.5, 1.5), (1.5, 3.3), "body")
    cabin = block((-2.4, 1.4), (-1.45, 1.45), (1.6, 3.4), "body")
    if rng.random() < 0.7:
        array = plate([(1.2, -1.5, 3.4), (1.2, 1.5, 3.4), (-0.2, 1.5, 6.6), (-0.2, -1.5, 6.6)], "load")
        array += block((-0.6, 0.4), (-1.2, 1.2), (3.4, 4.6), "deck")
        facets += outriggers((-5.2, 2.9), 1.5, 0.6)
        facets += moved(_slewed(cabin + array, rng, often=0.6), x=-3.3)
    else:
        facets += moved(cabin + block((-3.0, 1.2), (-1.4, 1.4), (3.4, 3.7), "load"), x=-3.3)
    return asset("array_radar", None, facets)


def search_trailer(rng: Generator) -> Asset:
    """A 64N6: a panel as large as a house wall on a long trailer, turned anywhere, or folded for the road."""
    long = float(rng.uniform(13.0, 14.5))
    facets = wheels((1.4, 2.7, 4.0), 1.55, 0.55) + block((0.0, long), (-1.4, 1.4), (0.9, 1.5), "deck")
    facets += block((long - 4.6, long - 0.2), (-1.5, 1.5), (1.5, 3.5), "body")
    if rng.random() < 0.75:
        panel = block((-0.5, 0.5), (-2.9, 2.9), (2.6, 9.6), "body")
        panel += block((0.5, 0.7), (-2.6, 2.6), (3.2, 9.2), "load") + tube((0, 0, 1.4), (0, 0, 2.8), 1.1, "deck")
        facets += moved(_slewed(panel, rng, often=1.0), x=4.2) + outriggers((1.0, 8.0), 1.5, 1.6)
    else:
        facets += block((0.2, long - 4.9), (-1.55, 1.55), (1.6, 3.0), "load")
    if rng.random() < 0.4:
        facets += tractor(long + 5.6)
    return asset("search_trailer", None, facets)


def mast_radar(rng: Generator) -> Asset:
    """A 40V6M: a lattice mast of 24 m with an antenna on top, standing beside its trailer, or lying on it."""
    facets = wheels((1.0, 2.3, 11.0), 1.5, 0.55) + block((0.0, 12.5), (-1.3, 1.3), (0.9, 1.4), "deck")
    if rng.random() < 0.6:
        for x in (-0.9, 0.9):
            for y in (-0.9, 0.9):
                facets += tube((x - 1.6, y, 0.0), (x - 1.6, y, 23.0), 0.14, "metal", sides=4)
        for z in np.arange(2.0, 23.0, 3.0):
            for y in (-0.95, 0.85):
                facets += block((-2.6, -0.6), (y, y + 0.1), (float(z), float(z) + 0.15), "metal")
        head = block((-0.6, 0.8), (-1.5, 1.5), (23.0, 26.0), "load") + block(
            (-1.4, -0.6), (-1.0, 1.0), (23, 25), "body"
        )
        facets += moved(_slewed(head, rng, often=1.0), x=-1.6) + outriggers((-3.4, 0.4), 1.3, 3.2)
    else:
        for y in (-0.8, 0.8):
            facets += block((-2.0, 12.5), (y - 0.15, y + 0.15), (1.6, 3.0), "metal")
        for x in np.arange(-2.0, 12.5, 1.6):
            facets += block((float(x), float(x) + 0.2), (-0.8, 0.8), (2.8, 3.0), "metal")
        facets += tractor(18.0)
    return asset("mast_radar", None, facets)


def tracked_radar(rng: Generator) -> Asset:
    """A 9S18: a tracked hull with a curved antenna, raised and turning, or folded back over the hull."""
    facets = tracks(9.6, 3.25) + block((1.2, 3.6), (-1.4, 1.4), (1.8, 2.5), "cab")
    if rng.random() < 0.65:
        dish = _reflector(3.6, 3.6, 0.5, 2.4)
        dish += tube((0.0, 0.0, 1.8), (0.0, 0.0, 4.0), 0.5, "deck")
        facets += moved(_slewed(dish, rng, often=1.0), x=-2.0)
    else:
        facets += block((-4.6, 1.0), (-1.5, 1.5), (2.0, 2.5), "metal")
    return asset("tracked_radar", None, facets)


def beam_radar(rng: Generator) -> Asset:
    """A P-18 or Nebo: a lorry under a mast with rows of thin beams, wide as a house."""
    facets = wheels((-2.6, -1.3, 2.4), 1.2, 0.55) + block((-3.9, 2.2), (-1.2, 1.2), (0.9, 2.9), "body")
    facets += block((2.2, 3.9), (-1.1, 1.1), (0.7, 2.5), "cab")
    beams = tube((0, 0, 2.9), (0, 0, 7.0), 0.2, "metal", sides=5)
    half = float(rng.uniform(3.5, 8.5))
    for z in (5.2, 7.0):
        beams += block((-0.25, 0.0), (-half, half), (z, z + 0.2), "metal")
        for y in np.linspace(-half, half, int(half * 1.6)):
            beams += block((-0.6, 2.2), (float(y) - 0.06, float(y) + 0.06), (z, z + 0.1), "metal")
    return asset("beam_radar", None, facets + moved(_slewed(beams, rng, often=1.0), x=-1.0))


def dish_radar(rng: Generator) -> Asset:
    """A P-35 or P-40: a van or a tracked hull under one or two parabolic reflectors."""
    if rng.random() < 0.5:
        facets = tracks(9.3, 3.2) + block((-3.6, 2.2), (-1.5, 1.5), (1.8, 3.2), "body")
    else:
        facets = wheels((-2.6, 2.6), 1.25, 0.55) + block((-4.0, 4.0), (-1.3, 1.3), (0.9, 3.2), "body")
    dishes: list[Facet] = []
    for z in (3.4, 6.2)[: int(rng.integers(1, 3))]:
        wide = float(rng.uniform(3.2, 5.0))
        dishes += _reflector(wide, z, -0.9, 2.0)
        dishes += tube((0.2, 0.0, z + 1.0), (2.6, 0.0, z + 0.6), 0.12, "metal", sides=4)
    return asset("dish_radar", None, facets + _slewed(dishes, rng, often=1.0))


def patriot_radar(rng: Generator) -> Asset:
    """An AN/MPQ-53: a flat array tilted back on a trailer, with or without its tractor."""
    facets = wheels((1.0, 2.3), 1.4, 0.5) + block((0.0, 10.0), (-1.3, 1.3), (0.9, 1.4), "deck")
    facets += block((5.2, 9.6), (-1.35, 1.35), (1.4, 3.3), "body")
    face = canister(-0.4, 0.0, 1.4, 0.8, 1.4, 0.0)
    face += plate([(1.1, -1.35, 1.5), (1.1, 1.35, 1.5), (-0.4, 1.35, 4.4), (-0.4, -1.35, 4.4)], "load")
    face += loft([(0.8, 1.2, 0.5, 0.4), (-1.6, 1.2, 0.5, 0.4)], "deck", sides=6)
    facets += moved(_slewed(face, rng, often=0.5), x=2.6)
    if rng.random() < 0.5:
        facets += tractor(16.6, 2.6)
    return asset("patriot_radar", None, facets)


RADARS: Mapping[Callable[[Generator], Asset], float] = {
    array_radar: 0.34,
    search_trailer: 0.18,
    mast_radar: 0.1,
    tracked_radar: 0.1,
    beam_radar: 0.1,
    dish_radar: 0.1,
    patriot_radar: 0.08,
}
"""Builders with the share of each among drawn radars."""


def draw_radar(rng: Generator) -> Asset:
    """One radar of a random kind and state."""
    return drawn(RADARS, rng)
