import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from hardstand.detector import canonical, corners, envelope, from_corners, oriented_iou, suppress
from hardstand.detector.boxes import in_one_place, is_part, probable_iou, suppress_probable, touching

Boxes = NDArray[np.float32]


def boxes(most: int = 12) -> st.SearchStrategy[Boxes]:
    number = st.floats(0, 1, width=32)
    span = np.array([60, 60, 40, 40, 8], np.float32)
    start = np.array([-30, -30, 1, 1, -4], np.float32)
    shapes = st.tuples(st.integers(1, most), st.just(5))
    return shapes.flatmap(lambda shape: hnp.arrays(np.float32, shape, elements=number)).map(lambda u: u * span + start)


def polygons(rows: Boxes) -> NDArray[np.object_]:
    return np.asarray(shapely.polygons(corners(rows).astype(np.float64)), dtype=np.object_)


def naive(overlap: NDArray[np.float32], rows: Boxes, scores: NDArray[np.floating], limit: float) -> list[int]:
    order = sorted(range(len(rows)), key=lambda i: (-scores[i], *rows[i, [1, 0, 2, 3, 4]].tolist()))
    kept: list[int] = []
    for i in order:
        if all(overlap[i, j] <= limit for j in kept):
            kept.append(i)
    return kept


@given(boxes())
def test_canonical_boxes_are_the_same_rectangles(rows: Boxes) -> None:
    same = canonical(rows)
    assert same.dtype == np.float32
    assert (same[:, 4] >= np.float32(-np.pi / 4)).all()
    assert (same[:, 4] < np.float32(3 * np.pi / 4)).all()
    np.testing.assert_array_equal(same[:, :4], rows[:, :4])
    np.testing.assert_allclose(np.cos(2 * same[:, 4]), np.cos(2 * rows[:, 4]), atol=1e-5)
    np.testing.assert_allclose(np.sin(2 * same[:, 4]), np.sin(2 * rows[:, 4]), atol=1e-5)
    np.testing.assert_array_equal(canonical(same), same)


@pytest.mark.parametrize("angle", [-np.pi / 4, 3 * np.pi / 4, np.nextafter(3 * np.pi / 4, 0), 7 * np.pi / 4])
def test_the_end_of_the_range_of_angles_is_open(angle: float) -> None:
    assert -0.7854 <= canonical([[0, 0, 2, 1, angle]])[0, 4] < np.float32(3 * np.pi / 4)


@given(boxes())
def test_corners_give_the_boxes_back(rows: Boxes) -> None:
    back = from_corners(corners(rows))
    np.testing.assert_allclose(back[:, :4], rows[:, :4], atol=1e-3)
    np.testing.assert_allclose(np.cos(2 * (back[:, 4] - rows[:, 4])), 1, atol=1e-4)


def test_the_first_corner_is_front_left_seen_from_above() -> None:
    (front_left, rear_left, rear_right, front_right) = corners([[0, 0, 4, 2, np.pi / 2]])[0]  # nose down the screen
    np.testing.assert_allclose(front_left, [1, 2], atol=1e-6)
    np.testing.assert_allclose(rear_left, [1, -2], atol=1e-6)
    np.testing.assert_allclose(rear_right, [-1, -2], atol=1e-6)
    np.testing.assert_allclose(front_right, [-1, 2], atol=1e-6)


@given(boxes(), st.sampled_from(["diamond", "ellipse", "rectangle"]))
def test_envelopes_are_those_of_points_on_the_outline(rows: Boxes, shape: str) -> None:
    turn = np.linspace(0, 2 * np.pi, 721)
    outline = {
        "diamond": np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]),
        "rectangle": np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]),
        "ellipse": np.stack([np.cos(turn), np.sin(turn)], axis=1),
    }[shape]
    for row, box in zip(rows.astype(np.float64), envelope(rows, shape), strict=True):
        along, across = outline[:, 0] * row[2] / 2, outline[:, 1] * row[3] / 2
        x = row[0] + along * np.cos(row[4]) - across * np.sin(row[4])
        y = row[1] + along * np.sin(row[4]) + across * np.cos(row[4])
        np.testing.assert_allclose(box, [x.min(), y.min(), x.max(), y.max()], atol=1e-3)


def test_each_box_may_have_its_own_shape() -> None:
    row = [0, 0, 8, 8, np.pi / 4]
    mixed = envelope([row, row, row], ["diamond", "ellipse", "rectangle"])
    np.testing.assert_allclose(mixed[:, 2], [8 / np.sqrt(8), 4, 4 * np.sqrt(2)], rtol=1e-6)


def test_the_envelope_of_an_unknown_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="'blob'"):
        envelope([[0, 0, 1, 1, 0]], "blob")


