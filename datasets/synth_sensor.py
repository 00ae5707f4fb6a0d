"""The image as a satellite, and whoever wrote the file, would have delivered it."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2

Pixels = NDArray[np.uint8]
MOST_STRETCH = 2.5


def sensor(image: Pixels, rng: Generator, *, jpeg: bool = True) -> Pixels:
    """The image as a satellite and a JPEG writer would have delivered it.

    Point spread (sigma 0.35 to 0.7 px), colour at a lower resolution than brightness (pan-sharpening), sharpening in
    half of the images, a stretch of contrast as archives do it in three of five, in one of eight a veil of haze,
    thicker here than there, gain, noise, and (with `jpeg`) JPEG of quality 70 to 96 in two of three.
    """
    soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.35, 0.7)))
    if rng.random() < 0.5:
        sharper = float(rng.uniform(0.3, 1.3))
        soft = cv2.addWeighted(soft, 1 + sharper, cv2.GaussianBlur(soft, (0, 0), 1.2), -sharper, 0)
    luma = cv2.cvtColor(soft, cv2.COLOR_RGB2YCrCb)
    chroma = float(rng.uniform(0.6, 1.8))
    for channel in (1, 2):
        luma[..., channel] = cv2.GaussianBlur(luma[..., channel], (0, 0), chroma)
    image = np.asarray(cv2.cvtColor(luma, cv2.COLOR_YCrCb2RGB), np.uint8)
    if rng.random() < 0.6:
        image = _stretched(image, rng)
    if rng.random() < 0.12:
        image = _veiled(image, rng)
    haze = float(rng.uniform(0, 14))
    table = (
        np.linspace(0, 1, 256) ** float(rng.uniform(0.88, 1.14)) * (255 - haze) * float(rng.uniform(0.92, 1.05)) + haze
    )
    image = np.asarray(cv2.LUT(image, table.clip(0, 255).astype(np.uint8)), np.uint8)
    sigma = float(rng.uniform(0.8, 4.0))
    pool = (rng.standard_normal((257, 263)) * sigma).astype(np.int8)
    rows, columns = image.shape[:2]
    noise = np.tile(pool, (rows // 257 + 1, columns // 263 + 1))[:rows, :columns, None]
    image = np.asarray(cv2.add(image, np.repeat(noise, 3, axis=2), dtype=cv2.CV_8U), np.uint8)
    if jpeg and rng.random() < 0.67:
        _, packed = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 97))])
        image = np.ascontiguousarray(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])
    return image


def _stretched(image: Pixels, rng: Generator) -> Pixels:
    """The image with its darkest and brightest 0.2 to 2 % at the ends of the scale, or near: stretched by at most
    MOST_STRETCH, and never compressed.
    """
    share = float(rng.uniform(0.2, 2.0))
    dark, bright = np.percentile(image[::4, ::4], (share, 100 - share))
    low, high = rng.uniform(0, 40), rng.uniform(205, 255)
    factor = float(np.clip((high - low) / max(float(bright - dark), 1.0), 1.0, MOST_STRETCH))
    left = high - low - factor * float(bright - dark)
    table = (np.arange(256) - dark) * factor + low + left * rng.random()
    return np.asarray(cv2.LUT(image, table.clip(0, 255).astype(np.uint8)), np.uint8)


def _veiled(image: Pixels, rng: Generator) -> Pixels:
    """The image behind haze, mist or smoke: less contrast, bluish to grey."""
    rows, columns = image.shape[:2]
    grid = rng.normal(float(rng.uniform(0.15, 0.5)), 0.09, (4, 4)).astype(np.float32).clip(0.05, 0.75)
    share = cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_CUBIC)[..., None]
    air = (np.array([0.93, 0.98, 1.05]) * rng.uniform(120, 205)).astype(np.float32)
    return np.asarray((image * (1 - share) + air * share).clip(0, 255), np.uint8)
