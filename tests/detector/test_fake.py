import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardstand.detector import Detections, LabelError, PaintDetector, oriented_iou, paint
from hardstand.detector.fake import COLOURS, PAINTED, Pixels


def ground(width: int = 200, height: int = 150) -> Pixels:
    return np.full((height, width, 3), 120, np.uint8)


def see(pixels: Pixels) -> Detections:
    return next(PaintDetector().stream([pixels]))


@settings(max_examples=30)
@given(
    st.sampled_from(PAINTED),
    st.tuples(st.floats(70, 130), st.floats(60, 90), st.floats(20, 50), st.floats(8, 18), st.floats(-0.7, 2.3)),
)
def test_what_is_painted_is_seen(node: str, box: tuple[float, float, float, float, float]) -> None:
    pixels = ground()
    paint(pixels, box, node)
    seen = see(pixels)
    assert seen.labels == (node,)
    assert oriented_iou(seen.boxes, [box])[0, 0] > 0.8
    assert seen.score.tolist() == seen.probability.tolist() == [np.float32(0.9)]


def test_an_upright_box_is_exact() -> None:
    pixels = ground()
    paint(pixels, (100, 75, 40, 10, 0), "ad.launcher")
    assert (pixels != 120).any(axis=2).sum() == 400
    assert see(pixels).boxes.tolist() == [[100, 75, 40, 10, 0]]


def test_neighbours_of_different_nodes_stay_apart() -> None:
    pixels = ground()
    for k, node in enumerate(("fw.bomber", "heli", "ad.launcher")):
        paint(pixels, (50 + 20 * k, 75, 60, 20, np.pi / 2), node)
    assert sorted(see(pixels).labels) == ["ad.launcher", "fw.bomber", "heli"]


def test_a_fragment_is_seen_as_an_object() -> None:
    pixels = ground()
    paint(pixels, (0, 75, 40, 10, 0), "fw")
    assert see(pixels).boxes.tolist() == [[10, 75, 20, 10, 0]]


def test_empty_ground_and_specks_are_nothing() -> None:
    pixels = ground()
    assert len(see(pixels)) == 0
    paint(pixels, (10, 10, 2, 2, 0), "fw")
    assert len(see(pixels)) == 0


def test_every_node_has_its_own_colour_and_none_is_grey() -> None:
    colours = [tuple(colour.tolist()) for colour in COLOURS.values()]
    assert len(set(colours)) == len(PAINTED)
    assert all(len(set(colour)) > 1 for colour in colours)


def test_no_paint_for_other_nodes_and_no_larger_tile() -> None:
    with pytest.raises(LabelError, match=r"'civ\.car'"):
        paint(ground(), (1, 1, 1, 1, 0), "civ.car")
    with pytest.raises(ValueError, match="200 x 150 px, expected at most 128"):
        next(PaintDetector(tile_px=128).stream([ground()]))
