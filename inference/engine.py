"""The engine: tiles are read ahead in threads, run through the detector, and give what they own."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..detector.detections import Detections
from ..detector.detector import TileDetector
from ..detector.errors import TileReadError
from .pixels import Mask, Pixels
from .scene import Grid, Scene
from .tiles import Tile

Task = TypeVar("Task")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]
"""Called with the number of tiles that are done and the number of all tiles."""

SEAM_PX = 8
"""A tile also proposes what is centred this close outside its core, in grid pixels: two views of an object differ by
about the network's finest stride, and without this an object on a seam could fall to neither tile. `merge` resolves
the doubles."""
_VALID_MASK_PX = 1024
_AHEAD = 2  # tiles read per thread before they are asked for


@dataclass(frozen=True, slots=True)
class Proposals:
    """What all tiles of a scene proposed, before doubles at the seams are resolved.

    Attributes:
        detections: in grid pixels, tile by tile.
        tile: (N,) intp, the index of the tile that proposed each.
        unread: tiles that could not be read; nothing is known of their cores.
        valid: (rows, columns) float64 over the whole scene, at most 1024 on the longer side: the share of each cell
            that was read and is valid.
    """

    detections: Detections
    tile: NDArray[np.intp]
    unread: tuple[Tile, ...]
    valid: NDArray[np.float64]


def run_tiles(
    scene: Scene, grid: Grid, tiles: Sequence[Tile], detector: TileDetector, *, progress: Progress | None = None
) -> Proposals:
    """What `detector` finds in the tiles of a scene, each object in the tile whose core it is centred in.

    Tiles are read in as many threads as the scene has handles, a few ahead of the detector; the order of the result is
    that of the tiles. Tiles without a valid pixel are not run. A tile that cannot be read is in `unread`; every other
    error, in a thread or not, ends the run.
    """
    feed = _Feed(scene, grid, tiles, progress)
    parts: list[Detections] = []
    owners: list[NDArray[np.intp]] = []
    with closing(feed.pixels()) as pixels:
        for seen in detector.stream(pixels):
            tile = feed.finish()
            placed = seen.translated(tile.left, tile.top)
            placed = placed.select(tile.owns(placed.boxes[:, 0], placed.boxes[:, 1], slack_px=SEAM_PX))
            parts.append(placed)
            owners.append(np.full(len(placed), tile.index, dtype=np.intp))
    if feed.waiting:
        raise RuntimeError(f"the detector left {len(feed.waiting)} tiles without a result")
    return Proposals(
        Detections.concatenate([Detections.empty(detector.nodes, detector.gsd), *parts]),
        np.concatenate([np.zeros(0, dtype=np.intp), *owners]),
        tuple(feed.unread),
        feed.cover.shares(),
    )


def read_ahead(
    tasks: Iterable[Task], read: Callable[[Task], Result], *, threads: int, ahead: int
) -> Generator[Result, None, None]:
    """`read` of each task, in order, run in `threads` threads with at most `ahead` tasks under way or waiting.

    An exception of a task is raised where its result would come. When the iterator is closed, tasks that have not
    started are dropped and those under way are waited for.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="hardstand-read") as pool:
        pending: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                pending.append(pool.submit(read, task))
                if len(pending) >= ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


class _Feed:
    """Hands pixels to the detector and keeps account of the tiles behind them."""

    def __init__(self, scene: Scene, grid: Grid, tiles: Sequence[Tile], progress: Progress | None) -> None:
        self.waiting: deque[Tile] = deque()
        self.unread: list[Tile] = []
        self.cover = _Cover(grid)
        self._scene, self._grid, self._tiles, self._progress = scene, grid, tiles, progress
        self._done = 0

    def pixels(self) -> Generator[Pixels, None, None]:
        """Pixels of the tiles that have any, in order; each is `waiting` until `finish`."""
        threads = self._scene.handles
        views = read_ahead(self._tiles, self._read, threads=threads, ahead=_AHEAD * threads)
        with closing(views):
            for tile, view in views:
                if view is None:
                    self.unread.append(tile)
                    self._advance()
                    continue
                colours, valid = view
                self.cover.add(tile, valid)
                if not valid.any():
                    self._advance()
                    continue
                self.waiting.append(tile)
                yield colours

    def finish(self) -> Tile:
        """The tile that the detector's next result belongs to."""
        self._advance()
        return self.waiting.popleft()

    def _read(self, tile: Tile) -> tuple[Tile, tuple[Pixels, Mask] | None]:
        try:
            return tile, self._scene.read(self._grid, tile)
        except TileReadError:
            return tile, None

    def _advance(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, len(self._tiles))


class _Cover:
    """Adds up, cell by cell over the whole grid, how much was read and is valid."""

    def __init__(self, grid: Grid) -> None:
        shrink = min(1.0, _VALID_MASK_PX / max(grid.width, grid.height))
        self._columns = _cells(grid.width, max(1, int(grid.width * shrink)))
        self._rows = _cells(grid.height, max(1, int(grid.height * shrink)))
        self._valid = np.zeros((self._rows[-1] + 1, self._columns[-1] + 1))

    def add(self, tile: Tile, valid: Mask) -> None:
        """Count the valid pixels of the tile's core."""
        columns = self._columns[tile.core_left : tile.core_right]
        rows = self._rows[tile.core_top : tile.core_bottom]
        core = valid[
            tile.core_top - tile.top : tile.core_bottom - tile.top,
            tile.core_left - tile.left : tile.core_right - tile.left,
        ]
        sums = np.add.reduceat(core, _firsts(rows), axis=0, dtype=np.int64)
        sums = np.add.reduceat(sums, _firsts(columns), axis=1)
        self._valid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += sums

    def shares(self) -> NDArray[np.float64]:
        """The valid share (rows, columns) of each cell, 0 to 1."""
        return self._valid / np.outer(np.bincount(self._rows), np.bincount(self._columns))


def _cells(length: int, count: int) -> NDArray[np.intp]:
    """The cell (of `count` equal ones) that the centre of each pixel along an axis lies in."""
    return ((2 * np.arange(length, dtype=np.int64) + 1) * count // (2 * length)).astype(np.intp)


def _firsts(cells: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where a new cell begins."""
    return np.flatnonzero(np.diff(cells, prepend=-1))
