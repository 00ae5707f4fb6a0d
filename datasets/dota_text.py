"""DOTA text, which many sets use: four vertices, class, difficult, one object a line.

Axis: the first edge is not known to run along the fuselage, so the length axis is the *longer side* of the
minimum-area rectangle. That is wrong by a right angle for an aircraft with more span than length.

`difficult` 1: hard to see, and an ignore region where it is an aircraft or a helicopter; 2: cut by tiling, an ignore
region.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import LabelError
from ..detector.opencv import cv2
from .annotation import Annotation, oriented
from .labels import meaning_of

__all__ = ["Line", "annotation_of", "annotations_in", "longer_side_first", "parse_lines"]


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


def annotations_in(text: str, source: str) -> list[Annotation]:
    """Oriented annotations of a DOTA text of the set `source`; those whose label the set drops are left out.

    LabelError for a broken line or a label that the set does not have.
    """
    meanings = ((line, meaning_of(source, line.label)) for line in parse_lines(text))
    return [annotation_of(line, node) for line, (node, flag) in meanings if flag != "-"]


def annotation_of(line: Line, node: str) -> Annotation:
    """Oriented annotation of one line as an object of `node`."""
    hard, cut = line.difficult == 1, line.difficult == 2
    ignore = cut or (hard and node in ("fw", "heli"))
    return longer_side_first(node, line.polygon, ignore=ignore, difficult=hard, truncated=cut)


def longer_side_first(
    node: str, polygon: NDArray[np.float64], *, ignore: bool = False, difficult: bool = False, truncated: bool = False
) -> Annotation:
    """Exact oriented annotation: the minimum-area rectangle of (N, 2) points, length axis along its longer side."""
    (cx, cy), (w, h), degrees = cv2.minAreaRect(polygon.astype(np.float32))
    angle = np.radians(degrees)
    length, width, turn = (w, h, 0.0) if w >= h else (h, w, np.pi / 2)
    box = (cx, cy, length, width, angle + turn)
    return oriented(node, box, ignore=ignore, difficult=difficult, truncated=truncated)
