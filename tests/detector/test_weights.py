import json
import pickle
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from hardstand.detector import (
    OutputError,
    UntrustedPickleError,
    WeightRecord,
    WeightsCorruptError,
    WeightsNotFoundError,
    bind_export,
    exported_model,
    find_weights,
    read_record,
    read_tensors,
    write_weights,
)
from hardstand.detector.weights import SHIPPED, calibrated, hash_tensors, recall_at

Tensors = dict[str, NDArray[Any]]


@pytest.fixture
def path(tmp_path: Path, tensors: Tensors, record: WeightRecord) -> Path:
    """A weight file with an export beside it that is an export by its hashes only."""
    path = tmp_path / "net.safetensors"
    write_weights(path, tensors, record)
    (tmp_path / "net.openvino.xml").write_text("<net/>")
    (tmp_path / "net.openvino.bin").write_bytes(b"\1\2")
    bind_export(path)
    return path


def test_record_and_tensors_come_back(tmp_path: Path, tensors: Tensors, record: WeightRecord) -> None:
    full = replace(
        record,
        data=[{"set": "synthetic", "licence": "AGPL-3.0", "images": 10, "objects": 99}],
        metrics={"fw": {"ap50": 0.9}},
        thresholds={"fw": 0.25},
        calibration={"fw": {"score": [0.1, 0.9], "probability": [0.05, 0.95]}},
        recall={"fw": 0.9},
        not_measured=["snow"],
    )
    written = write_weights(tmp_path / "net.safetensors", tensors, full)
    assert read_record(tmp_path / "net.safetensors") == written
    assert replace(written, params_sha256="") == full
    back = read_tensors(tmp_path / "net.safetensors")
    assert {name: value.dtype for name, value in back.items()} == {"weight": np.float16, "count": np.int64}
    np.testing.assert_array_equal(back["weight"], tensors["weight"])
    assert back["count"].shape == ()
    assert [file.name for file in tmp_path.iterdir()] == ["net.safetensors"]


def test_the_hash_tells_every_change(tensors: Tensors) -> None:
    changed = {**tensors, "weight": tensors["weight"] + 1}
    reshaped = {**tensors, "weight": tensors["weight"].T}
    assert len({hash_tensors(each) for each in (tensors, changed, reshaped, {"weight": tensors["weight"]})}) == 4
    assert hash_tensors(dict(reversed(tensors.items()))) == hash_tensors(tensors)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path, tensors: Tensors, record: WeightRecord) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        write_weights(tmp_path / "absent" / "net.safetensors", tensors, record)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodes": ("fw", "plane")}, "not in the taxonomy: plane"),
        ({"nodes": ("civ.car",)}, "none of its nodes is counted"),
        ({"thresholds": {"plane": 0.5}}, "not in the taxonomy: plane"),
        ({"gsd_m": 0}, "must be above 0"),
        ({"tile_px": 100}, "no multiple of stride 32"),
        ({"calibration": {"fw": {"score": [0.1], "probability": []}}}, "as many values"),
        ({"calibration": {"fw": {"score": [0.5, 0.1], "probability": [0.1, 0.9]}}}, "does not rise"),
        ({"calibration": {"fw": {"score": [0.1, 0.5], "probability": [0.1, 1.5]}}}, r"leaves 0\.\.1"),
    ],
)
def test_a_record_that_exists_is_usable(record: WeightRecord, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(record, **change)


def test_calibration_is_linear_between_knots_and_flat_outside(record: WeightRecord) -> None:
    known = replace(record, calibration={"fw": {"score": [0.2, 0.6], "probability": [0.1, 0.9]}})
    scores = np.array([0.0, 0.2, 0.4, 0.9], np.float32)
    np.testing.assert_allclose(calibrated(known, "fw", scores), [0.1, 0.1, 0.5, 0.9], rtol=1e-6)
    assert calibrated(known, "fw", scores).dtype == np.float32
    np.testing.assert_array_equal(calibrated(known, "heli", scores), scores)


def test_unknown_names_and_paths_list_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hardstand-n.safetensors").touch()
    monkeypatch.setattr("hardstand.detector.weights.SHIPPED", tmp_path)
    assert find_weights() == find_weights("hardstand-n") == tmp_path / "hardstand-n.safetensors"
    for name in ("hardstand-x", tmp_path / "mine.safetensors"):
        with pytest.raises(WeightsNotFoundError, match="shipped names: hardstand-n;"):
            find_weights(name)


@pytest.mark.parametrize("name", ["best.pt", "best.pth", "best.ckpt"])
def test_pickles_are_refused_unless_trusted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps({}))
    with pytest.raises(UntrustedPickleError, match=r"run any code .* --trust-pickle"):
        find_weights(tmp_path / name)
    assert find_weights(tmp_path / name, trust_pickle=True) == tmp_path / name


def test_a_file_of_another_kind_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(pickle.dumps({"a pickle": "in disguise"}))
    with pytest.raises(WeightsCorruptError, match="not a safetensors file"):
        read_record(path)
    save_file({"weight": np.zeros(1)}, path)
    with pytest.raises(WeightsCorruptError, match="no record of Hardstand"):
        read_record(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "unusable record"), ("{}", "missing or unknown fields: architecture"), ("3", "unusable record")],
)
def test_a_damaged_record_is_corrupt(tmp_path: Path, text: str, message: str) -> None:
    save_file({"weight": np.zeros(1)}, tmp_path / "net.safetensors", metadata={"hardstand": text})
    with pytest.raises(WeightsCorruptError, match=message):
        read_record(tmp_path / "net.safetensors")


