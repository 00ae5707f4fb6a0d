"""One object drawn alone: facets from low to high at a finer grid, its own shadows, wear, and its cast shadow."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .synth_light import MIN_ELEVATION, Sun, glint, shade
from .synth_mesh import Asset, Facet
from .synth_paint import Paint

Floats = NDArray[np.float32]

FINE = 4
"""Samples per output pixel and axis that objects are drawn at before they are averaged."""
_SHIFT = 4


@dataclass(frozen=True, slots=True)
class Placement:
    """An asset at a place: `x`, `y` pixels of its box centre, `angle` of its nose from +x toward +y, radians."""

    asset: Asset
    x: float
    y: float
    angle: float
    paint: Paint
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A drawn object. left, top: its window in the image, pixels. colour (h, w, 3): linear light times cover;
    alpha (h, w): cover; shadow (h, w): how much of the sun it takes from the ground; all 0 to 1.
    """

    left: int
    top: int
    colour: Floats
    alpha: Floats
    shadow: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """A placed object in the pixels of its own window, FINE times finer; outlines as fillPoly wants them."""

    left: int
    top: int
    size: tuple[int, int]
    seen: list[NDArray[np.int32]]
    cast: list[NDArray[np.int32]]
    feet: list[NDArray[np.int32]]
    normals: NDArray[np.float64]
    heights: NDArray[np.float64]
    low: NDArray[np.float64]


def footprint(asset: Asset, x: float, y: float, angle: float, gsd: float, margin: float) -> NDArray[np.int32]:
    """Corners (4, 2) in whole pixels of an object's extents, grown by `margin` metres."""
    x0, x1, y0, y1 = asset.body
    corners = np.array(
        [(x0 - margin, y0 - margin), (x1 + margin, y0 - margin), (x1 + margin, y1 + margin), (x0 - margin, y1 + margin)]
    )
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(np.rint(corners @ np.array([[c, s], [-s, c]]) / gsd + (x, y)), np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class _Solid:
    """An asset's facets as arrays. ends: where each facet's points end; mean and low: its heights in metres."""

    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    ends: list[int]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]


@lru_cache(maxsize=64)
def _solid(asset: Asset) -> _Solid:
    points = np.concatenate([f.points for f in asset.facets])
    counts = np.array([len(f.points) for f in asset.facets])
    ends = np.cumsum(counts)
    starts = ends - counts
    mean = np.add.reduceat(points[:, 2], starts) / counts
    low = np.minimum.reduceat(points[:, 2], starts)
    return _Solid(points, np.stack([f.normal for f in asset.facets]), ends.tolist(), mean, low)


def _frame(placement: Placement, gsd: float, sun: Sun) -> _Frame:
    solid = _solid(placement.asset)
    c, s = np.cos(placement.angle), np.sin(placement.angle)
    turn = np.array([[c, s], [-s, c]])
    feet = solid.points[:, :2] @ turn
    normals = solid.normals.copy()
    normals[:, :2] = normals[:, :2] @ turn
    seen = feet + solid.points[:, 2:] * sun.lean_per_metre()
    cast = feet + solid.points[:, 2:] * sun.shadow_per_metre()
    everything = np.concatenate([seen, cast]) / gsd + (placement.x, placement.y)
    left, top = (np.floor(everything.min(axis=0)) - 2).astype(int).tolist()
    right, bottom = (np.ceil(everything.max(axis=0)) + 2).astype(int).tolist()
    offset = np.array([placement.x - left, placement.y - top])

    def fixed(metres: NDArray[np.float64]) -> list[NDArray[np.int32]]:
        scaled = np.rint(((metres / gsd + offset) * FINE - 0.5) * (1 << _SHIFT)).astype(np.int32)
        return [scaled[start:end] for start, end in pairwise([0, *solid.ends])]

    size = (right - left, bottom - top)
    return _Frame(left, top, size, fixed(seen), fixed(cast), fixed(feet), normals, solid.mean, solid.low)


def draw(placement: Placement, gsd: float, sun: Sun, rng: Generator) -> Sprite:
    """One object alone, at the output GSD; `rng` draws its wear."""
    facets, paint = placement.asset.facets, placement.paint
    frame = _frame(placement, gsd, sun)
    canvas = _canvas(facets, frame, paint, sun, rng)
    cover = (canvas[..., 3] >= 0).astype(np.float32)
    lit = _texture(canvas, cover, paint, sun, gsd, rng)
    colour = np.asarray(cv2.resize(lit, frame.size, interpolation=cv2.INTER_AREA), np.float32)
    alpha = np.asarray(cv2.resize(cover, frame.size, interpolation=cv2.INTER_AREA), np.float32)
    _add_blur(facets, frame, paint, colour, alpha, sun.gain)
    return Sprite(frame.left, frame.top, colour, alpha, _shadow(facets, frame))


