"""The merge: what two tiles saw of one object becomes one detection."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..detector.boxes import envelope, in_one_place, is_part, paired_iou, touching
from ..detector.decode import OFF_AXIS_M
from ..detector.detections import NO_FLOORS, Detections
from .engine import SEAM_PX
from .tiles import Tile

SAME_IOU = 0.3
"""Two tiles' boxes that overlap at least this much can be one object. Lower than within a tile: views of a small object
differ by a pixel or two, and parked neighbours do not overlap at all."""


def merge(
    detections: Detections,
    tile: NDArray[np.intp],
    tiles: Sequence[Tile],
    floors: Mapping[str, float] = NO_FLOORS,
) -> Detections:
    """The detections without doubles at the seams, ordered by cy, then cx.

    `tile` (N,) is the index into `tiles` of the tile that proposed each. The rule: only a detection within
    2 x SEAM_PX of the border of its core can be a double; from the best score down (ties: smaller cy, then cx), what
    reaches its floor before what does not, each detection that is still there removes from every other tile the one, of
    any class, that it overlaps most, where that is SAME_IOU or more, or one of the two is a part of the other, or both
    are in one place, as within a tile (`boxes.is_part`, `boxes.in_one_place`). One at most from each tile: a tile that
    saw two objects keeps two.
    """
    contested = np.flatnonzero(_near_border(detections.boxes, tile, tiles))
    near = detections.select(contested)
    order = np.lexsort((near.boxes[:, 0], near.boxes[:, 1], -near.score, ~near.reaching(floors)))
    contested, near = contested[order], near.select(order)
    gone = contested[_doubles(near.boxes, tile[contested], OFF_AXIS_M / detections.gsd)]
    kept = detections.select(np.delete(np.arange(len(detections)), gone))
    return kept.select(np.lexsort((-kept.score, kept.boxes[:, 0], kept.boxes[:, 1])))


def _near_border(boxes: NDArray[np.float32], tile: NDArray[np.intp], tiles: Sequence[Tile]) -> NDArray[np.bool_]:
    """Which boxes are centred outside their tile's core or near its border, by 2 x SEAM_PX."""
    cores = np.array([(t.core_left, t.core_top, t.core_right, t.core_bottom) for t in tiles], dtype=np.float64)
    left, top, right, bottom = cores.reshape(-1, 4)[tile].T
    x, y = boxes[:, 0].astype(np.float64), boxes[:, 1].astype(np.float64)
    inside = np.minimum(np.minimum(x - left, right - x), np.minimum(y - top, bottom - y))
    return np.asarray(inside < 2 * SEAM_PX)


def _doubles(boxes: NDArray[np.float32], tile: NDArray[np.intp], off_axis: float) -> NDArray[np.intp]:
    """Ranks of the boxes (best first) that are removed as second views."""
    hull = envelope(boxes, "rectangle")
    better, worse = touching(hull, hull)
    across = (better < worse) & (tile[better] != tile[worse])
    better, worse = better[across], worse[across]
    overlap = paired_iou(boxes[better], boxes[worse])
    same = (overlap >= SAME_IOU) | is_part(boxes[better], boxes[worse], off_axis)
    same |= in_one_place(boxes[better], boxes[worse])
    better, worse, overlap = better[same], worse[same], overlap[same]
    closest_first = np.lexsort((worse, -overlap, better))
    better, worse = better[closest_first], worse[closest_first]
    _, side = np.unique(better * (tile.max(initial=0) + 1) + tile[worse], return_inverse=True)
    return _removed(better, worse, side)


def _removed(better: NDArray[np.intp], worse: NDArray[np.intp], side: NDArray[np.intp]) -> NDArray[np.intp]:
    """The `worse` of the pairs that hold, taken pair by pair in their order, but in few vectorised rounds.

    A pair holds when both of its boxes are still there and no earlier pair of its `side` (one box against one tile)
    held. A round decides every pair that no earlier open pair can still change: it is the first open one of its side
    and of its worse box, and none is open that could remove its better box.
    """
    gone = np.zeros(max(better.max(initial=-1), worse.max(initial=-1)) + 1, dtype=np.bool_)
    while len(better):
        threatened = np.zeros(len(gone), dtype=np.bool_)
        threatened[worse] = True
        ready = _first_of(side) & _first_of(worse) & ~threatened[better]
        gone[worse[ready]] = True
        served = np.zeros(side.max() + 1, dtype=np.bool_)
        served[side[ready]] = True
        opened = ~(gone[better] | gone[worse] | served[side])
        better, worse, side = better[opened], worse[opened], side[opened]
    return np.flatnonzero(gone)


def _first_of(keys: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which entries are the first with their key."""
    first = np.zeros(len(keys), dtype=np.bool_)
    first[np.unique(keys, return_index=True)[1]] = True
    return first
