"""Bench: rates and stages from a made-up back end, whose time is known, and the command line as a process."""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.detector import Detector, WeightRecord
from hardstand.detector.errors import HardstandError, MissingFileError
from hardstand.inference.bench import Bench, bare_rate, bench, read_alone, run_once, table
from hardstand.inference.peak import command_peak, peak_bytes
from hardstand.inference.stages import ClockedDetector, clocked

Pixels = NDArray[np.uint8]
SLOW_S = 0.02


class SlowBackend:
    """A back end that takes SLOW_S per batch and sees one aircraft, 40 by 20 px, in the middle of every tile."""

    batch_size = 2

    def infer(self, batch: Pixels) -> NDArray[np.float32]:
        time.sleep(SLOW_S)
        result = np.zeros((len(batch), 6, 1), np.float32)
        result[:, :5, 0] = batch.shape[2] / 2, batch.shape[1] / 2, 40, 20, 0.75
        return result

    def prepare(self, height: int, width: int, batches: int) -> None: ...

    def stream(self, batches: Iterable[Pixels]) -> Iterator[NDArray[np.float32]]:
        return map(self.infer, batches)


def slow_detector() -> Detector:
    record = WeightRecord(
        name="slow",
        architecture={},
        nodes=("fw",),
        gsd_m=0.5,
        tile_px=256,
        largest_object_m=20.0,
        licence="none",
        created="2026-01-01",
    )
    return Detector(SlowBackend(), record)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-P", "-m", "hardstand.inference", "bench", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=600)


def test_a_clock_counts_the_wait_and_not_the_use() -> None:
    def slow() -> Iterator[int]:
        for item in range(3):
            time.sleep(0.02)
            yield item

    sums: defaultdict[str, float] = defaultdict(float)
    for _ in clocked(slow(), sums, "wait"):
        time.sleep(0.05)
    assert 0.06 <= sums["wait"] < 0.12


def test_clocks_change_nothing_and_find_the_slow_stage() -> None:
    tiles = [np.full((256, 200, 3), shade, np.uint8) for shade in range(5)]
    clocks = ClockedDetector(slow_detector(), keep=2)
    seen, plain = list(clocks.stream(tiles)), list(slow_detector().stream(tiles))
    assert [one.boxes.tolist() for one in seen] == [one.boxes.tolist() for one in plain]
    assert clocks.tiles == 5
    assert [int(tile[0, 0, 0]) for tile in clocks.kept] == [0, 1]
    seconds = clocks.seconds
    assert set(seconds) == {"pixels", "batch", "network", "decode"}
    assert seconds["network"] >= 3 * SLOW_S
    assert sum(seconds.values()) <= clocks.ended - clocks.began


def test_the_bare_rate_is_the_back_ends_own() -> None:
    rate = bare_rate(slow_detector(), [np.zeros((256, 100, 3), np.uint8)], 10)
    assert 10 / (5 * SLOW_S + 0.3) < rate <= 10 / (5 * SLOW_S)


@pytest.fixture
def scene(tmp_path: Path, write_scene: Callable[..., Path]) -> Path:
    return write_scene(tmp_path / "base_20241102.tif")


def test_the_stages_of_a_run_add_up(scene: Path) -> None:
    run, result = run_once(scene, ClockedDetector(slow_detector()))
    assert sum(run.stages.values()) == pytest.approx(run.seconds, abs=0.005)
    assert list(run.stages) == ["open", "plan", "pixels", "batch", "network", "decode", "engine", "merge", "write"]
    assert min(run.stages.values()) >= 0
    assert run.tiles == 9
    assert len(result.detections) > 0


def test_what_bench_says_is_what_was_run(scene: Path) -> None:
    found = bench(scene, slow_detector, repeat=3, peak=lambda: 400_000_000)
    assert (found.width, found.height, found.tiles) == (480, 480, 9)
    assert found.gsd_m == pytest.approx(0.5, rel=1e-3)
    assert found.tile_px % 32 == 0
    assert 160 + 2 * 48 >= found.tile_px >= 480 / 3
    assert found.useful_share == pytest.approx(480 * 480 / (9 * found.tile_px**2))
    assert (found.weights, found.backend, found.repeat, found.peak_mb) == ("slow", "SlowBackend", 3, 400.0)
    assert found.engine_tiles_s.low <= found.engine_tiles_s.median <= found.engine_tiles_s.high
    assert found.scene_mpx_s.median == pytest.approx(found.engine_tiles_s.median / 9 * 0.2304)
    assert found.km2_min.median == pytest.approx(found.scene_mpx_s.median * 0.25 * 60, rel=1e-3)
    assert 0 < found.ratio.median < 1.2
    assert found.resample_s == 0
    assert f"9 tiles of {found.tile_px} px, useful share {found.useful_share:.2f}" in table(found)
    assert "peak memory of hardstand detect: 400 MB" in table(found)


def test_resampling_is_told_apart_from_reading(scene: Path) -> None:
    read_s, resample_s = read_alone(scene, slow_detector(), gsd=0.2)
    assert 0 <= resample_s <= read_s


def test_a_scene_that_is_not_there_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such file"):
        bench(tmp_path / "none.tif", lambda: pytest.fail("loaded"), peak=lambda: pytest.fail("measured"))


def test_no_runs_are_refused(scene: Path) -> None:
    with pytest.raises(ValueError, match="repeat is 0, expected 1 or more"):
        bench(scene, slow_detector, repeat=0)


def test_the_peak_of_a_process_is_its_own() -> None:
    held = np.ones(64_000_000, np.uint8)
    assert peak_bytes() > held.nbytes
    child = command_peak(["--version"])
    assert 5_000_000 < child < peak_bytes()


def test_a_command_that_fails_gives_no_peak() -> None:
    with pytest.raises(
        HardstandError, match=r"hardstand detect none\.tif --out x failed: error: none\.tif: no such file"
    ):
        command_peak(["detect", "none.tif", "--out", "x"])


def test_the_command_prints_json(scene: Path) -> None:
    done = command(str(scene), "--repeat", "1", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert set(found) == set(Bench.__dataclass_fields__)
    assert found["weights"] == "hardstand-n"
    assert found["peak_mb"] > 100


def test_the_command_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    done = command(str(tmp_path / "none.tif"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {tmp_path / 'none.tif'}: no such file\n"
