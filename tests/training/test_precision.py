"""Oriented average precision by DOTA's protocol, against a slow reading of it on polygons of shapely."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from shapely.geometry import Polygon

from hardstand.datasets.annotation import Annotation, ImageRecord, horizontal, oriented
from hardstand.detector import Detections
from hardstand.training.evaluate import SceneResult, exact_boxes, overlaps, scene_result
from hardstand.training.figures import by_size
from hardstand.training.precision import area_precision, average_precision, oriented_precision, precision_table

NODES = ("fw", "heli")


def found(boxes: NDArray[np.float64], scores: NDArray[np.float64]) -> Detections:
    table = np.stack([scores, np.zeros(len(scores))], axis=1).astype(np.float32)
    rows = np.asarray(boxes, np.float32).reshape(-1, 5)
    return Detections(NODES, rows, table, np.zeros(len(rows), np.intp), table[:, 0].copy(), 0.5)


def image(*marks: Annotation) -> ImageRecord:
    return ImageRecord(Path("a.jpg"), 400, 400, 0.5, "g", "s", frozenset(NODES), marks)


def scene(seed: int) -> tuple[list[Annotation], NDArray[np.float64], NDArray[np.float64]]:
    """Oriented labels, some to be ignored, one horizontal; boxes near them, doubles, and boxes on bare ground."""
    rng = np.random.default_rng(seed)
    truth = np.column_stack((rng.uniform(60, 340, (12, 2)), rng.uniform(20, 60, (12, 2)), rng.uniform(0, np.pi, 12)))
    marks = [oriented("fw", row, ignore=bool(rng.random() < 0.2)) for row in truth]
    marks.append(horizontal("fw", (10, 10, 60, 50)))
    shaken = truth + rng.normal(0, 1, truth.shape) * (4, 4, 4, 4, 0.15)
    doubles = truth[:5] + rng.normal(0, 1, (5, 5)) * (3, 3, 2, 2, 0.1)
    bare = np.column_stack((rng.uniform(0, 400, (6, 2)), rng.uniform(10, 50, (6, 2)), rng.uniform(0, np.pi, 6)))
    boxes = np.concatenate((shaken, doubles, bare, [[35, 30, 50, 40, 0]]))
    return marks, boxes.astype(np.float32).astype(np.float64), rng.permutation(len(boxes)) / len(boxes) + 0.01


def polygon(box: NDArray[np.float64]) -> Polygon:
    cx, cy, length, width, angle = box
    along = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    across = np.array([-np.sin(angle), np.cos(angle)]) * width / 2
    return Polygon([(cx, cy) + s * along + t * across for s, t in ((1, 1), (1, -1), (-1, -1), (-1, 1))])


def slow_precision(scenes: list[tuple[list[Annotation], NDArray[np.float64], NDArray[np.float64]]]) -> list[float]:
    """The two figures of dota_evaluation_task1.voc_eval, written down anew, box by box."""
    ranked = sorted(
        (
            (score, number, box)
            for number, (_, boxes, scores) in enumerate(scenes)
            for box, score in zip(boxes, scores, strict=True)
        ),
        key=lambda each: -each[0],
    )
    taken: set[tuple[int, int]] = set()
    right = wrong = 0
    objects = sum(mark.oriented and not mark.ignore for marks, _, _ in scenes for mark in marks)
    curve = []
    for _, number, box in ranked:
        shares = []
        for mark in scenes[number][0]:
            label, outline = Polygon(mark.polygon), polygon(box)
            shares.append(label.intersection(outline).area / label.union(outline).area)
        best = int(np.argmax(shares))
        mark = scenes[number][0][best]
        if shares[best] <= 0.5 or (mark.oriented and not mark.ignore and (number, best) in taken):
            wrong += 1
        elif mark.oriented and not mark.ignore:
            right += 1
            taken.add((number, best))
        curve.append((right / objects, right / max(right + wrong, 1e-16)))
    eleven = sum(max((p for r, p in curve if r >= level), default=0) for level in np.arange(0, 1.1, 0.1)) / 11
    area, before = 0.0, 0.0
    for position, (recall, _) in enumerate(curve):
        area += (recall - before) * max(p for _, p in curve[position:])
        before = recall
    return [eleven, area]


@pytest.mark.parametrize("seed", range(6))
def test_oriented_precision_is_what_the_protocol_says(seed: int) -> None:
    scenes = [scene(10 * seed + number) for number in range(3)]
    results = [scene_result(image(*marks), found(boxes, scores), "fw") for marks, boxes, scores in scenes]
    ours = oriented_precision(results)
    assert ours is not None
    assert [ours.eleven_point, ours.area] == pytest.approx(slow_precision(scenes), abs=1e-9)
    assert 0.1 < ours.area < 0.95


def test_a_second_box_on_a_label_is_wrong_even_where_another_label_is_free() -> None:
    pair = [oriented("fw", (100, 100, 60, 40, 0)), oriented("fw", (112, 100, 60, 40, 0))]
    boxes = np.array([[100.0, 100, 60, 40, 0], [103.0, 100, 60, 40, 0]])
    result = scene_result(image(*pair), found(boxes, np.array([0.9, 0.8])), "fw")
    ours = oriented_precision([result])
    assert ours is not None
    assert ours.area == pytest.approx(0.5)


def test_without_oriented_labels_there_is_no_oriented_figure() -> None:
    seen = found(np.array([[50.0, 50, 20, 20, 0]]), np.array([0.9]))
    assert oriented_precision([scene_result(image(horizontal("fw", (40, 40, 60, 60))), seen, "fw")]) is None
    assert oriented_precision([scene_result(image(oriented("fw", (50, 50, 9, 9, 0), ignore=True)), seen, "fw")]) is None


def test_overlaps_are_of_rectangles_with_oriented_labels_and_of_outlines_with_others() -> None:
    marks, boxes, scores = scene(3)
    share = overlaps(image(*marks), found(boxes, scores), marks)
    for column, mark in enumerate(marks[:-1]):
        label = Polygon(mark.polygon)
        slow = [label.intersection(polygon(box)).area / label.union(polygon(box)).area for box in boxes]
        assert share[:, column] == pytest.approx(slow, abs=1e-5)
    turned = found(np.array([[50.0, 50, 40, 40, np.pi / 4]]), np.array([0.9]))  # a diamond of 28 px
    half = 20 / np.sqrt(2)
    outline = horizontal("fw", (50 - half, 50 - half, 50 + half, 50 + half))
    assert overlaps(image(outline), turned, [outline])[0, 0] == pytest.approx(1, abs=1e-5)


def sized(*lengths_m: float, score: float) -> SceneResult:
    """Aircraft of these lengths in a row, each found with the same score but for the last, which is missed."""
    boxes = np.array([[60.0 + 110 * k, 200, 2 * m, m, 0] for k, m in enumerate(lengths_m)])
    marks = tuple(oriented("fw", box) for box in boxes)
    return scene_result(image(*marks), found(boxes[:-1], np.full(len(boxes) - 1, score)), "fw")


def test_a_range_of_size_takes_only_its_own_objects() -> None:
    rows = by_size([sized(12, 20, 30, score=0.9)], threshold=0.25)
    assert list(rows) == ["10 to 15 m", "15 to 25 m", "25 to 40 m"]
    assert [row["ap50"] for row in rows.values()] == [1, 1, 0]
    assert [row["recall_at_threshold"] for row in rows.values()] == [1, 1, 0]
    faint = by_size([sized(12, 20, score=0.1)], threshold=0.25)
    assert faint["10 to 15 m"] == {"objects": 1, "ap50": 1.0, "recall_at_threshold": 0.0}


def test_the_area_has_no_steps_of_a_point() -> None:
    places = np.array([(x, y, 30, 20, 0) for x in range(20, 400, 40) for y in range(20, 400, 40)], np.float64)
    marks = image(*(oriented("fw", row) for row in places))
    for there in (100, 99, 98):
        every = scene_result(marks, found(places[:there], np.linspace(0.9, 0.5, there)), "fw")
        assert area_precision([every]) == pytest.approx(there / 100)
    wrong = found(
        np.array([[20, 20, 30, 20, 0], [200, 40, 30, 20, 0], [20, 60, 30, 20, 0.0]]), np.array([0.9, 0.6, 0.3])
    )
    two = image(oriented("fw", places[0]), oriented("fw", places[1]))
    assert area_precision([scene_result(two, wrong, "fw")]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_what_is_not_there_is_not_a_number_and_nothing_found_is_zero() -> None:
    nothing = found(np.empty((0, 5)), np.empty(0))
    empty = scene_result(image(), nothing, "fw")
    assert np.isnan(average_precision([empty])).all()
    assert np.isnan(area_precision([empty]))
    missed = scene_result(image(oriented("fw", (50, 50, 40, 20, 0))), nothing, "fw")
    assert average_precision([missed]) == (0, 0)
    assert area_precision([missed]) == 0
    table = precision_table([missed], [(0, 10), (10, 25)])
    assert np.isnan(table[..., 0]).all()
    assert (table[..., 1] == 0).all()
    assert exact_boxes([]).shape == (0, 5)
    assert replace(empty, gsd=1.0).truth_m.shape == (0,)
