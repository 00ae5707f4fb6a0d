"""A short measured run per candidate, kept for later loads."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.detector import Detector
from hardstand.detector.cache import VARIABLE
from hardstand.detector.measure import measure_candidates, rate


class Slow:
    """A back end whose clock moves by 0.1 s per batch of two."""

    batch_size = 2

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 5.0
        monkeypatch.setattr("hardstand.detector.measure.perf_counter", lambda: self.now)

    def infer(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.now += 0.1
        return np.zeros((len(batch), 10, 3), np.float32)

    def prepare(self, height: int, width: int, batches: int) -> None: ...

    def stream(self, batches: object) -> object:
        return map(self.infer, batches)  # type: ignore[call-overload]


def test_the_rate_is_tiles_per_second(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    assert rate(slow, np.zeros((1, 8, 8, 3), np.uint8), seconds=1.0) == pytest.approx(20)  # type: ignore[arg-type]


def test_what_was_measured_is_taken_by_the_next_load(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(importlib.import_module("hardstand.detector.measure"), "SECONDS", 0.01)
    monkeypatch.setattr(importlib.import_module("hardstand.detector.choice"), "torch_sees_cuda", lambda: False)
    found = measure_candidates(tiny_weights)
    assert {str(choice) for choice in found.speeds} == {"openvino cpu fp32", "torch cpu fp32"}
    assert all(speed > 0 for speed in found.speeds.values())
    assert found.remarks == (f"--backend auto takes the fastest from now on ({tmp_path / 'choices.json'})",)
    assert Detector.load(tiny_weights).choice == max(found.speeds, key=lambda choice: found.speeds[choice])


def test_a_cache_that_cannot_be_written_is_said(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    monkeypatch.setattr(importlib.import_module("hardstand.detector.measure"), "rate", lambda *_, seconds: 1.0)
    assert "set HARDSTAND_CACHE" in measure_candidates(tiny_weights).remarks[-1]


def test_a_single_candidate_is_not_measured(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("hardstand.detector.choice")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr(module, "torch_sees_cuda", lambda: False)
    found = measure_candidates(tiny_weights)
    assert found.speeds == {}
    assert "nothing to measure" in found.remarks[0]
