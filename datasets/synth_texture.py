"""Textures seen from above: open ground, concrete slabs, asphalt with its stains. 8-bit RGB, all from a seed."""

from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Colour = tuple[float, float, float]
Surface = Literal["concrete", "asphalt", "gravel"]

CLIMATES: dict[str, tuple[Colour, Colour, Colour]] = {
    "grass": ((66, 80, 48), (94, 102, 62), (124, 118, 82)),
    "dry": ((112, 104, 74), (140, 128, 94), (166, 150, 114)),
    "sand": ((168, 146, 112), (190, 168, 132), (210, 190, 156)),
    "soil": ((92, 76, 60), (120, 102, 80), (142, 126, 100)),
    "snow": ((178, 182, 188), (214, 217, 222), (236, 238, 240)),
    "dark": ((44, 56, 38), (62, 72, 48), (84, 86, 60)),
}
"""Three tones of open ground by climate, from low to high on its noise."""

_SURFACES: dict[Surface, Colour] = {"concrete": (170, 167, 158), "asphalt": (92, 92, 92), "gravel": (158, 146, 122)}


def noise(rng: Generator, shape: tuple[int, int], scales: tuple[float, ...], weights: tuple[float, ...]) -> Floats:
    """Smooth noise (rows, columns) of zero mean: random grids with cells of `scales` pixels, summed by `weights`."""
    total = np.zeros(shape, np.float32)
    for scale, weight in zip(scales, weights, strict=True):
        grid = rng.standard_normal((int(shape[0] / scale) + 3, int(shape[1] / scale) + 3), np.float32)
        layer = cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC if scale >= 6 else cv2.INTER_LINEAR)
        total += layer * np.float32(weight)
    return total


