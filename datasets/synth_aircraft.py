"""Fixed-wing aircraft from above: fuselage, wings, engines and tail, after the real proportions of each type.

Labels name the type where the taxonomy has it. The shapes are rough: they say which types an F-15 is not, and beside
the few real pictures of a type what its outline is in any paint; what they teach is measured on real cut-outs.
"""

import numpy as np
from numpy.random import Generator

from ..detector.taxonomy import ancestors
from .synth_airframes import JETS, LARGE, Jet, Plane
from .synth_mesh import Asset, Facet, asset, fin, loft, plate, tube


def _both(outline: list[tuple[float, float, float]], material: str) -> list[Facet]:
    mirrored = [(x, -y, z) for x, y, z in outline]
    return plate(outline, material) + plate(mirrored, material)


def _propeller(x: float, y: float, z: float, radius: float, rng: Generator) -> list[Facet]:
    facets: list[Facet] = []
    start = float(rng.uniform(0, np.pi))
    for i in range(4):
        turn = start + i * np.pi / 2
        dy, dz = radius * np.cos(turn), radius * np.sin(turn)
        facets += fin(
            [(x - 0.2, z), (x + 0.2, z), (x + 0.2, z + dz), (x - 0.2, z + dz)], y + dy / 2, abs(dy) + 0.1, "blade"
        )
    return facets


def _engines(p: Plane, leading: float, sweep: float, z: float, rng: Generator) -> list[Facet]:
    long, radius = p.engine
    facets: list[Facet] = []
    for share in p.at:
        for side in (-1, 1):
            y = side * share * p.span / 2
            front = leading - abs(y) * sweep + (0.62 if p.engines == "pod" else 0.4) * long
            height = z - radius * 1.1 if p.engines == "pod" else z
            if p.engines == "rear":
                front, height, y = (
                    -0.27 * p.length,
                    z + 1.2,
                    side * (p.body / 2 + radius * (1.1 + 2.2 * p.at.index(share))),
                )
            stations = [
                (front, height, radius * 0.9, radius * 0.9),
                (front - 0.3 * long, height, radius, radius),
                (front - long, height, radius * 0.55, radius * 0.55),
            ]
            facets += loft(stations, "body", y=y, sides=8)
            facets += tube((front + 0.02, y, height), (front + 0.05, y, height), radius * 0.8, "dark", sides=8)
            if p.engines == "prop":
                facets += _propeller(front + 0.4, y, height, min(3.0, 0.055 * p.span + 0.7), rng)
    return facets


def plane(p: Plane, rng: Generator) -> Asset:
    """One large or light aircraft; nose at +length / 2."""
    nose, half = p.length / 2, p.body / 2
    axis = half + 0.12 * p.body + 0.6
    leading_share, root, tip, sweep_degrees = p.wing
    sweep = float(np.tan(np.radians(sweep_degrees)))
    leading = nose - leading_share * p.length
    z = axis + 0.75 * half if p.high else axis - 0.5 * half
    long = p.length
    shares = (
        (0.0, 0.12, -0.25),
        (0.015, 0.4, -0.2),
        (0.05, 0.72, -0.1),
        (0.11, 0.97, 0.0),
        (0.62, 1.0, 0.0),
        (0.80, 0.72, 0.2),
        (0.93, 0.36, 0.45),
        (1.0, 0.1, 0.55),
    )
    facets = loft(
        [(nose - s * long, axis + lift * half, w * half, w * half) for s, w, lift in shares], "body", sides=14
    )
    facets += loft(
        [
            (nose - 0.055 * long, axis + 0.45 * half, 0.45 * half, 0.25 * half),
            (nose - 0.035 * long, axis + 0.25 * half, 0.4 * half, 0.2 * half),
        ],
        "glass",
        sides=8,
    )
    tip_y, rise = p.span / 2, (-0.015 if p.high else 0.05) * p.span
    tip_x = leading - tip_y * sweep
    kink_y = tip_y * 0.36
    kink_back = leading - root - kink_y * sweep * (0.15 if not p.high else 0.25)
    wing = [
        (leading, 0.0, z),
        (tip_x, tip_y, z + rise),
        (tip_x - tip, tip_y, z + rise),
        (kink_back, kink_y, z + rise * 0.36),
        (leading - root, 0.0, z),
    ]
    facets += _both(wing, "tube")
    flap = [
        (kink_back + 0.16 * root, kink_y, z + 0.02),
        (tip_x - 0.78 * tip, tip_y * 0.98, z + rise + 0.02),
        (tip_x - 0.72 * tip, tip_y * 0.98, z + rise + 0.02),
        (kink_back + 0.19 * root, kink_y, z + 0.02),
    ]
    facets += _both(flap, "deck")
    facets += _engines(p, leading, sweep, z, rng)
    tail_span, chord = p.tail
    top = axis + half + 0.85 * tail_span / 2 if p.t_tail else axis + 0.5 * half
    back = -nose + (0.02 if not p.t_tail else 0.0) * long
    tail_sweep = max(sweep, 0.12)
    facets += _both(
        [
            (back + chord * 1.35, 0.0, top),
            (back + chord * 1.35 - tail_span / 2 * tail_sweep, tail_span / 2, top),
            (back + chord * 0.85 - tail_span / 2 * tail_sweep, tail_span / 2, top),
            (back + chord * 0.35, 0.0, top),
        ],
        "tube",
    )
    peak = axis + half + 0.42 * tail_span
    facets += fin(
        [
            (back + chord * 2.3, axis + half * 0.8),
            (back + chord * 0.9, peak),
            (back + 0.1 * chord, peak),
            (back + 0.6 * chord, axis + half * 0.6),
        ],
        0.0,
        0.45,
        "load" if p.paint == "white" else "body",
    )
    if p.dome:
        middle = nose - (0.56 if p.t_tail else 0.66) * long
        facets += tube(
            (middle, 0.0, axis + half + 2.2), (middle, 0.0, axis + half + 3.6), 5.0, "metal", cap="dark", sides=24
        )
        facets += plate(
            [
                (middle + 0.7 * np.cos(a) * s - 0.0, 5.0 * np.sin(a), axis + half + 3.62)
                for a, s in ((1.2, 1), (1.9, 1), (-1.9, 1), (-1.2, 1))
            ],
            "bright",
        )
    extent = max(p.span / 2, 0.0)
    return asset(p.name, p.node, facets, box=(-nose, nose, -extent, extent), label_height=axis)


