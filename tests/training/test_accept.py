"""The rule for int8, at its limits, and the figures that it judges."""

from pathlib import Path

import numpy as np
import pytest

from hardstand.datasets.annotation import Annotation, ImageRecord, horizontal, oriented
from hardstand.detector import Detections
from hardstand.training.accept import Comparison, compare, decide, labelled_nodes, node_result
from hardstand.training.evaluate import box_iou, scene_result

NODES = ("fw", "fw.bomber", "heli")


def found(boxes: list[list[float]], scores: list[list[float]]) -> Detections:
    count = len(boxes)
    return Detections(
        NODES,
        np.array(boxes, np.float32).reshape(-1, 5),
        np.array(scores, np.float32).reshape(-1, 3),
        np.zeros(count, np.intp),
        np.ones(count, np.float32),
        0.5,
    )


def image(*marks: Annotation) -> ImageRecord:
    return ImageRecord(Path("a.jpg"), 400, 400, 0.5, "g", "s", frozenset(NODES), marks)


def fair(drop: float, objects: int = 500) -> Comparison:
    return Comparison(objects, 0.9, 0.9 - drop)


@pytest.mark.parametrize(
    ("aircraft", "node", "objections"),
    [
        (fair(0.0049), fair(0.02), ()),
        (fair(-0.1), fair(-0.1), ()),
        (fair(0.005), fair(0.0), ("aircraft lose 0.5 points",)),
        (fair(0.0), fair(0.0201), ("heli loses 2.0 points",)),
        (fair(0.2), fair(0.3), ("aircraft lose 20.0 points", "heli loses 30.0 points")),
        (fair(0.0), fair(0.3, objects=99), ()),
        (Comparison(0, 0.0, 0.0), fair(0.0), ("no labelled aircraft",)),
    ],
)
def test_less_than_half_a_point_for_aircraft_and_two_for_any_node(
    aircraft: Comparison, node: Comparison, objections: tuple[str, ...]
) -> None:
    decision = decide(aircraft, {"heli": node})
    assert decision.accepted is (not objections)
    assert len(decision.objections) == len(objections)
    assert all(said.startswith(start) for said, start in zip(decision.objections, objections, strict=True))
    record = decision.as_record("int8")
    assert record["accepted"] is decision.accepted
    assert record["aircraft"]["int8"] == round(aircraft.cheaper, 4)
    assert ("heli" in record["nodes"]) is (node.objects >= 100)


def test_ap_of_a_node_is_by_its_own_score_and_what_is_labelled_less_deep_is_ignored() -> None:
    bomber, plane = oriented("fw.bomber", [100, 100, 60, 50, 0.4]), oriented("fw", [300, 300, 60, 50, 0.4])
    record = image(bomber, plane)
    boxes = [[100.0, 100, 60, 50, 0.4], [300.0, 300, 60, 50, 0.4], [100.0, 300, 60, 50, 0]]
    right = found(boxes, [[0.9, 0.6, 0], [0.9, 0.8, 0], [0.9, 0.3, 0]])
    wrong = found(boxes, [[0.9, 0.3, 0], [0.9, 0.8, 0], [0.9, 0.6, 0]])
    result = compare([(record, right)], [(record, wrong)], "fw.bomber")
    assert result.objects == 1
    assert (result.fp32, result.cheaper) == pytest.approx((1.0, 0.5))
    assert compare([(record, right)], [(record, right)], "fw").objects == 2
    assert node_result(record, right, "heli").found.size == 0
    assert compare([(image(), right)], [(image(), right)], "fw") == Comparison(0, 0.0, 0.0)


@pytest.mark.parametrize("node", ["fw", "heli"])
def test_the_outline_of_an_exact_label_is_that_of_its_shape(node: str) -> None:
    box = [200.0, 200.0, 90.0, 80.0, np.pi / 4]
    seen = found([box], [[0.9, 0, 0.9]])
    seen.label[:] = NODES.index(node)
    for result in (
        node_result(image(oriented(node, box)), seen, node),
        scene_result(image(oriented(node, box)), seen, node),
    ):
        assert box_iou(result.found, result.truth)[0, 0] == pytest.approx(1, abs=1e-4)
    assert scene_result(image(horizontal(node, [1, 2, 30, 40])), seen, node).truth.tolist() == [[1, 2, 30, 40]]


def test_nodes_are_those_that_some_label_is_below() -> None:
    records = [
        image(oriented("fw.bomber.tu95", [50, 50, 20, 20, 0])),
        image(horizontal("heli", [0, 0, 9, 9], ignore=True)),
    ]
    assert labelled_nodes(records, (*NODES, "fw.bomber.tu95", "fw.isr")) == ("fw", "fw.bomber", "fw.bomber.tu95")