def _canvas(facets: Sequence[Facet], frame: _Frame, paint: Paint, sun: Sun, rng: Generator) -> Floats:
    """Facets drawn from low to high: sunlit colour and, in the fourth channel, height (-1 where there is nothing)."""
    canvas = np.zeros((frame.size[1] * FINE, frame.size[0] * FINE, 4), np.float32)
    canvas[..., 3] = -1
    direct, sky = shade(frame.normals, sun)
    facing = frame.normals @ sun.view() > 1e-3
    light = (direct + sky) * (1 + 0.04 * rng.standard_normal(len(facets))) * sun.gain
    gloss = paint.gloss * glint(frame.normals, sun) * sun.gain
    tones = {f.material: paint.of(f.material) for f in facets}
    lying = paint.snow * (frame.normals[:, 2].clip(0.5, 1) - 0.5) * 2 * rng.uniform(0.6, 1.0, len(facets))
    snow = paint.of("snow")
    for i in np.argsort(frame.heights, kind="stable"):
        if facing[i] and facets[i].material != "blur":
            tone = tones[facets[i].material]
            red, green, blue = ((tone + (snow - tone) * lying[i]) * light[i] + gloss[i] * (1 - lying[i])).tolist()
            colour = (red, green, blue, max(float(frame.heights[i]), 0.0))
            cv2.fillPoly(canvas, [frame.seen[i]], colour, shift=_SHIFT)
    return canvas


def _shadow(facets: Sequence[Facet], frame: _Frame) -> Floats:
    """Cast shadow and the darker rim right under what stands on the ground, 0 to 1 at the output GSD."""
    size = frame.size
    mask = np.zeros((size[1] * FINE, size[0] * FINE), np.uint8)
    rim = np.zeros_like(mask)
    for i, facet in enumerate(facets):
        if facet.material == "blur":
            continue
        cv2.fillPoly(mask, [frame.cast[i]], 255, shift=_SHIFT)
        if frame.low[i] < 1.2:
            cv2.fillPoly(rim, [frame.feet[i]], 150, shift=_SHIFT)
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    contact = cv2.GaussianBlur(cv2.resize(rim, size, interpolation=cv2.INTER_AREA), (0, 0), 0.8)
    return np.maximum(small, contact.astype(np.float32) / 255)


def _texture(canvas: Floats, cover: Floats, paint: Paint, sun: Sun, gsd: float, rng: Generator) -> Floats:
    """Shadows that parts cast on each other, blotches of a second tone, dirt and wear; colour times cover."""
    rows, columns = cover.shape
    factor = 1 - (1 - sun.sky * 1.1) * _self_shadow(canvas[..., 3], sun, gsd / FINE)
    coarse = rng.standard_normal((max(3, rows // 14), max(3, columns // 14))).astype(np.float32)
    blotch = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    if paint.camo < 1:
        factor = np.where(blotch > 0.15, factor * np.float32(paint.camo), factor)
    grain = rng.standard_normal((max(2, rows // 4), max(2, columns // 4))).astype(np.float32)
    factor *= 1 + 0.06 * blotch + 0.05 * cv2.resize(grain, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(canvas[..., :3] * (factor.clip(0.1, 2.0) * cover)[..., None], dtype=np.float32)


def _self_shadow(heights: Floats, sun: Sun, pixel: float) -> Floats:
    """1 where a higher part stands between a part and the sun, seen on the drawn height map (pixel: metres)."""
    small = np.ascontiguousarray(heights[::2, ::2])
    stride = max(2 * pixel, 0.35)
    slope = np.tan(max(sun.elevation, MIN_ELEVATION))
    steps = min(int(float(small.max()) / (slope * stride)) + 1, 48)
    toward = -np.array([np.cos(sun.azimuth), np.sin(sun.azimuth)]) * stride / (2 * pixel)
    dark = np.zeros(small.shape, np.uint8)
    for k in range(1, steps):
        dx, dy = np.rint(toward * k).astype(int)
        there = np.array([[1, 0, -dx], [0, 1, -dy]], np.float32)
        moved = cv2.warpAffine(small, there, small.shape[::-1], flags=cv2.INTER_NEAREST, borderValue=-1)
        dark |= (moved > small + (k * stride * slope + 0.3)).astype(np.uint8)
    return np.asarray(
        cv2.resize(dark.astype(np.float32), heights.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.float32
    )


def _add_blur(facets: Sequence[Facet], frame: _Frame, paint: Paint, colour: Floats, alpha: Floats, gain: float) -> None:
    """Turning rotors: discs that veil what is below, in place."""
    discs = [frame.seen[i] for i, facet in enumerate(facets) if facet.material == "blur"]
    if not discs:
        return
    mask = np.zeros((alpha.shape[0] * FINE, alpha.shape[1] * FINE), np.uint8)
    for disc in discs:
        cv2.fillPoly(mask, [disc], 255, shift=_SHIFT)
    veil = cv2.resize(mask, alpha.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) * (0.22 / 255)
    colour *= (1 - veil)[..., None]
    colour += veil[..., None] * paint.of("blur") * gain
    alpha += veil * (1 - alpha)