def _pods(j: Jet, height: float) -> list[Facet]:
    """Engines on the flanks of the rear fuselage, as an A-10 has them."""
    facets: list[Facet] = []
    if j.pods is not None:
        start, end, out, radius = j.pods
        front, back = (j.length * (0.5 - share) for share in (start, end))
        for side in (-1, 1):
            y = side * out * j.span / 2
            stations = [(front, height, radius, radius), (back, height, radius * 0.75, radius * 0.75)]
            facets += loft(stations, "body", y=y, sides=8)
            facets += tube((front + 0.02, y, height), (front + 0.05, y, height), radius * 0.8, "dark", sides=8)
    return facets


def jet(j: Jet, rng: Generator) -> Asset:
    """One combat aircraft; nose at +length / 2."""
    nose, half, span = j.length / 2, j.body / 2, j.span / 2
    axis = 1.2 + half
    shares = ((0.0, 0.04), (0.03, 0.2), (0.10, 0.6), (0.19, 0.9), (0.30, 1.0), (0.62, 0.95), (0.84, 0.7), (0.96, 0.3))
    facets = loft(
        [(nose - s * j.length, axis + (0.15 if s > 0.2 else 0.0) * half, w * half, w * half) for s, w in shares],
        "body",
        sides=12,
    )
    facets += loft(
        [
            (nose - 0.30 * j.length, axis + 0.75 * half, 0.25 * half, 0.25 * half),
            (nose - 0.20 * j.length, axis + 0.85 * half, 0.48 * half, 0.5 * half),
            (nose - 0.13 * j.length, axis + 0.55 * half, 0.25 * half, 0.2 * half),
        ],
        "glass",
        sides=8,
    )
    wing = [(nose - x * j.length, y * span, axis) for x, y in j.wing]
    facets += _both(wing, "tube")
    if j.trunk > 0:
        wide = j.trunk * span
        for side in (-1, 1):
            low, high = sorted((0.1 * side * wide, side * wide))
            facets += loft(
                [
                    (nose - 0.36 * j.length, axis - 0.15, (high - low) * 0.45, half * 0.6),
                    (nose - 0.7 * j.length, axis, (high - low) * 0.55, half * 0.75),
                    (nose - 0.92 * j.length, axis, (high - low) * 0.42, half * 0.6),
                ],
                "body",
                y=(low + high) / 2,
                sides=8,
            )
    for outline in (j.tail, j.canard):
        if outline:
            facets += _both([(nose - x * j.length, y * span, axis - 0.05) for x, y in outline], "tube")
    facets += _pods(j, axis + half)
    for share in j.nozzles:
        for side in (-1, 1):
            y = side * share * span
            facets += tube(
                (nose - 0.90 * j.length, y, axis),
                (-nose + 0.03 * j.length, y, axis),
                half * (0.55 if share else 0.7),
                "metal",
                cap="dark",
                sides=8,
            )
    for share in j.fins:
        for side in (-1, 1):
            tall = 0.155 * j.length
            facets += fin(
                [
                    (nose - 0.70 * j.length, axis + 0.4 * half),
                    (nose - 0.86 * j.length, axis + tall),
                    (nose - 0.93 * j.length, axis + tall),
                    (nose - 0.92 * j.length, axis + 0.4 * half),
                ],
                side * share * span,
                0.3,
                "body",
            )
    if rng.random() < 0.5 and j.length < 30:
        for share in (0.45, 0.68):
            for side in (-1, 1):
                facets += loft(
                    [(nose - 0.72 * j.length, axis - 0.4, 0.1, 0.1), (nose - 0.52 * j.length, axis - 0.4, 0.12, 0.12)],
                    "bright",
                    y=side * share * span,
                    sides=6,
                )
    return asset(j.name, j.node, facets, box=(-nose, nose, -span, span), label_height=axis)


def aircraft_of(node: str, rng: Generator) -> Asset:
    """The first aircraft that is drawn for a node of the taxonomy; ValueError where none is."""
    for each in JETS:
        if each.node == node:
            return jet(each, rng)
    for other in LARGE:
        if other.node == node:
            return plane(other, rng)
    raise ValueError(f"no aircraft is drawn for {node}: it is none of the types of synth_airframes.py")


def draw_aircraft(rng: Generator, *, largest_m: float = 80.0) -> tuple[Asset, str]:
    """One aircraft of a random type no longer than `largest_m`, and the kind of paint that suits it."""
    if rng.random() < 0.5:
        jets = [j for j in JETS if j.length <= largest_m]
        chosen = jets[int(rng.integers(len(jets)))]
        return jet(chosen, rng), {"fw.light": "gaudy", "fw.bomber": "bomber"}.get(ancestors(chosen.node)[1], "combat")
    planes = [p for p in LARGE if max(p.length, p.span) <= largest_m]
    if not planes:
        return draw_aircraft(rng, largest_m=largest_m)
    picked = planes[int(rng.integers(len(planes)))]
    return plane(picked, rng), {"bright": "grey"}.get(picked.paint, picked.paint)
