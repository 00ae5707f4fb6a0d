"""The strip above a quick-look: name, date, legend, scale bar and north."""

from collections.abc import Callable
from functools import lru_cache
from math import floor, hypot, log10
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..detector.taxonomy import COUNTED
from .counts import CERTAIN
from .sites import placed
from .survey import Look
from .words import node_name, when

COLOURS = {"fw": (255, 190, 40), "heli": (60, 225, 255), "ad.launcher": (255, 95, 200)}
"""RGB per counted root; apart for colour-blind eyes, and rare on the ground."""
INK, NO_DATA, UNREAD = (245, 245, 245), (120, 128, 140), (235, 70, 60)
DRAWN = 0.2
"""Boxes with a lower probability take part in the expected count, but would only clutter a picture."""
_PAPER = (16, 20, 26)

Picture = NDArray[np.uint8]
Item = tuple[float, Callable[[ImageDraw.ImageDraw, float, float], None]]
"""Something in the strip: its width, and how it is drawn from a left edge and a middle line."""


def strip(look: Look, width: int, metres_per_px: float) -> Picture:
    """The strip (H, width, 3) for a picture of a scene that is `width` wide; higher where the width is small."""
    size = max(11, width // 95)
    items = [_title(look, size), *_legend(look, size), _scale_bar(width, metres_per_px, size)]
    if placed(look.result.scene):
        items.append(_north(look, size))
    gap, line = size * 1.6, size * 2.4
    rows: list[list[tuple[float, Item]]] = [[]]
    x = gap
    for item in items:
        if rows[-1] and x + item[0] + gap > width:
            rows.append([])
            x = gap
        rows[-1].append((x, item))
        x += item[0] + gap
    image = Image.new("RGB", (width, round(line * len(rows) + size * 0.6)), _PAPER)
    pen = ImageDraw.Draw(image)
    for number, row in enumerate(rows):
        for left, (_, paint) in row:
            paint(pen, left, size * 0.3 + line * (number + 0.5))
    return np.asarray(image)


@lru_cache(maxsize=16)
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """A typeface with Latin, Greek and Cyrillic letters (DejaVu Sans, which comes with matplotlib)."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def _title(look: Look, size: int) -> Item:
    text, letters = f"{look.name}   {when(look.result.scene.time)}", font(size, bold=True)

    def paint(pen: ImageDraw.ImageDraw, x: float, y: float) -> None:
        pen.text((x, y), text, fill=INK, font=letters, anchor="lm")

    return letters.getlength(text), paint


def _legend(look: Look, size: int) -> list[Item]:
    detections = look.result.detections
    certain, drawn = detections.probability >= CERTAIN, detections.probability >= DRAWN
    items = [
        _entry(COLOURS[node], 3, f"{node_name(node)}: {int((detections.at(node) & certain).sum())}", size)
        for node in COUNTED
        if node in detections.nodes
    ]
    if (drawn & ~certain).any():
        thin = int((drawn & ~certain).sum())
        items.append(_entry(INK, 1, f"thin: probability {DRAWN:g} to {CERTAIN:g}: {thin}", size))
    if not drawn.all():
        items.append(_entry(NO_DATA, 0, f"not drawn, under {DRAWN:g}: {int((~drawn).sum())}", size))
    if look.result.unread:
        items.append(_entry(UNREAD, 3, f"red hatching: {len(look.result.unread)} tiles not read", size))
    if not look.result.valid_mask.all():
        items.append(_entry(NO_DATA, 3, "grey hatching: not seen", size))
    return items


def _entry(colour: tuple[int, int, int], line: int, text: str, size: int) -> Item:
    letters = font(size)

    def paint(pen: ImageDraw.ImageDraw, x: float, y: float) -> None:
        pen.rectangle((x, y - size * 0.55, x + size * 1.1, y + size * 0.55), outline=colour, width=line)
        pen.text((x + size * 1.7, y), text, fill=INK, font=letters, anchor="lm")

    return size * 1.7 + letters.getlength(text), paint


def _scale_bar(width: int, metres_per_px: float, size: int) -> Item:
    longest = width * 0.15 * metres_per_px
    unit = 10.0 ** floor(log10(longest))
    metres = max(step * unit for step in (1, 2, 5) if step * unit <= longest)
    length, letters = metres / metres_per_px, font(size)
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"

    def paint(pen: ImageDraw.ImageDraw, x: float, y: float) -> None:
        pen.line((x, y, x + length, y), fill=INK, width=3)
        for end in (x, x + length):
            pen.line((end, y - size * 0.4, end, y + size * 0.4), fill=INK, width=3)
        pen.text((x + length + size * 0.6, y), text, fill=INK, font=letters, anchor="lm")

    return length + size * 0.6 + letters.getlength(text), paint


def _north(look: Look, size: int) -> Item:
    """An arrow to north as it points at the centre of the scene."""
    scene = look.result.scene
    centre = scene.lonlat([[scene.width / 2, scene.height / 2]])
    ends = scene.pixels(np.concatenate([centre, centre + (0, 0.001)])) * (scene.gsd_x, scene.gsd_y)
    step_x, step_y = (float(step) for step in ends[1] - ends[0])
    length = hypot(step_x, step_y) or 1.0
    dx, dy = step_x / length * size, step_y / length * size

    def paint(pen: ImageDraw.ImageDraw, x: float, y: float) -> None:
        x += size
        wings = [(x - dx * 0.9 - dy * 0.55 * side, y - dy * 0.9 + dx * 0.55 * side) for side in (1, -1)]
        pen.polygon([(x + dx, y + dy), wings[0], (x - dx * 0.5, y - dy * 0.5), wings[1]], fill=INK)
        pen.text((x + size * 1.5, y), "N", fill=INK, font=font(size, bold=True), anchor="lm")

    return size * 3.4, paint
