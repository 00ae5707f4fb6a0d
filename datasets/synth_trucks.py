"""What is not a launcher but looks like one from above: lorries, tankers, cranes, containers, stores.

None of these is annotated. They share parts and paints with the launchers.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator

from .synth_mesh import Asset, Facet, asset, block, loft, moved, plate, prism, tube, turned
from .synth_military import ballistic_carrier, command_post, rocket_artillery, tank, transloader
from .synth_parts import cab, drawn, outriggers, tank_hull, tractor, wheels


def _rig(rng: Generator, trailer: float) -> tuple[list[Facet], float]:
    """Wheels and frame of a semi-trailer from x = 0 and its tractor; the nose of it."""
    facets = wheels((1.2, 2.5, 3.8), 1.27, 0.5) + block((0.0, trailer), (-0.5, 0.5), (0.8, 1.2), "dark")
    if rng.random() < 0.2:
        return facets, trailer
    if rng.random() < 0.4:
        nose = trailer + float(rng.uniform(4.2, 5.6))
        return facets + tractor(nose, 2.6), nose
    nose = trailer + float(rng.uniform(2.3, 3.4))
    facets += wheels((nose - 1.4, trailer - 0.6), 1.25, 0.5) + block(
        (trailer - 1.5, nose - 2.0), (-0.5, 0.5), (0.7, 1.1), "dark"
    )
    return facets + cab(nose, 2.2, 1.25, float(rng.uniform(2.7, 3.7))), nose


def box_semi(rng: Generator) -> Asset:
    """A semi-trailer with a box, a tarpaulin or containers."""
    long = float(rng.uniform(11.5, 14.0))
    facets, _ = _rig(rng, long)
    if rng.random() < 0.3:
        split = long / 2
        facets += block((0.0, split - 0.15), (-1.22, 1.22), (1.2, 3.8), "load") + block(
            (split + 0.15, long), (-1.22, 1.22), (1.2, 3.8), "body"
        )
    else:
        facets += block((0.0, long), (-1.27, 1.27), (1.1, 3.9), "load")
    for x in np.arange(1.0, long, float(rng.uniform(1.0, 3.0))):
        facets += block((x, x + 0.12), (-1.27, 1.27), (3.9, 3.95), "load")
    return asset("box_semi", None, facets)


def tanker(rng: Generator) -> Asset:
    """A tank lorry, articulated or rigid: one fat cylinder."""
    if rng.random() < 0.6:
        long = float(rng.uniform(9.5, 12.5))
        facets, _ = _rig(rng, long)
        start, end = 0.1, long - 0.1
    else:
        long = float(rng.uniform(7.5, 10.0))
        facets = wheels((1.2, 2.5, long - 1.2), 1.25, 0.5) + cab(long, 2.0, 1.25)
        start, end = 0.0, long - 2.2
    radius = float(rng.uniform(0.95, 1.25))
    facets += loft(
        [
            (start, 2.4, radius * 0.9, 0.95),
            (start + 0.3, 2.4, radius, 1.05),
            (end - 0.3, 2.4, radius, 1.05),
            (end, 2.4, radius * 0.9, 0.95),
        ],
        "load",
    )
    facets += block((start + 0.8, end - 0.8), (-0.3, 0.3), (3.42, 3.55), "metal")
    for x in np.linspace(start + 1.2, end - 1.2, int(rng.integers(2, 6))):
        facets += tube((x, 0.0, 3.4), (x, 0.0, 3.65), 0.3, "dark", sides=8)
    return asset("tanker", None, facets)


def flat_semi(rng: Generator) -> Asset:
    """A flat semi-trailer: empty, or loaded with pipes, timber, boxes or a vehicle."""
    long = float(rng.uniform(11.5, 13.8))
    facets, _ = _rig(rng, long)
    facets += block((0.0, long), (-1.25, 1.25), (1.2, 1.45), "deck")
    load = rng.random()
    if load < 0.35:
        radius = float(rng.choice([0.15, 0.22, 0.3, 0.4]))
        across = int(2.3 / (2 * radius))
        begin = float(rng.uniform(0.0, 2.0))
        for row in range(int(rng.integers(1, 3))):
            for i in range(across - row):
                y = (i - (across - row - 1) / 2) * 2 * radius
                facets += tube(
                    (begin, y, 1.5 + radius * (1 + 1.8 * row)),
                    (long - 0.6, y, 1.5 + radius * (1 + 1.8 * row)),
                    radius,
                    "pipe",
                    cap="dark",
                    sides=6,
                )
    elif load < 0.55:
        for x in np.arange(0.4, long - 2.0, 2.6):
            if rng.random() < 0.7:
                facets += block(
                    (x, x + float(rng.uniform(1.0, 2.4))),
                    (-1.1, 1.1),
                    (1.45, float(rng.uniform(2.0, 3.2))),
                    str(rng.choice(["load", "wood", "body", "metal"])),
                )
    elif load < 0.75:
        facets += moved(tank_hull(rng), x=long / 2 - 1.0, z=1.4)
    return asset("flat_semi", None, facets)


def rigid_truck(rng: Generator) -> Asset:
    """A two- or three-axle lorry: tarpaulin, open bed, box body, bonnet or not."""
    long, half = float(rng.uniform(6.5, 9.6)), float(rng.uniform(1.15, 1.28))
    nose = long / 2
    facets = wheels((-nose + 1.1, -nose + 2.3, nose - 1.3), half, 0.55) + block(
        (-nose, nose - 1), (-0.5, 0.5), (0.7, 1.1), "dark"
    )
    bed = nose - 2.3
    if rng.random() < 0.5:
        facets += block((nose - 1.5, nose), (-half * 0.75, half * 0.75), (0.7, 1.8), "cab") + moved(
            cab(nose - 1.4, 1.7, half), x=0.0
        )
        bed = nose - 3.3
    else:
        facets += cab(nose, 2.0, half)
    kind = rng.random()
    if kind < 0.4:
        facets += prism([(-nose, -half), (bed, -half), (bed, half), (-nose, half)], 1.1, 2.6, "load")
        facets += prism(
            [(-nose, -half * 0.6), (bed, -half * 0.6), (bed, half * 0.6), (-nose, half * 0.6)], 2.6, 2.9, "load"
        )
    elif kind < 0.65:
        facets += block((-nose, bed), (-half, half), (1.1, 1.25), "wood" if rng.random() < 0.4 else "dark")
        for y in (-half, half - 0.1):
            facets += block((-nose, bed), (y, y + 0.1), (1.1, 1.7), "body")
    else:
        facets += block((-nose, bed), (-half, half), (1.1, 3.1), "body") + block(
            (bed - 0.9, bed - 0.3), (-0.4, 0.4), (3.1, 3.35), "metal"
        )
    return asset("rigid_truck", None, facets)


def crane(rng: Generator) -> Asset:
    """A lorry crane, a concrete pump or a fire ladder: one boom along the back, or swung out."""
    long = float(rng.uniform(9.5, 13.5))
    nose = long / 2
    facets = wheels((-nose + 1.5, -nose + 3.0, nose - 3.2, nose - 1.6), 1.3, 0.6)
    facets += block((-nose, nose - 1.0), (-1.3, 1.3), (1.0, 1.5), "deck") + cab(nose, 1.9, 1.3, 2.3)
    boom = block((-2.0, 1.2), (-1.2, 1.2), (1.5, 2.6), "body") + block(
        (-2.2, long * 0.72), (-0.42, 0.42), (2.6, 3.2), "load"
    )
    boom += block((long * 0.3, long * 0.72), (-0.3, 0.3), (3.2, 3.3), "metal") + block(
        (-1.5, 0.5), (0.6, 1.2), (2.0, 3.2), "cab"
    )
    out = rng.random() < 0.35
    facets += moved(
        turned(boom, float(rng.uniform(-np.pi, np.pi)) if out else float(rng.choice([0.0, 0.02]))), x=-nose * 0.45
    )
    if out:
        facets += outriggers((-nose + 2.2, nose - 2.4), 1.3, 1.6)
    return asset("crane", None, facets)


def bus(rng: Generator) -> Asset:
    """A bus or a van."""
    long, half = (float(rng.uniform(9, 13.5)), 1.27) if rng.random() < 0.6 else (float(rng.uniform(5, 7)), 1.02)
    facets = block((-long / 2, long / 2), (-half, half), (0.4, half * 2.4), "body")
    facets += plate(
        [
            (long / 2 - 0.3, -half * 0.9, half * 2.4),
            (long / 2 + 0.03, -half * 0.9, half * 1.5),
            (long / 2 + 0.03, half * 0.9, half * 1.5),
            (long / 2 - 0.3, half * 0.9, half * 2.4),
        ],
        "glass",
    )
    for x in rng.uniform(-long / 2 + 1, long / 2 - 1, int(rng.integers(0, 4))):
        facets += block(
            (x, x + float(rng.uniform(0.5, 2.0))), (-half * 0.6, half * 0.6), (half * 2.4, half * 2.4 + 0.2), "white"
        )
    return asset("bus", None, facets)


def car(rng: Generator) -> Asset:
    """A car, a jeep or a pick-up."""
    long, half = float(rng.uniform(3.8, 5.3)), float(rng.uniform(0.85, 1.0))
    back = -long / 2 + float(rng.uniform(0.1, 1.5))
    facets = block((-long / 2, long / 2), (-half, half), (0.3, 0.95), "body")
    facets += block((back, long / 2 - 1.5), (-half * 0.92, half * 0.92), (0.9, 1.05), "glass")
    facets += block((back + 0.35, long / 2 - 2.1), (-half * 0.82, half * 0.82), (1.0, 1.5), "body")
    return asset("car", None, facets)


def containers(rng: Generator) -> Asset:
    """Containers in a block, 6 or 12 m long, stacked here and there."""
    long = float(rng.choice([6.06, 12.19]))
    facets: list[Facet] = []
    for column in range(int(rng.integers(1, 3))):
        for row in range(int(rng.integers(1, 5))):
            x, y = column * (long + 0.4), row * float(rng.choice([2.5, 2.6]))
            top = 2.6 * int(rng.integers(1, 3))
            facets += block(
                (x, x + long), (y, y + 2.44), (0.0, top), str(rng.choice(["body", "load", "rust", "metal"]))
            )
            for rib in np.arange(x + 1.0, x + long - 0.5, 2.0):
                facets += block((rib, rib + 0.1), (y, y + 2.44), (top, top + 0.04), "deck")
    return asset("containers", None, facets)


def stores(rng: Generator) -> Asset:
    """Generators, fuel bladders, upright tanks, pipes and crates on the ground: things of launcher size or less."""
    kind = rng.random()
    if kind < 0.25:
        radius = float(rng.uniform(1.5, 6.0))
        high = float(rng.uniform(2.0, 7.0))
        facets = tube((0, 0, 0), (0, 0, high), radius, "load", sides=24) + tube(
            (0, 0, high), (0, 0, high + 0.05), radius * 0.15, "metal"
        )
    elif kind < 0.5:
        facets = []
        for i in range(int(rng.integers(1, 5))):
            y = i * 2.6
            facets += tube((0.0, y, 1.2), (float(rng.uniform(5.0, 9.0)), y, 1.2), 1.05, "load", cap="body", sides=12)
    elif kind < 0.75:
        facets = (
            block((-2.2, 2.2), (-1.1, 1.1), (0.5, 2.4), "body")
            + block((-1.5, -0.4), (-0.7, 0.7), (2.4, 2.5), "dark")
            + tube((1.4, 0.4, 2.4), (1.4, 0.4, 3.0), 0.15, "dark")
        )
    else:
        radius, count, long = float(rng.uniform(0.25, 0.55)), int(rng.integers(2, 7)), float(rng.uniform(6.0, 12.0))
        facets = []
        for i in range(count):
            shift = float(rng.uniform(-0.4, 0.4))
            facets += tube(
                (-long / 2 + shift, i * 2.1 * radius, radius),
                (long / 2 + shift, i * 2.1 * radius, radius),
                radius,
                str(rng.choice(["pipe", "tube", "load"])),
                cap="dark",
                sides=8,
            )
    return asset("stores", None, facets)


MILITARY_CONFUSERS: Mapping[Callable[[Generator], Asset], float] = {
    command_post: 0.22,
    rocket_artillery: 0.12,
    ballistic_carrier: 0.12,
    rigid_truck: 0.20,
    tank: 0.12,
    transloader: 0.06,
    flat_semi: 0.10,
    tanker: 0.06,
}
CIVIL_CONFUSERS: Mapping[Callable[[Generator], Asset], float] = {
    box_semi: 0.22,
    tanker: 0.13,
    flat_semi: 0.15,
    rigid_truck: 0.14,
    crane: 0.10,
    bus: 0.08,
    car: 0.09,
    containers: 0.05,
    stores: 0.04,
}


def draw_confuser(rng: Generator, *, military: bool) -> Asset:
    """One confuser of a random kind."""
    table = MILITARY_CONFUSERS if military else CIVIL_CONFUSERS
    return drawn(table, rng)
