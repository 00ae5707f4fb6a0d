"""Trees and buildings: what stands on the ground, throws a shadow and keeps objects away."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .synth_ground import Ground
from .synth_mesh import Asset, Facet, asset, block, plate
from .synth_paint import Paint, vehicle_paint
from .synth_render import Placement, footprint, paste


def add_trees(ground: Ground, centres: NDArray[np.float64], radii_m: NDArray[np.float64]) -> None:
    """Trees with rough crowns, sunlit on one side, and their shadows; centres (n, 2) pixels, radii (n,) metres."""
    gsd, rng, sun = ground.gsd, ground.rng, ground.sun
    height, width = ground.free.shape
    shade = np.zeros((height, width), np.uint8)
    reach = sun.shadow_per_metre()
    order = np.argsort(centres[:, 1], kind="stable")
    for i in order:
        far = reach * radii_m[i] * 1.7 / gsd
        radius = max(1, int(radii_m[i] / gsd))
        for share in (0.35, 0.7, 1.0):
            spot = centres[i] + far * share
            cv2.circle(shade, (int(spot[0]), int(spot[1])), max(1, int(radius * (1.1 - 0.35 * share))), 200, -1)
    shade = np.asarray(cv2.GaussianBlur(shade, (0, 0), 0.9), np.uint8)
    np.maximum(ground.shade, shade, out=ground.shade)
    touched = np.flatnonzero(shade.any(axis=1))
    if len(touched):
        rows = slice(int(touched[0]), int(touched[-1]) + 1)
        dark = 1 - shade[rows, :, None].astype(np.float32) * np.float32(0.5 / 255)
        ground.pixels[rows] = (ground.pixels[rows] * dark).astype(np.uint8)
    base = np.array([(52, 66, 38), (64, 74, 42), (44, 60, 40), (78, 80, 48)][int(rng.integers(4))])
    free = ground.free.view(np.uint8)
    for i in order:
        _crown(ground, centres[i], float(radii_m[i] / gsd), base * float(rng.uniform(0.75, 1.2)), reach)
        cv2.circle(free, (int(centres[i][0]), int(centres[i][1])), int(radii_m[i] / gsd) + 1, 0, -1)


def _crown(
    ground: Ground, centre: NDArray[np.float64], radius: float, colour: NDArray[np.float64], reach: NDArray[np.float64]
) -> None:
    rng = ground.rng
    toward = -reach / np.hypot(*reach)
    for _ in range(min(26, 5 + int(radius * 1.6))):
        away, turn = radius * float(np.sqrt(rng.random())) * 0.8, rng.uniform(0, 2 * np.pi)
        offset = np.array([np.cos(turn), np.sin(turn)]) * away
        lit = float(offset @ toward) / max(radius, 1.0)
        tone = colour * (0.85 + 0.42 * lit + rng.normal(0, 0.1))
        place = centre + offset
        cv2.circle(
            ground.pixels,
            (int(place[0]), int(place[1])),
            max(1, int(radius * rng.uniform(0.18, 0.4))),
            tuple(float(v) for v in tone.clip(8, 200)),
            -1,
            cv2.LINE_AA,
        )


def building(rng: Generator, length: float, width: float, height: float) -> Asset:
    """A roof over walls, flat, pitched or vaulted, at times with wings across it, and small things on flat ones."""
    half_l, half_w = length / 2, width / 2
    facets = block((-half_l, half_l), (-half_w, half_w), (0, height), "body")
    kind = rng.random()
    if kind < 0.35:
        facets += _pitched(half_l, half_w, height)
    elif kind < 0.5:
        facets += _vault(half_l, half_w, height)
    else:
        for x0, x1 in pairwise(_panels(half_l)):
            facets += plate(
                [(x0, -half_w, height), (x1, -half_w, height), (x1, half_w, height), (x0, half_w, height)], "body"
            )
        for y in (-half_w, half_w - 0.4):
            facets += block((-half_l, half_l), (y, y + 0.4), (height, height + 0.5), "metal")
        for _ in range(int(rng.integers(0, 3 + int(length * width / 60)))):
            x, y = rng.uniform(-half_l * 0.9, half_l * 0.8), rng.uniform(-half_w * 0.9, half_w * 0.7)
            facets += block(
                (x, x + rng.uniform(0.8, 3)),
                (y, y + rng.uniform(0.8, 2)),
                (height, height + rng.uniform(0.4, 1.8)),
                "metal" if rng.random() < 0.7 else "dark",
            )
    if rng.random() < 0.3:
        reach = half_w * float(rng.uniform(1.5, 2.6))
        sides = ((-reach, reach), (-reach, half_w), (-half_w, reach))[int(rng.integers(3))]
        x = float(rng.uniform(-half_l, half_l * 0.5))
        facets += block((x, x + min(width, length / 3)), sides, (0, height * float(rng.uniform(0.7, 1.0))), "load")
    return asset("building", None, facets)


def _pitched(half_l: float, half_w: float, height: float) -> list[Facet]:
    """Two slopes and their ribs."""
    facets: list[Facet] = []
    for side in (-1.0, 1.0):
        for x0, x1 in pairwise(_panels(half_l)):
            eave, ridge = (side * half_w, height), (0.0, height + half_w * 0.4)
            facets += plate([(x0, *eave), (x1, *eave), (x1, *ridge), (x0, *ridge)], "load")
    return facets


def _panels(half_l: float) -> list[float]:
    """Where the seams of a roof are, about 7 m apart: no two sheets are of quite one tone."""
    return [float(x) for x in np.linspace(-half_l, half_l, max(2, int(half_l / 3.5) + 1))]


def _vault(half_l: float, half_w: float, height: float) -> list[Facet]:
    """A round roof, as hangars and shelters have."""
    turns = np.linspace(0, np.pi, 9)
    arc = [(half_w * float(np.cos(t)), height + half_w * 0.55 * float(np.sin(t))) for t in turns]
    facets: list[Facet] = []
    for (y0, z0), (y1, z1) in pairwise(arc):
        for x0, x1 in pairwise(_panels(half_l)):
            facets += plate([(x0, y0, z0), (x1, y0, z0), (x1, y1, z1), (x0, y1, z1)], "load")
    return facets


def add_buildings(ground: Ground, places: Sequence[tuple[float, float, float, float, float, float]]) -> None:
    """Buildings at (x, y, heading, length, width, height), pixels and metres; nothing stands on or right at them."""
    rng = ground.rng
    placements = []
    for x, y, heading, length, width, height in places:
        paint = vehicle_paint(rng, military=rng.random() < 0.35)
        tone = roof_tone(rng)
        snow = float(rng.uniform(0.3, 1.0)) if ground.snow else 0.0
        roof = Paint({**paint.colours, "load": tone, "body": tone if rng.random() < 0.7 else roof_tone(rng)}, snow=snow)
        placements.append(Placement(building(rng, length, width, height), x, y, heading, roof))
        mark_built(ground, placements[-1])
    ground.pixels, _ = paste(ground.pixels, ground.gsd, placements, ground.sun, rng)


def mark_built(ground: Ground, placement: Placement) -> None:
    """Nothing stands within 3 m of a building, nor where it is seen to lean to; the sun is gone from its shadow."""
    asset, gsd = placement.asset, ground.gsd
    foot = footprint(asset, placement.x, placement.y, placement.angle, gsd, 3.0)
    seen = foot + np.rint(ground.sun.lean_per_metre() * asset.height / gsd).astype(np.int32)
    outline = cv2.convexHull(np.concatenate([foot, seen]))
    cv2.fillConvexPoly(ground.free.view(np.uint8), outline, 0)
    cv2.fillConvexPoly(ground.bare.view(np.uint8), outline, 0)
    walls = footprint(asset, placement.x, placement.y, placement.angle, gsd, 0.0)
    cast = walls + np.rint(ground.sun.shadow_per_metre() * asset.height / gsd).astype(np.int32)
    cv2.fillConvexPoly(ground.shade, cv2.convexHull(np.concatenate([walls, cast])), 255)


def roof_tone(rng: Generator) -> tuple[float, float, float]:
    """A reflectance that roofs have: grey, red, dark, white, green, blue."""
    tones = (
        (0.42, 0.42, 0.41),
        (0.30, 0.14, 0.09),
        (0.20, 0.20, 0.21),
        (0.55, 0.55, 0.54),
        (0.14, 0.24, 0.20),
        (0.30, 0.27, 0.22),
        (0.72, 0.73, 0.73),
        (0.36, 0.38, 0.41),
        (0.10, 0.17, 0.30),
    )
    red, green, blue = (np.asarray(tones[int(rng.integers(len(tones)))]) * rng.uniform(0.75, 1.25)).tolist()
    return red, green, blue
