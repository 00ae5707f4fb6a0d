"""Which back end runs: the fixed order, what was measured, and what does not go together."""

import importlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from hardstand.detector import BackendError, WeightRecord, bind_export, read_record, write_weights
from hardstand.detector.cache import VARIABLE, cache_folder, read_cache, write_cache
from hardstand.detector.choice import (
    CHOICES_FILE,
    Choice,
    candidates,
    choose,
    made_for_bf16,
    multiplies_bf16,
    processor,
    remember,
    rest_in_bf16,
)
from hardstand.detector.choice import accepted as precision_accepted
from hardstand.detector.weights import export_files

INT8 = Choice("openvino", "cpu", "int8")
BF16 = Choice("openvino", "cpu", "bf16")
FP32 = Choice("openvino", "cpu", "fp32")
ONNX = Choice("onnx", "cpu", "fp32")
TORCH = Choice("torch", "cpu", "fp32")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the choice believes to be installed, beside the core: nothing at first; and no GPU."""
    module = importlib.import_module("hardstand.detector.choice")
    packages: set[str] = set()
    monkeypatch.setattr(module, "find_spec", lambda name: name if name in packages else None)
    monkeypatch.setattr(module, "torch_sees_cuda", lambda: False)
    monkeypatch.setattr(module, "_cpuinfo", list)
    return packages


def weights(folder: Path, record: WeightRecord, *, accepted: bool | None, kinds: tuple[str, ...]) -> Path:
    """A weight file with exports that are such by their names and hashes only."""
    path = folder / "net.safetensors"
    write_weights(path, {}, replace(record, metrics={} if accepted is None else {"int8": {"accepted": accepted}}))
    for kind in kinds:
        for file in export_files(path, kind):
            file.write_bytes(kind.encode())
        bind_export(path, kind)
    return path


@pytest.mark.parametrize(
    ("accepted", "kinds", "expected"),
    [
        (True, ("openvino", "openvino-int8"), INT8),
        (False, ("openvino", "openvino-int8"), FP32),
        (None, ("openvino", "openvino-int8"), FP32),
        (True, ("openvino",), FP32),
    ],
)
def test_int8_is_taken_where_it_was_accepted_and_is_there(
    tmp_path: Path,
    record: WeightRecord,
    installed: set[str],
    accepted: bool | None,
    kinds: tuple[str, ...],
    expected: Choice,
) -> None:
    path = weights(tmp_path, record, accepted=accepted, kinds=kinds)
    known = read_record(path)
    assert (
        choose(path, known) == choose(path, known, backend="openvino") == choose(path, known, device="cpu") == expected
    )
    assert choose(path, known, precision="fp32") == FP32
    if expected != INT8:
        assert not precision_accepted(path, known, "int8")
        with pytest.raises(BackendError, match="no accepted int8 export"):
            choose(path, known, precision="int8")


def flags(monkeypatch: pytest.MonkeyPatch, *instructions: str) -> None:
    """A processor with these instructions."""
    said = ["processor\t: 0", f"flags\t\t: fpu {' '.join(instructions)}"]
    monkeypatch.setattr(importlib.import_module("hardstand.detector.choice"), "_cpuinfo", lambda: said)


def test_bf16_is_taken_where_it_was_accepted_on_processors_made_for_it(
    tmp_path: Path, record: WeightRecord, installed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = weights(tmp_path, record, accepted=True, kinds=("openvino", "openvino-int8"))
    known = read_record(path)
    both = replace(known, metrics={**known.metrics, "bf16": {"accepted": True}})
    assert candidates(path, both) == [INT8, FP32]
    assert choose(path, both, backend="openvino", precision="bf16") == BF16  # named: runs anywhere, if not fast
    flags(monkeypatch, "avx512_bf16")
    assert candidates(path, both) == [INT8, BF16, FP32]
    assert choose(path, both) == INT8
    flags(monkeypatch, "avx512_bf16", "amx_bf16")
    assert candidates(path, both) == [BF16, INT8, FP32]
    assert choose(path, both) == choose(path, both, backend="openvino") == BF16
    assert choose(path, both, precision="int8") == INT8
    assert choose(path, known) == INT8
    with pytest.raises(BackendError, match="no accepted accuracy in bf16"):
        choose(path, known, precision="bf16")


def test_bf16_is_asked_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    flags(monkeypatch, "avx512_bf16", "amx_bf16", "amx_tile")
    assert multiplies_bf16()
    assert made_for_bf16()
    flags(monkeypatch, "avx512_bf16")
    assert multiplies_bf16()
    assert not made_for_bf16()
    flags(monkeypatch, "avx2")
    assert not multiplies_bf16()
    assert not made_for_bf16()
    monkeypatch.setattr(importlib.import_module("hardstand.detector.choice"), "_cpuinfo", list)
    assert not multiplies_bf16()
    assert not made_for_bf16()
    assert processor()


def test_the_rest_of_int8_is_in_bf16_only_where_it_was_accepted_so(
    record: WeightRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = {rest: replace(record, metrics={"int8": {"accepted": True, "rest": rest}}) for rest in ("bf16", "fp32")}
    flags(monkeypatch, "avx512_bf16")
    assert rest_in_bf16(measured["bf16"], "int8")
    assert not rest_in_bf16(measured["fp32"], "int8")
    assert not rest_in_bf16(record, "int8")  # weights from before it was said
    assert rest_in_bf16(record, "bf16")
    assert not rest_in_bf16(measured["bf16"], "fp32")
    flags(monkeypatch, "avx2")
    assert not rest_in_bf16(measured["bf16"], "int8")


def test_candidates_are_what_is_installed_and_exported(
    tmp_path: Path, record: WeightRecord, installed: set[str]
) -> None:
    path = weights(tmp_path, record, accepted=True, kinds=("openvino", "openvino-int8", "onnx"))
    known = read_record(path)
    assert candidates(path, known) == [INT8, FP32]
    installed |= {"onnxruntime", "torch", "ultralytics"}
    assert candidates(path, known) == [INT8, FP32, ONNX, TORCH]


def test_a_gpu_comes_first_in_half_precision(
    tmp_path: Path, record: WeightRecord, installed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module("hardstand.detector.choice"), "torch_sees_cuda", lambda: True)
    path = weights(tmp_path, record, accepted=True, kinds=("openvino", "openvino-int8"))
    known = read_record(path)
    assert choose(path, known) == Choice("torch", "cuda", "fp16")
    assert choose(path, known, precision="fp32") == Choice("torch", "cuda", "fp32")
    assert choose(path, known, device="cpu") == INT8


def test_what_was_measured_fastest_is_taken_until_something_else_is_named(
    tmp_path: Path, record: WeightRecord, installed: set[str]
) -> None:
    installed |= {"torch", "ultralytics"}
    path = weights(tmp_path, record, accepted=True, kinds=("openvino", "openvino-int8"))
    known = read_record(path)
    every = candidates(path, known)
    assert remember(known, every, {INT8: 10.0, FP32: 12.0, TORCH: 20.0})
    assert choose(path, known) == TORCH
    assert choose(path, known, precision="int8") == INT8
    assert choose(path, known, backend="openvino") == INT8  # named: measurements are not looked at
    assert choose(path, known, threads=1) == INT8  # measured with all threads
    other = replace(known, params_sha256="0" * 64)
    assert choose(path, other) == INT8
    installed.clear()
    assert choose(path, known) == INT8  # other candidates: measure again


@pytest.mark.parametrize("content", ["", "[]", "{", '{"key": 3}', "\x00"])
def test_a_damaged_cache_is_as_none(tmp_path: Path, record: WeightRecord, installed: set[str], content: str) -> None:
    path = weights(tmp_path, record, accepted=None, kinds=("openvino",))
    cache_folder().mkdir()
    (cache_folder() / CHOICES_FILE).write_text(content)
    known = read_record(path)
    assert choose(path, known) == FP32
    assert remember(known, candidates(path, known), {FP32: 1.0})
    assert choose(path, known) == FP32


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "below"))
    assert not write_cache("a.json", {"b": 1})
    assert read_cache("a.json") == {}


def test_the_cache_is_where_the_system_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "hardstand"
    assert write_cache("a.json", {"b": 1})
    assert json.loads((tmp_path / "hardstand" / "a.json").read_text()) == {"b": 1}
    assert [file.name for file in (tmp_path / "hardstand").iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"backend": "tpu"}, "no back end 'tpu'; expected one of auto, openvino"),
        ({"precision": "int4"}, "no precision 'int4'; expected one of auto, fp32"),
        ({"backend": "openvino", "device": "cuda"}, "runs on 'cpu', not on 'cuda'"),
        ({"backend": "onnx", "precision": "fp16"}, "runs in fp32, not in fp16"),
        ({"backend": "torch", "precision": "int8"}, "in fp32 or fp16, not in int8"),
        ({"precision": "fp16"}, "nothing here runs tiny in fp16 on device 'auto'"),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, record: WeightRecord, installed: set[str], asked: dict[str, str], message: str
) -> None:
    path = weights(tmp_path, record, accepted=None, kinds=("openvino",))
    with pytest.raises(BackendError, match=message):
        choose(path, read_record(path), **asked)  # type: ignore[arg-type]  # as from a command line


def test_the_processor_has_a_name() -> None:
    assert processor() == processor() != ""
