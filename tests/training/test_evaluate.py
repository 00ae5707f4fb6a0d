from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardstand.datasets.annotation import ImageRecord, horizontal
from hardstand.detector import Detections
from hardstand.detector.boxes import envelope
from hardstand.detector.coarse import SEEN_M
from hardstand.training.calibrate import calibration, monotone_fit
from hardstand.training.evaluate import box_iou, found_objects, matches, scene_result
from hardstand.training.figures import SceneCount, figures
from hardstand.training.precision import average_precision
from hardstand.training.screening import MARGIN, aircraft_cues, screen_score
from hardstand.training.selflabel import left_out, oriented_labels

NODES = ("fw", "heli")


def _found(boxes: list[list[float]], scores: list[float]) -> Detections:
    table = np.array([[score, 0.0] for score in scores], np.float32).reshape(-1, 2)
    return Detections(
        NODES,
        np.array(boxes, np.float32).reshape(-1, 5),
        table,
        np.zeros(len(boxes), np.intp),
        np.array(scores, np.float32),
        0.5,
    )


def _record(boxes: list[list[float]], gsd: float = 0.5) -> ImageRecord:
    marks = tuple(horizontal("fw", box) for box in boxes)
    return ImageRecord(Path("a.jpg"), 200, 200, gsd, "g", "s", frozenset({"fw"}), marks)


DIAMOND = [50.0, 50.0, 40.0, 30.0, 0.6]
OUTLINE = envelope(np.array([DIAMOND], np.float32), "diamond")[0].astype(float).tolist()


def test_the_outline_of_the_diamond_is_what_is_compared() -> None:
    result = scene_result(_record([OUTLINE]), _found([DIAMOND], [0.9]), "fw")
    assert box_iou(result.found, result.truth)[0, 0] == pytest.approx(1, abs=1e-4)
    assert average_precision([result])[0] == pytest.approx(1)


def test_detections_on_another_gsd_are_scaled() -> None:
    half = [value / 2 for value in OUTLINE]
    result = scene_result(_record([half], gsd=1.0), _found([DIAMOND], [0.9]), "fw")
    assert box_iou(result.found, result.truth)[0, 0] == pytest.approx(1, abs=1e-4)


def test_average_precision_by_hand() -> None:
    # two objects; right, wrong, right by falling score: precision 1 to recall 0.5, then 2/3
    other = [150.0, 150.0, 40.0, 30.0, 0.6]
    second = envelope(np.array([other], np.float32), "diamond")[0].astype(float).tolist()
    found = _found([DIAMOND, [50, 150, 40, 30, 0], other], [0.9, 0.8, 0.7])
    ap50, _ = average_precision([scene_result(_record([OUTLINE, second]), found, "fw")])
    assert ap50 == pytest.approx((51 * 1 + 50 * 2 / 3) / 101, abs=1e-6)


def test_each_object_is_matched_once_and_figures_count() -> None:
    result = scene_result(_record([OUTLINE]), _found([DIAMOND, DIAMOND], [0.9, 0.8]), "fw")
    assert matches(result).tolist() == [1, 0]
    row = figures([result], [SceneCount("a.jpg", 1, 1.7, 2, 1, 3)], threshold=0.5)
    assert (row.objects, row.recall_at_threshold, row.precision_at_threshold) == (1, 1, 0.5)
    assert (row.count_error, row.count_bias_percent, row.counts_in_interval) == pytest.approx((1, 70, 1))
    assert row.false_alarms_per_km2 == pytest.approx(100)


def test_an_object_that_is_labelled_twice_is_found_though_the_second_label_fits_better() -> None:
    first, second = horizontal("fw", np.array(OUTLINE) + [4, 0, 4, 0]), horizontal("fw", OUTLINE, ignore=True)
    record = replace(_record([]), annotations=(first, second))
    once = scene_result(record, _found([DIAMOND], [0.9]), "fw")
    assert matches(once).tolist() == [1]
    assert found_objects(once, threshold=0).tolist() == [True, False]
    twice = scene_result(record, _found([DIAMOND, DIAMOND], [0.9, 0.8]), "fw")
    assert matches(twice).tolist() == [1, -1]


