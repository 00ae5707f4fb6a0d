from pathlib import Path

from hardstand.detector.weights import SHIPPED, read_record
from hardstand.training.weights_page import shipped_page

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
        assert set(record.recall) == set(record.calibration) == {"fw", "heli", "ad.launcher"}


def test_shipped_weights_stay_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 20e6
