"""How soft an image is: the blur that its sharpest edges show."""

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2

__all__ = ["softness"]

SMOOTHING_PX = (0.5, 1.0)
KERNEL_PX = 9
DIFFERENCE_VARIANCE = 1 / 3
"""Of the difference of a pixel's two neighbours, taken as a blur, in square pixels."""
SHARPEST, SOFTEST = 0.4, 2.5


def softness(pixels: NDArray[np.uint8]) -> float:
    """Return the sigma in pixels of the blur that the sharpest edges of an image (H, W, 3) show, from 0.4 to 2.5.

    The square of the steepest gradient of a step under a Gaussian goes with 1 / variance, so two more blurs of known
    variance tell the first from how much each takes off. Enlarged images are soft by half a pixel of the original,
    whatever thin lines are in them. An image without any edge says nothing, and counts as sharp.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    (less, gentle), (more, strong) = (_steepest(grey, sigma) for sigma in SMOOTHING_PX)
    taken = gentle / strong
    if taken <= 1:
        return SHARPEST
    variance = (more - taken * less) / (taken - 1) - DIFFERENCE_VARIANCE
    return float(np.clip(np.sqrt(max(variance, 0.0)), SHARPEST, SOFTEST))


def _steepest(grey: NDArray[np.float32], sigma_px: float) -> tuple[float, float]:
    """The variance of a blur as it is sampled, in square pixels, and the square of the gradient that one pixel in 200
    of an image (H, W) passes under it; never zero.
    """
    kernel = cv2.getGaussianKernel(KERNEL_PX, sigma_px)[:, 0]
    smooth = cv2.sepFilter2D(grey, cv2.CV_32F, kernel, kernel)
    rows, columns = np.gradient(smooth)
    variance = float(kernel @ (np.arange(KERNEL_PX) - KERNEL_PX // 2) ** 2)
    return variance, max(float(np.percentile(rows**2 + columns**2, 99.5)), 1e-6)
