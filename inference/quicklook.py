"""Quick-looks: a scene as a picture with what was found drawn on it, to be checked by eye."""

from collections.abc import Sequence
from functools import lru_cache
from math import cos, floor, hypot, log10, radians
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..detector.errors import OutputError
from ..detector.opencv import cv2
from ..detector.taxonomy import COUNTED, NODES, root
from .counts import CERTAIN
from .sites import Site, placed
from .survey import Look
from .words import node_name, when

LONG_SIDE_PX = 2000
"""A quick-look is at most this wide and high."""
COLOURS = {"fw": (255, 190, 40), "heli": (60, 225, 255), "ad.launcher": (255, 95, 200)}
"""RGB per counted root; apart for colour-blind eyes, and rare on the ground."""
_INK, _PAPER = (245, 245, 245), (16, 20, 26, 205)
_NO_DATA, _UNREAD = (120, 128, 140), (235, 70, 60)

Picture = NDArray[np.uint8]


def draw(look: Look, pixels: Picture, sites: Sequence[Site]) -> Picture:
    """The annotated picture (H, W, 3) of a scene; `pixels` is the whole scene at that size, RGB.

    Boxes are coloured by counted class: thick from a probability of 0.5, thin below. Sites are outlined and named;
    what was not seen is hatched. There is a legend, a scale bar, and an arrow to north where it is known.
    """
    scene = look.result.scene
    height, width = pixels.shape[:2]
    scale = np.array([width / scene.width, height / scene.height])
    picture = np.ascontiguousarray(pixels).copy()
    _hatch_unseen(picture, look, scale)
    labels = _draw_sites(picture, look, sites, scale) + _draw_boxes(picture, look, scale)
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image, "RGBA")
    size = max(11, round(max(width, height) / 95))
    for text, x, y, colour in labels:
        pen.text((x, y), text, fill=colour, font=_font(size), anchor="ls", stroke_width=2, stroke_fill=(0, 0, 0, 200))
    _legend(pen, look, size)
    _scale_bar(pen, (width, height), scene.gsd_x / scale[0], size)
    if placed(scene):
        _north(pen, look, width, size)
    return np.asarray(image)