def test_changed_tensors_are_corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsCorruptError, match="do not have the hash of its record"):
        read_tensors(path)
    with pytest.raises(WeightsCorruptError, match=r"exported from another net\.safetensors"):
        exported_model(path)


def test_a_truncated_file_is_corrupt(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(WeightsCorruptError, match="not a safetensors file"):
        read_record(path)


def test_an_export_is_found_by_its_hashes(path: Path) -> None:
    assert exported_model(path) == path.with_name("net.openvino.xml")
    binding = json.loads(path.with_name("net.openvino.json").read_text())
    assert sorted(binding["files"]) == ["net.openvino.bin", "net.openvino.xml"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.with_name("net.openvino.bin").write_bytes(b"\1"), "do not have its hashes"),
        (lambda path: path.with_name("net.openvino.bin").unlink(), r"no openvino export beside it \(.*bin"),
        (lambda path: path.with_name("net.openvino.json").unlink(), r"no openvino export beside it \(.*json"),
        (lambda path: path.with_name("net.openvino.json").write_text("{}"), "is damaged"),
        (lambda path: path.with_name("net.openvino.json").write_text("["), "is damaged"),
    ],
)
def test_a_damaged_export_is_corrupt(path: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(path)
    with pytest.raises(WeightsCorruptError, match=message):
        exported_model(path)


def test_only_an_export_that_is_there_is_bound(path: Path) -> None:
    path.with_name("net.openvino.xml").unlink()
    with pytest.raises(WeightsCorruptError, match=r"no export .*net\.openvino\.xml"):
        bind_export(path)


def test_names_in_a_binding_stay_in_their_folder(path: Path) -> None:
    binding_file = path.with_name("net.openvino.json")
    binding = json.loads(binding_file.read_text())
    binding["files"] = {"../net.openvino.xml": binding["files"]["net.openvino.xml"]}
    binding_file.write_text(json.dumps(binding))
    with pytest.raises(WeightsCorruptError):
        exported_model(path)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.safetensors")), ids=lambda path: path.stem)
def test_shipped_weights_are_whole_and_bound_to_their_export(path: Path) -> None:
    assert read_record(path).name == path.stem
    assert read_tensors(path)
    assert exported_model(path).is_file()


def test_recall_by_gsd_is_optional_in_files_and_checked(record: WeightRecord, tensors: Tensors, tmp_path: Path) -> None:
    curve = {"gsd_m": [0.3, 0.8], "recall": [0.9, 0.7]}
    write_weights(tmp_path / "a.safetensors", tensors, replace(record, recall={"fw": 0.8}, recall_by_gsd={"fw": curve}))
    known = read_record(tmp_path / "a.safetensors")
    assert recall_at(known.recall, known.recall_by_gsd, 0.55) == {"fw": 0.8}
    assert recall_at(known.recall, known.recall_by_gsd, 5.0) == {"fw": 0.7}
    older = {name: value for name, value in asdict(known).items() if name != "recall_by_gsd"}
    save_file(tensors, tmp_path / "older.safetensors", metadata={"hardstand": json.dumps(older)})
    assert read_record(tmp_path / "older.safetensors").recall_by_gsd == {}
    for gsd, recall in (([0.8, 0.3], [1, 1]), ([1.0], [1.1]), ([], [])):
        wrong = {"gsd_m": gsd, "recall": recall}
        with pytest.raises(ValueError, match="recall by GSD of 'fw'"):
            replace(record, recall_by_gsd={"fw": wrong})


def test_doubt_is_optional_in_files_and_checked(record: WeightRecord, tensors: Tensors, tmp_path: Path) -> None:
    write_weights(tmp_path / "a.safetensors", tensors, replace(record, recall={"fw": 0.8}, doubt={"fw": 0.1}))
    known = read_record(tmp_path / "a.safetensors")
    assert known.doubt == {"fw": 0.1}
    older = {name: value for name, value in asdict(known).items() if name != "doubt"}
    save_file(tensors, tmp_path / "older.safetensors", metadata={"hardstand": json.dumps(older)})
    assert read_record(tmp_path / "older.safetensors").doubt == {}
    for wrong in ({"fw": 0.0}, {"fw": 1.1}, {"boat": 0.1}):
        with pytest.raises(ValueError, match=r"doubt of 'fw'|not in the taxonomy"):
            replace(record, doubt=wrong)


def test_what_was_compared_stays_while_the_files_do(record: WeightRecord, tensors: Tensors, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_weights(path, tensors, record)
    path.with_name("a.onnx").write_bytes(b"graph")
    bind_export(path, "onnx", compared={"tiles": 3})
    bind_export(path, "onnx")
    assert json.loads(path.with_name("a.onnx.json").read_text())["compared"] == {"tiles": 3}
    path.with_name("a.onnx").write_bytes(b"another")
    bind_export(path, "onnx")
    assert "compared" not in json.loads(path.with_name("a.onnx.json").read_text())
