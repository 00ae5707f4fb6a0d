"""Haze, cloud shadow and snow over a crop, as plain functions of pixels and a random generator.

Albumentations has transforms of these names, and they were tried: its fog takes 0.8 s for a crop and blurs it, its snow
turns ground yellow and leaves edges in whatever is bright, its shadow has the grain of noise rather than of clouds.
Pixels are uint8 (H, W, 3) RGB, in and out; geometry stays as it is.
"""

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]
_WHITE = np.array([238, 243, 250], np.float32)
"""Snow in the sun: a trace of blue."""


def hazy(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return the crop through 15 to 50 % of haze, somewhat thicker here than there (Koschmieder's law, 1924)."""
    thickness = rng.uniform(0.15, 0.5) * (0.75 + 0.5 * _clouds(pixels, rng))[..., None]
    light = rng.uniform(170, 225) * np.array([0.95, 1.0, 1.06], np.float32)
    return _rounded(pixels * (1 - thickness) + light * thickness)


def shaded(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return the crop with the shadows of clouds: 30 to 65 % of the light gone, less of the blue, with soft edges."""
    level, edge = rng.uniform(0.4, 0.7), rng.uniform(0.03, 0.12)
    cover = _step(_clouds(pixels, rng), level - edge, level + edge)[..., None]
    lost = rng.uniform(0.3, 0.65) * np.array([1.0, 0.97, 0.9], np.float32)
    return _rounded(pixels * (1 - cover * lost))


def snowy(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return the crop with snow where it is bright enough: open ground turns white, shadows and dark roofs stay.

    What lies on the ground keeps 30 % of its contrast or more, so that an aircraft can still be seen on it.
    """
    grey = cv2.cvtColor(cv2.GaussianBlur(pixels, (0, 0), 1.5), cv2.COLOR_RGB2GRAY)
    bright = np.asarray(grey, np.float32)
    low, middle = np.percentile(bright[::8, ::8], [rng.uniform(10, 30), rng.uniform(40, 65)])
    patches = 0.6 + 0.4 * _step(_clouds(pixels, rng), 0.3, 0.6)
    cover = rng.uniform(0.45, 0.7) * _step(bright, low, max(middle, low + 10)) * patches
    return _rounded(pixels + (_WHITE - pixels) * cover[..., None])


def _clouds(pixels: Pixels, rng: np.random.Generator) -> Field:
    """Smooth noise (H, W) from 0 to 1, of two sizes of lumps."""
    height, width = pixels.shape[:2]
    coarse, fine = rng.random((4, 4), np.float32), rng.random((9, 9), np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    field = field + 0.35 * cv2.resize(fine, (width, height), interpolation=cv2.INTER_CUBIC)
    low, high = float(field.min()), float(field.max())
    return np.asarray((field - low) / max(high - low, 1e-6), np.float32)


def _step(values: Field, low: float, high: float) -> Field:
    """0 below `low`, 1 above `high`, smooth between them."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _rounded(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)
