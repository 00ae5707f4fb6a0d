"""Screening: a coarse look at the whole scene decides which tiles are run in full. Most of a large scene is empty.

The measurement behind it is `tests/benchmarks/screening.py`: aircraft on held-back airports. Helicopters and launchers
are a few pixels at this scale and were not measured; where they are looked for, do not screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import shapely
from numpy.typing import NDArray

from ..detector.coarse import NEAR_M
from ..detector.detector import TileDetector
from .engine import SEAM_PX, STRIDE_PX, Proposals, run_tiles
from .scene import Grid, Scene
from .strips import Cells
from .tiles import Tile, plan_tiles

FIRST = 4
"""One of so many tiles of the coarse look is looked at before it is known whether the others are worth it."""
MOST_LOOK = 1 / 3
"""A coarse look that is more than this share of the work that it may save is not taken: small scenes and sites."""
FINER = (2.5, 3, 4)
"""Besides the detector's own, tiles may have so many times the overlap as side. The smaller they are, the less a lone
suspicion costs, and the more of what is run is overlap: which is cheapest depends on how much is suspected. Still
smaller ones lose aircraft that the coarse look misses and that are found beside others now."""
TILE_COST_PX = 80_000
"""What a tile costs a network besides its pixels, in pixels: measured with OpenVINO, 256 to 960 px, on two cores."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Tiles over a whole grid, and those of them that are to be seen, in the same order."""

    tiles: tuple[Tile, ...]
    wanted: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Screening:
    """What a coarse look says.

    Attributes:
        plan: the plan whose suspected tiles are the least work.
        suspected: its tiles to run in full, in their order.
        passed: (rows, columns) float64 over the whole scene, as `engine.Proposals.valid`: the share of each cell that
            is valid and lies in the core of a wanted tile that is not suspected.
    """

    plan: Plan
    suspected: tuple[Tile, ...]
    passed: NDArray[np.float64]


def tile_sides(tile_px: int, overlap_px: int) -> tuple[int, ...]:
    """The sides of tiles that a screened run may choose from, largest first: `tile_px` and smaller ones.

    >>> tile_sides(1024, 166)
    (1024, 672, 512, 416)
    >>> tile_sides(320, 166)
    (320,)
    """
    finer = (ceil(times * overlap_px / STRIDE_PX) * STRIDE_PX for times in sorted(FINER, reverse=True))
    return (tile_px, *(side for side in finer if side < tile_px))


def screen(scene: Scene, grid: Grid, plans: Sequence[Plan], coarse: TileDetector) -> Screening:
    """The tiles of `grid` that a coarse look finds something in or near, or that it could not read.

    Of the `plans`, coarsest first, the one is taken whose suspected tiles are the least work. `coarse` sees the scene
    at its own `gsd`, as far as a plan wants it seen; every box that it reports counts. It looks at one tile of FIRST
    of its own first. Where it would cost more than it can save, by the size of the work or by what that first part
    shows, everything that the first plan wants is suspected: a scene full of aircraft gains nothing by a look before.
    """
    low = scene.grid(coarse.gsd)
    scale = np.array([low.scale_x / grid.scale_x, low.scale_y / grid.scale_y] * 2)
    overlap_px = ceil(coarse.largest_object_m / coarse.gsd) + 2 * SEAM_PX
    tiles = plan_tiles(low.width, low.height, tile_px=coarse.tile_px, overlap_px=overlap_px, multiple_px=STRIDE_PX)
    look = _covering(tiles, scale, plans)
    everything = Screening(plans[0], plans[0].wanted, np.zeros_like(Cells(grid).shares_of(())))
    whole_px = work_px(plans[0].wanted)
    if not look or work_px(look) > MOST_LOOK * whole_px:
        return everything
    first, rest = look[::FIRST], [tile for number, tile in enumerate(look) if number % FIRST]
    near_px = NEAR_M / grid.gsd
    seen = run_tiles(scene, low, first, coarse)
    doubts = _doubts(seen, scale, near_px)
    if (1 - _left(plans, _cores(first) * scale, doubts)) * whole_px < work_px(rest):
        return everything
    others = run_tiles(scene, low, rest, coarse)
    doubts = np.concatenate([doubts, _doubts(others, scale, near_px)])
    choices = [(plan, _touching(plan.wanted, doubts)) for plan in plans]
    plan, suspected = min(choices, key=lambda choice: work_px(choice[1]))
    run = {tile.index for tile in suspected}
    passed = Cells(grid).shares_of([tile for tile in plan.wanted if tile.index not in run])
    return Screening(plan, suspected, passed * _enlarged(seen.valid + others.valid, passed.shape))


def _left(plans: Sequence[Plan], sample: NDArray[np.float64], doubts: NDArray[np.float64]) -> float:
    """The share of the first plan's work that the cheapest plan leaves, by the tiles centred in the sample (N, 4).

    0 where the sample is too small to tell. A tile that is only partly in the sample says little: its doubts may lie
    outside.
    """
    shares = []
    for plan in plans:
        there = _centred(plan.wanted, sample)
        if not there:
            return 0.0
        area = float(np.prod(_cores(there)[:, 2:] - _cores(there)[:, :2], axis=1).sum())
        shares.append((work_px(_touching(there, doubts)) / area, work_px(there) / area))
    return min(left for left, _ in shares) / shares[0][1]


def _doubts(seen: Proposals, scale: NDArray[np.float64], near_px: float) -> NDArray[np.float64]:
    """Boxes (N, 4) in grid pixels that are to be looked at: around what was seen, and what could not be read."""
    centres = seen.detections.boxes[:, :2].astype(np.float64) * scale[:2]
    return np.concatenate([np.hstack([centres - near_px, centres + near_px]), _cores(seen.unread) * scale])


def work_px(tiles: Sequence[Tile]) -> int:
    """What tiles cost a network, in pixels."""
    return sum(tile.width * tile.height + TILE_COST_PX for tile in tiles)


def _covering(tiles: tuple[Tile, ...], scale: NDArray[np.float64], plans: Sequence[Plan]) -> tuple[Tile, ...]:
    """The coarse tiles whose cores, times `scale`, cover what the plans want seen."""
    if all(len(plan.wanted) == len(plan.tiles) for plan in plans):
        return tiles
    cores = np.concatenate([_cores(plan.wanted) for plan in plans])
    return _touching(tiles, cores / scale)


def _touching(tiles: Sequence[Tile], boxes: NDArray[np.float64]) -> tuple[Tile, ...]:
    """The tiles whose core has some area in one of the boxes (N, 4)."""
    tree = shapely.STRtree(np.asarray(shapely.box(*_cores(tiles).T)))
    inside = boxes + np.array([1, 1, -1, -1]) * 1e-6  # a common edge is no area
    hit = np.unique(tree.query(shapely.box(*inside.T), predicate="intersects")[1])
    return tuple(tiles[number] for number in hit)


def _centred(tiles: Sequence[Tile], boxes: NDArray[np.float64]) -> tuple[Tile, ...]:
    """The tiles whose core has its centre in one of the boxes (N, 4)."""
    cores = _cores(tiles)
    tree = shapely.STRtree(np.asarray(shapely.points((cores[:, :2] + cores[:, 2:]) / 2)))
    hit = np.unique(tree.query(shapely.box(*boxes.T), predicate="intersects")[1])
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
