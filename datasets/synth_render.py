"""Placed objects drawn into an image: one sun, cast shadows, a slightly tilted view, and the sensor behind it.

Light is linear inside (the square of the 8-bit value, near enough to sRGB and cheap), and relative to sunlit level
ground: a facet is as bright as its reflectance times the light that it gets, over the light that level ground gets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .annotation import Annotation, oriented
from .synth_mesh import Asset, Facet
from .synth_paint import Paint

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

FINE = 4
"""Samples per output pixel and axis that objects are drawn at before they are averaged."""
_SHIFT = 4
_MIN_ELEVATION = np.radians(12.0)


@dataclass(frozen=True, slots=True)
class Sun:
    """Where light and viewer are: one per scene.

    azimuth: direction on screen that shadows fall to, radians from +x toward +y. elevation: radians above ground.
    tilt: viewer off nadir, radians; lean: direction on screen that tall things lean to. sky: share of the light of
    level ground that comes from the sky, so what is left in a shadow. gain: linear image value of reflectance 1.
    haze: linear red, green, blue that the air adds to everything, so the darkest value there is.
    """

    azimuth: float
    elevation: float
    tilt: float = 0.0
    lean: float = 0.0
    sky: float = 0.28
    gain: float = 1.4
    haze: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def direction(self) -> NDArray[np.float64]:
        """Unit vector (3,) from the ground to the sun."""
        level = np.cos(self.elevation)
        return np.array([-np.cos(self.azimuth) * level, -np.sin(self.azimuth) * level, np.sin(self.elevation)])

    def shadow_per_metre(self) -> NDArray[np.float64]:
        """Where the shadow of a point one metre up falls, metres (2,) on screen."""
        reach = 1.0 / np.tan(max(self.elevation, _MIN_ELEVATION))
        return np.array([np.cos(self.azimuth), np.sin(self.azimuth)]) * reach

    def lean_per_metre(self) -> NDArray[np.float64]:
        """Where a point one metre up is drawn, metres (2,) on screen from its foot."""
        return np.array([np.cos(self.lean), np.sin(self.lean)]) * np.tan(self.tilt)


def draw_sun(rng: Generator) -> Sun:
    """A sun as satellites meet it: elevation 20 to 70 degrees, viewer up to 15 degrees off nadir."""
    return Sun(
        azimuth=float(rng.uniform(0, 2 * np.pi)),
        elevation=float(np.radians(rng.uniform(20, 70))),
        tilt=float(np.radians(15 * rng.beta(1.2, 2.0))),
        lean=float(rng.uniform(0, 2 * np.pi)),
        sky=float(rng.uniform(0.18, 0.42)),
        gain=float(rng.uniform(1.0, 1.9)),
    )


@dataclass(frozen=True, slots=True)
class Placement:
    """An asset at a place: `x`, `y` pixels of its box centre, `angle` of its nose from +x toward +y, radians."""

    asset: Asset
    x: float
    y: float
    angle: float
    paint: Paint
    seed: int = 0


@dataclass(slots=True)
class _Sprite:
    left: int
    top: int
    colour: Floats
    alpha: Floats
    shadow: Floats = field(repr=False)


def paste(
    background: Pixels, gsd: float, placements: Sequence[Placement], sun: Sun, rng: Generator
) -> tuple[Pixels, list[Annotation]]:
    """The background with the objects drawn onto it, and the labels of those that are targets.

    background: (H, W, 3) uint8 RGB, not changed. gsd: its metres per pixel. The label is the rectangle of the object,
    without its shadow; objects of which less than 40 % is inside the image are marked `ignore`.
    """
    image = background.copy()
    height, width = image.shape[:2]
    shadow = np.zeros((height, width), np.uint8)
    seeds = rng.integers(0, 2**31, size=len(placements))
    sprites = [
        _clip(_draw(p, gsd, sun, np.random.default_rng([int(s), p.seed])), height, width)
        for p, s in zip(placements, seeds, strict=True)
    ]
    for sprite in sprites:
        area = _area(sprite)
        np.maximum(shadow[area], (sprite.shadow * 255).astype(np.uint8), out=shadow[area])
    for sprite in sprites:
        _darken(image, shadow, _area(sprite), sun)
    for sprite in sprites:
        area = _area(sprite)
        haze = np.asarray(sun.haze, np.float32)
        alpha = sprite.alpha[..., None]
        light = _linear(image[area]) * (1 - alpha) + sprite.colour * (1 - haze) + haze * alpha
        image[area] = _encoded(light)
    labels = [_label(p, gsd, sun, width, height) for p in placements if p.asset.node is not None]
    return image, [label for label in labels if label is not None]


def _area(sprite: _Sprite) -> tuple[slice, slice]:
    rows, columns = sprite.alpha.shape
    return slice(sprite.top, sprite.top + rows), slice(sprite.left, sprite.left + columns)


def _clip(sprite: _Sprite, height: int, width: int) -> _Sprite:
    rows, columns = sprite.alpha.shape
    x0, y0 = max(0, -sprite.left), max(0, -sprite.top)
    x1, y1 = max(x0, min(columns, width - sprite.left)), max(y0, min(rows, height - sprite.top))
    cut = (slice(y0, y1), slice(x0, x1))
    left, top = min(sprite.left + x0, width), min(sprite.top + y0, height)
    return _Sprite(left, top, sprite.colour[cut], sprite.alpha[cut], sprite.shadow[cut])


def _linear(values: Pixels) -> Floats:
    return np.square(values.astype(np.float32) * np.float32(1 / 255))


def _encoded(light: Floats) -> Pixels:
    return (np.sqrt(light.clip(0, 1)) * 255 + 0.5).astype(np.uint8)


def _darken(image: Pixels, shadow: Pixels, area: tuple[slice, slice], sun: Sun) -> None:
    """Take the sun away where `shadow` says so, and clear the mask, so that shadows never add up."""
    share = shadow[area]
    if not share.any():
        return
    left = np.array([sun.sky * 0.92, sun.sky, sun.sky * 1.16], np.float32)
    keep = 1 - (share.astype(np.float32) / 255)[..., None] * (1 - left)
    haze = np.asarray(sun.haze, np.float32)
    image[area] = _encoded(np.maximum(_linear(image[area]) - haze, 0) * keep + haze)
    share[:] = 0


def _label(placement: Placement, gsd: float, sun: Sun, width: int, height: int) -> Annotation | None:
    asset = placement.asset
    if asset.node is None:
        return None
    dx, dy = sun.lean_per_metre() * asset.label_height / gsd
    box = (placement.x + dx, placement.y + dy, asset.length / gsd, asset.width / gsd, placement.angle)
    label = oriented(asset.node, box)
    x0, y0, x1, y1 = label.bounds
    inside = max(0.0, min(x1, width) - max(x0, 0.0)) * max(0.0, min(y1, height) - max(y0, 0.0))
    share = inside / ((x1 - x0) * (y1 - y0))
    if share < 0.05:
        return None
    return oriented(asset.node, box, ignore=share < 0.4)


def _shade(facet_normals: NDArray[np.float64], sun: Sun) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Direct and sky light of each facet, relative to all light on level ground."""
    direct = (1 - sun.sky) * np.maximum(facet_normals @ sun.direction(), 0) / np.sin(sun.elevation)
    sky = sun.sky * (0.5 + 0.5 * facet_normals[:, 2]) + 0.04
    return np.minimum(direct, 2.4), sky