def test_calibration_rises_and_recall_is_the_share_found() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, 4000)
    right = (rng.uniform(0, 1, 4000) < scores**2).astype(float)
    knots, values = monotone_fit(scores, right)
    assert (np.diff(knots) > 0).all()
    assert (np.diff(values) >= 0).all()
    assert np.abs(np.interp([0.3, 0.6, 0.9], knots, values) - np.array([0.09, 0.36, 0.81])).max() < 0.08
    scenes = [scene_result(_record([OUTLINE, [150, 150, 180, 190]]), _found([DIAMOND], [0.9]), "fw")]
    found = calibration(scenes)
    assert found.recall == 0.5
    assert calibration(scenes, floor=0.95).recall == 0
    assert calibration(scenes, floor=0.95).curve == found.curve
    assert len(found.curve["score"]) == len(found.curve["probability"])
    assert found.doubt == pytest.approx(1 - np.interp(0.9, found.curve["score"], found.curve["probability"]), abs=1e-3)
    assert calibration(scenes, floor=0.95).doubt is None  # none found, nothing to compare with
    faint = [replace(scene, probabilities=np.array([0.7])) for scene in scenes]
    assert calibration(faint, part=True).doubt == pytest.approx(0.3)  # no surer to be of a kind than to be real
    assert calibration(faint).doubt == found.doubt


def test_the_score_of_the_coarse_look_is_what_still_sees_every_aircraft() -> None:
    full = [(_record([OUTLINE]), _found([DIAMOND], [0.9]))]

    def seen(metres: float, score: float) -> list[tuple[ImageRecord, Detections]]:
        coarse = _found([[25 + metres, 25, 20, 15, 0.6]], [score])
        return [(full[0][0], replace(coarse, gsd=1.0))]

    assert aircraft_cues(full, seen(0.8 * SEEN_M, 0.045)).tolist() == pytest.approx([0.045])
    assert aircraft_cues(full, seen(1.2 * SEEN_M, 0.045)).tolist() == [0]
    assert screen_score(aircraft_cues(full, seen(0, 0.045))) == pytest.approx(MARGIN * 0.04)
    assert screen_score(np.array([0.03] * 3 + [0.5] * 997)) == pytest.approx(MARGIN * 0.03)
    assert screen_score(np.array([0.03] * 2 + [0.5] * 998)) == pytest.approx(MARGIN * 0.3)


def test_a_label_takes_the_networks_angle_only_where_the_outlines_agree() -> None:
    x0, y0, x1, y1 = OUTLINE
    label = np.array([[(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, 0], [150, 150, 80, 10, 0]], np.float32)
    found = _found([[51, 50, 38, 29, 0.6], [150, 150, 30, 30, 0]], [0.9, 0.9])
    boxes, exact = oriented_labels(("fw", "fw"), label, np.zeros(2, bool), found)
    assert exact.tolist() == [True, False]
    assert boxes[0, 4] == pytest.approx(0.6)
    assert boxes[0, :2].tolist() == pytest.approx([50, 50])
    assert boxes[1].tolist() == label[1].tolist()


def test_what_the_network_is_sure_of_and_no_label_covers_is_set_aside() -> None:
    x0, y0, x1, y1 = OUTLINE
    label = np.array([[(x0 + x1) / 2 + 5, (y0 + y1) / 2, x1 - x0, y1 - y0, 0]], np.float32)  # shifted: the same object
    there, doubtful = [150.0, 150.0, 30.0, 20.0, 0.5], [150.0, 50.0, 30.0, 20.0, 0.0]
    found = _found([DIAMOND, there, doubtful], [0.9, 0.6, 0.4])
    nodes, boxes = left_out(("fw",), label, found, 0.5)
    assert nodes == ("fw",)
    outline = envelope(np.array([there], np.float32), "diamond")[0]
    assert boxes[0].tolist() == pytest.approx([150, 150, outline[2] - outline[0], outline[3] - outline[1], 0], abs=1e-3)
    nodes, boxes = left_out((), np.zeros((0, 5), np.float32), found.select(np.zeros(3, bool)), 0.5)
    assert (nodes, boxes.shape) == ((), (0, 5))
