"""Helicopters from above: single rotor, coaxial, tandem; blades still, turning or folded.

The label is overall length (nose, or rotor edge, to tail rotor) by rotor diameter; with folded blades, the fuselage.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator

from .synth_mesh import Asset, Facet, asset, block, fin, loft, plate

NODE = "heli"
Blades = Literal["still", "turning", "folded"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One type: rotor diameter, blade count and fuselage in metres."""

    name: str
    rotor: float
    blades: int
    fuselage: float
    width: float
    layout: Literal["single", "coaxial", "tandem"] = "single"
    wings: float = 0.0
    chord: float = 0.5
    slim: bool = False


KINDS: tuple[Kind, ...] = (
    Kind("mi8", 21.3, 5, 18.3, 2.5, chord=0.52),
    Kind("mi24", 17.3, 5, 17.5, 1.9, wings=6.5, chord=0.58, slim=True),
    Kind("mi26", 32.0, 8, 33.7, 3.4, chord=0.8),
    Kind("mi28", 17.2, 5, 17.0, 1.8, wings=4.9, chord=0.67, slim=True),
    Kind("ka27", 15.9, 3, 11.3, 2.6, layout="coaxial", chord=0.48),
    Kind("ka52", 14.5, 3, 13.8, 2.0, layout="coaxial", wings=7.3, chord=0.53),
    Kind("ah64", 14.6, 4, 15.0, 1.7, wings=5.2, chord=0.53, slim=True),
    Kind("uh60", 16.4, 4, 15.3, 2.3, chord=0.53),
    Kind("ch47", 18.3, 3, 15.7, 3.2, layout="tandem", chord=0.81),
    Kind("ch53d", 22.0, 6, 20.5, 2.9, chord=0.66),
    Kind("ch53e", 24.1, 7, 22.4, 2.9, chord=0.74),
    Kind("light2", 10.7, 2, 9.5, 1.6, chord=0.33),
    Kind("light3", 10.7, 3, 10.6, 1.8, chord=0.35),
    Kind("light5", 11.0, 5, 10.2, 1.6, chord=0.33),
)


def _rotor(x: float, kind: Kind, height: float, *, start: float, turning: bool) -> list[Facet]:
    radius = kind.rotor / 2
    hub = loft([(x - 0.5, height, 0.45, 0.2), (x + 0.5, height, 0.45, 0.2)], "metal", sides=6)
    if turning:
        turn = 2 * np.pi * np.arange(36) / 36
        return hub + plate([(x + radius * np.cos(t), radius * np.sin(t), height + 0.1) for t in turn], "blur")
    facets = hub
    for i in range(kind.blades):
        facets += _blade(x, 0.0, height + 0.1, start + 2 * np.pi * i / kind.blades, radius, kind.chord)
    return facets


def _blade(x: float, y: float, z: float, direction: float, length: float, chord: float) -> list[Facet]:
    """A drooping blade, in two pieces."""
    along = np.array([np.cos(direction), np.sin(direction)])
    across = np.array([-along[1], along[0]]) * chord / 2
    facets: list[Facet] = []
    for near, far, drop_near, drop_far in ((0.06, 0.55, 0.0, 0.15), (0.55, 1.0, 0.15, 0.7)):
        a, b = along * length * near, along * length * far
        corners = [a - across, b - across, b + across, a + across]
        drops = (drop_near, drop_far, drop_far, drop_near)
        facets += plate([(x + p[0], y + p[1], z - d) for p, d in zip(corners, drops, strict=True)], "blade")
    return facets


def _folded(x: float, kind: Kind, height: float, rng: Generator) -> list[Facet]:
    facets: list[Facet] = []
    spread = 0.10 if kind.layout != "tandem" else 0.06
    for i in range(kind.blades):
        direction = np.pi + (i - (kind.blades - 1) / 2) * spread + float(rng.normal(0, 0.01))
        facets += _blade(x, 0.15 * (i - (kind.blades - 1) / 2), height + 0.1, direction, kind.rotor / 2, kind.chord)
    return facets


def _fuselage(kind: Kind, nose: float, tail: float) -> list[Facet]:
    half, long = kind.width / 2, nose - tail
    high = 1.15 * kind.width / 2
    floor = 0.4 + high
    cabin = tail + (0.42 if not kind.slim else 0.5) * long
    stations = [
        (nose, floor - 0.2 * high, 0.15 * half, 0.2 * high),
        (nose - 0.04 * long, floor - 0.1 * high, 0.62 * half, 0.7 * high),
        (nose - 0.12 * long, floor, half, high),
        (cabin + 0.1 * long, floor, half, high),
        (cabin, floor + 0.25 * high, 0.62 * half, 0.7 * high),
        (tail + 0.3 * long, floor + 0.5 * high, 0.34 * half, 0.36 * high),
        (tail + 0.03 * long, floor + 0.6 * high, 0.2 * half, 0.22 * high),
    ]
    facets = loft(stations, "body", sides=12)
    facets += block(
        (nose - 0.16 * long, nose - 0.06 * long),
        (-0.55 * half, 0.55 * half),
        (floor + 0.55 * high, floor + 0.99 * high),
        "glass",
    )
    facets += loft(
        [
            (cabin - 0.02 * long, floor + 1.15 * high, 0.3 * half, 0.2),
            (cabin + 0.1 * long, floor + 1.2 * high, 0.55 * half, 0.45),
            (cabin + 0.3 * long, floor + 1.15 * high, 0.5 * half, 0.35),
        ],
        "deck",
        sides=8,
    )
    return facets