def _draw(placement: Placement, gsd: float, sun: Sun, rng: Generator) -> _Sprite:
    """One object alone: its colour (already times alpha), its cover and its shadow, at the output GSD."""
    facets = placement.asset.facets
    counts = np.array([len(f.points) for f in facets])
    points = np.concatenate([f.points for f in facets])
    c, s = np.cos(placement.angle), np.sin(placement.angle)
    turn = np.array([[c, s], [-s, c]])
    foot = points[:, :2] @ turn
    normals = np.stack([f.normal for f in facets])
    normals[:, :2] = normals[:, :2] @ turn
    seen = foot + points[:, 2:] * sun.lean_per_metre()
    cast = foot + points[:, 2:] * sun.shadow_per_metre()
    everything = np.concatenate([seen, cast]) / gsd + (placement.x, placement.y)
    left, top = (np.floor(everything.min(axis=0)) - 2).astype(int)
    right, bottom = (np.ceil(everything.max(axis=0)) + 2).astype(int)
    size = (int(right - left), int(bottom - top))
    offset = np.array([placement.x - left, placement.y - top])

    def fixed(metres: NDArray[np.float64]) -> list[NDArray[np.int32]]:
        scaled = ((metres / gsd + offset) * FINE - 0.5) * (1 << _SHIFT)
        return np.split(np.rint(scaled).astype(np.int32), np.cumsum(counts)[:-1])

    heights = np.array([f.points[:, 2].mean() for f in facets])
    canvas = _canvas(placement, facets, fixed(seen), normals, heights, size=size, sun=sun, rng=rng)
    shadow = _shadow(facets, fixed(cast), fixed(foot), size)
    cover = (canvas[..., 3] >= 0).astype(np.float32)
    lit = _texture(canvas, cover, placement.paint, sun, gsd, rng)
    colour = cv2.resize(lit, size, interpolation=cv2.INTER_AREA)
    alpha = np.asarray(cv2.resize(cover, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    _add_blur(facets, fixed(seen), placement.paint, np.asarray(colour, np.float32), alpha, sun.gain)
    return _Sprite(int(left), int(top), np.asarray(colour, np.float32), alpha, shadow)


def _canvas(
    placement: Placement,
    facets: Sequence[Facet],
    outlines: list[NDArray[np.int32]],
    normals: NDArray[np.float64],
    heights: NDArray[np.float64],
    *,
    size: tuple[int, int],
    sun: Sun,
    rng: Generator,
) -> Floats:
    """Facets drawn from low to high: sunlit colour and, in the fourth channel, height (-1 where there is nothing)."""
    canvas = np.zeros((size[1] * FINE, size[0] * FINE, 4), np.float32)
    canvas[..., 3] = -1
    direct, sky = _shade(normals, sun)
    view = np.array([-np.cos(sun.lean) * np.sin(sun.tilt), -np.sin(sun.lean) * np.sin(sun.tilt), np.cos(sun.tilt)])
    facing = normals @ -view < -1e-3
    jitter = 1 + 0.04 * rng.standard_normal(len(facets))
    paints = {f.material: placement.paint.of(f.material) for f in facets}
    for i in np.argsort(heights, kind="stable"):
        if facing[i] and facets[i].material != "blur":
            tone = paints[facets[i].material] * (direct[i] + sky[i]) * jitter[i] * sun.gain
            cv2.fillPoly(canvas, [outlines[i]], (*(float(v) for v in tone), float(max(heights[i], 0.0))), shift=_SHIFT)
    return canvas


def _shadow(
    facets: Sequence[Facet], cast: list[NDArray[np.int32]], feet: list[NDArray[np.int32]], size: tuple[int, int]
) -> Floats:
    """Cast shadow and the darker rim right under what stands on the ground, 0 to 1 at the output GSD."""
    mask = np.zeros((size[1] * FINE, size[0] * FINE), np.uint8)
    rim = np.zeros_like(mask)
    for i, facet in enumerate(facets):
        if facet.material == "blur":
            continue
        cv2.fillPoly(mask, [cast[i]], 255, shift=_SHIFT)
        if facet.points[:, 2].min() < 1.2:
            cv2.fillPoly(rim, [feet[i]], 150, shift=_SHIFT)
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
    slope = np.tan(max(sun.elevation, _MIN_ELEVATION))
    steps = min(int(float(small.max()) / (slope * stride)) + 1, 48)
    toward = -np.array([np.cos(sun.azimuth), np.sin(sun.azimuth)]) * stride / (2 * pixel)
    dark = np.zeros(small.shape, np.uint8)
    for k in range(1, steps):
        dx, dy = np.rint(toward * k).astype(int)
        there = np.float32([[1, 0, -dx], [0, 1, -dy]])
        moved = cv2.warpAffine(small, there, small.shape[::-1], flags=cv2.INTER_NEAREST, borderValue=-1)
        dark |= (moved > small + (k * stride * slope + 0.3)).astype(np.uint8)
    return np.asarray(
        cv2.resize(dark.astype(np.float32), heights.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.float32
    )


def _add_blur(
    facets: Sequence[Facet], outlines: list[NDArray[np.int32]], paint: Paint, colour: Floats, alpha: Floats, gain: float
) -> None:
    """Turning rotors: discs that veil what is below, in place."""
    discs = [outlines[i] for i, facet in enumerate(facets) if facet.material == "blur"]
    if not discs:
        return
    mask = np.zeros((alpha.shape[0] * FINE, alpha.shape[1] * FINE), np.uint8)
    for disc in discs:
        cv2.fillPoly(mask, [disc], 255, shift=_SHIFT)
    veil = cv2.resize(mask, alpha.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) * (0.22 / 255)
    colour *= (1 - veil)[..., None]
    colour += veil[..., None] * paint.of("blur") * gain
    alpha += veil * (1 - alpha)


def sensor(image: Pixels, rng: Generator, *, jpeg: bool = True) -> Pixels:
    """The image as a satellite and a JPEG writer would have delivered it.

    Point spread (sigma 0.35 to 0.7 px), colour at a lower resolution than brightness (pan-sharpening), a little
    sharpening at times, gain and haze, noise, and (with `jpeg`) JPEG of quality 70 to 96 in two of three images.
    """
    soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.35, 0.7)))
    if rng.random() < 0.4:
        soft = cv2.addWeighted(soft, 1.5, cv2.GaussianBlur(soft, (0, 0), 1.2), -0.5, 0)
    luma = cv2.cvtColor(soft, cv2.COLOR_RGB2YCrCb)
    chroma = float(rng.uniform(0.6, 1.8))
    for channel in (1, 2):
        luma[..., channel] = cv2.GaussianBlur(luma[..., channel], (0, 0), chroma)
    image = np.asarray(cv2.cvtColor(luma, cv2.COLOR_YCrCb2RGB), np.uint8)
    table = np.arange(256, dtype=np.float32)
    haze = float(rng.uniform(0, 14))
    table = (table / 255) ** float(rng.uniform(0.88, 1.14)) * (255 - haze) * float(rng.uniform(0.92, 1.05)) + haze
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
