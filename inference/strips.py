"""Strips: what a row of tiles gave is one value, whole when its last tile is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ..detector.detections import Detections
from .pixels import Mask
from .scene import Grid
from .tiles import Tile

VALID_MASK_PX = 1024
"""Most cells, along the longer side, of the map that says how much of a scene was read and is valid."""


@dataclass(frozen=True, slots=True)
class Strip:
    """What one row of tiles gave.

    Attributes:
        detections: what the tiles proposed, in grid pixels, tile by tile.
        tile: (N,) intp, the index of the tile that proposed each.
        unread: tiles that could not be read.
        top, left: the row and the column of the scene's cells (see `Cells`) that `valid` begins with.
        valid: (rows, columns) int64: how many grid pixels of each cell lie in a core of these tiles, were read and are
            valid.
    """

    detections: Detections
    tile: NDArray[np.intp]
    unread: tuple[Tile, ...]
    top: int
    left: int
    valid: NDArray[np.int64]


def rows_of(tiles: Sequence[Tile]) -> tuple[tuple[Tile, ...], ...]:
    """The tiles of a plan, or of a part of one, row by row: those in a row have their cores in the same rows of pixels.

    >>> from .tiles import plan_tiles
    >>> [len(row) for row in rows_of(plan_tiles(20, 25, tile_px=10, overlap_px=4)[1:])]
    [2, 3, 3, 3]
    """
    return tuple(tuple(row) for _, row in groupby(tiles, key=lambda tile: (tile.core_top, tile.core_bottom)))


class Cells:
    """A coarse map of a grid, at most VALID_MASK_PX cells on its longer side, to add up valid pixels in."""

    def __init__(self, grid: Grid) -> None:
        """Divide the grid."""
        shrink = min(1.0, VALID_MASK_PX / max(grid.width, grid.height))
        self._columns = _cells(grid.width, max(1, int(grid.width * shrink)))
        self._rows = _cells(grid.height, max(1, int(grid.height * shrink)))

    def of_row(self, row: Sequence[Tile]) -> tuple[int, int, NDArray[np.int64]]:
        """The first row and column of the cells that the cores of a row of tiles lie in, and an empty count of them."""
        left, right = min(tile.core_left for tile in row), max(tile.core_right for tile in row)
        top, bottom = self._rows[[row[0].core_top, row[0].core_bottom - 1]]
        first, last = self._columns[[left, right - 1]]
        return int(top), int(first), np.zeros((int(bottom - top) + 1, int(last - first) + 1), dtype=np.int64)

    def add(self, tile: Tile, valid: Mask, top: int, left: int, counts: NDArray[np.int64]) -> None:
        """Add the valid pixels of the tile's core to counts that begin with the cell at row `top` and column `left`."""
        columns = self._columns[tile.core_left : tile.core_right]
        rows = self._rows[tile.core_top : tile.core_bottom]
        core = valid[
            tile.core_top - tile.top : tile.core_bottom - tile.top,
            tile.core_left - tile.left : tile.core_right - tile.left,
        ]
        if core.all():  # nearly always, and a tenth of the work
            sums = np.outer(_sizes(rows), _sizes(columns))
        else:
            sums = np.add.reduceat(core, _firsts(rows), axis=0, dtype=np.int64)
            sums = np.add.reduceat(sums, _firsts(columns), axis=1)
        counts[rows[0] - top : rows[-1] + 1 - top, columns[0] - left : columns[-1] + 1 - left] += sums

    def shares_of(self, tiles: Sequence[Tile]) -> NDArray[np.float64]:
        """The share (rows, columns) of each cell of the grid that lies in the cores of these tiles."""
        total = np.zeros((int(self._rows[-1]) + 1, int(self._columns[-1]) + 1))
        for tile in tiles:
            columns = self._columns[tile.core_left : tile.core_right]
            rows = self._rows[tile.core_top : tile.core_bottom]
            total[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += np.outer(_sizes(rows), _sizes(columns))
        return total / np.outer(np.bincount(self._rows), np.bincount(self._columns))

    def shares(self, strips: Sequence[Strip]) -> NDArray[np.float64]:
        """The valid share (rows, columns) of each cell of the grid, 0 to 1; of parts without a strip 0."""
        total = np.zeros((int(self._rows[-1]) + 1, int(self._columns[-1]) + 1))
        for strip in strips:
            rows, columns = strip.valid.shape
            total[strip.top : strip.top + rows, strip.left : strip.left + columns] += strip.valid
        return total / np.outer(np.bincount(self._rows), np.bincount(self._columns))


def _cells(length: int, count: int) -> NDArray[np.intp]:
    """The cell (of `count` equal ones) that the centre of each pixel along an axis lies in."""
    return ((2 * np.arange(length, dtype=np.int64) + 1) * count // (2 * length)).astype(np.intp)


def _sizes(cells: NDArray[np.intp]) -> NDArray[np.int64]:
    """How many pixels of each cell there are."""
    return np.diff(_firsts(cells), append=len(cells))


def _firsts(cells: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where a new cell begins."""
    return np.flatnonzero(np.diff(cells, prepend=-1))
