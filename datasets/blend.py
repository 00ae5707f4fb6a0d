"""How a cut-out is laid on ground so that it looks taken with it: shadow, tone, softness, sensor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .cutouts import CutOut

__all__ = ["Light", "Placement", "brightest", "draw_light", "footprint", "lay", "onto", "sensor"]

BODY_HEIGHT = 0.085  # top of the fuselage over the length
FIN_HEIGHT = 0.25  # top of the fin over the length
FIN_START = 0.86  # where the fin stands, share of the length from the nose
SUNLIT = 0.65
"""Share of aircraft that are made as bright as real ones where they are darker; others stay as dark as their paint."""
HIGHLIGHT, HIGHLIGHT_SPREAD = 1.12, 0.14
"""The brightest tenth of an aircraft over the brightest 0.5 % of the ground around. Of real ones, on tiles of HRPlanes,
five types have medians from 0.97 (C-17) to 1.43 (MiG-31), airliners 1.13 (`tests/benchmarks/tone.py`, along the
fuselage; here of all that is laid, wings included).
"""
MOST_GAIN = 2.0
"""Dark camouflage does not become white."""


@dataclass(frozen=True, slots=True)
class Light:
    """One sun for a tile: direction that shadows fall to (radians), cot(elevation), share of light that they keep."""

    direction: float
    cotangent: float
    kept: float
    bright: float | None = None
    """The ground's `brightest` grey, that most aircraft shine by; without it they are as their cut-outs are."""


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """A cut-out on the ground: centre in pixels, direction of the nose in radians, size factor, mirrored or not."""

    cutout: CutOut
    x: float
    y: float
    angle: float
    size: float
    mirrored: bool

    def matrix(self, gsd: float) -> NDArray[np.float64]:
        """(2, 3) from pixels of the cut-out to pixels of the ground at `gsd` metres."""
        scale = self.cutout.gsd * self.size / gsd
        return onto(self.cutout.rgba.shape[:2], self.x, self.y, self.angle, scale, mirrored=self.mirrored)


def onto(
    shape: tuple[int, ...], x: float, y: float, angle: float, scale: float, *, mirrored: bool = False
) -> NDArray[np.float64]:
    """(2, 3) from pixels of a picture of `shape` (height, width) to those of the ground where its middle is at x, y.

    scale: pixels of the ground per pixel of the picture. For cv2, whose whole coordinates are middles of pixels.
    """
    height, width = shape
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.array([[cos, -sin], [sin, cos]])
    if mirrored:
        turn = turn @ np.diag([1.0, -1.0])
    shift = np.array([x, y]) - turn @ np.array([(width - 1) / 2, (height - 1) / 2]) - 0.5
    return np.column_stack([turn, shift])


def draw_light(rng: np.random.Generator) -> Light:
    """A sun between 22 and 68 degrees high; one tile in eight is overcast, with hardly any shadow."""
    overcast = rng.random() < 0.12
    elevation = np.radians(rng.uniform(22, 68))
    kept = rng.uniform(0.85, 0.97) if overcast else rng.uniform(0.28, 0.62)
    return Light(float(rng.uniform(0, 2 * np.pi)), float(1 / np.tan(elevation)), float(kept))


def footprint(place: Placement, shape: tuple[int, int], *, gsd: float) -> tuple[int, int, NDArray[np.bool_]]:
    """Where the placed cut-out lies on ground of `shape` (height, width): left, top and the (h, w) bool from there."""
    left, top, right, bottom = _patch(place, place.cutout.length_m * 0.1 / gsd, shape, gsd)
    moved = Placement(place.cutout, place.x - left, place.y - top, place.angle, place.size, place.mirrored)
    alpha = np.ascontiguousarray(place.cutout.rgba[..., 3])
    return left, top, _warped(alpha, moved, (bottom - top, right - left), gsd) > 0.3


def _warped(layer: NDArray[np.float32], place: Placement, shape: tuple[int, int], gsd: float) -> NDArray[np.float32]:
    ratio = gsd / (place.cutout.gsd * place.size)
    soft = cv2.GaussianBlur(layer, (0, 0), max(0.01, 0.4 * ratio), borderType=cv2.BORDER_CONSTANT)
    size = (shape[1], shape[0])
    return np.asarray(cv2.warpAffine(soft, place.matrix(gsd), size, flags=cv2.INTER_LINEAR), dtype=np.float32)


def _blurred(layer: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), sigma_px), dtype=np.float32)


