"""Crosses painted on closed pavement: from above they look like small aircraft, and training places have few of them.

Sizes after ICAO Annex 14, 7.1 (closed runways and taxiways): 6 to 36 m from end to end, strokes of 0.9 to 3 m, white or
yellow.
"""

from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2

Pixels = NDArray[np.uint8]

MOST = 3
TRIES = 8
"""Places that are looked at for each cross; the one most like pavement, smooth and without colour, is taken."""
SPAN_M = (6.0, 36.0)
STROKE = (0.07, 0.16)
"""Width of a stroke, of the span; within STROKE_M."""
STROKE_M = (0.9, 3.0)
PAINTS = ((235, 235, 230), (225, 185, 60))
FINER = 4
"""Crosses are drawn so many times finer than the picture, for soft edges."""


def crossed(pixels: Pixels, taken: NDArray[np.float32], gsd: float, rng: np.random.Generator) -> Pixels:
    """Return the picture (H, W, 3) RGB with one to MOST crosses on ground that is not `taken`, (N, 4) x0, y0, x1, y1.

    `gsd` is in metres per pixel. Where no place is free the picture is as it was.
    """
    result = pixels.copy()
    for _ in range(int(rng.integers(1, MOST + 1))):
        span_m = float(np.exp(rng.uniform(*np.log(SPAN_M))))
        half = span_m / gsd / 2
        places = [place for _ in range(TRIES) if (place := _place(pixels, taken, half, rng)) is not None]
        if places:
            x, y = min(places, key=lambda place: _unlike_pavement(pixels, place[0], place[1], half))
            stroke = float(np.clip(span_m * rng.uniform(*STROKE), *STROKE_M)) / gsd
            _paint(result, (x, y), half, stroke, rng)
    return result


def _place(
    pixels: Pixels, taken: NDArray[np.float32], half: float, rng: np.random.Generator
) -> tuple[float, float] | None:
    height, width = pixels.shape[:2]
    if 2 * half >= min(height, width):
        return None
    x, y = float(rng.uniform(half, width - half)), float(rng.uniform(half, height - half))
    low, high = taken[:, :2] - half, taken[:, 2:] + half
    free = not ((low < (x, y)) & (high > (x, y))).all(axis=1).any()
    return (x, y) if free else None


def _unlike_pavement(pixels: Pixels, x: float, y: float, half: float) -> float:
    patch = pixels[int(y - half) : int(y + half) + 1, int(x - half) : int(x + half) + 1].astype(np.float32)
    colour = float((patch.max(axis=2) - patch.min(axis=2)).mean())
    dark = max(0.0, 60.0 - float(patch.mean()))
    detail = float(patch.mean(axis=2).std())
    return detail + colour + dark if detail > 0 else np.inf  # one grey alone lies beyond a tile


def _paint(pixels: Pixels, centre: tuple[float, float], half: float, stroke: float, rng: np.random.Generator) -> None:
    left, top = (max(0, int(at - half) - 2) for at in centre)
    patch = pixels[top : int(centre[1] + half) + 3, left : int(centre[0] + half) + 3]
    height, width = patch.shape[:2]
    mask = np.zeros((height * FINER, width * FINER), np.uint8)
    first = rng.uniform(0, pi)
    for angle in (first, first + rng.normal(pi / 2, 0.1)):
        arm = np.array([cos(angle), sin(angle)]) * (half - stroke / 2)
        middle = np.array(centre) - (left, top)
        ends = [tuple(np.rint((middle + side * arm) * FINER).astype(int).tolist()) for side in (-1, 1)]
        cv2.line(mask, ends[0], ends[1], 255, max(1, round(stroke * FINER)))
    cover = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    worn = cv2.resize(rng.uniform(0.6, 1.0, (6, 6)).astype(np.float32), (width, height))
    alpha = (cover * worn * rng.uniform(0.5, 1.0))[:, :, None]
    paint = np.array(PAINTS[int(rng.integers(len(PAINTS)))], np.float32) * rng.uniform(0.75, 1.05)
    patch[:] = np.clip(patch * (1 - alpha) + paint * alpha, 0, 255).astype(np.uint8)
