"""A cover: few square windows over scattered objects, for a network whose windows cost by their pixels.

A regular plan has a window wherever something lies in one of its cores, and overlaps for the largest object that there
could be. Here it is known where something may lie, and about how large it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from .engine import STRIDE_PX
from .tiles import Tile

CELL_PX = 32
"""Where objects may be centred is known by squares of so many pixels."""
TILE_COST_PX = 80_000
"""What a tile costs a network besides its pixels, in pixels: measured with OpenVINO, 256 to 960 px, on two cores."""
SIZE_COST_PX = 700_000
"""What tiles of another size cost besides: the back end prepares itself for it (OpenVINO, the second time)."""
SHARES = (0.4375, 0.28125)
"""Besides the largest, windows may have these shares of its side."""
Frame = tuple[int, int, int, int]
"""Top, left, bottom and right, half-open."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """What one window sees.

    Attributes:
        region: what is its own, in cells: regions do not overlap.
        places: the part of it around all places in it.
        shown: what has to be in the window, in pixels, also beyond the grid.
        side: of the window, in pixels.
    """

    region: Frame
    places: Frame
    shown: Frame
    side: int


def work_px(tiles: Sequence[Tile]) -> int:
    """What tiles cost a network, in pixels."""
    sizes = {(tile.width, tile.height) for tile in tiles}
    return sum(tile.width * tile.height + TILE_COST_PX for tile in tiles) + SIZE_COST_PX * len(sizes)


def window_sides(tile_px: int, overlap_px: int) -> tuple[int, ...]:
    """The sides that the windows of a cover may have, largest first: those in which an object of any size is whole.

    >>> window_sides(1024, 166)
    (1024, 448, 288)
    >>> window_sides(320, 166)
    (320,)
    """
    least = overlap_px + 2 * CELL_PX
    finer = (ceil(share * tile_px / STRIDE_PX) * STRIDE_PX for share in SHARES)
    return (tile_px, *(side for side in finer if least <= side < tile_px))


def cover(reach: NDArray[np.float32], width: int, height: int, *, sides: Sequence[int]) -> tuple[Tile, ...]:
    """Tiles on a grid of `width` x `height` pixels in whose cores all places lie, by size, then row by row.

    `reach` (rows, columns): for squares of CELL_PX from the top left: how far, in pixels, an object that is centred in
    the square may extend from it; negative where none is centred. Every window shows the squares that lie in its core
    as far as their reach, or to the edge of the grid. Cores do not overlap, and are as large as that leaves them room.
    Windows are squares with sides of `sides`, largest first (the smallest shows any square) where the grid has room.

    The squares are cut in two, again and again, where that is the least work by a bound for both parts, until one
    window is no more work than its parts. That is tried with all `sides`, and with the largest and the smallest alone.
    """
    frame = (0, 0, *reach.shape)
    choices = (sides, (sides[0], sides[-1]))
    covers = [[_tile(leaf, width, height) for leaf in _leaves(reach, frame, some)] for some in choices]
    least = min(covers, key=lambda tiles: work_px(tiles))  # noqa: PLW0108  # mypy cannot see through it otherwise
    ordered = sorted(least, key=lambda t: (-t.width * t.height, t.core_top, t.core_left))
    return tuple(replace(tile, index=index) for index, tile in enumerate(ordered))


def _leaves(reach: NDArray[np.float32], region: Frame, sides: Sequence[int]) -> list[_Leaf]:
    """The leaves of the places in a region, with windows of `sides` (largest first)."""
    top, left, bottom, right = region
    part = reach[top:bottom, left:right]
    rows, columns = np.flatnonzero((part >= 0).any(axis=1)), np.flatnonzero((part >= 0).any(axis=0))
    if not rows.size:
        return []
    places = top + int(rows[0]), left + int(columns[0]), top + int(rows[-1]) + 1, left + int(columns[-1]) + 1
    inner = reach[places[0] : places[2], places[1] : places[3]]
    high_y, high_x, low_y, low_x = (float(end) for end in _ends(inner).max(axis=1))
    shown = (
        int(-low_y) + places[0] * CELL_PX, int(-low_x) + places[1] * CELL_PX,
        ceil(high_y) + places[0] * CELL_PX, ceil(high_x) + places[1] * CELL_PX,
    )  # fmt: skip
    longest = max(shown[2] - shown[0], shown[3] - shown[1])
    fitting = [side for side in sides if side >= longest]
    if fitting and (fitting[-1] == sides[-1] or inner.size == 1):
        return [_Leaf(region, places, shown, fitting[-1])]
    axis, place, work = _cut(inner, sides)
    if fitting and fitting[-1] ** 2 + TILE_COST_PX <= work:
        return [_Leaf(region, places, shown, fitting[-1])]
    first, second = list(region), list(region)
    first[axis + 2] = second[axis] = places[axis] + place
    return [
        *_leaves(reach, (first[0], first[1], first[2], first[3]), sides),
        *_leaves(reach, (second[0], second[1], second[2], second[3]), sides),
    ]


def _cut(reach: NDArray[np.float32], sides: Sequence[int]) -> tuple[int, int, float]:
    """Before which row (axis 0) or column (1) to cut, so that a bound for the work of both parts is least; and that."""
    cuts: list[tuple[int, int, float]] = []
    for axis, cells in enumerate((reach, reach.T)):
        if len(cells) > 1:
            ends = _ends(cells)
            before, after = _bounds(np.stack([ends[:, :-1], ends[:, :0:-1]]), sides)
            work = before + after[::-1]
            off = np.abs(np.arange(1, len(cells)) - len(cells) / 2)
            place = int(np.lexsort((off, work))[0])
            cuts.append((axis, place + 1, float(work[place])))
    return min(cuts, key=lambda cut: cut[2])


def _ends(reach: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far rows reach (4, N), in pixels: down, right, and, with the sign turned, up, left; -inf for none."""
    far = reach.max(axis=1)
    empty, start = far < 0, np.arange(len(reach), dtype=np.float32) * CELL_PX
    across = np.arange(reach.shape[1], dtype=np.float32) * CELL_PX
    left = np.where(reach >= 0, reach - across, -np.inf).max(axis=1)
    right = np.where(reach >= 0, reach + (across + CELL_PX), -np.inf).max(axis=1)
    ends = np.stack([start + CELL_PX + far, right, far - start, left])
    ends[:, empty] = -np.inf
    return ends


