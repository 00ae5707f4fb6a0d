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
        assert record.metrics.keys() & {"scenes", "look"}
        assert record.not_measured
        if "scenes" in record.metrics:
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


@pytest.mark.parametrize("rest", ["bf16", "fp32"])
def test_the_page_says_what_the_rest_of_int8_was_in(rest: str) -> None:
    (path, *_) = SHIPPED.glob("*.safetensors")
    decision = decide(Comparison(400, 0.95, 0.95), {})
    text = page([replace(read_record(path), metrics={"int8": {**decision.as_record("int8"), "rest": rest}})])
    assert "Accepted: OpenVINO runs it by default." in text
    assert ("What stays in floating point was in bfloat16" in text) is (rest == "bf16")


def test_ranges_stand_in_their_order_and_inheritance_is_said() -> None:
    (path, *_) = SHIPPED.glob("*.safetensors")
    row = {"scenes": 2, "objects": 3, "ap50": 0.5, "ap_oriented_voc07": None, "count_error": 0.25}
    metrics = {
        "threshold": 0.25,
        "scenes": {"airbus fw": row},
        "taken": {"aerial_airport fw": row},
        "by_gsd": {"fw": {"0.3 to 0.6 m": row, "1 m and more": row, "under 0.3 m": row}},
        "by_score": {
            "ad.launcher": {"0.05": {"objects": 9, "recall": 0.8, "false_alarms_per_km2_of_real_ground": 0.2}}
        },
        "confusion": {
            "composites_holdout": {"labelled": ["fw"], "reported": ["fw", "missed"], "objects": [[7, 0]]},
            "real scenes": {"labelled": ["fw"], "reported": ["fw.bomber", "missed"], "objects": [[9, 1]]},
        },
        "types": {
            "composites_holdout": {"fw": {"objects": 7, "found": 7}},
            "real scenes": {"fw.isr": {"objects": 3, "found": 2, "right": 1, "consistent": 1}},
        },
        "calibration": {"fw": {"inherits": None}, "fw.airliner": {"inherits": "fw"}},
    }
    by_gsd = {"fw": {"gsd_m": [0.5, 0.8], "recall": [0.9, 0.8]}}
    text = page([replace(read_record(path), metrics=metrics, recall_by_gsd=by_gsd)])
    assert text.index("| under 0.3 m |") < text.index("| 0.3 to 0.6 m |") < text.index("| 1 m and more |")
    assert "### Whole images without those so coarse" in text
    assert "| aerial_airport fw | 2 | 3 |" in text
    assert "`ad.launcher` from a score on" in text
    assert "| 0.05 | 9 | 0.8 |  | 0.2 |  |" in text
    assert "`fw.airliner` that of `fw`" in text
    assert "`fw` 0.900 at 0.5 m, 0.800 at 0.8 m." in text
    assert "count error |" in text
    assert "oriented voc07 |" not in text  # nothing measured, no column
    assert "| fw | 7 |  |" in text
    assert "| fw | 9 | 1 |" in text
    assert "| fw.isr | 3 | 2 | 1 | 1 |" in text