def _fin(cutout: CutOut) -> NDArray[np.float32]:
    """The footprint of the fin, in the cut-out's pixels: a strip on the axis behind `FIN_START`."""
    height, width = cutout.rgba.shape[:2]
    strip = np.zeros((height, width), dtype=np.float32)
    half = max(1, round(0.008 * width))
    strip[height // 2 - half : height // 2 + half, : round((1 - FIN_START) * width)] = 1
    return strip


def _swept(mask: NDArray[np.float32], light: Light, reach_px: float) -> NDArray[np.float32]:
    """The mask dragged along the shadow's direction, from its place to `reach_px`."""
    steps = max(1, int(np.ceil(reach_px / 1.5)))
    stride = reach_px / steps
    swept, done = mask, 0
    while done < steps:  # what is dragged over n steps, and the same n + 1 steps on, is dragged over 2 n + 1
        step = min(done + 1, steps - done)
        x, y = np.cos(light.direction) * stride * step, np.sin(light.direction) * stride * step
        ahead = cv2.warpAffine(swept, np.array([[1, 0, x], [0, 1, y]]), (mask.shape[1], mask.shape[0]))
        swept, done = np.maximum(swept, ahead), done + step
    return swept


def _patch(place: Placement, shadow_px: float, shape: tuple[int, int], gsd: float) -> tuple[int, int, int, int]:
    """left, top, right, bottom of the ground that the cut-out and a shadow of that length can reach."""
    reach = 0.75 * max(place.cutout.length_m, place.cutout.width_m) * place.size / gsd + shadow_px + 6
    left, top = max(0, int(place.x - reach)), max(0, int(place.y - reach))
    return left, top, min(shape[1], int(place.x + reach) + 1), min(shape[0], int(place.y + reach) + 1)


def brightest(canvas: NDArray[np.float32], taken: NDArray[np.bool_]) -> float:
    """The grey that 0.5 % of the ground, (H, W, 3) in 0..255, is brighter than, where it is not `taken`, (H, W)."""
    step = 4  # every 16th pixel tells as much
    grey = canvas[::step, ::step].mean(axis=2)
    free = ~taken[::step, ::step]
    return float(np.percentile(grey[free] if free.any() else grey, 99.5))


def lay(
    canvas: NDArray[np.float32], place: Placement, light: Light, rng: np.random.Generator, *, gsd: float, blur_px: float
) -> None:
    """Lay one cut-out with its shadow on the canvas, float32 (H, W, 3) RGB 0..255, in place.

    blur_px: sigma of the ground, which the cut-out gets where it is not as soft already.
    """
    length_px = place.cutout.length_m * place.size / gsd
    left, top, right, bottom = _patch(place, length_px * FIN_HEIGHT * light.cotangent, canvas.shape[:2], gsd)
    if right - left < 2 or bottom - top < 2:
        return
    ground = canvas[top:bottom, left:right]
    shape = (bottom - top, right - left)
    moved = Placement(place.cutout, place.x - left, place.y - top, place.angle, place.size, place.mirrored)
    rgba = _warped(place.cutout.rgba, moved, shape, gsd)
    shade = _swept(rgba[..., 3], light, length_px * BODY_HEIGHT * light.cotangent)
    fin = _warped(_fin(place.cutout), moved, shape, gsd)
    shade = np.maximum(shade, _swept(fin, light, length_px * FIN_HEIGHT * light.cotangent))
    shade = _blurred(shade, blur_px + 0.3)
    tint = np.array([1.0, 1.02, 1.08]) * light.kept  # what is left in shadow is skylight, bluer
    ground *= 1 - shade[..., None] * (1 - np.minimum(tint, 1.0)).astype(np.float32)
    own_px = place.cutout.blur_m * place.size / gsd
    rgba = _blurred(rgba, max(0.01, float(np.sqrt(max(blur_px**2 - own_px**2, 0.0)))))
    colour = _toned(rgba, ground, rng, light.bright)
    ground *= 1 - rgba[..., 3:]
    ground += colour


def _toned(
    rgba: NDArray[np.float32], ground: NDArray[np.float32], rng: np.random.Generator, bright: float | None
) -> NDArray[np.float32]:
    """Premultiplied RGB of the patch with contrast, brightness and colour drawn anew and pulled toward the ground.

    With `bright` most are sunlit: metal and paint shine, and a real aircraft's highlights are as bright as anything
    around.
    """
    alpha = rgba[..., 3:]
    colour = rgba[..., :3] / np.maximum(alpha, 1e-3)
    solid = alpha[..., 0] > 0.5
    if not solid.any():
        return rgba[..., :3]
    mean = colour[solid].mean(axis=0)
    grey = mean.mean()
    wanted = grey + rng.normal(0, 22) + rng.uniform(0, 0.25) * (float(ground.mean()) - grey)
    wanted = float(np.clip(wanted, 55, 235))
    cast = (mean - grey) * rng.uniform(0.2, 1.1) + rng.normal(0, 3, 3)
    contrast = np.float32(rng.uniform(0.75, 1.25))
    toned = (colour - mean) * contrast + (wanted + cast).astype(np.float32)
    if bright is not None and rng.random() < SUNLIT:
        shine = max(1.0, float(np.percentile(toned[solid].mean(axis=1), 90)))
        toned *= np.float32(np.clip(bright * rng.normal(HIGHLIGHT, HIGHLIGHT_SPREAD) / shine, 1.0, MOST_GAIN))
    return np.asarray(np.clip(toned, 0, 255) * alpha, dtype=np.float32)


def sensor(canvas: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """What a camera and an archive make of the canvas: gain, gamma, colour, softness, noise and JPEG; uint8 RGB."""
    levels = np.clip(np.arange(256) * rng.uniform(0.85, 1.12) + rng.normal(0, 4), 0, 255)
    curve = (255 * (levels / 255) ** rng.uniform(0.85, 1.18)).astype(np.float32)
    image = np.asarray(cv2.LUT(np.clip(canvas, 0, 255).astype(np.uint8), curve), dtype=np.float32)
    saturation = rng.uniform(0.6, 1.2)
    mix = (saturation * np.eye(3) + (1 - saturation) / 3).astype(np.float32)
    image = np.asarray(cv2.transform(image, mix), dtype=np.float32) + rng.normal(0, 2.5, 3).astype(np.float32)
    if rng.random() < 0.35:
        image = _blurred(image, float(rng.uniform(0.4, 1.0)))
    height, width = image.shape[:2]
    noise = rng.standard_normal((height, width, 1), dtype=np.float32) * np.float32(rng.uniform(0.5, 3.5))
    plain = np.clip(image + noise, 0, 255).astype(np.uint8)
    done, code = cv2.imencode(".jpg", plain[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))])
    archived = cv2.imdecode(code, cv2.IMREAD_COLOR) if done else None
    if archived is None:
        raise ValueError("JPEG coding of a composite failed")
    return np.ascontiguousarray(archived[..., ::-1], dtype=np.uint8)
