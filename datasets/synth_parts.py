"""Parts that launchers and lorries share: chassis, tractors, tracks, tubes, missiles. One set of parts for both."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator

from .synth_mesh import Asset, Facet, block, plate, prism, tube, turned


def drawn(builders: Mapping[Callable[[Generator], Asset], float], rng: Generator) -> Asset:
    """One asset by a builder drawn with its share; the shares add up to 1."""
    kinds = list(builders)
    return kinds[int(rng.choice(len(kinds), p=list(builders.values())))](rng)


def wheels(x_axles: tuple[float, ...], half_width: float, radius: float = 0.7) -> list[Facet]:
    """Tyres at both sides of each axle."""
    facets: list[Facet] = []
    for x in x_axles:
        for side in (-1, 1):
            outer, inner = side * half_width, side * (half_width - 0.5)
            facets += block((x - radius, x + radius), (min(outer, inner), max(outer, inner)), (0.0, 1.3), "tyre")
    return facets


def heavy_chassis(length: float, width: float = 3.05) -> list[Facet]:
    """An eight-wheeled heavy truck without load: two narrow cabs at the front, a gap between them, and a frame."""
    nose, tail, half = length / 2, -length / 2, width / 2
    axles = tuple(tail + length * share for share in (0.20, 0.36, 0.62, 0.78))
    facets = wheels(axles, half, 0.75)
    facets += block((tail, nose - 0.2), (-half * 0.62, half * 0.62), (0.8, 1.5), "deck")
    facets += block((tail + 0.3, nose - 2.6), (-half, half), (1.3, 1.6), "deck")
    for side in (-1, 1):
        inner, outer = side * half * 0.30, side * half
        low, high = min(inner, outer), max(inner, outer)
        facets += block((nose - 2.4, nose), (low, high), (0.8, 2.6), "cab")
        facets += plate(
            [(nose - 0.75, low, 2.62), (nose - 0.1, low, 2.3), (nose - 0.1, high, 2.3), (nose - 0.75, high, 2.62)],
            "glass",
        )
    facets += block((nose - 3.4, nose - 1.2), (-half * 0.28, half * 0.28), (0.8, 2.0), "dark")
    return facets


def tube_bundle(x: tuple[float, float], spacing: float, radius: float, z: float, *, rows: int = 2) -> list[Facet]:
    """Launch tubes lying side by side along x, `rows` layers of two, with ribs as the real ones have."""
    facets: list[Facet] = []
    for level in range(rows):
        for side in (-1, 1):
            y, height = side * spacing / 2, z + level * 2 * radius
            facets += tube((x[0], y, height), (x[1], y, height), radius, "tube", cap="dark")
            for share in (0.08, 0.5, 0.92):
                at = x[0] + share * (x[1] - x[0])
                facets += tube((at - 0.12, y, height + 0.01), (at + 0.12, y, height + 0.01), radius * 1.08, "deck")
    return facets


def erected_tubes(x: float, spacing: float, radius: float, length: float, *, count: int = 4) -> list[Facet]:
    """Launch tubes standing upright around (x, 0), two by two, feet just above the ground."""
    facets: list[Facet] = []
    for i in range(count):
        dx = (i // 2 - 0.5) * spacing if count > 2 else 0.0
        dy = (i % 2 - 0.5) * spacing
        facets += tube((x + dx, dy, 0.3), (x + dx, dy, 0.3 + length), radius, "tube", cap="tube" if i % 2 else "load")
    return facets


def outriggers(xs: tuple[float, ...], half_width: float, reach: float) -> list[Facet]:
    """Stabilising feet beside the frame."""
    facets: list[Facet] = []
    for x in xs:
        for side in (-1, 1):
            near, far = side * half_width * 0.8, side * (half_width + reach)
            facets += block((x - 0.2, x + 0.2), (min(near, far), max(near, far)), (0.1, 0.7), "metal")
    return facets


def tractor(nose: float, width: float = 2.75) -> list[Facet]:
    """A three-axle military tractor with its nose at `nose`: bonnet, cab, frame with the fifth wheel; 6.6 m long."""
    half = width / 2
    facets = wheels((nose - 1.2, nose - 4.3, nose - 5.7), half)
    facets += block((nose - 6.6, nose - 2.6), (-0.55, 0.55), (0.8, 1.2), "dark")
    facets += block((nose - 1.9, nose), (-half * 0.72, half * 0.72), (0.7, 1.9), "cab")
    facets += block((nose - 3.6, nose - 1.8), (-half, half), (0.8, 2.9), "cab")
    facets += plate(
        [(nose - 2.0, -half, 2.7), (nose - 1.65, -half, 2.0), (nose - 1.65, half, 2.0), (nose - 2.0, half, 2.7)],
        "glass",
    )
    facets += block((nose - 4.4, nose - 3.7), (-half, half), (0.7, 1.5), "dark")
    return facets


def tracks(length: float, width: float) -> list[Facet]:
    """The two tracks and the hull of a tracked vehicle."""
    half, nose = width / 2, length / 2
    facets: list[Facet] = []
    for side in (-1, 1):
        low, high = sorted((side * half, side * (half - 0.55)))
        facets += block((-nose + 0.3, nose - 0.3), (low, high), (0.0, 1.0), "tyre")
    facets += prism(
        [
            (-nose, -half + 0.12),
            (nose - 0.8, -half + 0.12),
            (nose, -half + 0.5),
            (nose, half - 0.5),
            (nose - 0.8, half - 0.12),
            (-nose, half - 0.12),
        ],
        0.9,
        1.8,
        "body",
    )
    return facets


def missile(tail_x: float, y: float, z: float, length: float, radius: float, pitch: float) -> list[Facet]:
    """A bare missile with its nose forward and up by `pitch` radians, cross fins at the tail and the middle."""
    dx, dz = length * np.cos(pitch), length * np.sin(pitch)
    facets = tube((tail_x, y, z), (tail_x + 0.86 * dx, y, z + 0.86 * dz), radius, "missile", sides=6)
    facets += tube((tail_x + 0.86 * dx, y, z + 0.86 * dz), (tail_x + dx, y, z + dz), radius * 0.55, "white", sides=6)
    for share, span in ((0.04, 0.5), (0.42, 0.42)):
        x, up = tail_x + share * dx, z + share * dz
        facets += plate([(x, y - span, up), (x + 0.5, y, up + 0.05), (x, y + span, up), (x + 0.1, y, up)], "missile")
    return facets


def canister(x: float, y: float, z: float, length: float, half: float, pitch: float) -> list[Facet]:
    """A square launch canister: its tail at (x, y, z), raised by `pitch` radians."""
    c, s = np.cos(pitch), np.sin(pitch)
    pivot = np.array([x, 0.0, z])
    turn = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    flat = block((x, x + length), (y - half, y + half), (z, z + 2 * half), "tube")
    flat += block((x + length - 0.15, x + length), (y - half, y + half), (z, z + 2 * half), "load")
    return [Facet((f.points - pivot) @ turn + pivot, f.normal @ turn, f.material) for f in flat]


def cab(nose: float, length: float, half: float, height: float = 2.7) -> list[Facet]:
    """A cab over the engine, its nose at `nose`, with a windscreen."""
    facets = block((nose - length, nose), (-half, half), (0.7, height), "cab")
    return facets + plate(
        [(nose - 0.45, -half * 0.9, height + 0.02), (nose + 0.02, -half * 0.9, height - 0.8),
         (nose + 0.02, half * 0.9, height - 0.8), (nose - 0.45, half * 0.9, height + 0.02)], "glass")  # fmt: skip


def tank_hull(rng: Generator) -> list[Facet]:
    """A battle tank: tracks, turret, gun."""
    facets = tracks(6.6, 3.2) + tube((-0.3, 0.0, 1.7), (-0.3, 0.0, 2.4), 1.25, "body", sides=10)
    return facets + turned(
        tube((0.8, 0.0, 2.1), (5.6, 0.0, 2.15), 0.09, "body", sides=5), float(rng.normal(0, 0.1)), (-0.3, 0.0)
    )
