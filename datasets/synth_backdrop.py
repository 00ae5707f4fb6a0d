"""What a real image tells about itself: where it is open, which way its lines run, how bright and hazy it is."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .synth_render import Sun

Pixels = NDArray[np.uint8]


def open_places(background: Pixels, gsd: float) -> NDArray[np.bool_]:
    """Mask (H, W) of places smooth enough to be ground: trees, roofs' edges, water's glitter and deep shadow are not.

    A stand-in for a mask made by hand: at least the smoothest 45 % of the image is open.
    """
    grey = cv2.cvtColor(background, cv2.COLOR_RGB2GRAY).astype(np.float32)
    size = max(3, int(4 / gsd) | 1)
    mean = cv2.blur(grey, (size, size))
    rough = cv2.blur(np.square(grey - cv2.GaussianBlur(grey, (0, 0), max(1.0, 2 / gsd))), (size, size))
    relative = np.sqrt(rough) / (mean + 12)
    limit = max(0.09, float(np.quantile(relative, 0.45)))
    share = cv2.blur(((relative <= limit) & (mean > 22)).astype(np.float32), (2 * size + 1, 2 * size + 1))
    return np.asarray(share > 0.55, dtype=np.bool_)


def line_direction(background: Pixels, x: float, y: float, radius_px: int) -> float:
    """Direction in radians, modulo pi, in which edges around (x, y) run: the axis of the structure tensor."""
    left, top = max(0, int(x) - radius_px), max(0, int(y) - radius_px)
    patch = background[top : int(y) + radius_px + 1, left : int(x) + radius_px + 1]
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    across = 0.5 * np.arctan2(2 * float((gx * gy).sum()), float((gx * gx - gy * gy).sum()))
    return float((across + np.pi / 2) % np.pi)


def matched(sun: Sun, background: Pixels, free: NDArray[np.bool_], rng: Generator) -> Sun:
    """The sun with the exposure and the haze of a real image: its darkest values, its level on open ground."""
    sample = background[::3, ::3].reshape(-1, 3).astype(np.float32) / 255
    dark = np.square(np.quantile(sample, 0.004, axis=0)).clip(0, 0.08)
    ground = background[free] if free.any() else background.reshape(-1, 3)
    level = float(np.median(np.square(ground[::7].astype(np.float32) / 255)))
    gain = float(np.clip(level / 0.2, 0.7, 1.9) * rng.uniform(0.85, 1.2))
    red, green, blue = dark.tolist()
    return Sun(sun.azimuth, sun.elevation, sun.tilt, sun.lean, sun.sky, gain, (red, green, blue))
