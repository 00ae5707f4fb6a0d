"""DOTA text: four vertices, class, difficult; images of any size; oriented boxes.

Layout: `images/P0000.png` and `labelTxt/P0000.txt` (an empty file is a true negative); of v2.0 the meta file
`meta/P0000.txt`. The scale is the `gsd:` line where it has a number, else it is estimated from the small vehicles
(4.4 m), else 0.3 m. Tiles of one image (`P0032__1__824___0`) share its group.

Axis: the first edge is not known to run along the fuselage, so the length axis is the *longer side* of the
minimum-area rectangle. That is wrong by a right angle for an aircraft with more span than length.

`difficult`: 1 on an aircraft or a helicopter and 2 (cut by tiling) make an ignore region.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import DatasetNotFoundError, LabelError
from ..detector.opencv import cv2
from .annotation import Annotation, ImageRecord, oriented
from .images import image_size, list_images
from .labels import exhaustive_in, meaning_of
from .scale import gsd_from_cars

__all__ = ["Line", "longer_side_first", "parse_lines", "read"]

SOURCE = "dota"
NOMINAL_GSD_M = 0.3
GSD_LIMITS_M = (0.08, 1.0)


class Line(NamedTuple):
    """One object of a DOTA text file: (4, 2) float64 vertices in pixels, class as written, difficult 0, 1 or 2."""

    polygon: NDArray[np.float64]
    label: str
    difficult: int


def parse_lines(text: str) -> Iterator[Line]:
    """The objects of a DOTA text; lines of fewer than nine words (headers, blanks) are skipped.

    Nine words: difficult 0; a tenth word that is no number (`tr` in old files): 1. LabelError for a broken vertex.
    """
    for line in text.splitlines():
        words = line.split()
        if len(words) < 9:
            continue
        try:
            polygon = np.array([float(word) for word in words[:8]]).reshape(4, 2)
        except ValueError as error:
            raise LabelError(f"line {line!r}: eight coordinates expected") from error
        difficult = 0 if len(words) == 9 else int(words[9]) if words[9].isdigit() else 1
        yield Line(polygon, words[8], difficult)


def longer_side_first(node: str, polygon: NDArray[np.float64], *, ignore: bool = False) -> Annotation:
    """Exact oriented annotation: the polygon's minimum-area rectangle, length axis along its longer side."""
    (cx, cy), (w, h), degrees = cv2.minAreaRect(polygon.astype(np.float32))
    angle = np.radians(degrees)
    length, width, turn = (w, h, 0.0) if w >= h else (h, w, np.pi / 2)
    return oriented(node, (cx, cy, length, width, angle + turn), ignore=ignore)


def read(root: Path) -> list[ImageRecord]:
    """One record per image, sorted by name; DatasetNotFoundError where a label file is missing."""
    return [_record(root, path) for path in list_images(root / "images")]


def _record(root: Path, path: Path) -> ImageRecord:
    labels = root / "labelTxt" / f"{path.stem}.txt"
    if not labels.is_file():
        raise DatasetNotFoundError(f"no label file {labels} for {path.name}: an image without objects has an empty one")
    text = labels.read_text(encoding="utf-8")
    meta = root / "meta" / labels.name
    annotations, cars = [], []
    for line in parse_lines(text):
        node, flag = meaning_of(SOURCE, line.label)
        if flag != "-":
            counted = node in ("fw", "heli")
            ignore = line.difficult == 2 or (counted and line.difficult == 1)
            annotations.append(longer_side_first(node, line.polygon, ignore=ignore))
        if node == "civ.car":
            cars.append(longer_side_first(node, line.polygon))
    told = _told_gsd(meta.read_text(encoding="utf-8") if meta.is_file() else text)
    width, height = image_size(path)
    return ImageRecord(
        path=path,
        width=width,
        height=height,
        gsd=told or gsd_from_cars(cars, limits=GSD_LIMITS_M) or NOMINAL_GSD_M,
        group=path.stem.split("__")[0],
        source=SOURCE,
        exhaustive=exhaustive_in(SOURCE),
        annotations=tuple(annotations),
    )


def _told_gsd(text: str) -> float | None:
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() == "gsd":
            try:
                return float(value)
            except ValueError:
                return None
    return None
