from typing import Any

import numpy as np
import pytest

from hardstand.detector import Detection, Detections, LabelError

NODES = ("fw", "fw.isr", "heli")


def make(count: int = 3, **changes: object) -> Detections:
    values: dict[str, Any] = {
        "nodes": NODES,
        "boxes": np.array([[10 * i, 20, 8, 4, 0] for i in range(count)], np.float32).reshape(-1, 5),
        "scores": np.array([[0.75, 0.5, 0.25]] * count, np.float32).reshape(-1, 3),
        "label": np.array([1, 0, 2][:count], np.intp),
        "probability": np.full(count, 0.5, np.float32),
        "gsd": 0.5,
    }
    return Detections(**{**values, **changes})


def test_one_record_per_object() -> None:
    first, second, third = make()
    assert first == Detection("fw.isr", 0.75, 0.5, 4.0, 2.0, (0.0, 20.0, 8.0, 4.0, 0.0))
    assert (second.node, second.score, third.node, third.score) == ("fw", 0.75, "heli", 0.25)


def test_score_is_that_of_the_counted_node() -> None:
    assert make().score.tolist() == [0.75, 0.75, 0.25]
    assert make().labels == ("fw.isr", "fw", "heli")


def test_masks_by_node_hold_what_is_below() -> None:
    seen = make()
    assert seen.at("fw").tolist() == [True, True, False]
    assert seen.at("fw.isr").tolist() == [True, False, False]
    assert seen.at("fw.isr.a50").tolist() == [False, False, False]
    assert len(seen.select(seen.at("heli"))) == 1
    with pytest.raises(LabelError):
        seen.at("plane")


def test_select_takes_a_mask_or_indices() -> None:
    seen = make()
    assert seen.select([2, 0]).boxes[:, 0].tolist() == [20, 0]
    assert seen.select([]).boxes.shape == (0, 5)
    assert seen.select(np.array([False, True, False])).labels == ("fw",)


def test_translation_moves_the_centres_only() -> None:
    assert make().translated(5, -5).boxes[0].tolist() == [5, 15, 8, 4, 0]


def test_concatenation_keeps_the_order() -> None:
    both = Detections.concatenate([make(2), Detections.empty(NODES, 0.5), make(1).translated(100, 0)])
    assert both.boxes[:, 0].tolist() == [0, 10, 100]
    assert list(Detections.empty(NODES, 0.5)) == []
    assert len(Detections.empty(NODES, 0.5).at("fw")) == 0


@pytest.mark.parametrize("parts", [[], [make(), make(gsd=0.3)]])
def test_what_has_no_common_frame_is_not_concatenated(parts: list[Detections]) -> None:
    with pytest.raises(ValueError, match="concatenate"):
        Detections.concatenate(parts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"boxes": np.zeros((3, 4), np.float32)}, r"boxes is float32 \(3, 4\), expected float32 \(3, 5\)"),
        ({"scores": np.zeros((3, 3))}, "scores is float64"),
        ({"label": np.array([0, 1, 3], np.intp)}, "up to 3, expected columns of 3 nodes"),
        ({"probability": np.zeros(2, np.float32)}, r"probability is float32 \(2,\)"),
        ({"gsd": 0.0}, "gsd is 0"),
    ],
)
def test_detections_that_exist_are_valid(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**change)
