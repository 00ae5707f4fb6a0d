"""New paint for a cut-out, so that a type is learnt by its outline and build, not by the few paints it was seen in."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .cutouts import CutOut

__all__ = ["repainted"]

DETAIL_M = 1.5
"""What is smaller than this (edges, nozzles, the canopy) stays under new paint; what is larger is taken for paint."""

Tone = tuple[float, float, float]
CAMOUFLAGE: tuple[tuple[Tone, ...], ...] = (
    ((72, 82, 92), (108, 121, 134), (150, 162, 174)),
    ((44, 54, 78), (84, 106, 142), (160, 176, 192)),
    ((74, 124, 144), (112, 160, 180)),
    ((62, 68, 54), (100, 94, 72), (132, 122, 98)),
    ((178, 162, 130), (122, 106, 82)),
    ((138, 142, 146), (176, 180, 184)),
)
"""By eye after aircraft in service: blue-greys, navy, turquoise, green and brown, sand, two light greys."""


def repainted(cutout: CutOut, rng: np.random.Generator) -> CutOut:
    """The same airframe in another paint: outline, size and fine detail are kept.

    One tone from near black to white, or a camouflage in blotches of 2 to 6 m; some noses are of another tone, and
    one wing is brighter than the other, as under a low sun.
    """
    alpha = cutout.rgba[..., 3:]
    colour = cutout.rgba[..., :3] / np.maximum(alpha, 1e-3)
    broad = _smooth(cutout.rgba, DETAIL_M / cutout.gsd)
    detail = (colour - broad) @ np.full((3, 1), 1 / 3, np.float32)
    flat = _paint(detail.shape[:2], cutout.gsd, rng)
    if cutout.blur_m:
        flat = np.asarray(cv2.GaussianBlur(flat, (0, 0), cutout.blur_m / cutout.gsd), np.float32)
    paint = flat + detail * np.float32(rng.uniform(0.5, 1.2))
    across = np.linspace(-1, 1, paint.shape[0], dtype=np.float32)[:, None, None]
    paint *= 1 + np.float32(rng.uniform(-0.12, 0.12)) * across
    rgba = np.concatenate([np.clip(paint, 5, 250) * alpha, alpha], axis=-1).astype(np.float32)
    return replace(cutout, rgba=rgba)


def _smooth(rgba: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """The colour without detail, from opaque pixels alone."""
    soft = np.asarray(cv2.GaussianBlur(rgba, (0, 0), sigma_px, borderType=cv2.BORDER_CONSTANT), dtype=np.float32)
    return np.asarray(soft[..., :3] / np.maximum(soft[..., 3:], 1e-3), dtype=np.float32)


def _paint(shape: tuple[int, int], gsd: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Paint for the whole rectangle, (H, W, 3) in 0..255."""
    if rng.random() < 0.6:
        paint = np.broadcast_to(_grey(rng), (*shape, 3)).astype(np.float32)
    else:
        tones = np.array(CAMOUFLAGE[int(rng.integers(len(CAMOUFLAGE)))], dtype=np.float32)
        blotch = rng.uniform(2, 6) / gsd
        coarse = rng.standard_normal([max(2, int(side / blotch) + 2) for side in shape]).astype(np.float32)
        field = np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC))
        edges = np.quantile(field, np.arange(1, len(tones)) / len(tones))
        paint = tones[np.searchsorted(edges, field)] * np.float32(rng.uniform(0.8, 1.2))
    if rng.random() < 0.35:
        nose = round(shape[1] * rng.uniform(0.04, 0.12))
        paint[:, -nose:] = _grey(rng)
    return paint


def _grey(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.uniform(45, 228) + rng.normal(0, 4, 3) + np.array([-1, 0, 1]) * rng.uniform(-3, 9)
