"""The merge: one detection for what two tiles saw, and none lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardstand.detector.boxes import oriented_iou
from hardstand.detector.detections import Detections, path_scores
from hardstand.inference.engine import SEAM_PX
from hardstand.inference.merge import _removed, merge
from hardstand.inference.tiles import plan_tiles

NODES = ("fw", "heli", "ad.launcher")
TILES = plan_tiles(1000, 600, tile_px=600, overlap_px=200)  # two cores that meet at x = 500


def found(
    *rows: tuple[int, str, float, tuple[float, float, float, float, float]],
) -> tuple[Detections, NDArray[np.intp]]:
    """Detections and the tiles that proposed them, from (tile, node, score, box) each."""
    detections = Detections(
        NODES,
        np.array([box for *_, box in rows], np.float32).reshape(-1, 5),
        np.array([path_scores(NODES, node, score) for _, node, score, _ in rows], np.float32).reshape(-1, 3),
        np.array([NODES.index(node) for _, node, *_ in rows], np.intp),
        np.array([score for _, _, score, _ in rows], np.float32),
        0.5,
    )
    return detections, np.array([tile for tile, *_ in rows], np.intp)


def test_the_tiles_of_these_tests() -> None:
    assert [(tile.core_left, tile.core_right) for tile in TILES] == [(0, 500), (500, 1000)]


def test_two_views_of_one_object_leave_the_better_one() -> None:
    merged = merge(*found((0, "fw", 0.7, (499, 300, 80, 70, 0)), (1, "fw", 0.8, (501, 301, 82, 69, 0.1))), TILES)
    assert merged.score.tolist() == pytest.approx([0.8])


def test_views_of_different_classes_are_one_object() -> None:
    merged = merge(*found((0, "ad.launcher", 0.4, (499, 300, 24, 6, 0)), (1, "heli", 0.3, (501, 301, 22, 6, 0))), TILES)
    assert merged.labels == ("ad.launcher",)


def test_what_does_not_count_removes_nothing_that_does() -> None:
    views = found((0, "ad.launcher", 0.4, (499, 300, 24, 6, 0)), (1, "heli", 0.3, (501, 301, 22, 6, 0)))
    assert merge(*views, TILES, {"ad.launcher": 0.5}).labels == ("heli",)
    assert merge(*views, TILES, {"ad.launcher": 0.5, "heli": 0.5}).labels == ("ad.launcher",)


def test_an_object_that_each_tile_centres_in_the_other_is_not_lost() -> None:
    merged = merge(*found((0, "fw", 0.7, (501, 300, 80, 70, 0)), (1, "fw", 0.7, (499, 300, 80, 70, 0))), TILES)
    assert len(merged) == 1
    assert merged.boxes[0, 0] == 499  # equal scores: smaller cy, then smaller cx


def test_two_objects_that_overlap_stay_two() -> None:
    # Wings over wings, IoU 0.41, each seen by both tiles.
    one, two = (495.0, 300.0, 60.0, 60.0, 0.0), (500.0, 324.0, 60.0, 60.0, 0.0)
    assert 0.3 < oriented_iou([one], [two])[0, 0] < 0.5
    merged = merge(*found((0, "fw", 0.9, one), (0, "fw", 0.6, two), (1, "fw", 0.8, one), (1, "fw", 0.7, two)), TILES)
    assert sorted(merged.score.tolist()) == pytest.approx([0.7, 0.9])


def test_a_lorry_beside_a_helicopter_stays() -> None:
    merged = merge(
        *found((0, "heli", 0.9, (498, 300, 40, 30, 0)), (1, "ad.launcher", 0.5, (502, 325, 24, 6, 0))), TILES
    )
    assert len(merged) == 2


def test_one_tile_never_removes_its_own() -> None:
    box = (498.0, 300.0, 40.0, 30.0, 0.0)
    assert len(merge(*found((0, "fw", 0.9, box), (0, "fw", 0.8, box)), TILES)) == 2


def test_away_from_the_border_nothing_is_removed() -> None:
    far = 500 - 2 * SEAM_PX - 1
    assert len(merge(*found((0, "fw", 0.9, (far, 300, 40, 30, 0)), (1, "fw", 0.8, (508, 300, 80, 60, 0))), TILES)) == 2


def test_four_tiles_see_one_object_at_their_corner() -> None:
    tiles = plan_tiles(1000, 1000, tile_px=600, overlap_px=200)
    views = [(tile, "fw", 0.5 + tile / 100, (500 + tile, 500 - tile, 80.0, 70.0, 0.0)) for tile in range(4)]
    merged = merge(*found(*views), tiles)
    assert merged.score.tolist() == pytest.approx([0.53])


def test_the_order_of_the_result_is_by_place_and_not_by_tile() -> None:
    rows = [(0, "fw", 0.5, (10.0, 300.0, 8.0, 8.0, 0.0)), (1, "fw", 0.6, (600.0, 20.0, 8.0, 8.0, 0.0))]
    merged = merge(*found(*rows), TILES)
    assert merged.boxes[:, 1].tolist() == [20, 300]
    again = merge(*found(*rows[::-1]), TILES)
    np.testing.assert_array_equal(merged.boxes, again.boxes)


def test_nothing_merges_to_nothing() -> None:
    assert len(merge(Detections.empty(NODES, 0.5), np.zeros(0, np.intp), TILES)) == 0


@pytest.mark.parametrize("views", [(0.8, 0.5), (0.5, 0.8)])
def test_a_fuselage_that_another_tile_takes_for_a_launcher_is_no_object(views: tuple[float, float]) -> None:
    helicopter, fuselage = (499.0, 300.0, 50.0, 42.0, 0.3), (501.0, 301.0, 26.0, 6.0, 0.3)
    merged = merge(*found((0, "heli", views[0], helicopter), (1, "ad.launcher", views[1], fuselage)), TILES)
    assert merged.labels == (("heli",) if views[0] > views[1] else ("ad.launcher",))


def test_a_lorry_under_the_rotor_that_another_tile_sees_stays() -> None:
    lorry = (498.0, 306.5, 24.0, 5.0, 0.0)
    assert len(merge(*found((0, "heli", 0.9, (498, 300, 50, 42, 0)), (1, "ad.launcher", 0.5, lorry)), TILES)) == 2


@given(st.integers(0, 2**32 - 1))
def test_rounds_remove_what_pair_by_pair_would(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, tiles = int(rng.integers(2, 12)), int(rng.integers(2, 5))
    tile = rng.integers(0, tiles, count)
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count) if tile[i] != tile[j] and rng.random() < 0.5]
    pairs = sorted(pairs, key=lambda pair: (pair[0], rng.random()))
    gone: set[int] = set()
    served: set[tuple[int, int]] = set()
    for i, j in pairs:
        if i not in gone and j not in gone and (i, int(tile[j])) not in served:
            gone.add(j)
            served.add((i, int(tile[j])))
    better, worse = np.array(pairs, np.intp).reshape(-1, 2).T
    side = better * tiles + tile[worse]
    assert _removed(better, worse, side).tolist() == sorted(gone)


SIZES_PX = {"launcher": (26.0, 6.0), "fighter": (44.0, 29.4), "transport": (93.0, 101.0)}


@pytest.mark.parametrize("degrees", range(0, 180, 10))
@pytest.mark.parametrize("kind", SIZES_PX)
def test_a_parked_row_with_half_a_metre_between_survives(kind: str, degrees: int) -> None:
    # Abreast, 0.5 m apart, across the seam and along it; both tiles see those in reach.
    length, width = SIZES_PX[kind]
    angle = np.radians(degrees)
    step = width + 0.5 / 0.5
    reach = 12 if kind == "launcher" else 2
    places = [(500 - k * step * np.sin(angle), 300 + k * step * np.cos(angle)) for k in range(-reach, reach + 1)]
    jitter = np.random.default_rng(degrees)
    views = []
    for x, y in places:
        for tile in TILES:
            dx, dy, longer, turn = jitter.normal(0, (0.4, 0.4, 0.5, 0.01))
            box = (x + dx, y + dy, length + longer, width, angle + turn)
            if tile.owns(np.array([box[0]]), np.array([box[1]]), slack_px=SEAM_PX)[0]:
                views.append((tile.index, "fw", float(jitter.uniform(0.3, 0.9)), box))
    merged = merge(*found(*views), TILES)
    assert len(merged) == len(places)
    for x, y in places:
        assert np.hypot(merged.boxes[:, 0] - x, merged.boxes[:, 1] - y).min() < 2


def test_neighbours_that_one_tile_each_proposes_stay() -> None:
    # Herringbone: wing over tail, as close as airframes can; each is centred beyond the reach of the other's tile.
    one, two = (491.0, 300.0, 44.0, 30.0, 0.0), (509.0, 316.0, 44.0, 30.0, 0.0)
    assert len(merge(*found((0, "fw", 0.9, one), (1, "fw", 0.8, two)), TILES)) == 2
