"""Arithmetic of oriented boxes.

A box is a row (cx, cy, length, width, angle). `length` runs along the axis from nose to tail, `width` across it; the
length is not always the longer side. The angle, in radians, is the direction of the length axis, measured from +x
toward +y (clockwise on a screen, y down). Nose and tail are not told apart, so angles are modulo pi.
"""

from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Index = NDArray[np.intp]

SHAPES = ("diamond", "ellipse", "rectangle")
_FEW_PAIRS = 1 << 16

ONE_PLACE = 0.7
"""Aircraft nested wing behind wing, half a metre between them, are 0.77 of the shortest side apart or more."""
PART_ACROSS, PART_ALONG = 0.7, 0.4
"""The middle of a box that has to lie inside another box, across and along its length axis, for the first to be a part
of it. Along, a tail reaches out of the box of its aircraft, shadow and all; nothing else is centred on a fuselage."""
OFF_AXIS_SHARE = 0.1
"""A part of a wide aircraft is centred within this share of its width of the length axis: half a bomber's fuselage."""


def _rows(boxes: ArrayLike) -> Float64:
    rows = np.asarray(boxes, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != 5:
        raise ValueError(f"boxes have shape {rows.shape}, expected (N, 5): cx, cy, length, width, angle")
    return rows


def canonical(boxes: ArrayLike) -> Float32:
    """The same boxes (N, 5) with angles in [-pi/4, 3 pi/4), the range of the oriented head of YOLO.

    >>> canonical([[0, 0, 4, 2, np.pi]]).tolist()
    [[0.0, 0.0, 4.0, 2.0, 0.0]]
    """
    rows = _rows(boxes).copy()
    rows[:, 4] = (rows[:, 4] + np.pi / 4) % np.pi - np.pi / 4
    result = rows.astype(np.float32)
    result[result[:, 4] >= np.float32(3 * np.pi / 4), 4] = np.float32(-np.pi / 4)
    return result


def corners(boxes: ArrayLike) -> Float32:
    """Corners (N, 4, 2) as x, y: front left, rear left, rear right, front right, where front is along the angle.

    The first edge runs along the length axis, so `from_corners` gives the boxes back.

    >>> corners([[10, 20, 8, 2, 0]])[0].tolist()
    [[14.0, 19.0], [6.0, 19.0], [6.0, 21.0], [14.0, 21.0]]
    """
    return _corners(_rows(boxes)).astype(np.float32)


def _corners(rows: Float64) -> Float64:
    cos, sin = np.cos(rows[:, 4]), np.sin(rows[:, 4])
    along = np.stack([cos, sin], axis=1) * rows[:, 2:3] / 2
    across = np.stack([-sin, cos], axis=1) * rows[:, 3:4] / 2
    offsets = np.stack([along - across, -along - across, -along + across, along + across], axis=1)
    return rows[:, None, :2] + offsets


def from_corners(polygons: ArrayLike) -> Float32:
    """The boxes (N, 5) of rectangles (N, 4, 2); the first edge of each runs along the length axis.

    A quadrilateral that is no exact rectangle gives the centre of its corners and the mean of opposite edges.

    >>> from_corners([[[14, 19], [6, 19], [6, 21], [14, 21]]]).tolist()
    [[10.0, 20.0, 8.0, 2.0, 0.0]]
    """
    points = np.asarray(polygons, dtype=np.float64)
    if points.ndim != 3 or points.shape[1:] != (4, 2):
        raise ValueError(f"polygons have shape {points.shape}, expected (N, 4, 2)")
    along = (points[:, 0] - points[:, 1] + points[:, 3] - points[:, 2]) / 2
    across = (points[:, 3] - points[:, 0] + points[:, 2] - points[:, 1]) / 2
    sides = np.hypot([along[:, 0], across[:, 0]], [along[:, 1], across[:, 1]]).T
    angle = np.arctan2(along[:, 1], along[:, 0])[:, None]
    return canonical(np.concatenate([points.mean(axis=1), sides, angle], axis=1))


def envelope(boxes: ArrayLike, shape: str | ArrayLike) -> Float32:
    """Horizontal boxes (N, 4) as x0, y0, x1, y1 around the object in each oriented box, by its shape.

    An aircraft is a diamond (nose, tail, two wing tips), a helicopter the ellipse of its rotor disc, a vehicle the
    rectangle (`taxonomy.shape_of`). `shape` is one name for all boxes or N names. Labels that were drawn around the
    airframe agree with this box, not with the envelope of the rectangle.

    Raises:
        ValueError: a shape other than diamond, ellipse and rectangle.

    >>> envelope([[0, 0, 8, 4, 0]], "diamond").tolist()
    [[-4.0, -2.0, 4.0, 2.0]]
    >>> print(envelope([[0, 0, 8, 8, np.pi / 4]], "diamond").round(2))
    [[-2.83 -2.83  2.83  2.83]]
    """
    rows = _rows(boxes)
    names = np.broadcast_to(np.asarray(shape, dtype=np.str_), (len(rows),))
    unknown = sorted(set(names.tolist()) - set(SHAPES))
    if unknown:
        raise ValueError(f"unknown shape {unknown[0]!r}: expected one of {', '.join(SHAPES)}")
    cos, sin = np.cos(rows[:, 4]), np.sin(rows[:, 4])
    along = np.abs(np.stack([cos, sin], axis=1) * rows[:, 2:3]) / 2
    across = np.abs(np.stack([sin, cos], axis=1) * rows[:, 3:4]) / 2
    picks = [(names == "diamond")[:, None], (names == "ellipse")[:, None]]
    half = np.select(picks, [np.maximum(along, across), np.hypot(along, across)], along + across)
    return np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1).astype(np.float32)