def _bounds(ends: NDArray[np.float32], sides: Sequence[int]) -> NDArray[np.float64]:
    """The work (..., N), in pixels, of frames of the first 1, 2, ... N rows that reach so far (..., 4, N), with windows
    of one size, the cheapest, that need not overlap.
    """
    most = np.maximum.accumulate(ends, axis=-1)
    lengths = (most[..., :2, :] + most[..., 2:, :]).clip(0)
    works = [np.ceil(lengths / side).prod(axis=-2) * (side**2 + TILE_COST_PX) for side in sides]
    return np.asarray(np.min(works, axis=0), np.float64)


def _tile(leaf: _Leaf, width: int, height: int) -> Tile:
    """The window of a leaf, its core as large as window and region allow."""
    top, core_top, core_bottom, bottom = _span(leaf, 0, height)
    left, core_left, core_right, right = _span(leaf, 1, width)
    return Tile(left, top, right, bottom, core_left, core_top, core_right, core_bottom, 0)


def _span(leaf: _Leaf, axis: int, length: int) -> tuple[int, int, int, int]:
    """Start, start and end of the core, and end of a window along an axis of the grid."""
    low, high = (min(leaf.region[axis + end] * CELL_PX, length) for end in (0, 2))
    if length <= leaf.side:
        return 0, low, high, length
    shown_low, shown_high = max(leaf.shown[axis], 0), min(leaf.shown[axis + 2], length)
    start = min(max(0, (shown_low + shown_high - leaf.side) // 2), length - leaf.side)
    stop = start + leaf.side
    core_low, core_high = (min(leaf.places[axis + end] * CELL_PX, length) for end in (0, 2))
    before = core_low - shown_low if start > 0 else 0
    after = shown_high - core_high if stop < length else 0
    return start, max(low, min(core_low, start + before)), min(high, max(core_high, stop - after)), stop
