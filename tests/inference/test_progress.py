"""What a run says while it works, and what becomes of scenes that are of no use."""

import io
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rich.console import Console
from typer.testing import CliRunner

from hardstand.detector import EmptySceneError, NotARasterError, PaintDetector, SiteOutsideError, TooCoarseError
from hardstand.inference import cli, events, progress
from hardstand.inference.ending import UNREAD
from hardstand.inference.events import Event
from hardstand.inference.pace import Pace
from hardstand.inference.sites import read_sites
from hardstand.inference.survey import plan_survey, run_plan

WriteScene = Callable[..., Path]
Run = Callable[..., Any]


@pytest.fixture
def detect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `hardstand detect` with a detector that sees paint, in small tiles, into `tmp_path / "out"`."""
    monkeypatch.setattr(cli, "_load", lambda weights, **_: PaintDetector(tile_px=300))

    def run(*arguments: object) -> Any:  # noqa: ANN401  # the type of CliRunner's result differs between releases
        return CliRunner().invoke(cli.app, ["detect", *map(str, arguments), "--out", str(tmp_path / "out")])

    return run


@pytest.fixture
def torn(tmp_path: Path) -> Path:
    """A scene of which the file is damaged in the middle."""
    noise = np.random.default_rng(0).integers(80, 100, (1000, 1000, 1), dtype=np.uint8).repeat(3, axis=2)
    path = tmp_path / "torn.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=1000, width=1000, dtype="uint8", crs="EPSG:32637", tiled=True,
        blockxsize=128, blockysize=128, compress="deflate", transform=Affine(0.5, 0, 400_000, 0, -0.5, 6_000_000),
    ) as target:  # fmt: skip
        target.write(noise.transpose(2, 0, 1))
    data = bytearray(path.read_bytes())
    data[len(data) * 7 // 10 : len(data) * 9 // 10] = bytes(len(data) * 9 // 10 - len(data) * 7 // 10)
    path.write_bytes(data)
    return path


# --- events ---


def told(done: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_events_for_scripts(detect: Run, base: Path, tmp_path: Path) -> None:
    scenes = sorted(base.glob("*.tif"))[:2]
    done = detect(*scenes, "--json")
    assert done.exit_code == 0
    assert done.stderr == ""
    said = told(done)
    kinds = [event["event"] for event in said if event["event"] != "progress"]
    assert kinds == ["start", "scene", "scene", "scene_done", "scene_done", "step", "done"]
    assert said[0]["scenes"] == 2
    assert said[1] == {
        "event": "scene", "scene": "base_20241102", "path": str(scenes[0]), "width": 480, "height": 480,
        "gsd_m": said[1]["gsd_m"], "date": "2024-11-02T00:00:00+00:00",
    }  # fmt: skip
    assert said[1]["gsd_m"] == pytest.approx([0.5, 0.5], rel=1e-3)
    first = next(event for event in said if event["event"] == "scene_done")
    assert first["boxes"] == {"fw": 12, "heli": 3, "ad.launcher": 0}
    assert (first["number"], first["scenes"], first["unread_tiles"], first["seen"]) == (1, 2, 0, 1.0)
    end = said[-1]
    assert (end["exit_code"], end["failed"], end["unread_tiles"]) == (0, [], 0)
    assert {Path(file).name for file in end["files"]} == {path.name for path in (tmp_path / "out").iterdir()}


def test_every_event_is_in_the_readme() -> None:
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", text, flags=re.MULTILINE))
    for kind in Event.__args__:
        name = json.loads(events.as_json(kind(*[None] * len(kind.__slots__))))["event"]
        assert set(re.findall(r"`(\w+)`", table[name])) == set(kind.__slots__), name


def test_quiet_is_the_table_alone(detect: Run, base: Path) -> None:
    done = detect(base / "base_20241102.tif", "--quiet")
    assert done.exit_code == 0
    assert done.stderr == ""
    assert "Su-27 family" in done.stdout


def test_plain_lines_are_not_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    tell = progress._thinned(progress._line, 5.0, lambda: now)
    tell(events.Start("1.0", 1))
    for tile in range(1, 101):
        now += 0.3
        tell(events.Progress("a", 1, 2, tile, 100, 12.34, 95.0))
    tell(events.SceneDone("a", 1, 2, {"fw": 3}, 2, 0.5, 30.0))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Hardstand 1.0: 1 scene"
    assert lines[1] == "a: 17 of 100 tiles, 12.3 Mpx/s, 1:35 left"
    assert lines[-1] == "a: done (1 of 2): Fixed-wing aircraft 3, 2 tiles not read"
    assert len(lines) == 2 + 100 // 17


def test_a_bar_on_a_terminal() -> None:
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    screen = io.StringIO()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[pace]}"))
    console = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with Progress(*columns, console=console, auto_refresh=False) as bars:
        tell = progress._on_bar(bars)
        tell(events.Progress("a [b]", 1, 2, 50, 100, 12.34, 95.0))
        bars.refresh()
        tell(events.SceneFailed("c.tif", "c.tif: [no] raster"))
    assert "scene 1 of 2: a" in screen.getvalue()
    assert "50/100 tiles, 12.3 Mpx/s, 1:35 left" in screen.getvalue()
    assert "error: c.tif: [no] raster" in screen.getvalue()


def test_warnings_of_the_package_are_events(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.told("people"):
        logging.getLogger("hardstand.detector").warning("a card is %s", "idle")
    with progress.told("quiet"):
        logging.getLogger("hardstand.detector").warning("a card is %s", "idle")
    assert capsys.readouterr().err == "warning: a card is idle\n"


def test_pace() -> None:
    now = 0.0
    pace = Pace([100.0, 50.0, 50.0], lambda: now)
    assert pace.at(0, 40, 100) == (None, None)  # from the journal
    now = 2.0
    np.testing.assert_allclose(pace.at(0, 41, 100), (1 / 2, (59 + 100) * 2))  # type: ignore[arg-type]
    now = 6.0
    np.testing.assert_allclose(pace.at(0, 100, 100), (60 / 6, 100 / 10))  # type: ignore[arg-type]
    now = 8.0
    np.testing.assert_allclose(pace.at(1, 1, 2), (85 / 8, 75 * 8 / 85))  # type: ignore[arg-type]


# --- scenes and tiles that are of no use ---


@pytest.fixture
def mixed(base: Path, tmp_path: Path, write_scene: WriteScene) -> list[Path]:
    """A good scene between one that is missing, one that is no raster, one without a place and one of no-data."""
    (tmp_path / "text.tif").write_text("no raster")
    write_scene(tmp_path / "photo.tif", placed=False)
    write_scene(tmp_path / "night.tif", blind_from=0)
    names = ("missing.tif", "text.tif", "photo.tif")
    return [*(tmp_path / name for name in names), base / "base_20241102.tif", tmp_path / "night.tif"]


def test_a_scene_that_fails_does_not_stop_the_others(detect: Run, mixed: list[Path], tmp_path: Path) -> None:
    done = detect(*mixed)
    assert done.exit_code == UNREAD, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 4
    for words in ("missing.tif: no such file", "text.tif: not a raster", "--gsd METRES", "night.tif: no valid pixel"):
        assert sum(words in line for line in errors) == 1
        assert words in done.stdout
        assert words in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "4 of 5 scenes not used" in done.stdout
    assert "Su-27 family" in done.stdout
    # What failed is mended, and only that is run.
    (tmp_path / "text.tif").write_bytes((mixed[3]).read_bytes())
    again = detect(*mixed, "--resume", "--json")
    (failed,) = (event["failed"] for event in told(again) if event["event"] == "done")
    assert [Path(path).name for path in failed] == ["missing.tif", "photo.tif", "night.tif"]


def test_failed_scenes_are_events(detect: Run, mixed: list[Path]) -> None:
    done = detect(*mixed, "--json")
    assert done.exit_code == UNREAD
    assert done.stderr == ""
    failed = [Path(event["path"]).name for event in told(done) if event["event"] == "scene_failed"]
    assert failed == ["missing.tif", "text.tif", "photo.tif", "night.tif"]
    assert told(done)[-1]["exit_code"] == UNREAD


def test_failed_scenes_are_all_that_quiet_says(detect: Run, mixed: list[Path]) -> None:
    assert [line[:7] for line in detect(*mixed, "--quiet").stderr.splitlines()] == ["error: "] * 4


def test_strict_stops_at_the_first(detect: Run, mixed: list[Path], tmp_path: Path) -> None:
    done = detect(*mixed[1:], "--strict", "--quiet")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert "text.tif: not a raster" in line
    assert not (tmp_path / "out").exists()


def test_where_no_scene_is_of_use_the_run_fails(detect: Run, mixed: list[Path], tmp_path: Path) -> None:
    done = detect(*mixed[:2], mixed[4])
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "missing.tif: no such file" in done.stderr
    assert not (tmp_path / "out").exists()
    alone = detect(mixed[4])
    assert alone.exit_code == 1
    assert "no valid pixel" in alone.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_too_coarse_is_a_failure_of_one_scene(base: Path, write_scene: WriteScene, tmp_path: Path) -> None:
    path = write_scene(tmp_path / "coarse.tif")
    with rasterio.open(path, "r+") as target:
        target.transform = Affine(5, 0, 755_000, 0, -5, 3_921_000)
    survey = run_plan(plan_survey([path, base / "base_20241102.tif"]), PaintDetector())
    assert [look.name for look in survey.looks] == ["base_20241102"]
    assert [failure.path for failure in survey.failed] == [str(path)]
    with pytest.raises(TooCoarseError):
        run_plan(plan_survey([path, base / "base_20241102.tif"], strict=True), PaintDetector())


def test_sites_that_only_a_failed_scene_could_touch(
    base: Path, mixed: list[Path], write_sites: Callable[..., Path], tmp_path: Path
) -> None:
    sites = read_sites(write_sites(tmp_path / "s.geojson", {"A": (0, 0, 99, 99), "Far": (90_000, 0, 91_000, 1000)}))
    said: list[events.Event] = []
    plan = plan_survey(mixed[1:4], sites=sites, tell=said.append)
    assert events.Warned("site 'Far' outside of every scene that can be used") in said
    assert [site.name for site in run_plan(plan, PaintDetector()).sites] == ["A", "Far"]
    with pytest.raises(SiteOutsideError):
        plan_survey([base / "base_20241102.tif"], sites=sites)
    with pytest.raises(NotARasterError):
        plan_survey(mixed[1:4], sites=sites, strict=True)


def test_a_torn_file_is_reported_and_the_rest_is_counted(detect: Run, torn: Path, tmp_path: Path) -> None:
    done = detect(torn, "--json")
    assert done.exit_code == UNREAD, done.stderr
    unread = [event for event in told(done) if event["event"] == "unread"]
    assert unread
    for event in unread:
        assert event["scene"] == "torn"
        assert re.search(r"torn\.tif: columns \d+ to \d+, rows \d+ to \d+ cannot be read", event["message"])
    (scene,) = (event for event in told(done) if event["event"] == "scene_done")
    assert scene["unread_tiles"] == len(unread)
    assert 0.3 < scene["seen"] < 0.95
    assert (tmp_path / "out" / "quicklook-torn.png").exists()


def test_strict_stops_at_a_tile(detect: Run, torn: Path, tmp_path: Path) -> None:
    done = detect(torn, "--strict", "--quiet")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert "cannot be read" in line
    assert not (tmp_path / "out" / "counts.csv").exists()


def test_an_empty_scene_alone_is_an_error(write_scene: WriteScene, tmp_path: Path) -> None:
    with pytest.raises(EmptySceneError):
        run_plan(plan_survey([write_scene(tmp_path / "night.tif", blind_from=0)]), PaintDetector())