def encode(picture: Picture, kind: str = ".png", quality: int = 80) -> bytes:
    """The bytes of a picture file, ".png" or ".jpg" (quality 0 to 100)."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if kind == ".jpg" else []
    done, data = cv2.imencode(kind, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise OutputError(f"a picture of {picture.shape[1]} x {picture.shape[0]} px cannot be stored as {kind}")
    return bytes(data)


def shrink(picture: Picture, long_side_px: int) -> Picture:
    """The picture with its longer side at most this long, averaged."""
    factor = long_side_px / max(picture.shape[:2])
    if factor >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


Label = tuple[str, float, float, tuple[int, int, int]]


def _draw_boxes(picture: Picture, look: Look, scale: NDArray[np.float64]) -> list[Label]:
    detections = look.result.detections
    outlines = look.result.pixel_polygons() * scale
    labels: list[Label] = []
    for detection, outline in sorted(zip(detections, outlines, strict=True), key=lambda pair: pair[0].probability):
        colour = COLOURS[root(detection.node)]
        certain = detection.probability >= CERTAIN
        extent = float(np.ptp(outline, axis=0).max())
        line = (3 if extent > 60 else 2) if certain else 1
        if certain:
            _polyline(picture, outline, (0, 0, 0), line + 2)
        _polyline(picture, outline, colour, line)
        if certain and detection.node not in COUNTED and extent > 24:
            name = NODES[detection.node].name.partition(" (")[0]
            labels.append((name, float(outline[:, 0].max()) + 3, float(outline[:, 1].min()) + 4, colour))
    return labels


def _draw_sites(picture: Picture, look: Look, sites: Sequence[Site], scale: NDArray[np.float64]) -> list[Label]:
    if not placed(look.result.scene):
        return []
    labels: list[Label] = []
    for site in sites:
        for number, ring in enumerate(site.rings()):
            points = look.result.scene.pixels(ring) * scale
            points = points[np.isfinite(points).all(axis=1)].clip(-1e5, 1e5)
            if len(points) < 3:
                continue
            _polyline(picture, points, (0, 0, 0), 4)
            _polyline(picture, points, _INK, 2)
            top = points[np.argmin(points[:, 1])]
            inside = 0 <= top[0] < picture.shape[1] and 0 <= top[1] < picture.shape[0]
            if number == 0 and inside:
                labels.append((site.name, float(top[0]) + 6, max(24.0, float(top[1]) - 6), _INK))
    return labels


def _polyline(picture: Picture, points: NDArray[np.float64], colour: tuple[int, int, int], width: int) -> None:
    fixed = np.round((points - 0.5) * 16).astype(np.int32)
    cv2.polylines(picture, [fixed], True, colour, width, cv2.LINE_AA, shift=4)


def _hatch_unseen(picture: Picture, look: Look, scale: NDArray[np.float64]) -> None:
    height, width = picture.shape[:2]
    valid = look.result.valid_mask.astype(np.uint8)
    invalid = cv2.resize(valid, (width, height), interpolation=cv2.INTER_NEAREST) == 0
    stripes = (np.add.outer(np.arange(height), np.arange(width)) % 24) < 3
    picture[invalid] = picture[invalid] // 2 + 20
    picture[invalid & stripes] = _NO_DATA
    to_picture = np.asarray(look.result.grid_scale) * scale
    for tile in look.result.unread:
        left, right = (round(x * to_picture[0]) for x in (tile.core_left, tile.core_right))
        top, bottom = (round(y * to_picture[1]) for y in (tile.core_top, tile.core_bottom))
        part = picture[top:bottom, left:right]
        part[stripes[top:bottom, left:right]] = _UNREAD


@lru_cache(maxsize=16)
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def _legend(pen: ImageDraw.ImageDraw, look: Look, size: int) -> None:
    detections = look.result.detections
    certain = detections.probability >= CERTAIN
    rows: list[tuple[tuple[int, int, int], int, str]] = []
    for node in COUNTED:
        if node in detections.nodes:
            rows.append((COLOURS[node], 3, f"{node_name(node)}: {int((detections.at(node) & certain).sum())}"))
    if not certain.all():
        rows.append((_INK, 1, f"thin: probability under {CERTAIN:.0%}: {int((~certain).sum())}"))
    if not look.result.valid_mask.all():
        rows.append((_NO_DATA, 3, "hatched: no data"))
    if look.result.unread:
        rows.append((_UNREAD, 3, f"hatched red: {len(look.result.unread)} tiles not read"))
    title = f"{look.name}   {when(look.result.scene.time)}"
    step, pad, mark = round(size * 1.7), round(size * 0.8), round(size * 1.1)
    texts = [_font(size).getlength(text) + mark + pad for _, _, text in rows]
    wide = max([_font(size, bold=True).getlength(title), *texts])
    pen.rounded_rectangle((pad, pad, wide + 3 * pad, pad * 2 + step * (len(rows) + 1)), radius=pad / 2, fill=_PAPER)
    pen.text((2 * pad, pad * 1.5 + step / 2), title, fill=_INK, font=_font(size, bold=True), anchor="lm")
    for number, (colour, line, text) in enumerate(rows, start=1):
        y = pad * 1.5 + step * (number + 0.5)
        pen.rectangle((2 * pad, y - mark / 2, 2 * pad + mark, y + mark / 2), outline=colour, width=line)
        pen.text((3 * pad + mark, y), text, fill=_INK, font=_font(size), anchor="lm")


def _scale_bar(pen: ImageDraw.ImageDraw, frame: tuple[int, int], metres_per_px: float, size: int) -> None:
    longest = frame[0] * 0.22 * metres_per_px
    unit = 10 ** floor(log10(longest))
    metres = max(step * unit for step in (1, 2, 5) if step * unit <= longest)
    length, pad = metres / metres_per_px, round(size * 0.8)
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    top = frame[1] - pad - round(size * 2.6)
    pen.rounded_rectangle((pad, top, length + 3 * pad, frame[1] - pad), radius=pad / 2, fill=_PAPER)
    line = frame[1] - pad * 2
    pen.line((2 * pad, line, 2 * pad + length, line), fill=_INK, width=3)
    for x in (2 * pad, 2 * pad + length):
        pen.line((x, line - size * 0.4, x, line + size * 0.4), fill=_INK, width=3)
    pen.text((2 * pad + length / 2, top + size * 0.9), text, fill=_INK, font=_font(size), anchor="mm")


def _north(pen: ImageDraw.ImageDraw, look: Look, width: int, size: int) -> None:
    scene = look.result.scene
    centre = scene.lonlat(np.array([[scene.width / 2, scene.height / 2]]))
    metres = 100 / 111_000
    base, up = scene.pixels(np.concatenate([centre, centre + (0, metres)])) * (scene.gsd_x, scene.gsd_y)
    dx, dy = (up - base) / max(hypot(*(up - base)), 1e-9)
    pad, reach = round(size * 0.8), size * 1.5
    x, y = width - pad - 2.2 * size, pad + 2.2 * size
    pen.ellipse((x - 2.2 * size, y - 2.2 * size, x + 2.2 * size, y + 2.2 * size), fill=_PAPER)
    tip, back = (x + dx * reach * 0.55, y + dy * reach * 0.55), (x - dx * reach, y - dy * reach)
    side = cos(radians(60)) * size
    wings = [(back[0] - dy * side * k, back[1] + dx * side * k) for k in (1, -1)]
    notch = (x - dx * reach * 0.6, y - dy * reach * 0.6)
    pen.polygon([tip, wings[0], notch, wings[1]], fill=_INK)
    pen.text((x + dx * size * 1.45, y + dy * size * 1.45), "N", fill=_INK, font=_font(size, bold=True), anchor="mm")
