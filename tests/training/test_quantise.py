"""int8 of a tiny network: what is quantised, and what becomes of the decision."""

import importlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from hardstand.datasets.annotation import ImageRecord, oriented
from hardstand.detector import DatasetNotFoundError, Detections, Detector, WeightsCorruptError, read_record
from hardstand.detector.openvino_backend import OpenVinoBackend
from hardstand.detector.weights import exported_model, has_export
from hardstand.training import commands
from hardstand.training.fit import Schedule
from hardstand.training.network import build_network
from hardstand.training.quantise import calibration_tiles, decoding, quantised, read_graph, save_graph
from hardstand.training.recipe import Recipe, SetShare
from hardstand.training.release import release
from hardstand.training.scenes import HELD_TILES
from hardstand.training.tileset import CropRange

pytest.importorskip("nncf", reason="nncf is not installed: pip install 'hardstand[train]'")

NODES = ("fw", "heli", "ad.launcher")
SIDE = 128


def write_tiles(folder: Path, count: int, source: str = "a", group: str = "g") -> None:
    """Tiles of smooth noise with one aircraft each."""
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(len(folder.name))
    lines = []
    for number in range(count):
        coarse = rng.integers(0, 255, (SIDE // 8, SIDE // 8, 3), np.uint8)
        cv2.imwrite(str(folder / "images" / f"{number}.png"), coarse.repeat(8, axis=0).repeat(8, axis=1))
        line = {"file": f"images/{number}.png", "source": source, "group": group, "width": SIDE, "height": SIDE}
        objects = [["fw", 64, 64, 30, 20, 0, 1, 0]]
        lines.append(json.dumps({**line, "gsd": 0.5, "exhaustive": ["fw"], "objects": objects}))
    (folder / "index.jsonl").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tiles")
    write_tiles(root / "a", 5)
    write_tiles(root / "b", 2)
    write_tiles(root / "held", 2, source="airbus", group="airport7")
    for name in HELD_TILES:
        write_tiles(root / name, 2)
    return root


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = build_network("n", len(NODES))
    with torch.no_grad():
        for branch in model.model[-1].cv3:
            branch[-1].bias.fill_(-1.0)  # scores that can be compared
    recipe = Recipe(
        name="tiny",
        nodes=NODES,
        sets=(SetShare("a", 1.0),),
        schedule=Schedule(steps=1),
        crop=CropRange(64),
        tile_px=SIDE,
        largest_object_m=10.0,
    )
    release(model, recipe, tmp_path / "tiny.safetensors", data=[])
    return tmp_path / "tiny.safetensors"


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardstand.training.quantise.SIDE_PX", SIDE)


def test_calibration_takes_turns_and_no_held_back_place(tiles: Path, tmp_path: Path) -> None:
    drawn = calibration_tiles(tiles, count=5)
    assert [tile.path.parent.parent.name for tile in drawn] == ["a", "b", "a", "b", "a"]
    assert [tile.path for tile in drawn] == [tile.path for tile in calibration_tiles(tiles, count=5)]
    assert {tile.path.parent.parent.name for tile in calibration_tiles(tiles)} == {"a", "b"}
    with pytest.raises(DatasetNotFoundError, match="no folder of training tiles"):
        calibration_tiles(tmp_path)


def test_convolutions_are_int8_and_decoding_is_not(weights: Path, tiles: Path, tmp_path: Path) -> None:
    graph = read_graph(exported_model(weights))
    kept = set(decoding(graph))
    kinds = [op.get_type_name() for op in graph.get_ordered_ops() if op.get_friendly_name() in kept]
    assert kinds.count("Convolution") == 3 * 3 + 1  # the last of three branches on three maps, and the sum of the bins
    assert {"Sigmoid", "Softmax", "Concat", "Cos", "Sin"} <= set(kinds)
    int8 = quantised(graph, calibration_tiles(tiles, count=2), 0.5)
    save_graph(int8, tmp_path / "int8.xml")
    assert (tmp_path / "int8.bin").stat().st_size < 0.6 * exported_model(weights).with_suffix(".bin").stat().st_size
    batch = (np.random.default_rng(0).random((1, SIDE, SIDE, 3)) * 255).astype(np.uint8)
    ours = OpenVinoBackend(tmp_path / "int8.xml").infer(batch)
    theirs = OpenVinoBackend(exported_model(weights)).infer(batch)
    assert np.abs(ours - theirs)[:, :4].max() < 8
    assert np.abs(ours - theirs)[:, 4:].max() < 0.2
    assert np.abs(ours - theirs).max() > 0  # it is another arithmetic
    assert OpenVinoBackend(tmp_path / "int8.xml").infer(batch.repeat(2, 1).repeat(2, 2)).shape[2] == 1344


def seen(*scores: float) -> list[tuple[ImageRecord, Detections]]:
    """A scene with two aircraft, and boxes on the first, on the second and on bare ground, with these scores."""
    boxes = np.array([[40, 40, 30, 20, 0], [140, 140, 30, 20, 0], [40, 140, 30, 20, 0]], np.float32)[: len(scores)]
    marks = tuple(oriented("fw", box) for box in boxes[:2])
    table = np.array([[score, 0, 0] for score in scores], np.float32)
    count = len(scores)
    detections = Detections(NODES, boxes, table, np.zeros(count, np.intp), np.ones(count, np.float32), 0.5)
    return [(ImageRecord(Path("a"), 200, 200, 0.5, "g", "airbus", frozenset({"fw"}), marks), detections)]


def engine(_source: Path | NDArray[np.uint8], _gsd: float, _detector: Detector) -> Detections:
    raise AssertionError("scenes are handed in by the test")


@pytest.mark.parametrize("multiplies", [True, False])
@pytest.mark.parametrize("good", [True, False])
def test_decisions_are_recorded_and_int8_kept_only_where_accepted(
    weights: Path, tiles: Path, monkeypatch: pytest.MonkeyPatch, good: bool, multiplies: bool
) -> None:
    for module in (commands, importlib.import_module("hardstand.detector.choice")):
        monkeypatch.setattr(module, "multiplies_bf16", lambda: multiplies)
    monkeypatch.setattr(commands, "quantised", lambda graph, *_: graph)  # what it makes is tried above
    other = seen(0.9, 0.8, 0.7) if good else seen(0.9, 0.7, 0.8)
    scenes: Any = iter([seen(0.9, 0.8, 0.7), other, other])
    monkeypatch.setattr(commands, "present", lambda _: ("airbus",))
    monkeypatch.setattr(commands, "held_back", lambda *_: [])
    monkeypatch.setattr(commands, "run_records", lambda *_: next(scenes))
    decisions = commands.quantise(weights, tiles, commands.Material(data=tiles, tiles=tiles), engine)
    record = read_record(weights)
    assert set(decisions) == ({"int8", "bf16"} if multiplies else {"int8"})
    assert all(decision.accepted is good for decision in decisions.values())
    assert ("bf16" in record.metrics) is multiplies
    assert record.metrics["int8"]["rest"] == ("bf16" if multiplies else "fp32")
    assert record.metrics["int8"]["accepted"] is good
    assert record.metrics["int8"]["aircraft"]["fp32"] == 1.0
    assert record.metrics["int8"]["aircraft"]["int8"] == pytest.approx(1.0 if good else 0.8333, abs=1e-4)
    assert exported_model(weights).is_file()  # bound to the file with the new record
    assert has_export(weights, "openvino-int8") is good
    assert weights.with_name("tiny.openvino-int8.xml").is_file() is good
    monkeypatch.setattr(importlib.import_module("hardstand.detector.choice"), "made_for_bf16", lambda: False)
    fastest = "int8" if good else "fp32"
    assert str(Detector.load(weights, backend="openvino").choice) == f"openvino cpu {fastest}"
    if good:
        pixels = np.full((SIDE, SIDE, 3), 99, np.uint8)
        assert len(Detector.load(weights, precision="int8").detect_tiles([pixels])) == 1
        weights.with_name("tiny.openvino-int8.bin").write_bytes(b"")
        with pytest.raises(WeightsCorruptError, match="hardstand quantise"):
            Detector.load(weights, backend="openvino", precision="int8")
