"""How soft an image is: the blur that its sharpest edges show."""

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2

__all__ = ["softness"]

SMOOTHING_PX = (0.5, 1.0)
DIFFERENCE_VARIANCE = 1 / 3
"""Of the difference of a pixel's two neighbours, taken as a blur, in square pixels."""
SHARPEST, SOFTEST = 0.4, 3.0


def softness(pixels: NDArray[np.uint8]) -> float:
    """Return the sigma in pixels of the blur that the sharpest edges of an image (H, W, 3) show, from 0.4 to 3.

    The steepest gradient of a step under a Gaussian goes with 1 / sigma, so two more blurs of known sigma tell the
    first from how much each takes off. Enlarged images are soft by half a pixel of the original, whatever thin lines
    are in them.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    less, more = SMOOTHING_PX
    taken = _steepest(grey, less) / _steepest(grey, more)
    if taken <= 1:
        return SOFTEST
    variance = (more**2 - taken * less**2) / (taken - 1) - DIFFERENCE_VARIANCE
    return float(np.clip(np.sqrt(max(variance, 0.0)), SHARPEST, SOFTEST))


def _steepest(grey: NDArray[np.float32], sigma_px: float) -> float:
    """The square of the gradient that one pixel in 200 passes, of an image (H, W) under a blur; never zero."""
    smooth = cv2.GaussianBlur(grey, (0, 0), sigma_px)
    rows, columns = np.gradient(smooth)
    return max(float(np.percentile(rows**2 + columns**2, 99.5)), 1e-6)
