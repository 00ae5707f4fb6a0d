"""The engine: tiles are read ahead in threads, run through the detector, and give what they own."""

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..detector.detections import Detections
from ..detector.detector import TileDetector
from ..detector.errors import TileReadError
from .journal import SceneJournal
from .pixels import Mask, Pixels
from .scene import Grid, Scene
from .strips import Cells, Strip, rows_of
from .tiles import Tile

Task = TypeVar("Task")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]
"""Called with the number of tiles that are done and the number of all tiles."""
Unread = Callable[[TileReadError], None]
"""Called with the error of each tile that cannot be read; what it raises ends the run."""

SEAM_PX = 8
"""A tile also proposes what is centred this close outside its core, in grid pixels: two views of an object differ by
about the network's finest stride, and without this an object on a seam could fall to neither tile. `merge` resolves
the doubles."""
STRIDE_PX = 32
"""Tiles are multiples of this where they can be: the stride that detectors pad to, nearly always."""
_AHEAD = 4  # tiles read per thread before they are asked for


def overlap_of(detector: TileDetector) -> int:
    """What tiles share for a detector, in grid pixels: its largest object, and what a seam needs on both sides."""
    return ceil(detector.largest_object_m / detector.gsd) + 2 * SEAM_PX


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
    scene: Scene, grid: Grid, tiles: Sequence[Tile], detector: TileDetector, *,
    progress: Progress | None = None, unread: Unread | None = None, journal: SceneJournal | None = None,
) -> Proposals:  # fmt: skip
    """What `detector` finds in the tiles of a scene, each object in the tile whose core it is centred in.

    Tiles are read in as many threads as the scene has handles, a few ahead of the detector; the order of the result is
    that of the tiles. Tiles without a valid pixel are not run. A tile that cannot be read is in `unread`; every other
    error, in a thread or not, ends the run. Strips that `journal` has are not run, and it receives the others as they
    become whole. What is held besides the result does not grow with the scene (but see `Scene.block_cache`).
    """
    (found,) = run_parts(scene, grid, (tiles,), detector, progress=progress, unread=unread, journal=journal)
    return found


def run_parts(
    scene: Scene, grid: Grid, parts: Sequence[Sequence[Tile]], detector: TileDetector, *,
    progress: Progress | None = None, unread: Unread | None = None, journal: SceneJournal | None = None,
) -> Generator[Proposals, None, None]:  # fmt: skip
    """As `run_tiles`, one part of the tiles after another: what was proposed in each.

    When that comes, tiles of the next part are in work already. Closed then, it drops them.
    """
    work = _Work(scene, grid, detector, journal)
    work.on_progress, work.on_unread = progress, unread
    rows, tiles = [rows_of(part) for part in parts], [tile for part in parts for tile in part]
    to_run = work.begin([row for part in rows for row in part])
    for size, count in Counter((tile.height, tile.width) for tile in tiles).most_common(1):
        detector.prepare(*size, count)  # those of the journal too: a resumed run is as an undisturbed one
    with scene.block_cache(grid, tiles), closing(work.pixels(to_run)) as pixels:
        results = detector.stream(pixels)
        begun = 0
        for part in rows:
            strips = range(begun, begun + len(part))
            begun += len(part)
            for number in strips:
                while number not in work.strips:
                    seen = next(results, None)
                    if seen is not None:
                        work.finish(seen)
                    elif number not in work.strips:
                        raise RuntimeError(f"the detector left {work.open_tiles} tiles without a result")
            yield work.proposals(strips)
        for seen in results:  # none is left; the detector ends its stream
            work.finish(seen)


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