def _tail(kind: Kind, tail: float, top: float) -> list[Facet]:
    size = kind.rotor * 0.085
    if kind.layout == "coaxial":
        facets = plate(
            [
                (tail + 1.6, -size * 1.6, 2.4),
                (tail + 1.6, size * 1.6, 2.4),
                (tail + 0.5, size * 1.6, 2.4),
                (tail + 0.5, -size * 1.6, 2.4),
            ],
            "body",
        )
        for y in (-size * 1.6, size * 1.6):
            facets += fin([(tail + 1.8, 1.6), (tail + 1.2, 3.4), (tail, 3.4), (tail + 0.2, 1.6)], y, 0.15, "body")
        return facets
    facets = fin(
        [(tail + 2.0, top - 1.6), (tail + 0.6, top + 0.2), (tail, top + 0.2), (tail + 0.4, top - 1.6)],
        0.0,
        0.25,
        "body",
    )
    facets += plate(
        [
            (tail + 2.2, -size, top - 1.3),
            (tail + 2.2, size, top - 1.3),
            (tail + 1.3, size, top - 1.3),
            (tail + 1.3, -size, top - 1.3),
        ],
        "body",
    )
    rotor = size
    facets += fin(
        [
            (tail - rotor * 0.4, top + 0.1),
            (tail - rotor * 0.4 + 0.25, top + 0.1),
            (tail + rotor + 0.4, top + 0.5),
            (tail + rotor, top + 0.6),
        ],
        0.45,
        0.1,
        "blade",
    )
    facets += fin(
        [
            (tail + 0.2, top - rotor * 0.9),
            (tail + 0.45, top - rotor * 0.9),
            (tail + 0.45, top + rotor),
            (tail + 0.2, top + rotor),
        ],
        0.45,
        0.1,
        "blade",
    )
    return facets


def helicopter(kind: Kind, blades: Blades, rng: Generator) -> Asset:
    """One helicopter of a kind; its rotor head stands at x = 0 (a tandem's rotors stand around it)."""
    nose = kind.fuselage * (0.40 if kind.layout != "tandem" else 0.5)
    tail = nose - kind.fuselage
    top = 0.4 + 2.3 * 1.15 * kind.width / 2
    facets = _fuselage(kind, nose, tail)
    if kind.wings > 0:
        for side in (-1, 1):
            low, high = sorted((side * kind.width * 0.4, side * kind.wings / 2))
            facets += plate([(0.4, low, 1.9), (0.4, high, 1.8), (-0.9, high, 1.8), (-0.9, low, 1.9)], "body")
            for share in (0.6, 0.92):
                y = side * kind.wings / 2 * share
                facets += loft([(-1.4, 1.5, 0.16, 0.16), (1.1, 1.5, 0.16, 0.16)], "deck", y=y, sides=6)
    elif rng.random() < 0.4 and kind.layout == "single":
        for y in (-kind.width * 0.62, kind.width * 0.62):
            facets += loft([(-2.2, 1.0, 0.35, 0.35), (1.2, 1.0, 0.35, 0.35)], "body", y=y, sides=8)
    heads = (nose * 0.62, -nose * 0.78) if kind.layout == "tandem" else (0.0,)
    rotors: list[Facet] = []
    for i, x in enumerate(heads):
        start = float(rng.uniform(0, 2 * np.pi))
        height = top + (0.9 * i if kind.layout == "tandem" else 0.0)
        if blades == "folded":
            rotors += _folded(x, kind, height, rng)
            continue
        rotors += _rotor(x, kind, height, start=start, turning=blades == "turning")
        if kind.layout == "coaxial":
            rotors += _rotor(
                x, kind, height + 1.2, start=start + float(rng.uniform(0.4, 1.6)), turning=blades == "turning"
            )
    if kind.layout == "tandem":
        facets += loft([(tail + 0.2, 2.6, 0.3, 1.6), (tail + 3.2, 2.6, 0.8, 1.9)], "body", sides=8)
    else:
        facets += _tail(kind, tail, top - 0.3)
    return asset(
        f"{kind.name}_{blades}", NODE, facets + rotors, box=_box(kind, heads, nose, tail, blades), label_height=2.0
    )


def _box(
    kind: Kind, heads: tuple[float, ...], nose: float, tail: float, blades: Blades
) -> tuple[float, float, float, float]:
    radius = kind.rotor / 2
    if blades == "folded":
        half = max(kind.width, kind.wings) / 2 + 0.3
        return (min(tail, min(heads) - radius), nose, -half, half)
    reach = 0.5 * kind.rotor * 0.085 if kind.layout == "single" else 0.0
    return (min(tail - reach, min(heads) - radius), max(nose, max(heads) + radius), -radius, radius)


def draw_helicopter(rng: Generator) -> Asset:
    """One helicopter of a random type and rotor state."""
    weights = np.array([0.2, 0.14, 0.04, 0.1, 0.05, 0.12, 0.06, 0.1, 0.05, 0.03, 0.04, 0.05, 0.05, 0.04])
    kind = KINDS[int(rng.choice(len(KINDS), p=weights / weights.sum()))]
    blades: Blades = "still" if (draw := rng.random()) < 0.78 else ("turning" if draw < 0.88 else "folded")
    return helicopter(kind, blades, rng)
