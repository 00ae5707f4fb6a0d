"""Surface-to-air missile launchers from above: what a 0.5 m image shows of them.

Sizes: reference taxonomy of the project, part 4 (13.1 x 3.15 m for a 5P85, and so on). Every builder draws one
launcher in one of its states; the label is the vehicle's body with the train of a towed one.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator

from .synth_mesh import Asset, Facet, asset, block, moved, plate, tube, turned
from .synth_parts import (
    canister,
    drawn,
    erected_tubes,
    heavy_chassis,
    missile,
    outriggers,
    tracks,
    tractor,
    tube_bundle,
    wheels,
)

NODE = "ad.launcher"


def s300_truck(rng: Generator) -> Asset:
    """5P85S (with a container behind the cabs) or 5P85D, stowed or erected."""
    length, width = 13.1 * float(rng.normal(1, 0.015)), 3.15
    nose, tail = length / 2, -length / 2
    facets = heavy_chassis(length - 0.1, width)
    command, erected = rng.random() < 0.5, rng.random() < 0.5
    if command:
        facets += block((nose - 4.5, nose - 2.5), (-1.5, 1.5), (1.4, 3.3), "load" if rng.random() < 0.3 else "body")
    else:
        facets += block((nose - 3.4, nose - 2.5), (-1.4, 1.4), (1.4, 2.1), "dark")
    box = (tail, nose, -width / 2, width / 2)
    if erected:
        facets += erected_tubes(tail + 0.95, 1.08, 0.52, 7.9)
        for y in (-0.75, 0.75):
            facets += block((tail + 2.4, nose - 4.8), (y - 0.12, y + 0.12), (1.6, 1.95), "metal")
        facets += block((tail + 3.2, tail + 4.4), (-0.5, 0.5), (1.6, 2.3), "dark")
        facets += outriggers((tail + 0.6, nose - 4.9), width / 2, 0.45)
    else:
        facets += tube_bundle((tail, tail + 8.1), 1.10, 0.52, 2.1)
        facets += block((tail + 1.2, tail + 1.8), (-1.5, 1.5), (1.6, 2.5), "deck")
    return asset("s300_truck", NODE, facets, box=box, label_height=1.5)


def s300_trailer(rng: Generator) -> Asset:
    """5P85T: four tubes on a semi-trailer, with or without its tractor, stowed or erected."""
    long = float(rng.uniform(12.2, 13.4))
    towed, erected = rng.random() < 0.55, rng.random() < 0.5
    facets = wheels((1.6, 3.1), 1.55) if rng.random() < 0.5 else wheels((1.4, 2.6, 3.8), 1.55, 0.55)
    facets += block((0.0, long), (-0.8, 0.8), (0.9, 1.5), "deck")
    facets += block((0.2, 5.0), (-1.5, 1.5), (1.3, 1.55), "deck")
    facets += block((long - 2.6, long), (-1.45, 1.45), (1.3, 2.7), "body")
    if erected:
        facets += erected_tubes(0.7, 1.08, 0.52, 7.6)
        for y in (-0.75, 0.75):
            facets += block((2.2, long - 2.8), (y - 0.12, y + 0.12), (1.6, 1.9), "metal")
        facets += outriggers((0.8, long - 3.0), 1.5, 0.5)
    else:
        facets += tube_bundle((0.1, 8.0), 1.10, 0.52, 2.1)
    nose = long
    if towed:
        nose = long + float(rng.uniform(5.2, 6.0))
        facets += tractor(nose)
    return asset("s300_trailer", NODE, facets, box=(0.0, nose, -1.6, 1.6), label_height=1.5)


def s300v(rng: Generator) -> Asset:
    """9A82 (two long tubes) or 9A83 (four) on a tracked chassis, stowed or erected."""
    length, width, big = float(rng.uniform(12.3, 13.6)), 3.4, rng.random() < 0.5
    facets = tracks(length, width)
    facets += block((length / 2 - 2.9, length / 2 - 0.7), (-1.5, 1.5), (1.7, 2.4), "cab")
    facets += plate(
        [
            (length / 2 - 0.95, -1.2, 2.42),
            (length / 2 - 0.55, -1.2, 1.9),
            (length / 2 - 0.55, 1.2, 1.9),
            (length / 2 - 0.95, 1.2, 2.42),
        ],
        "glass",
    )
    radius, reach = (0.62, 9.9) if big else (0.46, 7.9)
    count, tail = (2 if big else 4), -length / 2
    if rng.random() < 0.45:
        facets += erected_tubes(tail + 0.9, 2.25 * radius, radius, reach, count=count)
        facets += block((tail + 2.5, tail + 6.0), (-0.9, 0.9), (1.8, 2.2), "deck")
    else:
        facets += tube_bundle((tail, tail + reach), 2.35 * radius, radius, 2.4, rows=1 if big else 2)
    facets += tube((tail + 4.6, 1.1, 1.9), (tail + 4.6, 1.1, 4.4 if big else 2.6), 0.18, "metal")
    return asset("s300v", NODE, facets, box=(tail, length / 2, -width / 2, width / 2), label_height=1.5)


def buk(rng: Generator) -> Asset:
    """Buk launcher: tracked hull, turret with a radar head and four bare missiles, stowed or raised and slewed."""
    length, width = 9.3, 3.25
    raised = rng.random() < 0.5
    facets = tracks(length, width)
    turret = block((-3.9, 3.4), (-0.9, 0.9), (1.8, 2.5), "body") + tube((3.0, 0.0, 1.9), (3.0, 0.0, 3.3), 1.05, "load")
    turret += block((-2.4, 1.2), (-1.35, 1.35), (1.8, 2.2), "deck")
    pitch = float(np.radians(rng.uniform(15, 45))) if raised else 0.02
    for y in (-1.2, -0.42, 0.42, 1.2):
        turret += missile(-4.4, y, 2.75, 5.5, 0.2, pitch)
    yaw = float(rng.uniform(-np.pi, np.pi)) if raised and rng.random() < 0.6 else 0.0
    return asset(
        "buk",
        NODE,
        facets + turned(turret, yaw),
        box=(-length / 2, length / 2, -width / 2, width / 2),
        label_height=1.5,
    )


def tor(rng: Generator) -> Asset:
    """Tor: tracked hull, large box turret, tracking antenna before and search antenna behind."""
    length, width = 7.5, 3.3
    turret = block((-1.9, 1.5), (-1.5, 1.5), (1.8, 3.2), "body")
    turret += block((-1.0, 0.6), (-0.75, 0.75), (3.2, 3.25), "dark")
    turret += tube((1.5, 0.0, 2.6), (1.95, 0.0, 2.75), 0.75, "load")
    if rng.random() < 0.6:
        turret += block((-1.6, -1.35), (-1.3, 1.3), (3.3, 5.0), "metal")
    else:
        turret += block((-2.9, -1.2), (-1.25, 1.25), (3.25, 3.45), "metal")
    yaw = float(rng.uniform(-np.pi, np.pi)) if rng.random() < 0.5 else 0.0
    facets = tracks(length, width) + moved(turned(turret, yaw), x=-0.2)
    return asset("tor", NODE, facets, box=(-length / 2, length / 2, -width / 2, width / 2), label_height=1.5)


def pantsir(rng: Generator) -> Asset:
    """Pantsir on an eight-wheeled truck: cab, equipment box, turret with six tubes at each side."""
    length, width = 10.85, 2.6
    facets = wheels((3.6, 1.9, -2.4, -3.9), width / 2, 0.6)
    facets += block((-5.4, 5.2), (-0.6, 0.6), (0.8, 1.3), "dark")
    facets += block((3.1, 5.42), (-1.25, 1.25), (0.8, 2.9), "cab")
    facets += plate([(4.9, -1.1, 2.92), (5.44, -1.1, 2.2), (5.44, 1.1, 2.2), (4.9, 1.1, 2.92)], "glass")
    facets += block((0.0, 2.9), (-1.25, 1.25), (1.2, 2.9), "body")
    facets += block((-5.42, 0.0), (-1.3, 1.3), (1.2, 1.7), "deck")
    pitch = float(np.radians(rng.uniform(5, 45)))
    turret = block((-1.0, 1.0), (-0.8, 0.8), (1.7, 3.6), "body") + tube((1.0, 0.0, 2.9), (1.3, 0.0, 2.9), 0.55, "load")
    turret += block((-1.5, -1.3), (-0.9, 0.9), (3.6, 4.7), "metal")
    for side in (-1, 1):
        for column in range(3):
            for row in range(2):
                y, z = side * (0.98 + 0.2 * column), 2.6 + 0.24 * row
                start = (-1.5, y, z)
                turret += tube(
                    start, (start[0] + 3.0 * np.cos(pitch), y, z + 3.0 * np.sin(pitch)), 0.1, "tube", sides=5
                )
        turret += tube(
            (0.4, side * 0.85, 2.2), (3.4, side * 0.85, 2.2 + 3.0 * np.tan(pitch * 0.4)), 0.07, "dark", sides=4
        )
    yaw = float(rng.uniform(-np.pi, np.pi)) if rng.random() < 0.6 else 0.0
    facets += moved(turned(turret, yaw), x=-2.6)
    return asset("pantsir", NODE, facets, box=(-length / 2, length / 2, -1.3, 1.3), label_height=1.5)


def patriot(rng: Generator) -> Asset:
    """Patriot M901: four canisters on a trailer, raised by 38 degrees and slewed or lying, with or without tractor."""
    facets = wheels((1.0, 2.3), 1.4, 0.5)
    facets += block((0.0, 10.2), (-0.6, 0.6), (0.8, 1.3), "deck") + block((0.0, 6.6), (-1.4, 1.4), (1.2, 1.4), "deck")
    facets += block((7.6, 9.9), (-1.25, 1.25), (1.3, 2.6), "body")
    up = rng.random() < 0.65
    pitch = float(np.radians(38.0)) if up else 0.0
    canisters: list[Facet] = []
    for side in (-1, 1):
        for row in range(2):
            canisters += canister(-3.0, side * 0.57, 0.1 + 1.05 * row, 6.1, 0.52, pitch)
    yaw = float(rng.uniform(-1.9, 1.9)) if up else (0.0 if rng.random() < 0.7 else np.pi)
    facets += moved(turned(canisters, yaw), x=3.3, z=1.5)
    if up:
        facets += outriggers((1.5, 5.6), 1.4, 0.9)
    nose = 10.2
    if rng.random() < 0.45:
        nose = 17.0
        facets += tractor(nose, 2.6)
    return asset("patriot", NODE, facets, box=(0.0, nose, -1.45, 1.45), label_height=1.5)


def fixed_rail(rng: Generator) -> Asset:
    """A fixed launcher: one long missile (S-75), or two or four short ones (S-125), on a turntable."""
    pitch = float(np.radians(rng.choice([8.0, 20.0, 45.0])))
    base = tube((0.0, 0.0, 0.0), (0.0, 0.0, 0.9), 1.25, "deck", sides=12) + block(
        (-2.0, 2.0), (-0.4, 0.4), (0.9, 1.4), "body"
    )
    if rng.random() < 0.5:
        facets = base + missile(-5.4, 0.0, 1.5, 10.7, 0.3, pitch)
        return asset("s75", NODE, facets, box=(-5.4, 5.3, -1.25, 1.25), label_height=1.5)
    facets = base
    for y in (-1.2, -0.4, 0.4, 1.2) if rng.random() < 0.6 else (-0.6, 0.6):
        facets += missile(-3.2, y, 1.6, 6.0, 0.2, pitch)
    return asset("s125", NODE, facets, box=(-3.6, 3.0, -1.5, 1.5), label_height=1.5)


LAUNCHERS: Mapping[Callable[[Generator], Asset], float] = {
    s300_truck: 0.30,
    s300_trailer: 0.24,
    s300v: 0.10,
    buk: 0.10,
    tor: 0.06,
    pantsir: 0.08,
    patriot: 0.09,
    fixed_rail: 0.03,
}
"""Builders with the share of each among drawn launchers."""


def draw_launcher(rng: Generator) -> Asset:
    """One launcher of a random kind and state."""
    return drawn(LAUNCHERS, rng)
