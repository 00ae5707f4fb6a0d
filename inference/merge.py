"""The merge: what two tiles saw of one object becomes one detection."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..detector.boxes import envelope, paired_iou, touching
from ..detector.detections import Detections
from .engine import SEAM_PX
from .tiles import Tile

SAME_IOU = 0.3
"""Two tiles' boxes that overlap at least this much can be one object. Lower than within a tile: views of a small object
differ by a pixel or two, and parked neighbours do not overlap at all."""


def merge(detections: Detections, tile: NDArray[np.intp], tiles: Sequence[Tile]) -> Detections:
    """The detections without doubles at the seams, ordered by cy, then cx.

    `tile` (N,) is the index into `tiles` of the tile that proposed each. The rule: only a detection within
    2 x SEAM_PX of the border of its core can be a double; from the best score down (ties: smaller cy, then cx), each
    detection that is still there removes from every other tile the one, of any class, that it overlaps most, where
    that is SAME_IOU or more. One at most from each tile: a tile that saw two objects keeps two.
    """
    contested = np.flatnonzero(_near_border(detections.boxes, tile, tiles))
    near = detections.select(contested)
    order = np.lexsort((near.boxes[:, 0], near.boxes[:, 1], -near.score))
    contested, near = contested[order], near.select(order)
    gone = contested[_doubles(near.boxes, tile[contested])]
    kept = detections.select(np.delete(np.arange(len(detections)), gone))
    return kept.select(np.lexsort((-kept.score, kept.boxes[:, 0], kept.boxes[:, 1])))


def _near_border(boxes: NDArray[np.float32], tile: NDArray[np.intp], tiles: Sequence[Tile]) -> NDArray[np.bool_]:
    """Which boxes are centred outside their tile's core or near its border, by 2 x SEAM_PX."""
    cores = np.array([(t.core_left, t.core_top, t.core_right, t.core_bottom) for t in tiles], dtype=np.float64)
    left, top, right, bottom = cores[tile].T
    x, y = boxes[:, 0].astype(np.float64), boxes[:, 1].astype(np.float64)
    inside = np.minimum(np.minimum(x - left, right - x), np.minimum(y - top, bottom - y))
    return np.asarray(inside < 2 * SEAM_PX)


def _doubles(boxes: NDArray[np.float32], tile: NDArray[np.intp]) -> NDArray[np.intp]:
    """Indices of the boxes (best first) that are removed as second views."""
    hull = envelope(boxes, "rectangle")
    first, second = touching(hull, hull)
    across = (first < second) & (tile[first] != tile[second])
    first, second = first[across], second[across]
    overlap = paired_iou(boxes[first], boxes[second])
    same = overlap >= SAME_IOU
    first, second, overlap = first[same], second[same], overlap[same]
    gone: set[int] = set()
    served: set[tuple[int, int]] = set()
    for index in np.lexsort((second, -overlap, first)).tolist():  # best box first, its closest match first
        better, worse, other = int(first[index]), int(second[index]), int(tile[second[index]])
        if better in gone or worse in gone or (better, other) in served:
            continue
        gone.add(worse)
        served.add((better, other))
    return np.array(sorted(gone), dtype=np.intp)
