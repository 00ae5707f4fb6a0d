"""The engine: reading ahead, ownership, what was not read, and how a run ends."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.detector.detections import Detections
from hardstand.detector.errors import TileReadError
from hardstand.detector.fake import PaintDetector, paint
from hardstand.inference import strips
from hardstand.inference.engine import read_ahead, run_parts, run_tiles
from hardstand.inference.scene import Grid, Scene, array_scene
from hardstand.inference.tiles import Tile, plan_tiles


def grey(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 90, np.uint8)


# --- reading ahead ---


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_order(threads: int) -> None:
    def read(task: int) -> int:
        time.sleep(0.002 * (task % 3))
        return task

    assert list(read_ahead(range(40), read, threads=threads, ahead=2 * threads)) == list(range(40))


def test_reading_ahead_is_bounded() -> None:
    started: list[int] = []
    results = read_ahead(range(100), started.append, threads=2, ahead=4)
    for done in range(1, 11):
        next(results)
        time.sleep(0.002)
        assert len(started) <= done + 3
    results.close()


def test_an_error_in_a_thread_comes_out_at_its_place() -> None:
    def read(task: int) -> int:
        if task == 3:
            raise ZeroDivisionError("task 3")
        return task

    results = read_ahead(range(10), read, threads=2, ahead=4)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError, match="task 3"):
        next(results)


def test_closing_early_leaves_no_thread() -> None:
    results = read_ahead(range(1000), lambda task: time.sleep(0.001), threads=3, ahead=9)
    next(results)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hardstand-read")]


# --- a run ---


class _BrokenScene(Scene):
    """A scene of which some tiles cannot be read; made from a sound one."""

    def __init__(self, scene: Scene, broken: dict[int, Exception]) -> None:
        self.__dict__.update(scene.__dict__)
        self.broken = broken

    def read(self, grid: Grid, tile: Tile) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        if tile.index in self.broken:
            raise self.broken[tile.index]
        return super().read(grid, tile)


class _Counting(PaintDetector):
    """A paint detector that counts its tiles and pulls a few ahead, as one with batches does."""

    def __init__(self, batch: int = 1, **frame: Any) -> None:  # noqa: ANN401  # passed on as it is
        super().__init__(**frame)
        self.batch = batch
        self.tiles = 0

    def stream(self, tiles: Iterable[NDArray[np.uint8]]) -> Iterator[Detections]:
        held: list[NDArray[np.uint8]] = []
        for tile in tiles:
            self.tiles += 1
            held.append(tile)
            if len(held) == self.batch:
                yield from super().stream(held)
                held = []
        yield from super().stream(held)


class _Told(PaintDetector):
    """Keeps what it was told before a stream."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[int, int, int]] = []

    def prepare(self, height: int, width: int, tiles: int) -> None:
        self.told.append((height, width, tiles))


def test_the_detector_is_told_of_the_commonest_size() -> None:
    tiles = plan_tiles(400, 300, tile_px=128, overlap_px=32)
    whole, detector = Tile(0, 0, 400, 300, 0, 0, 400, 300, len(tiles)), _Told()
    with array_scene(grey(300, 400), gsd=0.5) as scene:
        for to_run in (tiles, (whole, *tiles), (whole,), ()):
            run_tiles(scene, scene.grid(0.5), to_run, detector)
    one = (tiles[0].height, tiles[0].width, len(tiles))
    assert detector.told == [one, one, (300, 400, 1)]


def three_tiles() -> tuple[NDArray[np.uint8], tuple[Tile, ...]]:
    """A row of three tiles with an object in the middle of each core."""
    tiles = plan_tiles(600, 250, tile_px=250, overlap_px=60)
    assert len(tiles) == 3
    pixels = grey(250, 600)
    for tile in tiles:
        paint(pixels, ((tile.core_left + tile.core_right) / 2, 120, 40, 20, 0.4), "fw")
    return pixels, tiles


def test_a_tile_that_cannot_be_read_is_in_the_result() -> None:
    pixels, tiles = three_tiles()
    with array_scene(pixels, gsd=0.5) as sound:
        scene = _BrokenScene(sound, {1: TileReadError("disk")})
        seen: list[tuple[int, int]] = []
        grid = scene.grid(0.5)
        run = run_tiles(scene, grid, tiles, PaintDetector(), progress=lambda done, total: seen.append((done, total)))
    assert run.unread == (tiles[1],)
    assert run.tile.tolist() == [0, 2]
    assert len(run.detections) == 2
    assert seen == [(1, 3), (2, 3), (3, 3)]
    columns = (np.arange(600) >= tiles[1].core_left) & (np.arange(600) < tiles[1].core_right)
    np.testing.assert_array_equal(run.valid, np.tile(~columns, (250, 1)))


