"""Runs that end before they are done: killed, stopped, resumed. As processes, with a slow detector that sees paint."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray

from hardstand.detector import OutputError, TileReadError
from hardstand.detector.detections import Detections
from hardstand.detector.fake import PaintDetector, paint
from hardstand.inference import SceneResult, detect
from hardstand.inference.ending import GRACE_S
from hardstand.inference.journal import FOLDER, Journal
from hardstand.inference.scene import Grid, Scene
from hardstand.inference.tiles import Tile, plan_tiles

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
WIDTH, HEIGHT, TILE = 600, 1500, 300

COMMAND = """
import sys, time
from hardstand.detector.fake import PaintDetector
from hardstand.inference import cli

pause_s, log_name = float(sys.argv[1]), sys.argv[2]

class Slow(PaintDetector):
    def stream(self, tiles):
        for tile in tiles:
            time.sleep(pause_s)
            with open(log_name, "a") as log:
                log.write("tile\\n")
            yield from super().stream([tile])

cli._load = lambda weights, **_: Slow(tile_px=300)
sys.argv = ["hardstand", "detect", *sys.argv[3:]]
cli.main()
"""

TILES = plan_tiles(WIDTH, HEIGHT, tile_px=TILE, overlap_px=166)
ROW = sum(tile.core_top == 0 for tile in TILES)
"""Tiles in a strip."""


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two scenes of a column of rows of tiles, with objects all over."""
    folder = tmp_path_factory.mktemp("scenes")
    rng = np.random.default_rng(7)
    paths = []
    for number in range(2):
        pixels = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
        for y in range(60, HEIGHT - 60, 90):
            for x in range(60, WIDTH - 60, 90):
                paint(pixels, (x, y, 40, 20, float(rng.uniform(0, 3))), "fw" if (x + y) % 4 else "heli")
        path = folder / f"base_2024120{number + 1}.tif"
        frame = {"crs": "EPSG:32637", "transform": Affine(0.5, 0, 400_000, 0, -0.5, 6_000_000)}
        profile = {"driver": "GTiff", "width": WIDTH, "height": HEIGHT, "count": 3, "dtype": "uint8", "tiled": True}
        with rasterio.open(path, "w", **profile, **frame) as target:
            target.write(pixels.transpose(2, 0, 1))
        paths.append(path)
    return paths


def start(out: Path, log: Path, scenes: list[Path], *options: str, pause_s: float = 0.02) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-c", COMMAND, str(pause_s), str(log), *map(str, scenes), "--out", str(out)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, *options], **pipes)  # type: ignore[call-overload, no-any-return]


def finish(process: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == code, stderr
    return stdout, stderr


def tiles_in(log: Path) -> int:
    return len(log.read_text().splitlines()) if log.exists() else 0


def wait_for(log: Path, tiles: int, process: subprocess.Popen[str]) -> None:
    while tiles_in(log) < tiles:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def strips(out: Path) -> set[str]:
    return {str(file.relative_to(out)) for file in out.glob(f"{FOLDER}/*/strip-*.npz")}


@pytest.fixture(scope="module")
def undisturbed(scenes: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], int]:
    """The files of an undisturbed run, and how many tiles it ran."""
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(start(folder / "out", folder / "log", scenes, "--quiet", pause_s=0))
    return published(folder / "out"), tiles_in(folder / "log")


def published(out: Path) -> dict[str, bytes]:
    """Everything but the report, which says when it was written, and the store."""
    return {file.name: file.read_bytes() for file in out.iterdir() if file.suffix in (".csv", ".geojson", ".png")}


