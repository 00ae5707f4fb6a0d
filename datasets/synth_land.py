"""What land is divided by: parcels of fields, tracks of wheels, and water. It comes before anything is built."""

import numpy as np

from ..detector.opencv import cv2
from . import synth_texture as texture
from .synth_ground import Ground

_CROPS: tuple[tuple[float, float, float], ...] = (
    (0.80, 0.98, 0.70), (1.15, 1.12, 0.95), (1.30, 1.20, 0.98),
    (0.92, 0.86, 0.80), (1.0, 1.06, 0.88), (0.72, 0.74, 0.72),
)  # fmt: skip
_WATER: tuple[tuple[int, int, int], ...] = ((28, 42, 46), (40, 56, 58), (58, 66, 56), (24, 34, 40), (70, 82, 84))


def add_parcels(ground: Ground, heading: float, *, size_m: float) -> None:
    """Fields side by side along `heading`, each in its own tone, combed by its furrows, with margins between them."""
    rng, gsd = ground.rng, ground.gsd
    height, width = ground.free.shape
    rows, columns = np.mgrid[0:height:2, 0:width:2].astype(np.float32)
    along = (columns * np.cos(heading) + rows * np.sin(heading)) * np.float32(gsd)
    across = (rows * np.cos(heading) - columns * np.sin(heading)) * np.float32(gsd)
    strip = np.floor(across / size_m).astype(int)
    strip -= strip.min()
    shifts = rng.uniform(0, 4 * size_m, strip.max() + 1).astype(np.float32)
    longs = rng.uniform(1.2, 3.5, strip.max() + 1).astype(np.float32) * np.float32(size_m)
    cell = np.floor((along + shifts[strip]) / longs[strip]).astype(int)
    number = (strip * 31 + (cell - cell.min()) * 7) % 61
    tones = np.array([_CROPS[int(i)] for i in rng.integers(len(_CROPS), size=61)], np.float32)
    tones = 1 + (tones * rng.uniform(0.9, 1.1, (61, 1)).astype(np.float32) - 1) * np.float32(rng.uniform(0.12, 0.6))
    combs = (rng.uniform(0, 0.05, 61) * (rng.random(61) < 0.6)).astype(np.float32)
    tone = cv2.resize(tones[number], (width, height), interpolation=cv2.INTER_LINEAR)
    comb = cv2.resize(combs[number], (width, height), interpolation=cv2.INTER_NEAREST)
    pitch = np.float32(2 * np.pi / rng.uniform(1.6, 3.6) * gsd)
    phase = np.arange(height, dtype=np.float32)[:, None] * np.float32(np.cos(heading)) - np.arange(
        width, dtype=np.float32
    ) * np.float32(np.sin(heading))
    tone *= (1 + comb * np.sin(phase * pitch))[..., None]
    edge = cv2.Laplacian(np.asarray(number, np.float32), cv2.CV_32F) != 0
    margin = cv2.resize(edge.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    tone *= (1 - margin * np.float32(rng.uniform(0.0, 0.22)))[..., None]
    ground.pixels = cv2.multiply(ground.pixels, tone, dtype=cv2.CV_8U).astype(np.uint8)


def add_tracks(ground: Ground, count: int) -> None:
    """Ruts that wheels left on open ground: pairs of thin lines, lighter or darker than the ground, winding."""
    rng, gsd = ground.rng, ground.gsd
    height, width = ground.free.shape
    layer = np.zeros((height, width), np.uint8)
    for _ in range(count):
        start = rng.uniform(0, 1, 2) * (width, height)
        turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.16, 24))
        path = start + np.cumsum(np.column_stack([np.cos(turns), np.sin(turns)]) * 18 / gsd, axis=0)
        side = np.column_stack([-np.sin(turns), np.cos(turns)]) * 0.9 / gsd
        strength = int(rng.integers(40, 190))
        for rut in (path - side, path + side):
            points = [np.rint(rut * 8).astype(np.int32)]
            cv2.polylines(layer, points, False, strength, 1, cv2.LINE_AA, shift=3)
    sign = float(rng.choice([-0.22, 0.16, 0.24]))
    worn = cv2.GaussianBlur(layer, (0, 0), 0.7).astype(np.float32)[..., None] * np.float32(sign / 255) + 1
    ground.pixels = cv2.multiply(ground.pixels, np.repeat(worn, 3, axis=2), dtype=cv2.CV_8U).astype(np.uint8)


def add_water(ground: Ground) -> None:
    """A pond, or a river through the image, with a bank; nothing stands in it."""
    rng, gsd = ground.rng, ground.gsd
    height, width = ground.free.shape
    mask = np.zeros((height, width), np.uint8)
    if rng.random() < 0.5:
        turn = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.18, 40))
        steps = np.cumsum(np.column_stack([np.cos(turn), np.sin(turn)]) * 0.06 * width, axis=0)
        path = rng.uniform(0.1, 0.9, 2) * (width, height) + steps - steps[20]
        cv2.polylines(mask, [np.rint(path).astype(np.int32)], False, 255, max(3, int(rng.uniform(8, 45) / gsd)))
    else:
        middle = (int(rng.uniform(0, 1) * width), int(rng.uniform(0, 1) * height))
        axes = tuple(int(v / gsd) for v in rng.uniform(18, 80, 2))
        cv2.ellipse(mask, middle, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    shore = texture.noise(rng, (height, width), (40 / gsd, 12 / gsd), (0.7, 0.4)) * np.float32(6 / gsd)
    inside = np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 3), np.float32)
    outside = np.asarray(cv2.distanceTransform(255 - mask, cv2.DIST_L2, 3), np.float32)
    depth = inside - outside + shore
    share = (depth * np.float32(0.5) + np.float32(0.5)).clip(0, 1)[..., None]
    bank = 1 - np.float32(0.25) * np.exp(-np.square(depth * np.float32(gsd / 3)))[..., None]
    ripple = 1 + texture.noise(rng, (height, width), (30 / gsd, 3 / gsd), (0.05, 0.02))[..., None]
    water = np.asarray(_WATER[int(rng.integers(len(_WATER)))], np.float32) * ripple
    ground.pixels = (ground.pixels * bank * (1 - share) + water * share).clip(0, 255).astype(np.uint8)
    wet = depth > -4 / gsd
    ground.free &= ~wet
    ground.bare &= ~wet
