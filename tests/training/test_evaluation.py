"""The whole evaluation of made-up detections, by hand; its tables, JSON and pictures; calibration by node."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from hardstand.datasets.annotation import Annotation, ImageRecord, horizontal, oriented
from hardstand.detector import Detections, WeightRecord
from hardstand.inference.counts import count
from hardstand.training.calibrate import FEWEST_DETECTIONS, NodeCalibration, calibration, record_fields
from hardstand.training.commands import counted_below, write_evaluation
from hardstand.training.confusion import confusion, named_right
from hardstand.training.evaluate import reported_result, scene_result
from hardstand.training.evaluation import Evaluation, measure
from hardstand.training.evaluation_table import print_tables
from hardstand.training.scenes import Counting, Interval, Pair
from hardstand.training.typescore import type_scores

NODES = ("fw", "fw.bomber", "fw.bomber.tu95", "fw.bomber.tu22m", "heli", "ad.launcher")
RECORD = WeightRecord(
    name="made-up", architecture={}, nodes=NODES, gsd_m=0.5, tile_px=512, largest_object_m=75, licence="", created=""
)
PLACES = [[60.0, 60, 60, 50, 0.3], [200.0, 60, 60, 50, 0.3], [60.0, 200, 60, 50, 0.3], [200.0, 200, 60, 50, 0.3]]


def seen(labels: list[str], places: list[list[float]], score: float = 0.9) -> Detections:
    """Boxes with one score along the path to their label."""
    scores = [[score if label == node or label.startswith(f"{node}.") else 0.0 for node in NODES] for label in labels]
    return Detections(
        NODES,
        np.array(places, np.float32).reshape(-1, 5),
        np.array(scores, np.float32).reshape(-1, len(NODES)),
        np.array([NODES.index(label) for label in labels], np.intp),
        np.full(len(labels), score, np.float32),
        0.5,
    )


def image(*marks: Annotation, name: str = "a.jpg", known: tuple[str, ...] = ("fw",), gsd: float = 0.5) -> ImageRecord:
    return ImageRecord(Path(name), 300, 300, gsd, "g", "s", frozenset(known), marks)


def counting(found: Detections, record: WeightRecord, _gsd: float) -> dict[str, Interval]:
    return dict(count(found, record.recall, record.calibration, doubt=record.doubt))


@pytest.fixture
def evaluation() -> Evaluation:
    """One bomber of its type, one of another, one missed aircraft of no type; a false alarm on ground known for fw."""
    marks = (
        oriented("fw.bomber.tu95", PLACES[0]),
        oriented("fw.bomber.tu22m", PLACES[1]),
        oriented("fw", PLACES[2]),
    )
    found = seen(["fw.bomber.tu95", "fw.bomber.tu95", "fw"], [PLACES[0], PLACES[1], PLACES[3]])
    other = image(horizontal("fw", (10, 10, 60, 60)), name="b.jpg", known=("heli",), gsd=0.2)
    pairs: list[Pair] = [(image(*marks), found), (other, seen(["heli"], [PLACES[0]]))]
    return measure({"set": pairs}, {}, RECORD, counting)


def test_a_node_is_scored_where_it_is_labelled_in_full(evaluation: Evaluation) -> None:
    rows = evaluation.metrics["scenes"]
    assert list(rows) == ["set fw", "set fw.bomber", "set fw.bomber.tu95", "set fw.bomber.tu22m", "set heli"]
    fw, tu95 = rows["set fw"], rows["set fw.bomber.tu95"]
    assert (fw["scenes"], fw["objects"], fw["recall_at_threshold"]) == (1, 3, 0.6667)
    assert (fw["precision_at_threshold"], fw["area_km2"]) == (0.6667, 0.0225)
    assert (fw["count_error"], fw["count_bias_percent"]) == pytest.approx((0, -10), abs=1e-4)  # 3 boxes of 0.9
    assert fw["counts_in_interval"] == 1
    assert (tu95["objects"], tu95["recall_at_threshold"], tu95["precision_at_threshold"]) == (1, 1, 0.5)
    assert tu95["count_error"] is None  # one aircraft is of no known type: it might be a Tu-95
    assert (rows["set heli"]["objects"], rows["set heli"]["ap50"]) == (0, None)
    assert rows["set heli"]["false_alarms_per_km2"] == pytest.approx(1 / (300 * 0.2) ** 2 * 1e6, rel=1e-4)


def test_images_that_are_refused_for_their_scale_are_told_apart(evaluation: Evaluation) -> None:
    assert evaluation.metrics["taken"] == {}
    fine = image(oriented("fw", PLACES[0]), gsd=3 * RECORD.gsd_m)
    coarse = image(horizontal("fw", (10, 10, 60, 60)), name="b.jpg", gsd=3.1 * RECORD.gsd_m)
    scaled = seen(["fw"], [[3 * value for value in PLACES[0][:4]] + PLACES[0][4:]])
    pairs: list[Pair] = [(fine, scaled), (coarse, seen([], []))]
    metrics = measure({"set": pairs}, {}, RECORD, counting).metrics
    assert metrics["scenes"]["set fw"]["objects"] == 2
    assert [metrics["taken"]["set fw"][name] for name in ("scenes", "objects", "recall_at_threshold")] == [1, 1, 1]
    console = Console(file=StringIO(), width=160)
    print_tables(metrics, console)
    assert isinstance(console.file, StringIO)
    assert "without those so coarse" in console.file.getvalue()


def test_types_scales_and_confusion(evaluation: Evaluation) -> None:
    metrics = evaluation.metrics
    assert list(metrics["by_gsd"]) == ["fw"]
    assert list(metrics["by_gsd"]["fw"]) == ["0.3 to 0.6 m"]
    assert list(metrics["by_size"]["fw"]) == ["25 to 40 m"]
    types = metrics["types"]["set"]
    assert {node: (row["found"], row["right"], row["consistent"]) for node, row in types.items()} == {
        "fw": (0, 0, 0),
        "fw.bomber.tu22m": (1, 0, 0),
        "fw.bomber.tu95": (1, 1, 1),
    }
    assert metrics["types"]["real scenes"] == {
        "fw": {"objects": 2, "found": 0, "right": 0, "consistent": 0},
        "fw.bomber.tu22m": {"objects": 1, "found": 1, "right": 0, "consistent": 0},
        "fw.bomber.tu95": {"objects": 1, "found": 1, "right": 1, "consistent": 1},
    }
    matrix = metrics["confusion"]["real scenes"]
    assert matrix["labelled"] == ["fw", "fw.bomber.tu22m", "fw.bomber.tu95", "nothing there"]
    assert matrix["reported"] == ["fw", "fw.bomber.tu95", "heli", "missed"]
    assert matrix["objects"] == [[0, 0, 0, 2], [0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0]]


def test_a_coarser_name_is_consistent_and_not_right() -> None:
    marks = (horizontal("fw.bomber.tu95", (40, 40, 80, 80)), horizontal("fw.bomber", (180, 40, 220, 80)))
    places = [[60.0, 60, 40, 40, 0.0], [200.0, 60, 40, 40, 0.0]]
    found = seen(["fw.bomber", "fw.bomber.tu22m"], [[*row[:2], 57, 57, np.pi / 4] for row in places])
    rows = named_right(confusion([(image(*marks), found)], threshold=0.25))
    assert rows["fw.bomber.tu95"] == {"objects": 1, "found": 1, "right": 0, "consistent": 1}
    assert rows["fw.bomber"] == {"objects": 1, "found": 1, "right": 1, "consistent": 1}


def test_launchers_by_score_on_tiles_and_on_ground_without_any() -> None:
    everything = ("fw", "heli", "ad.launcher")
    marks = (oriented("ad.launcher", PLACES[0]), oriented("ad.launcher", PLACES[1]))
    two = seen(["ad.launcher", "ad.launcher"], [PLACES[3], PLACES[0]], score=0.2)
    tiles: dict[str, list[Pair]] = {
        "empty": [(image(known=everything), seen(["ad.launcher"], [PLACES[0]]))],
        "generated": [(image(*marks, known=everything), two)],
    }
    ground: list[Pair] = [(image(horizontal("fw", (10, 10, 60, 60))), seen(["ad.launcher"], [PLACES[2]], score=0.12))]
    rows = measure({"airbus": ground, "nwpu": ground}, tiles, RECORD, counting).metrics["by_score"]["ad.launcher"]
    each_km2 = pytest.approx(1 / 0.0225, rel=1e-4)
    assert list(rows) == ["0.01", "0.02", "0.05", "0.1", "0.1201", "0.15", "0.25", "0.5"]  # 0.12 is the alarm
    assert rows["0.15"] == {
        "objects": 2,
        "recall": 0.5,
        "false_alarms_per_km2": each_km2,
        "false_alarms_per_km2_of_real_ground": 0,
        "real_ground_km2": 0.0225,
    }
    assert rows["0.1201"]["false_alarms_per_km2_of_real_ground"] == 0
    assert rows["0.1"]["false_alarms_per_km2_of_real_ground"] == each_km2
    assert (rows["0.25"]["recall"], rows["0.25"]["false_alarms_per_km2"]) == (0, 0)
    assert measure({"nwpu": ground}, tiles, RECORD, counting).metrics["by_score"] == {}
    assert measure({"airbus": ground}, {"empty": tiles["empty"]}, RECORD, counting).metrics["by_score"] == {}


def test_what_lies_on_an_ignored_object_is_nothing() -> None:
    marks = (oriented("fw", PLACES[0], ignore=True), oriented("fw", PLACES[1]))
    pairs = [(image(*marks), seen(["fw", "fw"], [PLACES[0], PLACES[1]]))]
    assert confusion(pairs, threshold=0.25).objects.tolist() == [[1, 0], [0, 0]]
    row = measure({"set": pairs}, {}, RECORD, counting).metrics["scenes"]["set fw"]
    assert (row["count_error"], row["count_bias_percent"]) == pytest.approx((0, -10), abs=1e-4)
    assert confusion(pairs, threshold=0.95).objects.tolist() == [[1], [0]]


def test_boxes_are_compared_in_the_pixels_of_the_image() -> None:
    half = [value / 2 for value in PLACES[0][:4]]
    (score,) = type_scores(
        [(image(oriented("fw", [*half, 0.3]), gsd=1.0), seen(["fw"], [PLACES[0]]))], threshold=0.25
    ).values()
    assert (score.objects, score.found, score.angle_error_deg, score.length_error_percent) == (1, 1, 0, 0)


def test_json_tables_and_pictures(evaluation: Evaluation, tmp_path: Path) -> None:
    files = write_evaluation(evaluation, tmp_path / "new" / "out")
    assert [file.name for file in files] == [
        "evaluation.json",
        "precision_recall.png",
        "counts.png",
        "recall_by_gsd.png",
        "confusion_real_scenes.png",
    ]
    for file in files[1:]:
        with Image.open(file) as picture:
            assert min(picture.size) > 200
    text = files[0].read_text()
    assert "NaN" not in text
    content: dict[str, Any] = json.loads(text)
    assert len(content["curves"]["set fw"]) == 101
    assert content["counts"]["set fw"] == [
        {"scene": "a.jpg", "true": 3, "expected": 2.7, "median": 3, "low": 2, "high": 3}
    ]
    console = Console(file=StringIO(), width=160)
    print_tables(evaluation.metrics, console)
    assert isinstance(console.file, StringIO)
    assert "set fw.bomber.tu95" in console.file.getvalue()


def test_a_type_is_calibrated_by_its_own_score_among_those_that_were_reported_so() -> None:
    marks = (oriented("fw.bomber.tu95", PLACES[0]), oriented("fw.bomber.tu22m", PLACES[1]), oriented("fw", PLACES[2]))
    found = seen(["fw.bomber.tu95"] * 4, PLACES)  # right, another type, of no known type, bare ground
    fit = calibration([reported_result(image(*marks), found, "fw.bomber.tu95")] * 60)
    assert (fit.detections, fit.objects, fit.recall) == (180, 60, 1.0)
    assert np.interp(0.9, fit.curve["score"], fit.curve["probability"]) == pytest.approx(1 / 3, abs=0.02)
    assert fit.enough
    assert fit.recall_by_gsd is None
    other = calibration([reported_result(image(*marks), found, "fw.bomber.tu22m")] * 40)
    assert (other.detections, other.recall) == (0, 0.0)
    assert not other.enough


def test_recall_by_scale_is_at_the_mean_scale_of_the_objects() -> None:
    fine = scene_result(image(oriented("fw", PLACES[0]), gsd=0.5), seen(["fw"], [PLACES[0]]), "fw")
    coarse = scene_result(image(oriented("fw", PLACES[0]), gsd=0.8), seen([], []), "fw")
    assert calibration([fine, coarse] * 150).recall_by_gsd == {"gsd_m": [0.5, 0.8], "recall": [1.0, 0.0]}


def node(detections: int) -> NodeCalibration:
    return NodeCalibration({"score": [0.5], "probability": [0.5]}, 0.5, None, 0.5, detections, 500)


def test_a_node_with_too_little_inherits_and_says_from_whom() -> None:
    above = {"fw": None, "fw.bomber": "fw", "fw.bomber.tu95": "fw.bomber", "fw.bomber.tu22m": "fw.bomber"}
    few = FEWEST_DETECTIONS - 1
    found = {"fw": node(0), "fw.bomber": node(few), "fw.bomber.tu95": node(few), "fw.bomber.tu22m": node(500)}
    fields = record_fields(found, above)
    assert set(fields["calibration"]) == set(fields["recall"]) == {"fw", "fw.bomber.tu22m"}
    inherits = {name: said["inherits"] for name, said in fields["report"].items()}
    assert inherits == {"fw": None, "fw.bomber": "fw", "fw.bomber.tu95": "fw", "fw.bomber.tu22m": None}
    assert counted_below(("heli", "fw.bomber", "civ.car", "fw")) == ["fw", "fw.bomber", "heli"]


def test_counting_is_handed_in() -> None:
    handed: Counting = counting
    assert set(handed(seen(["fw"], PLACES[:1]), RECORD, 0.5)) == set(NODES)
