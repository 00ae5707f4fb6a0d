"""Military vehicles that are no launchers: rocket artillery, missile carriers, command posts, radars, armour."""

import numpy as np
from numpy.random import Generator

from .synth_mesh import Asset, Facet, asset, block, moved, prism, tube, turned
from .synth_parts import cab, heavy_chassis, missile, outriggers, tank_hull, wheels


def tank(rng: Generator) -> Asset:
    """A battle tank or an armoured carrier."""
    if rng.random() < 0.5:
        return asset("tank", None, tank_hull(rng))
    long = float(rng.uniform(6.3, 7.7))
    facets = wheels((-2.2, -0.8, 0.8, 2.2), 1.4, 0.5)
    facets += prism(
        [
            (-long / 2, -1.3),
            (long / 2 - 1.4, -1.3),
            (long / 2, -0.7),
            (long / 2, 0.7),
            (long / 2 - 1.4, 1.3),
            (-long / 2, 1.3),
        ],
        0.8,
        2.0,
        "body",
    )
    return asset(
        "carrier",
        None,
        facets
        + tube((0.4, 0.0, 2.0), (0.4, 0.0, 2.5), 0.6, "cab")
        + block((-2.6, -1.0), (-0.8, 0.8), (2.0, 2.06), "dark"),
    )


def rocket_artillery(rng: Generator) -> Asset:
    """Smerch on the launchers' own chassis, or a Grad: a bundle of many thin tubes, at times raised and slewed."""
    if rng.random() < 0.55:
        facets, long, radius, columns, pivot, spread = heavy_chassis(12.0), 7.6, 0.2, 4, -3.6, 0.62
        facets += block((0.9, 3.2), (-1.4, 1.4), (1.4, 3.0), "body")
    else:
        facets = wheels((-2.6, -1.3, 2.4), 1.22, 0.55) + block((-3.7, 2.6), (-0.5, 0.5), (0.7, 1.2), "dark")
        facets += block((2.5, 3.7), (-0.9, 0.9), (0.7, 1.9), "cab") + cab(2.6, 1.8, 1.2)
        long, radius, columns, pivot, spread = 3.2, 0.085, 10, -2.2, 0.2
    pitch = float(np.radians(rng.uniform(15, 50))) if rng.random() < 0.35 else 0.0
    pod: list[Facet] = []
    for row in range(3):
        for i in range(columns):
            y, z = (i - (columns - 1) / 2) * spread, 0.4 + row * 2.3 * radius
            pod += tube(
                (-1.6, y, z),
                (-1.6 + long * np.cos(pitch), y, z + long * np.sin(pitch)),
                radius,
                "tube",
                cap="dark",
                sides=5,
            )
    pod += block((-1.0, 1.6), (-1.1, 1.1), (0.0, 0.3), "deck")
    yaw = float(rng.uniform(-0.8, 0.8)) if pitch > 0 else 0.0
    return asset("rocket_artillery", None, facets + moved(turned(pod, yaw), x=pivot, z=1.7))


def ballistic_carrier(rng: Generator) -> Asset:
    """A ballistic missile on the launchers' own chassis: one long missile in the open, or a closed roof."""
    facets = heavy_chassis(float(rng.uniform(11.5, 13.1)))
    if rng.random() < 0.5:
        facets += tube((-6.0, 0.0, 2.5), (2.6, 0.0, 2.5), 0.44, "body", cap="dark", sides=10)
        facets += tube((2.6, 0.0, 2.5), (5.6, 0.0, 2.5), 0.25, "body", sides=8)
        facets += block((-5.4, -0.5), (-1.3, -0.8), (1.6, 2.6), "deck") + block(
            (-5.4, -0.5), (0.8, 1.3), (1.6, 2.6), "deck"
        )
    else:
        facets += block((-5.9, 3.0), (-1.5, 1.5), (1.5, 2.9), "body") + block(
            (-5.5, 2.6), (-0.05, 0.05), (2.9, 2.96), "dark"
        )
    return asset("ballistic_carrier", None, facets)


def command_post(rng: Generator) -> Asset:
    """The launchers' own chassis with a box body, an antenna panel, a mast, or nothing on it."""
    facets = heavy_chassis(float(rng.uniform(11.7, 13.4)))
    kind = rng.random()
    if kind < 0.4:
        facets += block((-5.7, 3.0), (-1.5, 1.5), (1.5, 3.6), "body")
        for x in rng.uniform(-5, 2, 3):
            facets += block((x, x + 0.8), (-0.5, 0.5), (3.6, 3.9), "metal")
    elif kind < 0.75:
        facets += block((0.2, 3.0), (-1.5, 1.5), (1.5, 3.4), "body") + block(
            (-4.0, -1.2), (-1.3, 1.3), (1.5, 2.4), "body"
        )
        panel = (
            block((-0.25, 0.25), (-1.4, 1.4), (2.4, 5.6), "load")
            if rng.random() < 0.6
            else block((-3.0, 0.6), (-1.4, 1.4), (2.5, 2.8), "load")
        )
        facets += moved(turned(panel, float(rng.uniform(-np.pi, np.pi)) if rng.random() < 0.6 else 0.0), x=-2.4)
        facets += outriggers((-4.5, 2.6), 1.5, 0.5)
    return asset("command_post", None, facets)


def transloader(rng: Generator) -> Asset:
    """A reloading vehicle: a crane between the cab and two to four bare missiles on racks."""
    facets = (
        wheels((-3.4, -2.1, 3.0), 1.25, 0.55)
        + block((-4.5, 4.0), (-0.5, 0.5), (0.8, 1.2), "dark")
        + cab(4.6, 2.0, 1.25)
    )
    facets += block((1.6, 2.4), (-1.2, 1.2), (1.2, 2.8), "load") + block((-4.6, 1.5), (-1.25, 1.25), (1.2, 1.4), "deck")
    for y in (-0.6, 0.6):
        facets += missile(-4.4, y, 1.8, 5.5, 0.2, 0.0)
    return asset("transloader", None, facets)
