"""The command line: as a process for help and errors, in-process with painted objects for the whole way."""

import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hardstand.detector import HardstandError, PaintDetector, TileReadError
from hardstand.inference import cli
from hardstand.inference.ending import UNREAD
from hardstand.inference.scene import Scene

HEAVY = ("torch", "ultralytics", "rasterio", "numpy", "cv2", "openvino", "matplotlib", "sqlalchemy", "shapely")


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "hardstand.inference", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line with a detector that sees paint."""
    monkeypatch.setattr(cli, "_load", lambda weights, **_: PaintDetector())


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['hardstand', '--help']\n"
        "from hardstand.inference.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "detect" in done.stdout
    assert "demo" in done.stdout
    assert "Not for targeting" in done.stdout


def test_the_first_line_comes_before_the_heavy_imports(tmp_path: Path) -> None:
    script = (
        "import contextlib, sys\n"
        "from hardstand.inference import cli\n"
        "def tell(event):\n"
        f"    print(type(event).__name__, sorted(set({HEAVY!r}) & set(sys.modules)))\n"
        "    raise SystemExit(0)\n"
        "cli.told = lambda manner: contextlib.nullcontext(tell)\n"
        f"sys.argv = ['hardstand', 'detect', 'a.tif', '--out', {str(tmp_path)!r}]\n"
        "cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "Start ['numpy']\n"


def test_version() -> None:
    done = _run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("hardstand ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--weights", "no-such-network"), "no-such-network"),
        (("--weights", "foreign.pt"), "pickle"),
        (("--backend", "tpu"), "no back end 'tpu'; expected one of auto, openvino"),
        (("--backend", "openvino", "--device", "cuda"), "not on 'cuda'"),
    ],
)
def test_errors_of_a_process_are_one_line(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = _run("detect", tmp_path / "none.tif", "--out", tmp_path / "out", *arguments)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert not (tmp_path / "out").exists()


def test_wrong_usage_is_exit_code_2(tmp_path: Path) -> None:
    assert _run("detect", "a.tif").returncode == 2
    assert _run("detect", "a.tif", "--out", tmp_path, "--bands", "red").returncode == 2


@pytest.mark.usefixtures("painted")
def test_the_whole_way_prints_the_table_and_where_the_results_are(base: Path, tmp_path: Path) -> None:
    scenes = [str(path) for path in sorted(base.glob("*.tif"))]
    arguments = ["detect", *scenes, "--sites", str(base / "sites.geojson"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0, done.output
    for words in ("West", "Su-27 family", "not seen", "partial", "more than noise", "not comparable", "fewer"):
        assert words in done.stdout
    assert f"Report: {tmp_path / 'out' / 'report.html'}" in done.stdout
    assert "base_20241102: done (1 of 4): Fixed-wing aircraft 12, Helicopter 3, SAM launcher 0" in done.stderr
    assert (tmp_path / "out" / "hardstand.sqlite").exists()


def test_the_network_is_gone_when_the_results_are_written(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[weakref.ref[PaintDetector]] = []

    def load(_weights: str, **_: object) -> PaintDetector:
        detector = PaintDetector()
        loaded.append(weakref.ref(detector))
        return detector

    def write(*_: object, **__: object) -> None:
        assert loaded[0]() is None
        raise HardstandError("looked")

    monkeypatch.setattr(cli, "_load", load)
    monkeypatch.setattr("hardstand.inference.folder.write_results", write)
    done = CliRunner().invoke(cli.app, ["detect", str(base / "base_20241102.tif"), "--out", str(tmp_path / "out")])
    assert "looked" in done.output


@pytest.mark.usefixtures("painted")
@pytest.mark.parametrize(
    ("scene", "sites", "words"),
    [
        ("missing.tif", None, "missing.tif: no such file"),
        ("text.tif", None, "not a raster"),
        ("photo.tif", None, "--gsd METRES"),
        ("base_20241102.tif", "bad.geojson", "not GeoJSON"),
        ("base_20241102.tif", "far.geojson", "site 'Far' outside of every scene"),
    ],
)
def test_bad_input_is_one_line(
    base: Path, tmp_path: Path, write_scene: Callable[..., Path], write_sites: Callable[..., Path],
    scene: str, sites: str | None, words: str,
) -> None:  # fmt: skip
    write_scene(tmp_path / "photo.tif", placed=False)
    (tmp_path / "text.tif").write_text("no raster")
    (tmp_path / "bad.geojson").write_text("{")
    write_sites(tmp_path / "far.geojson", {"Far": (90_000, 0, 91_000, 1000)})
    path = base / scene if scene.startswith("base") else tmp_path / scene
    options = ["--sites", str(tmp_path / sites)] if sites else []
    done = CliRunner().invoke(cli.app, ["detect", str(path), "--out", str(tmp_path / "out"), *options])
    assert done.exit_code == 1
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("error: "))
    assert line == done.stderr.splitlines()[-1]
    assert words in line
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("painted")
def test_a_tile_that_cannot_be_read_is_exit_code_3(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Scene, grid: object, tile: object) -> None:
        raise TileReadError("broken")

    monkeypatch.setattr(Scene, "preview", lambda self, longest_px: (_grey(), None))
    monkeypatch.setattr(Scene, "read", broken)
    scene = str(base / "base_20241102.tif")
    done = CliRunner().invoke(cli.app, ["detect", scene, "--out", str(tmp_path / "out")])
    assert done.exit_code == UNREAD
    assert "could not be read" in done.stdout
    assert "not seen" in done.stdout


def _grey() -> object:
    import numpy as np  # noqa: PLC0415

    return np.full((100, 100, 3), 110, np.uint8)
