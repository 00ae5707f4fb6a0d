"""What the benchmarks reckon with, by hand; the measurements themselves are run by people."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from hardstand.detector import Detector
from hardstand.detector.coarse import LOOK
from hardstand.training.scenes import held_back

HERE = Path(__file__).resolve().parent


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(name).stem, HERE / name)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(seconds: float, counted: int) -> dict[str, Any]:
    score = {"true": 100, "counted": counted, "doubles": 3, "misses": 1, "false_alarms": 0}
    nodes = {"true_of": {"fw": 60}, "counted_of": {"fw": 61}}
    return {"seconds": seconds, "tiles": 50, "scene_mpx": 64.0, "peak_mb": 400.0, "score": score | nodes}


def test_the_table_of_the_comparison_has_medians() -> None:
    text = load("peers/compare.py").table({"tool": [run(10, 102), run(5, 102), run(8, 102)], "other": []})
    assert text.splitlines()[1].split() == [
        "tool", "8.00", "6.40", "12.80", "6.25", "400", "102", "3", "1", "0", "+2.0", "61/60",
    ]  # fmt: skip
    assert len(text.splitlines()) == 2


def test_a_peer_that_cannot_be_installed_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compare = load("peers/compare.py")
    monkeypatch.setattr(
        subprocess, "run", lambda step, **_: subprocess.CompletedProcess(step, 1, "", "No\n solution: sahi==9\n")
    )
    with pytest.raises(SystemExit, match=r"error: the peers cannot be installed into .*venv: No solution: sahi==9$"):
        compare.environment(tmp_path / "venv")


def test_what_a_look_loses_grows_with_the_score_and_the_work_shrinks(shared_data: Path) -> None:
    screening = load("screening.py")
    record = max(held_back(shared_data, "airbus", "dev"), key=lambda record: len(record.annotations))
    table = screening.losses([record], Detector.load(), Detector.load(LOOK, min_score=screening.SCORES[0]))
    assert table["found"] > 10
    lost, work = zip(*(table[score] for score in screening.SCORES), strict=True)
    assert 0 <= lost[0] <= lost[-1] <= table["found"]
    assert lost[0] <= 0.1 * table["found"]
    assert 0 < work[-1] <= work[0]


def test_a_repeated_scene_has_the_same_pixels_over_and_over(tmp_path: Path) -> None:
    small, large = tmp_path / "small.tif", tmp_path / "large.tif"
    pixels = np.random.default_rng(1).integers(0, 255, (3, 8, 8), dtype=np.uint8).repeat(64, 1).repeat(64, 2)
    profile = {"driver": "GTiff", "width": 512, "height": 512, "count": 3, "dtype": "uint8", "crs": "EPSG:32637"}
    place = Affine(0.5, 0, 420_000, 0, -0.5, 4_765_000)
    with rasterio.open(
        small, "w", **profile, transform=place, tiled=True, blockxsize=256, blockysize=256,
        compress="JPEG", photometric="YCBCR", jpeg_quality=95,
    ) as target:  # fmt: skip
        target.write(pixels)
    load("memory.py").repeat(small, large, 1200)
    with rasterio.open(small) as one, rasterio.open(large) as many:
        assert (many.width, many.height, many.block_shapes[0]) == (1200, 1200, (256, 256))
        assert many.transform == one.transform
        difference = many.read()[:, 512:1024, 512:1024].astype(int) - one.read()
    assert np.abs(difference).mean() < 5


def test_the_generator_is_timed_beside_a_reference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = load("generator.py")
    monkeypatch.setattr(generator, "make_tile", lambda *_, **__: np.linalg.svd(np.ones((300, 300))))
    monkeypatch.setattr(sys, "argv", ["generator.py", "2", "1"])
    generator.main()
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["generator", "reference"]
