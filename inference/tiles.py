"""The tile plan: which windows the network sees, and which part of each it owns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Tile:
    """One window of the grid and the core whose detections it owns; half-open, in grid pixels.

    The core lies inside the window. `index` is the place in the plan, row by row.
    """

    left: int
    top: int
    right: int
    bottom: int
    core_left: int
    core_top: int
    core_right: int
    core_bottom: int
    index: int

    def __post_init__(self) -> None:
        """Check that the core is not empty and lies inside the window."""
        if not (self.left <= self.core_left < self.core_right <= self.right):
            raise ValueError(f"tile {self.index}: columns of core and window do not nest: {self}")
        if not (self.top <= self.core_top < self.core_bottom <= self.bottom):
            raise ValueError(f"tile {self.index}: rows of core and window do not nest: {self}")

    @property
    def width(self) -> int:
        """Columns of the window."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows of the window."""
        return self.bottom - self.top

    def owns(self, x: NDArray[np.floating], y: NDArray[np.floating], *, slack_px: float = 0.0) -> NDArray[np.bool_]:
        """Which points (N,) lie in the core, the core widened by `slack_px` on every side; half-open."""
        columns = (x >= self.core_left - slack_px) & (x < self.core_right + slack_px)
        rows = (y >= self.core_top - slack_px) & (y < self.core_bottom + slack_px)
        return columns & rows


def plan_tiles(width: int, height: int, *, tile_px: int, overlap_px: int, multiple_px: int = 1) -> tuple[Tile, ...]:
    """Tiles over a grid of `width` x `height` pixels, row by row.

    Cores partition the grid. Neighbouring windows share at least `overlap_px` pixels (rounded up to even) and the core
    border runs through the middle of what they share, so an object of extent up to `overlap_px` lies whole in the
    window whose core holds its centre, as far as it lies in the scene. Along each axis there are as few windows as
    `tile_px` allows, and then they are as small as they can be: a network has to look at every pixel of them. All
    windows are of one size, along an axis of several windows a multiple of `multiple_px` where `tile_px` and the grid
    have room for it: what a network would pad to its stride is better shown more of the scene.

    Raises ValueError for an empty grid, for a negative overlap and for an overlap that is not smaller than the tile.

    >>> [(t.left, t.core_left, t.core_right, t.right) for t in plan_tiles(20, 5, tile_px=10, overlap_px=4)]
    [(0, 0, 7, 10), (5, 7, 12, 15), (10, 12, 20, 20)]
    >>> [(t.left, t.right) for t in plan_tiles(20, 5, tile_px=18, overlap_px=4)]
    [(0, 12), (8, 20)]
    >>> [(t.left, t.right) for t in plan_tiles(20, 5, tile_px=18, overlap_px=4, multiple_px=8)]
    [(0, 16), (4, 20)]
    """
    if width < 1 or height < 1:
        raise ValueError(f"no tiles over an empty grid: {width} x {height} px")
    if overlap_px < 0 or overlap_px + overlap_px % 2 >= tile_px:
        raise ValueError(
            f"an overlap of {overlap_px} px (made even) must lie in 0 ... {tile_px - 1} px, below the tile"
        )
    columns = _spans(width, tile_px, overlap_px + overlap_px % 2, multiple_px)
    rows = _spans(height, tile_px, overlap_px + overlap_px % 2, multiple_px)
    return tuple(
        Tile(
            left=column.start,
            top=row.start,
            right=column.stop,
            bottom=row.stop,
            core_left=column.core_start,
            core_top=row.core_start,
            core_right=column.core_stop,
            core_bottom=row.core_stop,
            index=index,
        )
        for index, (row, column) in enumerate((row, column) for row in rows for column in columns)
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """A tile along one axis."""

    start: int
    stop: int
    core_start: int
    core_stop: int


def _spans(length: int, tile_px: int, overlap_px: int, multiple_px: int) -> list[_Span]:
    """Tiles along one axis, spread evenly, the fewest and then the smallest that share at least `overlap_px` (even)."""
    if length <= tile_px:
        return [_Span(0, length, 0, length)]
    steps = -(-(length - tile_px) // (tile_px - overlap_px))
    side = -(-(length + steps * overlap_px) // (steps + 1))
    padded = -(-side // multiple_px) * multiple_px
    side = padded if padded <= min(tile_px, length) else side
    starts = [step * (length - side) // steps for step in range(steps + 1)]
    stops = [start + side for start in starts]
    borders = [(stop + start) // 2 for stop, start in zip(stops[:-1], starts[1:], strict=True)]
    return [_Span(*span) for span in zip(starts, stops, [0, *borders], [*borders, length], strict=True)]
