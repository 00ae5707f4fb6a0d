"""Exports of a tiny network: held against PyTorch, and refused beyond their limits."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hardstand.datasets.annotation import ImageRecord, oriented
from hardstand.datasets.images import write_jpeg
from hardstand.datasets.tiles import TileLine, write_rows
from hardstand.detector import BackendError, DatasetNotFoundError, Detector, read_record
from hardstand.detector.backend import Pixels, Raw
from hardstand.detector.errors import ExportError
from hardstand.detector.weights import exported_model, has_export
from hardstand.inference import cli
from hardstand.training import exports, fidelity
from hardstand.training.fidelity import Fidelity, Limit, compare, tiles_to_compare
from hardstand.training.fit import Schedule
from hardstand.training.network import build_network
from hardstand.training.recipe import Recipe, SetShare
from hardstand.training.release import release
from hardstand.training.tileset import CropRange

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'hardstand[gpu]'")
SIDE = 160
NODES = ("fw", "heli", "ad.launcher")


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of tiles of smooth noise with one aircraft each, one of them held back by its name."""
    root = tmp_path_factory.mktemp("tiles")
    rng = np.random.default_rng(0)
    for name in ("made", "made_holdout"):
        (root / name / "images").mkdir(parents=True)
        lines = []
        for number in range(2):
            coarse = rng.integers(0, 255, (SIDE // 8, SIDE // 8, 3), np.uint8)
            write_jpeg(root / name / "images" / f"{number}.jpg", coarse.repeat(8, axis=0).repeat(8, axis=1))
            mark = oriented("fw", (64, 64, 30, 20, 0))
            lines.append(TileLine(f"images/{number}.jpg", name, "g", SIDE, SIDE, 0.5, frozenset({"fw"}), (mark,)))
        write_rows(root / name, [line.row() for line in lines])
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network whose scores are about one quarter everywhere."""
    torch.manual_seed(0)
    model = build_network("n", len(NODES))
    with torch.no_grad():
        for branch in model.model[-1].cv3:
            branch[-1].bias.fill_(-1.0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    recipe = Recipe(
        name="tiny",
        nodes=NODES,
        sets=(SetShare("a", 1.0),),
        schedule=Schedule(steps=1),
        crop=CropRange(64),
        tile_px=SIDE,
        largest_object_m=10.0,
    )
    release(model, recipe, path, data=[])
    return path


def test_an_export_is_compared_and_says_so(weights: Path, tiles: Path, tmp_path: Path) -> None:
    graph, found = exports.export(weights, "openvino", tiles=tiles, out=tmp_path / "out")
    assert graph == exported_model(tmp_path / "out" / "tiny.safetensors")
    assert found.boxes > 100
    assert found.box_shift_px < 0.5
    said = json.loads(graph.with_name("tiny.openvino.json").read_text())["compared"]
    assert (said["form"], said["tiles"], said["boxes"]) == ("openvino", found.tiles, found.boxes)
    assert sorted(file.name for file in graph.parent.iterdir()) == [
        "tiny.openvino.bin", "tiny.openvino.json", "tiny.openvino.xml", "tiny.safetensors"
    ]  # fmt: skip


def test_beyond_a_limit_nothing_is_written(
    weights: Path, tiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fidelity.LIMITS, "openvino", Limit(0.0, 1.0, 1.0))
    run = CliRunner().invoke(
        cli.app, ["export", str(weights), "--to", "openvino", "--tiles", str(tiles), "--out", str(tmp_path / "out")]
    )
    assert run.exit_code == 1
    assert run.stderr.startswith("error: the export to openvino is refused, nothing was written: boxes lie up to ")
    assert run.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_training_writes_is_compared_too_and_goes_beyond_a_limit(
    weights: Path, tiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in weights.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    copy = tmp_path / weights.name
    found = exports.compare_release(copy, tiles)
    said = json.loads((tmp_path / "tiny.openvino.json").read_text())["compared"]
    assert (said["form"], said["boxes"]) == ("openvino", found.boxes)
    monkeypatch.setitem(fidelity.LIMITS, "openvino", Limit(0.0, 1.0, 1.0))
    with pytest.raises(ExportError, match=r"tiny.safetensors is whole; its export to OpenVINO is refused: boxes lie"):
        exports.compare_release(copy, tiles)
    assert not has_export(copy, "openvino")
    assert copy.read_bytes() == weights.read_bytes()


def test_int8_needs_training_tiles(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match="--tiles"):
        exports.export(weights, "openvino-int8", out=tmp_path)


def test_int8_is_written_and_runs_only_where_it_was_accepted(
    weights: Path, tiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nncf", reason="nncf is not installed: pip install 'hardstand[train]'")
    monkeypatch.setattr("hardstand.training.quantise.SIDE_PX", SIDE)
    _, found = exports.export(weights, "openvino-int8", tiles=tiles, out=tmp_path)
    assert found.boxes > 100
    assert "FakeQuantize" in (tmp_path / "tiny.openvino-int8.xml").read_text()  # it is another arithmetic
    assert has_export(tmp_path / "tiny.safetensors", "openvino-int8")
    with pytest.raises(BackendError, match="no accepted int8"):
        Detector.load(tmp_path / "tiny.safetensors", precision="int8")


def test_tensorrt_that_is_not_there_is_one_line(weights: Path, tiles: Path, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install 'hardstand[onnx]'")
    if "TensorrtExecutionProvider" in runtime.get_available_providers():
        pytest.skip("TensorRT is here")
    run = CliRunner().invoke(
        cli.app, ["export", str(weights), "--to", "tensorrt", "--tiles", str(tiles), "--out", str(tmp_path / "out")]
    )
    assert run.exit_code == 1
    assert "needs onnxruntime-gpu and TensorRT" in run.stderr
    assert not (tmp_path / "out").exists()


class Shifted:
    """A back end that puts out what it is told, moved and turned."""

    batch_size = 1

    def __init__(self, shift_px: float = 0.0, turns: int = 0, score: float = 0.0) -> None:
        self.shift_px, self.turns, self.score = shift_px, turns, score

    def infer(self, batch: Pixels) -> Raw:
        raw = np.array([[50, 90], [60, 60], [40, 20], [20, 10], [0.9, 0.1], [0.2, 0.2], [0, 0], [0.3, 1]], np.float32)
        raw[0] += self.shift_px
        raw[4] -= self.score
        raw[-1] += self.turns * np.pi
        return raw[None].repeat(len(batch), axis=0)

    def prepare(self, height: int, width: int, batches: int) -> None: ...

    def stream(self, batches: object) -> object:
        raise AssertionError("compared one tile at a time")


def test_the_largest_differences_of_sure_boxes_are_found(weights: Path, tiles: Path) -> None:
    record, chosen = read_record(weights), tiles_to_compare(tiles)
    same = compare(Shifted(), Shifted(turns=1), record, chosen)  # type: ignore[arg-type]
    assert same.boxes == len(chosen)
    assert same.box_shift_px == pytest.approx(0, abs=1e-4)  # half a turn is the same box
    moved = compare(Shifted(), Shifted(shift_px=3, score=0.05), record, chosen)  # type: ignore[arg-type]
    assert (moved.box_shift_px, moved.score_difference) == pytest.approx((3, 0.05), abs=1e-4)
    assert [each.split(" ")[0] for each in moved.objections(Limit(1, 0.01, 0.1))] == ["boxes", "scores"]
    blind = replace(moved, boxes=0, box_shift_px=0.0, score_difference=0.0)
    assert "sees nothing" in blind.objections(Limit(1, 1, 1))[0]
    lost = Fidelity(1, "a", 5, 0.0, 0.0, 0.0, 0.9, 0.8)
    assert lost.objections(Limit(1, 1, 0.05)) == ["AP50 falls by 0.1000 (limit 0.05)"]


def test_held_back_tiles_are_compared_first(tiles: Path, tmp_path: Path) -> None:
    chosen: list[ImageRecord] = tiles_to_compare(tiles)
    assert {record.path.parent.parent.name for record in chosen} == {"made_holdout"}
    assert {record.path.parent.parent.name for record in tiles_to_compare(tiles / "made")} == {"made"}
    with pytest.raises(DatasetNotFoundError, match="no tiles with objects"):
        tiles_to_compare(tmp_path)
