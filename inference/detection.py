"""Array or path in, typed and georeferenced detections out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..detector.detector import Detector, TileDetector
from ..detector.errors import EmptySceneError
from .engine import SEAM_PX, Progress, run_tiles
from .merge import merge
from .result import SceneResult
from .scene import Scene, array_scene, open_scene
from .screen import Screening, screen
from .tiles import plan_tiles


def detect(
    source: str | os.PathLike[str] | NDArray[Any] | Scene,
    detector: TileDetector | None = None,
    *,
    gsd: float | None = None,
    tile_px: int | None = None,
    screening: TileDetector | None = None,
    progress: Progress | None = None,
) -> SceneResult:
    """The objects in a scene of any size: a path, an array (height, width, bands), or an open scene.

    `detector` is the shipped one by default. `gsd`, in metres per pixel, is for a path or an array without
    georeference; bands, date and map of a scene are stated by `open_scene` and `array_scene`. `tile_px` (at most and by
    default the detector's) changes the work, not the result. `screening` (`screen.coarse_detector`) looks at the scene
    first, and only tiles in which it suspects something are run: less work, and what it misses is lost. `progress` is
    called with tiles done and tiles in all.

    Raises what `open_scene` raises; TooCoarseError; EmptySceneError where the whole scene was read and nothing of it is
    valid; ValueError for a `tile_px` that the detector's largest object does not fit.
    """
    detector = Detector.load() if detector is None else detector
    side = detector.tile_px if tile_px is None else tile_px
    if side > detector.tile_px:
        raise ValueError(f"tile_px is {side}, expected at most the detector's {detector.tile_px}")
    overlap_px = ceil(detector.largest_object_m / detector.gsd) + 2 * SEAM_PX
    with _opened(source, gsd) as scene:
        grid = scene.grid(detector.gsd)
        tiles = plan_tiles(grid.width, grid.height, tile_px=side, overlap_px=overlap_px)
        look = Screening(tiles, None) if screening is None else screen(scene, grid, tiles, screening)
        proposals = run_tiles(scene, grid, look.suspected, detector, progress=progress)
        valid = proposals.valid if look.valid is None else look.valid
        info = scene.info
    if not proposals.unread and not valid.any():
        raise EmptySceneError(
            f"{info.path or info.name}: no valid pixel in {info.width} x {info.height}: all is no-data"
        )
    return SceneResult(
        scene=info,
        grid_scale=(grid.scale_x, grid.scale_y),
        detections=replace(merge(proposals.detections, proposals.tile, tiles), gsd=grid.gsd),
        unread=proposals.unread,
        valid_mask=valid >= 0.5,
        valid_fraction=float(valid.mean()),
        tiles=len(tiles),
        screened_out=len(tiles) - len(look.suspected),
    )


@contextmanager
def _opened(source: str | os.PathLike[str] | NDArray[Any] | Scene, gsd: float | None) -> Iterator[Scene]:
    """The scene of a source; closed afterwards unless it came open."""
    if isinstance(source, Scene):
        if gsd is not None:
            raise ValueError("gsd is for a path or an array; an open scene has its own: open_scene(path, gsd=...)")
        yield source
    elif isinstance(source, np.ndarray):
        with array_scene(source, gsd=gsd) as scene:
            yield scene
    else:
        with open_scene(source, gsd=gsd) as scene:
            yield scene