def grain(rng: Generator, shape: tuple[int, int], sigma: float) -> Floats:
    """White noise per pixel, from a pool that is laid out anew for each call (drawing it all would be slow)."""
    pool = rng.standard_normal((251, 509), np.float32) * np.float32(sigma)
    tiled = np.tile(pool, (shape[0] // 251 + 1, shape[1] // 509 + 1))
    return np.asarray(tiled[: shape[0], : shape[1]])


def field(rng: Generator, shape: tuple[int, int], climate: str, gsd: float) -> Pixels:
    """Open ground: three tones blended along noise from 200 m down to a pixel."""
    low, mid, high = (np.asarray(tone, np.float32) * float(rng.uniform(0.9, 1.1)) for tone in CLIMATES[climate])
    relief = noise(rng, shape, (200 / gsd, 60 / gsd, 18 / gsd, 5 / gsd, 1.6 / gsd), (0.8, 0.6, 0.4, 0.4, 0.35))
    relief += grain(rng, shape, 0.2)
    index = (relief * 46 + 128).clip(0, 255).astype(np.uint8)
    ramp = np.linspace(0, 2, 256, dtype=np.float32)[:, None]
    table = np.where(ramp < 1, low + (mid - low) * ramp, mid + (high - mid) * (ramp - 1)).clip(0, 255)
    planes = [cv2.LUT(index, np.ascontiguousarray(table[:, c].astype(np.uint8))) for c in range(3)]
    return np.asarray(cv2.merge(planes), np.uint8)


def pavement_level(rng: Generator) -> float:
    """How bright one laying of a surface is, as a factor."""
    return float(rng.uniform(0.82, 1.18))


def pavement(
    rng: Generator,
    shape: tuple[int, int],
    surface: Surface,
    gsd: float,
    *,
    slab_m: float = 6.0,
    level: float | None = None,
) -> Pixels:
    """An upright piece of pavement (rows, columns): slabs with joints where it is concrete, patches, stains, cracks.

    level: its brightness as a factor, for pieces that belong together; drawn where None.
    """
    base = np.asarray(_SURFACES[surface], np.float32) * (pavement_level(rng) if level is None else level)
    tone = noise(rng, shape, (60 / gsd, 12 / gsd, 2.0 / gsd), (0.05, 0.035, 0.02)) + grain(rng, shape, 0.02)
    if surface == "concrete":
        tone += _slabs(rng, shape, slab_m / gsd) + _repairs(rng, shape, gsd, slab_m) * np.float32(0.7)
    elif surface == "asphalt":
        tone += _repairs(rng, shape, gsd, 2.0)
    tone += _stains(rng, shape, gsd)
    return np.asarray((base * (1 + tone[..., None])).clip(0, 255), np.uint8)


def _slabs(rng: Generator, shape: tuple[int, int], slab: float) -> Floats:
    """Each slab its own tone, and dark joints between them (-share of brightness)."""
    grid = rng.normal(0, 0.035, (int(shape[0] / slab) + 2, int(shape[1] / slab) + 2)).astype(np.float32)
    rows = np.minimum((np.arange(shape[0]) / slab).astype(int), grid.shape[0] - 1)
    columns = np.minimum((np.arange(shape[1]) / slab).astype(int), grid.shape[1] - 1)
    tone = grid[rows][:, columns]
    strength = float(rng.uniform(0.04, 0.16))
    tone[np.diff(rows, prepend=0) > 0] -= strength
    tone[:, np.diff(columns, prepend=0) > 0] -= strength
    return np.asarray(tone, dtype=np.float32)


def _repairs(rng: Generator, shape: tuple[int, int], gsd: float, unit_m: float) -> Floats:
    """Patches of another tone, `unit_m` metres or a few times that along each side, on the grid of the slabs."""
    unit = unit_m / gsd
    tone = np.zeros(shape, np.float32)
    for _ in range(min(200, int(shape[0] * shape[1] * gsd * gsd / 1500) + 1)):
        x, y = (int(int(rng.integers(side) / unit) * unit) for side in (shape[1], shape[0]))
        w, h = (int(int(v) * unit) + 1 for v in rng.uniform(1, 18 / unit_m + 1, 2))
        tone[y : y + h, x : x + w] += float(rng.normal(0, 0.06))
    return tone


def _stains(rng: Generator, shape: tuple[int, int], gsd: float) -> Floats:
    """Oil where things stood, tyre marks, cracks: dark, thin, many."""
    mask = np.zeros(shape, np.uint8)
    area = shape[0] * shape[1] * gsd * gsd
    for _ in range(min(600, int(area / 500))):
        centre = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
        axes = tuple(max(1, int(v / gsd)) for v in rng.gamma(1.5, 0.8, 2))
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, int(rng.integers(30, 160)), -1)
    for _ in range(min(200, int(area / 2500))):
        x, y, turn = rng.integers(shape[1]), rng.integers(shape[0]), rng.uniform(0, 2 * np.pi)
        steps = turn + np.cumsum(rng.normal(0, 0.12, 9))
        path = np.cumsum(np.column_stack([np.cos(steps), np.sin(steps)]) * rng.uniform(3, 12) / gsd, axis=0) + (x, y)
        cv2.polylines(mask, [path.astype(np.int32)], False, int(rng.integers(20, 110)), 1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, 0.5 / gsd)).astype(np.float32)
    return soft * np.float32(-0.35 / 255) + _exhaust(rng, shape, gsd)


def _exhaust(rng: Generator, shape: tuple[int, int], gsd: float) -> Floats:
    """Wide dark clouds where engines run up, drawn at an eighth of the resolution."""
    small = np.zeros((shape[0] // 8 + 1, shape[1] // 8 + 1), np.float32)
    for _ in range(min(12, int(shape[0] * shape[1] * gsd * gsd / 6000))):
        centre = (int(rng.integers(small.shape[1])), int(rng.integers(small.shape[0])))
        axes = tuple(max(1, int(v / gsd / 8)) for v in rng.uniform(4, 16, 2))
        cv2.ellipse(small, centre, axes, float(rng.uniform(0, 180)), 0, 360, float(-rng.uniform(0.03, 0.16)), -1)
    soft = cv2.GaussianBlur(small, (0, 0), max(0.8, 0.4 / gsd))
    return np.asarray(cv2.resize(soft, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