@posix
def test_killed_at_any_moment_and_resumed_is_as_undisturbed(
    scenes: list[Path], undisturbed: tuple[dict[str, bytes], int], tmp_path: Path
) -> None:
    files, tiles = undisturbed
    out, log = tmp_path / "out", tmp_path / "log"
    rng = np.random.default_rng(os.getpid())
    for _ in range(4):
        wanted = tiles_in(log) + int(rng.integers(2, tiles // 4))
        process = start(out, log, scenes, "--resume")
        wait_for(log, wanted, process)
        time.sleep(float(rng.uniform(0, 0.03)))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    kept, run = len(strips(out)), tiles_in(log)
    assert not (out / "counts.csv").exists()
    finish(start(out, log, scenes, "--resume", "--quiet", pause_s=0))
    assert published(out) == files
    assert tiles_in(log) - run == tiles - kept * ROW
    assert sorted(path.name for path in out.iterdir() if path.name.startswith(".")) == []


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_ends_soon_and_says_how_to_go_on(
    scenes: list[Path], undisturbed: tuple[dict[str, bytes], int], tmp_path: Path, number: signal.Signals
) -> None:
    files, tiles = undisturbed
    out, log = tmp_path / "out", tmp_path / "log"
    process = start(out, log, scenes, pause_s=0.05)
    wait_for(log, 2 * ROW + 1, process)
    begun = time.monotonic()
    process.send_signal(number)
    stdout, stderr = finish(process, 128 + number)
    assert time.monotonic() - begun < 5  # GRACE_S and the end of a process on a machine that may be busy
    assert stderr.splitlines()[-1] == (
        "stopped; what is finished is kept: the same command with --resume goes on from there"
    )
    assert "Traceback" not in stderr
    assert stdout == ""
    kept, run = len(strips(out)), tiles_in(log)
    assert kept >= 1
    finish(start(out, log, scenes, "--resume", pause_s=0))
    assert published(out) == files
    assert tiles_in(log) - run == tiles - kept * ROW


STUCK = """
import os, signal, threading
from hardstand.inference.ending import one_line_errors

threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
with one_line_errors(lambda: "half is kept"):
    read, write = os.pipe()
    while True:  # swallows the exception, as a callback of a library may
        try:
            os.read(read, 1)
        except KeyboardInterrupt:
            pass
"""


@posix
def test_a_stop_has_its_deadline() -> None:
    assert GRACE_S < 2
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-P", "-c", STUCK], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 143
    assert done.stderr == "stopped; half is kept\n"
    assert time.monotonic() - begun < 10  # the start of a process on a busy machine included


# --- in one process ---


class _Counting(PaintDetector):
    """A paint detector that counts its tiles, and stops after some."""

    def __init__(self, last: int = 10_000, **frame: float) -> None:
        super().__init__(tile_px=TILE, **frame)
        self.tiles, self.last = 0, last
        self.told: list[int] = []

    def prepare(self, height: int, width: int, tiles: int) -> None:
        self.told.append(tiles)

    def stream(self, tiles: Iterable[NDArray[np.uint8]]) -> Iterator[Detections]:
        for tile in tiles:
            if self.tiles == self.last:
                raise KeyboardInterrupt
            self.tiles += 1
            yield from super().stream([tile])


def interrupted(scene: Path, out: Path, tiles: int) -> None:
    """Leave the journal of a run that ended after so many tiles."""
    with pytest.raises(KeyboardInterrupt), Journal(out) as journal:
        detect(scene, _Counting(tiles), journal=journal)


def assert_equal(one: SceneResult, other: SceneResult) -> None:
    for name in ("boxes", "scores", "label", "probability"):
        np.testing.assert_array_equal(getattr(one.detections, name), getattr(other.detections, name))
    np.testing.assert_array_equal(one.valid_mask, other.valid_mask)
    assert (one.unread, one.valid_fraction) == (other.unread, other.valid_fraction)


@pytest.fixture(scope="module")
def whole(scenes: list[Path]) -> SceneResult:
    return detect(scenes[0], _Counting())


def test_a_run_in_python_goes_on(scenes: list[Path], whole: SceneResult, tmp_path: Path) -> None:
    interrupted(scenes[0], tmp_path, 3 * ROW + 2)
    rest, progress = _Counting(), list[tuple[int, int]]()
    with Journal(tmp_path, resume=True) as journal:
        result = detect(scenes[0], rest, journal=journal, progress=lambda *tiles: progress.append(tiles))
    assert_equal(result, whole)
    assert rest.tiles == len(TILES) - 3 * ROW
    assert rest.told == [len(TILES)]  # a back end may run many tiles otherwise than few, with other last bits
    assert progress == [(done, len(TILES)) for done in range(3 * ROW, len(TILES) + 1)]
    # All of it is there now.
    none = _Counting(0)
    with Journal(tmp_path, resume=True) as journal:
        assert_equal(detect(scenes[0], none, journal=journal), whole)


def test_without_resume_an_old_run_is_forgotten(scenes: list[Path], whole: SceneResult, tmp_path: Path) -> None:
    interrupted(scenes[0], tmp_path, 3 * ROW)
    everything = _Counting()
    with Journal(tmp_path) as journal:
        assert_equal(detect(scenes[0], everything, journal=journal), whole)
    assert everything.tiles == len(TILES)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no zip"])
def test_a_damaged_strip_is_run_again(scenes: list[Path], whole: SceneResult, tmp_path: Path, damage: bytes) -> None:
    interrupted(scenes[0], tmp_path, 3 * ROW)
    file = sorted(tmp_path.glob(f"{FOLDER}/*/strip-*.npz"))[1]
    content = file.read_bytes()
    file.write_bytes(damage or content[: len(content) // 2] + bytes(40) + content[len(content) // 2 + 40 :])
    rest = _Counting()
    with Journal(tmp_path, resume=True) as journal:
        assert_equal(detect(scenes[0], rest, journal=journal), whole)
        assert journal.kept == 2 + 1 + rest.tiles // ROW - 1


@pytest.mark.parametrize("part", ["file", "settings", "weights"])
def test_other_work_starts_again_and_says_why(scenes: list[Path], tmp_path: Path, part: str) -> None:
    scene = tmp_path / "a.tif"
    scene.write_bytes(scenes[0].read_bytes())
    interrupted(scene, tmp_path, 2 * ROW)
    said: list[str] = []
    if part == "file":
        os.utime(scene, ns=(0, 0))
    detector = PaintDetector(tile_px=TILE) if part == "weights" else _Counting()
    with Journal(tmp_path, resume=True, say=said.append) as journal:
        kept = detect(scene, detector, journal=journal, gsd=0.51 if part == "settings" else None)
    assert len(kept.detections)
    assert said == [f"a: another {part} than before; this scene starts again"]


def test_a_tile_that_could_not_be_read_is_tried_again(
    scenes: list[Path], whole: SceneResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Scene.read

    def broken(self: Scene, grid: Grid, tile: Tile) -> object:
        if tile.index == ROW:
            raise TileReadError("the line is down")
        return read(self, grid, tile)

    said: list[TileReadError] = []
    with monkeypatch.context() as patch, Journal(tmp_path) as journal:
        patch.setattr(Scene, "read", broken)
        result = detect(scenes[0], _Counting(), journal=journal, unread=said.append)
    assert [tile.index for tile in result.unread] == [ROW]
    assert list(map(str, said)) == ["the line is down"]
    again = _Counting()
    with Journal(tmp_path, resume=True) as journal:
        assert_equal(detect(scenes[0], again, journal=journal), whole)
    assert again.tiles == ROW


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with Journal(tmp_path / "out"):
        second = Journal(tmp_path / "out")
        with pytest.raises(OutputError, match="another run writes to"):
            second.__enter__()
    assert list(tmp_path.iterdir()) == []