class _Work:
    """Hands pixels to the detector, and collects what it says of them strip by strip."""

    def __init__(self, scene: Scene, grid: Grid, detector: TileDetector, journal: SceneJournal | None) -> None:
        self.waiting: deque[Tile] = deque()
        self.on_progress: Progress | None = None
        self.on_unread: Unread | None = None
        self._scene, self._grid, self._journal = scene, grid, journal
        self._nothing = Detections.empty(detector.nodes, detector.gsd)
        self._cells = Cells(grid)
        self._open: dict[int, _OpenStrip] = {}
        self.strips: dict[int, Strip] = {}
        self._done = self._total = 0

    @property
    def open_tiles(self) -> int:
        """How many tiles have no result, of those in work or still to come."""
        return len(self._open)

    def begin(self, rows: Sequence[Sequence[Tile]]) -> list[Tile]:
        """The tiles to run: those of strips that the journal does not have."""
        self._total = sum(map(len, rows))
        to_run: list[Tile] = []
        for number, row in enumerate(rows):
            kept = None if self._journal is None else self._journal.read(number, self._nothing)
            if kept is not None:
                self.strips[number] = kept
                self._done += len(row)
                continue
            self._open.update(dict.fromkeys((tile.index for tile in row), _OpenStrip(number, row, self._cells)))
            to_run += row
        if self._done and self.on_progress is not None:
            self.on_progress(self._done, self._total)
        return to_run

    def pixels(self, tiles: Sequence[Tile]) -> Generator[Pixels, None, None]:
        """Pixels of the tiles that have any, in order; each is `waiting` until `finish`."""
        threads = self._scene.handles
        with closing(read_ahead(tiles, self._read, threads=threads, ahead=_AHEAD * threads)) as views:
            for tile, view in views:
                strip = self._open[tile.index]
                if isinstance(view, TileReadError):
                    if self.on_unread is not None:
                        self.on_unread(view)
                    strip.unread.append(tile)
                    self._settle(tile)
                    continue
                colours, valid = view
                self._cells.add(tile, valid, strip.top, strip.left, strip.valid)
                if not valid.any():
                    self._settle(tile)
                    continue
                self.waiting.append(tile)
                yield colours

    def finish(self, seen: Detections) -> None:
        """Take the detector's next result."""
        tile = self.waiting.popleft()
        placed = seen.translated(tile.left, tile.top)
        own = tile.owns(placed.boxes[:, 0], placed.boxes[:, 1], slack_px=SEAM_PX)
        self._open[tile.index].seen[tile.index] = placed.select(own)
        self._settle(tile)

    def proposals(self, numbers: Iterable[int]) -> Proposals:
        """Some strips together."""
        strips = [self.strips[number] for number in numbers]
        return Proposals(
            Detections.concatenate([self._nothing, *(strip.detections for strip in strips)]),
            np.concatenate([np.zeros(0, dtype=np.intp), *(strip.tile for strip in strips)]),
            tuple(tile for strip in strips for tile in strip.unread),
            self._cells.shares(strips),
        )

    def _read(self, tile: Tile) -> tuple[Tile, tuple[Pixels, Mask] | TileReadError]:
        try:
            return tile, self._scene.read(self._grid, tile)
        except TileReadError as error:
            return tile, error

    def _settle(self, tile: Tile) -> None:
        """Nothing more will be known of the tile; with the last one its strip is whole."""
        strip = self._open.pop(tile.index)
        strip.tiles_left -= 1
        if not strip.tiles_left:
            self.strips[strip.number] = whole = strip.whole(self._nothing)
            if self._journal is not None:
                self._journal.write(strip.number, whole)
        self._done += 1
        if self.on_progress is not None:
            self.on_progress(self._done, self._total)


class _OpenStrip:
    """A strip in work."""

    def __init__(self, number: int, row: Sequence[Tile], cells: Cells) -> None:
        self.number = number
        self.tiles_left = len(row)
        self.seen: dict[int, Detections] = {}
        self.unread: list[Tile] = []
        self.top, self.left, self.valid = cells.of_row(row)

    def whole(self, nothing: Detections) -> Strip:
        """The strip, its tiles in their order."""
        tiles = sorted(self.seen)
        counts = [len(self.seen[tile]) for tile in tiles]
        return Strip(
            Detections.concatenate([nothing, *(self.seen[tile] for tile in tiles)]),
            np.repeat(np.array(tiles, dtype=np.intp), counts),
            tuple(self.unread),
            self.top,
            self.left,
            self.valid,
        )
