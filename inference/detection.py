"""Array or path in, typed and georeferenced detections out."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..detector.detections import NO_FLOORS, Detections
from ..detector.detector import Detector, TileDetector
from ..detector.errors import EmptySceneError
from ..detector.naming import named
from .engine import STRIDE_PX, Progress, Unread, overlap_of, run_tiles
from .fingerprint import fingerprint
from .georeference import SceneInfo
from .journal import Journal
from .merge import merge
from .packed import PackedMask
from .polygons import on_scene
from .result import SceneResult
from .scene import Grid, Scene, array_scene, open_scene
from .screen import screen
from .sites import Site
from .tiles import Tile, plan_tiles


def detect(  # noqa: PLR0913  # options of the one call that most callers make
    source: str | os.PathLike[str] | NDArray[Any] | Scene,
    detector: TileDetector | None = None,
    *,
    gsd: float | None = None,
    tile_px: int | None = None,
    within: Sequence[Site] | None = None,
    screening: TileDetector | None = None,
    progress: Progress | None = None,
    unread: Unread | None = None,
    journal: Journal | None = None,
) -> SceneResult:
    """The objects in a scene of any size: a path, an array (height, width, bands), or an open scene.

    `detector` is the shipped one by default. `gsd`, in metres per pixel, is for a path or an array without
    georeference; bands, date and map of a scene are stated by `open_scene` and `array_scene`. `tile_px` (at most and by
    default the detector's) changes the work, not the result. Of a scene that is looked at only `within` sites, tiles
    whose core touches none are neither read nor run: they are not seen. What is centred under a cloud mask is dropped.
    `screening` (`coarse.coarse_detector`) looks first, within the sites if there are any, and only tiles in which it
    suspects something are run, of a size that suits what it suspects: less work, and what it misses is lost. `progress`
    is called with tiles done and tiles in all, `unread` with the error of each tile that cannot be read; an error that
    it raises ends the work. With a `journal` finished strips of the scene are kept on disk, and those found there are
    not run again.

    Raises what `open_scene` raises; TooCoarseError; EmptySceneError where the whole scene was read and all of it is
    no-data; NoCrsError for sites in a scene without a place on the map; ValueError for a `tile_px` that the detector's
    largest object does not fit.
    """
    detector = Detector.load() if detector is None else detector
    side = detector.tile_px if tile_px is None else tile_px
    if side > detector.tile_px:
        raise ValueError(f"tile_px is {side}, expected at most the detector's {detector.tile_px}")
    overlap_px = overlap_of(detector)
    with _opened(source, gsd) as scene:
        grid = scene.grid(detector.gsd)
        tiles = plan_tiles(grid.width, grid.height, tile_px=side, overlap_px=overlap_px, multiple_px=STRIDE_PX)
        to_run = tiles if within is None else touching_tiles(scene.info, grid, tiles, within)
        passed = None
        if screening is not None:
            look = screen(scene, grid, to_run, screening, tile_px=side, overlap_px=overlap_px)
            to_run, passed = look.suspected, look.passed
            tiles = tiles if passed is None else to_run
        info = scene.info
        kept = None
        if journal is not None:
            kept = journal.scene(info.path or "", info.name, fingerprint(scene, grid, to_run, detector))
        proposals = run_tiles(scene, grid, to_run, detector, progress=progress, unread=unread, journal=kept)
        valid = proposals.valid if passed is None else proposals.valid + passed
        floors = detector.record.thresholds if isinstance(detector, Detector) else NO_FLOORS
        merged = merge(proposals.detections, proposals.tile, tiles, floors)
        found = _uncovered(scene, grid, merged.select(_in_cores(merged, grid, to_run)))
        if isinstance(detector, Detector):
            found = named(found, detector.record)  # tiles know no more of what stands around than is in them
        everything = within is None and not scene.has_clouds
    if everything and not proposals.unread and not valid.any():
        if kept is not None:
            kept.remove()
        raise EmptySceneError(
            f"{info.path or info.name}: no valid pixel in {info.width} x {info.height}: all is no-data"
        )
    return SceneResult(
        scene=info,
        grid_scale=(grid.scale_x, grid.scale_y),
        detections=replace(found, gsd=grid.gsd),
        unread=proposals.unread,
        valid=PackedMask.of(valid >= 0.5),
        valid_fraction=float(valid.mean()),
        coarse_fraction=0.0 if passed is None else float(passed.mean()),
    )


def touching_tiles(scene: SceneInfo, grid: Grid, tiles: Sequence[Tile], sites: Sequence[Site]) -> tuple[Tile, ...]:
    """The tiles whose core touches a site: what is centred in a site is centred in one of them.

    Raises NoCrsError for a scene without a coordinate reference system.
    """
    scale = np.array([grid.scale_x, grid.scale_y, grid.scale_x, grid.scale_y])
    borders = np.array([(t.core_left, t.core_top, t.core_right, t.core_bottom) for t in tiles]) * scale
    touched = np.zeros(len(tiles), dtype=np.bool_)
    tree = shapely.STRtree(shapely.box(*borders.T))
    for site in sites:
        if site.polygon is None:
            return tuple(tiles)
        touched[tree.query(on_scene(scene, site.polygon), predicate="intersects")] = True
    return tuple(tile for tile, wanted in zip(tiles, touched, strict=True) if wanted)


def _in_cores(found: Detections, grid: Grid, tiles: Sequence[Tile]) -> NDArray[np.bool_]:
    """Which detections are centred in the core of one of the tiles, or beyond the edge of the grid beside one."""
    x, y = found.boxes[:, 0].clip(0, grid.width - 1), found.boxes[:, 1].clip(0, grid.height - 1)
    inside = np.zeros(len(found), dtype=np.bool_)
    for tile in tiles:
        inside |= tile.owns(x, y)
    return inside


def _uncovered(scene: Scene, grid: Grid, found: Detections) -> Detections:
    """The detections that are not centred in cloud."""
    centres = found.boxes[:, :2].astype(np.float64) * (grid.scale_x, grid.scale_y)
    last = (scene.info.width - 1, scene.info.height - 1)
    return found.select(~scene.clouded(np.clip(centres, 0, last)))


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
