"""Trees and buildings: what stands on the ground, throws a shadow and keeps objects away."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .synth_ground import Ground, Spot, mark_free
from .synth_mesh import Asset, asset, block, plate
from .synth_paint import Paint, vehicle_paint
from .synth_render import Placement, paste


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
    """A flat or pitched roof over walls, with small things on it."""
    half_l, half_w = length / 2, width / 2
    facets = block((-half_l, half_l), (-half_w, half_w), (0, height), "body")
    if rng.random() < 0.5:
        from_edge = [
            (-half_l, -half_w, height),
            (half_l, -half_w, height),
            (half_l, 0.0, height + width * 0.2),
            (-half_l, 0.0, height + width * 0.2),
        ]
        facets += plate(from_edge, "load") + plate([(x, -y, z) for x, y, z in from_edge], "load")
    else:
        for _ in range(int(rng.integers(0, 7))):
            x, y = rng.uniform(-half_l * 0.9, half_l * 0.8), rng.uniform(-half_w * 0.9, half_w * 0.7)
            facets += block(
                (x, x + rng.uniform(0.8, 3)),
                (y, y + rng.uniform(0.8, 2)),
                (height, height + rng.uniform(0.4, 1.8)),
                "metal",
            )
    return asset("building", None, facets)


def add_buildings(ground: Ground, places: Sequence[tuple[float, float, float, float, float, float]]) -> None:
    """Buildings at (x, y, heading, length, width, height), pixels and metres; nothing stands on or right at them."""
    rng = ground.rng
    placements = []
    for x, y, heading, length, width, height in places:
        paint = vehicle_paint(rng, military=rng.random() < 0.35)
        roof = Paint({**paint.colours, "load": _roof(rng), "body": _roof(rng)})
        placements.append(Placement(building(rng, length, width, height), x, y, heading, roof))
        mark_free(ground, Spot("yard", x, y, heading, length + 6, width + 6), False)
    ground.pixels, _ = paste(ground.pixels, ground.gsd, placements, ground.sun, rng)


def _roof(rng: Generator) -> tuple[float, float, float]:
    tones = (
        (0.42, 0.42, 0.41),
        (0.30, 0.14, 0.09),
        (0.20, 0.20, 0.21),
        (0.55, 0.55, 0.54),
        (0.14, 0.24, 0.20),
        (0.30, 0.27, 0.22),
    )
    red, green, blue = (np.asarray(tones[int(rng.integers(len(tones)))]) * rng.uniform(0.75, 1.25)).tolist()
    return red, green, blue
