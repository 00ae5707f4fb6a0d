"""Quick-looks: a scene as a picture with what was found drawn on it, to be checked by eye."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..detector.errors import OutputError
from ..detector.opencv import cv2
from ..detector.taxonomy import COUNTED, NODES, root
from .counts import CERTAIN
from .legend import COLOURS, DRAWN, INK, NO_DATA, UNREAD, Picture, font, strip
from .sites import Site, placed
from .survey import Look

LONG_SIDE_PX = 1850
"""The scene in a quick-look is at most this wide and high; with the strip above it the picture stays below 2000."""


def draw(look: Look, pixels: Picture, sites: Sequence[Site]) -> Picture:
    """The annotated picture (H, W, 3) of a scene; `pixels` is the whole scene at that size, RGB.

    Boxes are coloured by counted class: thick from a probability of 0.5, thin below, not at all under 0.2. Sites are
    outlined and named; what was not seen is hatched. A strip above the scene, which hides nothing of it, has the name,
    the date, the legend, a scale bar, and an arrow to north where that is known.
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
        letters = font(size)
        left = min(max(2.0, x), max(2.0, width - letters.getlength(text) - 2))
        base = min(max(float(size), y), height - 4.0)
        pen.text((left, base), text, fill=colour, font=letters, anchor="ls", stroke_width=2, stroke_fill=(0, 0, 0, 200))
    return np.concatenate([strip(look, width, scene.gsd_x / float(scale[0])), np.asarray(image)])


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
        if detection.probability < DRAWN:
            continue
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
            _polyline(picture, points, INK, 2)
            if number == 0 and _meets(points, picture):
                lowest = points[np.argmax(points[:, 1])]
                labels.append((site.name, float(points[:, 0].min()) + 6, float(lowest[1]) - 8, INK))
    return labels


def _meets(points: NDArray[np.float64], picture: Picture) -> bool:
    """True where the frame around the points shares area with the picture."""
    low, high = points.min(axis=0), points.max(axis=0)
    return bool(high[0] > 0 and high[1] > 0 and low[0] < picture.shape[1] and low[1] < picture.shape[0])


def _polyline(picture: Picture, points: NDArray[np.float64], colour: tuple[int, int, int], width: int) -> None:
    fixed = np.round((points - 0.5) * 16).astype(np.int32)
    cv2.polylines(picture, [fixed], True, colour, width, cv2.LINE_AA, shift=4)


def _hatch_unseen(picture: Picture, look: Look, scale: NDArray[np.float64]) -> None:
    height, width = picture.shape[:2]
    valid = look.result.valid_mask.astype(np.uint8)
    invalid = cv2.resize(valid, (width, height), interpolation=cv2.INTER_NEAREST) == 0
    stripes = (np.add.outer(np.arange(height), np.arange(width)) % 24) < 3
    picture[invalid] = picture[invalid] // 2 + 20
    picture[invalid & stripes] = NO_DATA
    to_picture = np.asarray(look.result.grid_scale) * scale
    for tile in look.result.unread:
        left, right = (round(x * to_picture[0]) for x in (tile.core_left, tile.core_right))
        top, bottom = (round(y * to_picture[1]) for y in (tile.core_top, tile.core_bottom))
        part = picture[top:bottom, left:right]
        part[stripes[top:bottom, left:right]] = UNREAD
