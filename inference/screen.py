"""Screening: a coarse look at the whole scene decides which tiles are run in full. Most of a large scene is empty.

The measurement behind it is `tests/benchmarks/screening.py`: aircraft on held-back airports. Helicopters and launchers
are a few pixels at this scale and were not measured; where they are looked for, do not screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ..detector.detector import Detector, TileDetector
from .engine import SEAM_PX, run_tiles
from .scene import Grid, Scene
from .tiles import Tile, plan_tiles

COARSER = 3.0
"""The coarse look has this many times the network's metres per pixel: a ninth of its pixels."""
SUSPICION = 0.03
"""Boxes of the coarse look count from this score on. Chosen on the `dev` airports so that no aircraft
is lost, with the weights before the shipped ones."""
NEAR_M = 20.0
"""A suspicion this close outside of a tile's core speaks for the tile too: a coarse box is placed coarsely."""


@dataclass(frozen=True, slots=True)
class Screening:
    """What a coarse look says.

    Attributes:
        suspected: the tiles to run in full, in their order.
        valid: (rows, columns) float64 over the whole scene, as `engine.Proposals.valid`; None without a coarse look.
    """

    suspected: tuple[Tile, ...]
    valid: NDArray[np.float64] | None


def coarse_detector(detector: Detector) -> Detector:
    """The same network for the coarse look: it takes a scene of COARSER times its metres per pixel for one of its own.

    It reports all boxes from SUSPICION on, without the record's thresholds. It shares the back end of the given one:
    not for two streams at a time.
    """
    record = replace(detector.record, gsd_m=COARSER * detector.gsd, thresholds={})
    return Detector(detector.backend, record, min_score=SUSPICION)


def screen(scene: Scene, grid: Grid, tiles: Sequence[Tile], coarse: TileDetector) -> Screening:
    """The tiles of `grid` that a coarse look finds something in or near, or that it could not read.

    `coarse` sees the whole scene at its own `gsd`; every box that it reports counts.
    """
    low = scene.grid(coarse.gsd)
    overlap_px = ceil(coarse.largest_object_m / coarse.gsd) + 2 * SEAM_PX
    plan = plan_tiles(low.width, low.height, tile_px=coarse.tile_px, overlap_px=overlap_px)
    found = run_tiles(scene, low, plan, coarse)
    scale = np.array([low.scale_x / grid.scale_x, low.scale_y / grid.scale_y])
    x, y = (found.detections.boxes[:, :2].astype(np.float64) * scale).T
    blind = [_core(tile) * np.tile(scale, 2) for tile in found.unread]
    near_px = NEAR_M / grid.gsd
    suspected = (
        tile
        for tile in tiles
        if tile.owns(x, y, slack_px=near_px).any() or any(_overlap(_core(tile), core) for core in blind)
    )
    return Screening(tuple(suspected), found.valid)


def _core(tile: Tile) -> NDArray[np.float64]:
    return np.array([tile.core_left, tile.core_top, tile.core_right, tile.core_bottom], dtype=np.float64)


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return bool((a[:2] < b[2:]).all() and (b[:2] < a[2:]).all())