def touching(a: ArrayLike, b: ArrayLike) -> tuple[Index, Index]:
    """Index pairs (into `a`, into `b`) of horizontal boxes x0, y0, x1, y1 that share area, sorted by both.

    Many boxes by a sweep over x: memory grows with the pairs that overlap in x, not with N times M. Few boxes, such as
    the candidates of a tile, each with each, which is then several times faster.

    >>> [i.tolist() for i in touching([[0, 0, 2, 2]], [[1, 1, 3, 3], [2, 0, 4, 2]])]
    [[0], [0]]
    """
    first, second = np.asarray(a, dtype=np.float64).reshape(-1, 4), np.asarray(b, dtype=np.float64).reshape(-1, 4)
    if not (len(first) and len(second)):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    if len(first) * len(second) <= _FEW_PAIRS:
        (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = first.T[:, :, None], second.T
        left, right = np.nonzero((ax0 < bx1) & (bx0 < ax1) & (ay0 < by1) & (by0 < ay1))
        return left, right
    order = np.argsort(second[:, 0], kind="stable")
    starts = second[order, 0]
    widest = (second[:, 2] - second[:, 0]).max()
    low = np.searchsorted(starts, first[:, 0] - widest, side="left")
    count = np.maximum(np.searchsorted(starts, first[:, 2], side="left") - low, 0)
    left = np.repeat(np.arange(len(first)), count)
    right = order[np.arange(count.sum()) + np.repeat(low - (count.cumsum() - count), count)]
    meets = np.all(first[left, :2] < second[right, 2:], axis=1) & np.all(second[right, :2] < first[left, 2:], axis=1)
    left, right = left[meets], right[meets]
    by_both = np.lexsort((right, left))
    return left[by_both], right[by_both]


def paired_iou(a: ArrayLike, b: ArrayLike) -> Float64:
    """Exact intersection over union (N,) of rows of `a` (N, 5) with the same rows of `b`; zero without any area."""
    import shapely  # noqa: PLC0415  # a heavy import that most users of boxes do not need

    first, second = _rows(a), _rows(b)
    shared = shapely.area(shapely.intersection(shapely.polygons(_corners(first)), shapely.polygons(_corners(second))))
    union = first[:, 2] * first[:, 3] + second[:, 2] * second[:, 3] - shared
    return cast(Float64, np.divide(shared, union, out=np.zeros_like(union), where=union > 0))


def oriented_iou(a: ArrayLike, b: ArrayLike) -> Float32:
    """Exact intersection over union (N, M) of the rectangles of `a` (N, 5) and `b` (M, 5).

    >>> print(oriented_iou([[0, 0, 4, 2, 0]], [[0, 0, 2, 4, np.pi / 2], [2, 0, 4, 2, 0]]).round(3))
    [[1.    0.333]]
    """
    first, second = _rows(a), _rows(b)
    result = np.zeros((len(first), len(second)), dtype=np.float32)
    i, j = touching(envelope(first, "rectangle"), envelope(second, "rectangle"))
    result[i, j] = paired_iou(first[i], second[j])
    return result


def suppress(boxes: ArrayLike, scores: ArrayLike, iou: float) -> Index:
    """Indices of the boxes that stay, best first: greedy suppression on the exact oriented overlap.

    A box goes where its overlap with a better one that stays is above `iou`. Better is a higher score, then the
    smaller cy, cx, length, width and angle, in this order, so the result does not depend on the order of the boxes.
    """
    rows = _rows(boxes)
    order = _ranking(rows, scores)
    hull = envelope(rows[order], "rectangle")
    i, j = touching(hull, hull)
    better, worse = i[i < j], j[i < j]
    close = paired_iou(rows[order][better], rows[order][worse]) > iou
    return order[_greedy(len(rows), better[close], worse[close])]


def suppress_probable(boxes: ArrayLike, scores: ArrayLike, overlap: float, off_axis: float) -> Index:
    """As `suppress`, but on the overlap of the boxes as Gaussians (ProbIoU, https://arxiv.org/abs/2106.06072).

    Some fifty times faster than the exact overlap. For equal boxes that are shifted along a side it is a little higher
    than the exact one: 0.61 where that is 0.50, and 0.50 where that is 0.39. A box also goes where it is a part of a
    better one that stays, or the better one a part of it (`is_part`), and where both are in one place (`in_one_place`).
    """
    rows = _rows(boxes)
    order = _ranking(rows, scores)
    ranked = rows[order]
    hull = envelope(ranked, "rectangle")
    i, j = touching(hull, hull)
    better, worse = i[i < j], j[i < j]
    close = probable_iou(ranked[better], ranked[worse]) > overlap
    close |= is_part(ranked[better], ranked[worse], off_axis) | in_one_place(ranked[better], ranked[worse])
    return order[_greedy(len(rows), better[close], worse[close])]


def in_one_place(a: ArrayLike, b: ArrayLike) -> NDArray[np.bool_]:
    """Which rows (N,) of `a` and `b` (N, 5) have centres nearer than ONE_PLACE times the shortest side of both.

    No two objects on the ground do; one object seen at two angles does, and the two boxes may overlap by little.

    >>> in_one_place([[0, 0, 44, 20, 0]], [[5, 0, 44, 20, 1.6]]).tolist()
    [True]
    """
    first, second = _rows(a), _rows(b)
    shortest = np.minimum(first[:, 2:4], second[:, 2:4]).min(axis=1, initial=np.inf)
    return np.asarray(np.hypot(*(first[:, :2] - second[:, :2]).T) < ONE_PLACE * shortest, dtype=np.bool_)


def is_part(a: ArrayLike, b: ArrayLike, off_axis: float) -> NDArray[np.bool_]:
    """Which rows (N,) of `a` and `b` (N, 5) are an object and a part of it: a fuselage, a nose, a tail boom.

    The smaller box is a part of the larger when it is centred within `off_axis`, or OFF_AXIS_SHARE of the larger's
    width if that is more, of the larger's length axis, and lies inside the larger once it is shrunk about its centre,
    to PART_ACROSS across the axis and PART_ALONG along it. A lorry that stands under a rotor or a wing is no part: it
    is centred farther from the axis than half of both bodies.

    >>> aircraft, fuselage, lorry = [0, 0, 46, 50, 0], [2, 1, 26, 6, 0], [0, 9, 26, 6, 0]
    >>> is_part([aircraft, aircraft], [fuselage, lorry], 4).tolist()
    [True, False]
    """
    first, second = _rows(a), _rows(b)
    swap = np.prod(first[:, 2:4], axis=1) < np.prod(second[:, 2:4], axis=1)
    large, small = np.where(swap[:, None], second, first), np.where(swap[:, None], first, second)
    dx, dy = (small[:, :2] - large[:, :2]).T
    cos, sin = np.cos(large[:, 4]), np.sin(large[:, 4])
    along, across = np.abs(dx * cos + dy * sin), np.abs(dy * cos - dx * sin)
    turn = small[:, 4] - large[:, 4]
    half = small[:, 2:4] / 2
    reach_along = PART_ALONG * (np.abs(half[:, 0] * np.cos(turn)) + np.abs(half[:, 1] * np.sin(turn)))
    reach_across = PART_ACROSS * (np.abs(half[:, 0] * np.sin(turn)) + np.abs(half[:, 1] * np.cos(turn)))
    inside = (along + reach_along <= large[:, 2] / 2) & (across + reach_across <= large[:, 3] / 2)
    return np.asarray(inside & (across <= np.maximum(off_axis, OFF_AXIS_SHARE * large[:, 3])), dtype=np.bool_)


def probable_iou(a: ArrayLike, b: ArrayLike) -> Float64:
    """ProbIoU (N,) of rows of `a` (N, 5) with the same rows of `b`: 1 less the distance of their Gaussians."""
    first, second = _rows(a), _rows(b)
    xx, yy, xy = (p + q for p, q in zip(_covariance(first), _covariance(second), strict=True))
    dx, dy = first[:, 0] - second[:, 0], first[:, 1] - second[:, 1]
    total = np.maximum(xx * yy - xy**2, 1e-12)
    areas = np.maximum(np.prod(first[:, 2:4], axis=1) * np.prod(second[:, 2:4], axis=1) / 144, 1e-12)
    distance = (yy * dx**2 + xx * dy**2 - 2 * xy * dx * dy) / (4 * total) + np.log(total / (4 * areas)) / 2
    return cast(Float64, 1 - np.sqrt(1 - np.exp(-np.clip(distance, 0, 100))))


def _covariance(rows: Float64) -> tuple[Float64, Float64, Float64]:
    along, across = rows[:, 2] ** 2 / 12, rows[:, 3] ** 2 / 12
    cos, sin = np.cos(rows[:, 4]), np.sin(rows[:, 4])
    return along * cos**2 + across * sin**2, along * sin**2 + across * cos**2, (along - across) * cos * sin


def _ranking(rows: Float64, scores: ArrayLike) -> Index:
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (len(rows),):
        raise ValueError(f"scores have shape {values.shape}, expected ({len(rows)},)")
    return np.lexsort((*rows.T[[4, 3, 2, 0, 1]], -values))


def _greedy(count: int, better: Index, worse: Index) -> Index:
    """Ranks that stay, given the pairs of ranks that exclude each other: greedy, in few vectorised rounds.

    A round keeps every open rank without an open better neighbour and removes the worse neighbours of those.
    """
    opened, kept = np.ones(count, dtype=bool), np.zeros(count, dtype=bool)
    while opened.any():
        blocked = np.zeros(count, dtype=bool)
        blocked[worse[opened[better]]] = True
        chosen = opened & ~blocked
        kept |= chosen
        opened &= ~chosen
        opened[worse[chosen[better]]] = False
    return np.flatnonzero(kept)