def test_rows_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(1, 4\), expected \(N, 5\)"):
        canonical([[0, 0, 1, 1]])
    with pytest.raises(ValueError, match=r"expected \(N, 4, 2\)"):
        from_corners([[0, 0, 1, 1]])
    with pytest.raises(ValueError, match=r"scores have shape \(2,\)"):
        suppress([[0, 0, 1, 1, 0]], [0.5, 0.4], 0.5)


@settings(max_examples=40)
@given(boxes(), boxes())
def test_overlap_is_that_of_shapely_and_symmetric(a: Boxes, b: Boxes) -> None:
    overlap = oriented_iou(a, b)
    first, second = polygons(a)[:, None], polygons(b)[None, :]
    expected = shapely.area(shapely.intersection(first, second)) / shapely.area(shapely.union(first, second))
    np.testing.assert_allclose(overlap, expected, atol=1e-3)
    np.testing.assert_allclose(overlap, oriented_iou(b, a).T, atol=1e-6)


@given(boxes(), boxes())
def test_touching_finds_every_pair_that_overlaps(a: Boxes, b: Boxes) -> None:
    first, second = envelope(a, "rectangle"), envelope(b, "rectangle")
    meets = (first[:, None, :2] < second[None, :, 2:]).all(axis=2) & (second[None, :, :2] < first[:, None, 2:]).all(
        axis=2
    )
    assert np.array_equal(np.stack(touching(first, second)), np.stack(np.nonzero(meets)))


@settings(max_examples=40)
@given(boxes(), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.3, 0.5]))
def test_suppression_is_greedy_and_free_of_order(rows: Boxes, seed: int, limit: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, len(rows)).astype(np.float32) / 4  # with ties
    kept = suppress(rows, scores, limit)
    assert kept.tolist() == naive(oriented_iou(rows, rows), rows, scores, limit)
    mixed = rng.permutation(len(rows))
    np.testing.assert_array_equal(rows[mixed][suppress(rows[mixed], scores[mixed], limit)], rows[kept])


@settings(max_examples=40)
@given(boxes(), st.integers(0, 2**32 - 1))
def test_suppression_of_gaussians_is_greedy(rows: Boxes, seed: int) -> None:
    scores = np.random.default_rng(seed).random(len(rows), dtype=np.float32)
    count = len(rows)
    pairs = probable_iou(np.repeat(rows, count, axis=0), np.tile(rows, (count, 1))).reshape(count, count)
    each, other = np.repeat(rows, count, axis=0), np.tile(rows, (count, 1))
    pairs[(in_one_place(each, other) | is_part(each, other, -1.0)).reshape(count, count)] = 1
    overlap = np.where(oriented_envelopes_meet(rows), pairs, 0).astype(np.float32)
    assert suppress_probable(rows, scores, 0.5, -1.0).tolist() == naive(overlap, rows, scores, 0.5)


def oriented_envelopes_meet(rows: Boxes) -> NDArray[np.bool_]:
    hull = envelope(rows, "rectangle")
    result = np.zeros((len(rows), len(rows)), dtype=np.bool_)
    result[touching(hull, hull)] = True
    return result


def test_the_overlap_of_gaussians_is_that_of_ultralytics() -> None:
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("ultralytics.utils.metrics")
    rng = np.random.default_rng(3)
    a = rng.random((50, 5)) * [20, 20, 30, 30, 3] + [0, 0, 5, 5, 0]
    b = rng.random((50, 5)) * [20, 20, 30, 30, 3] + [0, 0, 5, 5, 0]
    expected = metrics.probiou(torch.from_numpy(a), torch.from_numpy(b)).numpy().ravel()
    np.testing.assert_allclose(
        probable_iou(a, b), expected, atol=2e-3
    )  # theirs adds small numbers against division by 0


@pytest.mark.parametrize(("shift", "overlap"), [(0, 1.0), (1 / 3, 0.608), (0.438, 0.5), (3, 0.0)])
def test_the_overlap_of_shifted_gaussians(shift: float, overlap: float) -> None:
    assert probable_iou([[0, 0, 10, 4, 0]], [[10 * shift, 0, 10, 4, 0]])[0] == pytest.approx(overlap, abs=2e-3)


def test_slanted_rows_of_aircraft_all_stay() -> None:
    row = np.array([[i * 30.0, 100.0, 44.0, 29.0, np.pi / 3] for i in range(20)])
    row[:, 1] += np.arange(20) * 8
    assert len(suppress(row, np.linspace(0.9, 0.5, 20), 0.5)) == 20
    assert len(suppress_probable(row, np.linspace(0.9, 0.5, 20), 0.5, 4.0)) == 20


def test_nothing_gives_nothing() -> None:
    nothing = np.zeros((0, 5), np.float32)
    assert corners(nothing).shape == (0, 4, 2)
    assert from_corners(np.zeros((0, 4, 2))).shape == (0, 5)
    assert envelope(nothing, "ellipse").shape == (0, 4)
    assert oriented_iou(nothing, [[0, 0, 1, 1, 0]]).shape == (0, 1)
    assert suppress(nothing, [], 0.5).shape == (0,)
