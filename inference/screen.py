"""Screening: a coarse look at the whole scene decides what of it is run in full. Most of a large scene is empty.

The measurement behind it is `tests/benchmarks/screening.py`: aircraft on held-back airports. Helicopters and launchers
are a few pixels at this scale and were not measured; where they are looked for, do not screen.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from math import ceil

import numpy as np
import shapely
from numpy.typing import NDArray

from ..detector.coarse import NEAR_M
from ..detector.detector import TileDetector
from .cover import CELL_PX, cover, window_sides, work_px
from .engine import STRIDE_PX, Proposals, overlap_of, run_parts
from .scene import Grid, Scene
from .strips import Cells
from .tiles import Tile, plan_tiles

FIRST = 8
"""One of so many tiles of the coarse look is looked at before it is known whether the others are worth it."""
LOOK_COST = 0.4
"""What a pixel of the coarse look costs, of one of a close look."""
MOST_LOOK = 1 / 6
"""A coarse look that is more than this share of the work that it may save is not taken: small scenes and sites."""

MARGIN_M = 15.0
"""Around what the coarse look saw, so much more is shown: its box is a coarse one, and a network sees an object by what
is around it."""


@dataclass(frozen=True, slots=True)
class Screening:
    """What a coarse look says.

    Attributes:
        suspected: the tiles to run in full, in their order.
        passed: (rows, columns) float64 over the whole scene, as `engine.Proposals.valid`: the share of each cell that
            is valid, wanted and in the core of no suspected tile. None where there was no look worth it, and the tiles
            are all of the plan that are wanted.
    """

    suspected: tuple[Tile, ...]
    passed: NDArray[np.float64] | None = None


def screen(
    scene: Scene, grid: Grid, wanted: Sequence[Tile], coarse: TileDetector, *, tile_px: int, overlap_px: int
) -> Screening:
    """The tiles of `grid` around what a coarse look finds something in or near, or could not read.

    `wanted` are tiles of a regular plan: what is to be seen lies in their cores. `coarse` sees that at its own `gsd`;
    every box that it reports counts. It looks at one tile of FIRST of its own first. Where it would cost more than it
    can save, by the size of the work or by what that first part shows, the wanted tiles themselves are to be run: a
    scene full of aircraft gains nothing by a look before. Else the tiles are a `cover` of what is suspected, with
    windows of `tile_px` at most.
    """
    low = scene.grid(coarse.gsd)
    scale = np.array([low.scale_x / grid.scale_x, low.scale_y / grid.scale_y] * 2)
    tiles = plan_tiles(
        low.width, low.height, tile_px=coarse.tile_px, overlap_px=overlap_of(coarse), multiple_px=STRIDE_PX
    )
    look = _touching(tiles, _cores(wanted) / scale)
    whole_px = work_px(wanted)
    if not look or LOOK_COST * work_px(look) > MOST_LOOK * whole_px or tile_px - overlap_px <= CELL_PX:
        return Screening(tuple(wanted))
    ground = Ground(grid, overlap_px)
    area = ground.touched(_cores(wanted))
    first, rest = look[::FIRST], [tile for number, tile in enumerate(look) if number % FIRST]
    sides = window_sides(tile_px, overlap_px)
    sample = area & ground.touched(_cores(first) * scale)
    with closing(run_parts(scene, low, (first, rest), coarse)) as looks:
        seen = next(looks)
        reach = ground.reach(seen, scale)
        begun = cover(np.where(sample, reach, -1), grid.width, grid.height, sides=sides)
        if whole_px - work_px(begun) * area.sum() / max(sample.sum(), 1) < LOOK_COST * work_px(rest):
            return Screening(tuple(wanted))
        others = next(looks)
    reach = np.where(area, np.maximum(reach, ground.reach(others, scale)), -1)
    suspected = cover(reach, grid.width, grid.height, sides=sides)
    cells = Cells(grid)
    passed = (cells.shares_of(wanted) - cells.shares_of(suspected)).clip(0)
    return Screening(suspected, passed * _enlarged(seen.valid + others.valid, passed.shape))


class Ground:
    """A grid by the squares of a cover."""

    def __init__(self, grid: Grid, overlap_px: int) -> None:
        self._shape = ceil(grid.height / CELL_PX), ceil(grid.width / CELL_PX)
        self._gsd = grid.gsd
        self._most = overlap_px / 2

    def reach(self, seen: Proposals, scale: NDArray[np.float64]) -> NDArray[np.float32]:
        """Where something may be centred and how far it may reach, as `cover` takes it.

        That is near what was seen, at most half of the largest object away; and all that could not be read.
        """
        result = np.where(self.touched(_cores(seen.unread) * scale), np.float32(self._most), np.float32(-1))
        boxes = seen.detections.boxes.astype(np.float64)
        centres, near = boxes[:, :2] * scale[:2], NEAR_M / self._gsd
        halves = np.minimum(boxes[:, 2:4].max(axis=1, initial=0) * scale[0] / 2 + MARGIN_M / self._gsd, self._most)
        steps = np.unique(np.ceil(halves / CELL_PX) * CELL_PX)
        for step in steps:  # few: the sizes of objects, in squares
            some = np.abs(np.ceil(halves / CELL_PX) * CELL_PX - step) < 1
            there = self.touched(np.hstack([centres[some] - near, centres[some] + near]))
            result = np.where(there, np.maximum(result, np.float32(step)), result)
        return result

    def touched(self, boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which squares (rows, columns) have some area in one of the boxes (N, 4), in grid pixels."""
        rows, columns = self._shape
        low = np.floor(boxes[:, :2] / CELL_PX).clip(0, (columns, rows)).astype(np.intp)
        high = np.ceil(boxes[:, 2:] / CELL_PX).clip(0, (columns, rows)).astype(np.intp)
        some = (high > low).all(axis=1)
        low, high = low[some], high[some]
        edges = np.zeros((rows + 1, columns + 1), dtype=np.int64)  # +1 where a box begins, -1 where it ends
        for x, y, sign in ((low, low, 1), (high, low, -1), (low, high, -1), (high, high, 1)):
            np.add.at(edges, (y[:, 1], x[:, 0]), sign)
        return np.asarray(edges.cumsum(axis=0).cumsum(axis=1)[:rows, :columns] > 0)


def _touching(tiles: Sequence[Tile], boxes: NDArray[np.float64]) -> tuple[Tile, ...]:
    """The tiles whose core has some area in one of the boxes (N, 4)."""
    tree = shapely.STRtree(np.asarray(shapely.box(*_cores(tiles).T)))
    inside = boxes + np.array([1, 1, -1, -1]) * 1e-6  # a common edge is no area
    hit = np.unique(tree.query(shapely.box(*inside.T), predicate="intersects")[1])
    return tuple(tiles[number] for number in hit)


def _cores(tiles: Sequence[Tile]) -> NDArray[np.float64]:
    """Left, top, right and bottom (N, 4) of the cores."""
    sides = [(tile.core_left, tile.core_top, tile.core_right, tile.core_bottom) for tile in tiles]
    return np.array(sides, dtype=np.float64).reshape(-1, 4)


def _enlarged(cells: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The cells of another map of the same scene, each from where its centre lies."""
    rows, columns = (
        (2 * np.arange(count) + 1) * own // (2 * count) for count, own in zip(shape, cells.shape, strict=True)
    )
    return cells[np.ix_(rows, columns)]