def test_any_other_error_ends_the_run() -> None:
    pixels, tiles = three_tiles()
    with array_scene(pixels, gsd=0.5) as sound:
        scene = _BrokenScene(sound, {2: MemoryError("no room")})
        with pytest.raises(MemoryError, match="no room"):
            run_tiles(scene, scene.grid(0.5), tiles, PaintDetector())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hardstand-read")]


def test_a_detector_that_fails_ends_the_run_and_its_threads() -> None:
    class Failing(PaintDetector):
        def stream(self, tiles: Iterable[NDArray[np.uint8]]) -> Iterator[Detections]:
            next(iter(tiles))
            raise ValueError("no such layer")
            yield  # a generator

    pixels, tiles = three_tiles()
    with array_scene(pixels, gsd=0.5) as scene, pytest.raises(ValueError, match="no such layer"):
        run_tiles(scene, scene.grid(0.5), tiles, Failing())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hardstand-read")]


def test_parts_come_one_after_another_and_may_be_left() -> None:
    pixels, tiles = three_tiles()
    with array_scene(pixels, gsd=0.5) as scene:
        grid = scene.grid(0.5)
        whole = run_tiles(scene, grid, tiles, PaintDetector())
        parts = list(run_parts(scene, grid, (tiles[1:2], (), (tiles[0], tiles[2])), PaintDetector()))
        assert [found.tile.tolist() for found in parts] == [[1], [], [0, 2]]
        boxes = np.concatenate([found.detections.boxes for found in (parts[0], parts[2])])
        np.testing.assert_array_equal(np.sort(boxes, axis=0), np.sort(whole.detections.boxes, axis=0))
        np.testing.assert_array_equal(sum(found.valid for found in parts), whole.valid)
        detector = _Counting()
        with closing(run_parts(scene, grid, (tiles[:1], tiles[1:]), detector)) as left:
            assert next(left).tile.tolist() == [0]
        assert detector.tiles == 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hardstand-read")]


def test_a_detector_that_swallows_tiles_is_found_out() -> None:
    class Lazy(PaintDetector):
        def stream(self, tiles: Iterable[NDArray[np.uint8]]) -> Iterator[Detections]:
            yield from list(super().stream(tiles))[:-1]

    pixels, tiles = three_tiles()
    with array_scene(pixels, gsd=0.5) as scene, pytest.raises(RuntimeError, match="1 tiles without a result"):
        run_tiles(scene, scene.grid(0.5), tiles, Lazy())


def test_tiles_without_a_valid_pixel_are_not_run() -> None:
    pixels, tiles = three_tiles()
    floats = pixels.astype(np.float32)
    floats[:, : tiles[0].right] = np.nan
    detector = _Counting()
    with array_scene(floats, gsd=0.5) as scene:
        run = run_tiles(scene, scene.grid(0.5), tiles, detector)
    assert detector.tiles == 2
    assert run.unread == ()
    assert run.valid[:, : tiles[0].right].sum() == 0
    assert run.valid[:, tiles[0].right :].all()


def test_the_valid_share_of_a_large_scene_is_coarse_and_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "VALID_MASK_PX", 37)
    mask = np.random.default_rng(3).random((190, 410)) < 0.7
    floats = np.where(mask, 100.0, np.nan).astype(np.float32)
    with array_scene(floats, gsd=0.5) as scene:
        tiles = plan_tiles(410, 190, tile_px=100, overlap_px=30)
        shares = run_tiles(scene, scene.grid(0.5), tiles, PaintDetector()).valid
    assert shares.shape == (17, 37)
    rows = ((np.arange(190) + 0.5) * 17 / 190).astype(int)
    columns = ((np.arange(410) + 0.5) * 37 / 410).astype(int)
    for row, column in ((0, 0), (16, 36), (8, 20), (5, 9)):
        cell = mask[np.ix_(rows == row, columns == column)]
        assert shares[row, column] == pytest.approx(cell.mean())


INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
from hardstand.detector.fake import PaintDetector
from hardstand.inference import array_scene, detect

class Slow(PaintDetector):
    def stream(self, tiles):
        for tile in tiles:
            time.sleep(0.05)
            yield from super().stream([tile])

signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs with it ignored
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    detect(np.full((2500, 2500, 3), 90, np.uint8), Slow(), gsd=0.5, tile_px=200)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to oneself there")
def test_an_interrupt_ends_the_run_at_once() -> None:
    # 5,000 tiles of 50 ms would take four minutes.
    done = subprocess.run(
        [sys.executable, "-P", "-c", INTERRUPTED], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout == "interrupted\n"
    assert done.stderr == ""
