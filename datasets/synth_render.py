"""Objects pasted into an image: shadows first, then the objects, and the labels of those that are targets.

Light is linear inside (the square of the 8-bit value, near enough to sRGB and cheap), and relative to sunlit level
ground: a facet is as bright as its reflectance times the light that it gets, over the light that level ground gets.
"""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .annotation import Annotation, oriented
from .synth_light import Sun, draw_sun
from .synth_sensor import sensor
from .synth_sprite import Placement, Sprite, draw, footprint

__all__ = ["Placement", "Sun", "draw_sun", "footprint", "paste", "sensor"]

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
SEEN = 0.4
"""An object of which less is seen is neither truth nor background."""


def paste(
    background: Pixels,
    gsd: float,
    placements: Sequence[Placement],
    sun: Sun,
    rng: Generator,
    *,
    shade: Pixels | None = None,
) -> tuple[Pixels, list[Annotation]]:
    """The background with the objects drawn onto it, and the labels of those that are targets.

    background: (H, W, 3) uint8 RGB, not changed. gsd: its metres per pixel. The label is the rectangle of the object,
    without its shadow, with the share of the object that is `visible`: inside the image, and not behind what is placed
    later. Objects of which less than SEEN can be seen are marked `ignore`. shade: (H, W) uint8, 255 where the
    background's own shadows lie, on objects too.
    """
    image = background.copy()
    height, width = image.shape[:2]
    shadow = np.zeros((height, width), np.uint8)
    seeds = rng.integers(0, 2**31, size=len(placements))
    whole = [draw(p, gsd, sun, np.random.default_rng([int(s), p.seed])) for p, s in zip(placements, seeds, strict=True)]
    sprites = [_clip(sprite, height, width) for sprite in whole]
    for sprite in sprites:
        area = _area(sprite)
        np.maximum(shadow[area], (sprite.shadow * 255).astype(np.uint8), out=shadow[area])
    for sprite in sprites:
        _darken(image, shadow, _area(sprite), sun)
    for sprite in sprites:
        area = _area(sprite)
        haze = np.asarray(sun.haze, np.float32)
        alpha = sprite.alpha[..., None]
        colour = sprite.colour if shade is None else sprite.colour * _left(shade[area], sun)
        light = _linear(image[area]) * (1 - alpha) + colour * (1 - haze) + haze * alpha
        image[area] = _encoded(light)
    left = _visible(sprites, height, width)
    labels = [
        _label(p, left[i] / max(float(whole[i].alpha.sum()), 1e-9), gsd, sun, width, height)
        for i, p in enumerate(placements)
        if p.asset.node is not None
    ]
    return image, [label for label in labels if label is not None]


def _visible(sprites: Sequence[Sprite], height: int, width: int) -> list[float]:
    """The cover of each sprite, in pixels, that no later one lies on."""
    covered = np.zeros((height, width), np.float32)
    out = []
    for sprite in reversed(sprites):
        area = _area(sprite)
        free = sprite.alpha * (1 - covered[area])
        out.append(float(free.sum()))
        covered[area] += free
    return out[::-1]


def _area(sprite: Sprite) -> tuple[slice, slice]:
    rows, columns = sprite.alpha.shape
    return slice(sprite.top, sprite.top + rows), slice(sprite.left, sprite.left + columns)


def _clip(sprite: Sprite, height: int, width: int) -> Sprite:
    rows, columns = sprite.alpha.shape
    x0, y0 = max(0, -sprite.left), max(0, -sprite.top)
    x1, y1 = max(x0, min(columns, width - sprite.left)), max(y0, min(rows, height - sprite.top))
    cut = (slice(y0, y1), slice(x0, x1))
    left, top = min(sprite.left + x0, width), min(sprite.top + y0, height)
    return Sprite(left, top, sprite.colour[cut], sprite.alpha[cut], sprite.shadow[cut])


def _linear(values: Pixels) -> Floats:
    return np.asarray(np.square(values.astype(np.float32) * np.float32(1 / 255)), np.float32)


def _encoded(light: NDArray[np.float32] | NDArray[np.float64]) -> Pixels:
    return np.asarray(np.sqrt(light.clip(0, 1)) * 255 + 0.5, np.uint8)


def _left(share: Pixels, sun: Sun) -> Floats:
    """The light (H, W, 3) that is left where 0 to 255 of the sun is taken: the sky's, bluer than the sun's."""
    sky = np.array([sun.sky * 0.92, sun.sky, sun.sky * 1.16], np.float32)
    return np.asarray(1 - (share.astype(np.float32) / 255)[..., None] * (1 - sky), np.float32)


def _darken(image: Pixels, shadow: Pixels, area: tuple[slice, slice], sun: Sun) -> None:
    """Take the sun away where `shadow` says so, and clear the mask, so that shadows never add up."""
    share = shadow[area]
    if not share.any():
        return
    keep = _left(share, sun)
    haze = np.asarray(sun.haze, np.float32)
    image[area] = _encoded(np.maximum(_linear(image[area]) - haze, 0) * keep + haze)
    share[:] = 0


def _label(placement: Placement, visible: float, gsd: float, sun: Sun, width: int, height: int) -> Annotation | None:
    asset = placement.asset
    if asset.node is None:
        return None
    dx, dy = sun.lean_per_metre() * asset.label_height / gsd
    box = (placement.x + dx, placement.y + dy, asset.length / gsd, asset.width / gsd, placement.angle)
    label = oriented(asset.node, box, ignore=visible < SEEN, visible=min(visible, 1.0))
    x0, y0, x1, y1 = label.bounds
    inside = max(0.0, min(x1, width) - max(x0, 0.0)) * max(0.0, min(y1, height) - max(y0, 0.0))
    return label if inside >= 0.05 * (x1 - x0) * (y1 - y0) else None
