from dataclasses import replace
from pathlib import Path

import pytest

from hardstand.detector.weights import SHIPPED, read_record
from hardstand.training.accept import Comparison, decide
from hardstand.training.weights_page import page, shipped_page

ROOT = Path(__file__).parents[2]


def test_weights_md_is_what_the_records_say() -> None:
    assert (ROOT / "weights.md").read_text(encoding="utf-8") == shipped_page(SHIPPED), (
        "weights.md is stale: hardstand weights-page > weights.md"
    )


def test_every_shipped_file_says_what_it_was_trained_and_measured_on() -> None:
    for path in SHIPPED.glob("*.safetensors"):
        record = read_record(path)
        assert record.data
        assert record.metrics["scenes"]
        assert record.not_measured
        assert {"fw", "heli", "ad.launcher"} <= set(record.recall) == set(record.calibration)


def test_shipped_weights_stay_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 20e6


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_the_page_says_what_was_decided_about_a_cheaper_arithmetic(precision: str) -> None:
    (path, *_) = SHIPPED.glob("*.safetensors")
    decision = decide(Comparison(400, 0.95, 0.94), {"heli": Comparison(500, 0.6, 0.61)})
    text = page([replace(read_record(path), metrics={precision: decision.as_record(precision)})])
    assert f"### {precision}" in text
    assert "Not accepted: not used." in text
    assert "Against it: aircraft lose 1.0 points of AP50, 0.5 or more are too much." in text
    assert "| fw, whole real scenes | 400 | 0.95 | 0.94 | -1 |" in text
    assert "| heli | 500 | 0.6 | 0.61 | 1 |" in text
