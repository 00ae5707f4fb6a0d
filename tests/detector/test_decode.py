from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardstand.detector import Decoder, Detections, WeightRecord

Row = tuple[tuple[float, ...], tuple[float, ...]]
AIRCRAFT: Row = ((100, 100, 90, 80, 0.3), (0.9, 0.8, 0.2, 0.1, 0.0))
SHIFTED: Row = ((103, 99, 88, 82, 0.35), (0.7, 0.6, 0.1, 0.1, 0.0))
SAME_AS_HELICOPTER: Row = ((101, 100, 85, 80, 0.3), (0.1, 0.0, 0.0, 0.6, 0.0))
HELICOPTER: Row = ((50, 200, 50, 42, 1.0), (0.1, 0.0, 0.0, 0.7, 0.0))
LORRY: Row = ((90, 225, 26, 6, 1.0), (0.0, 0.0, 0.0, 0.1, 0.6))
FAINT: Row = ((200, 200, 30, 30, 0), (0.04, 0.9, 0.9, 0.0, 0.0))


def raw(*rows: Row) -> NDArray[np.float32]:
    """The output of a network, (5 + K, A)."""
    return np.array([(*box[:4], *scores, box[4]) for box, scores in rows], np.float32).reshape(-1, 10).T


def decode(record: WeightRecord, *rows: Row) -> Detections:
    return Decoder(record)(raw(*rows), 256, 256)


def test_one_object_however_many_anchors_see_it(record: WeightRecord) -> None:
    seen = decode(record, SHIFTED, AIRCRAFT, SAME_AS_HELICOPTER)
    assert seen.labels == ("fw.bomber",)
    np.testing.assert_allclose(seen.boxes, [AIRCRAFT[0]], rtol=1e-6)
    np.testing.assert_allclose(seen.scores, [AIRCRAFT[1]], rtol=1e-6)


def test_a_lorry_beside_a_helicopter_stays(record: WeightRecord) -> None:
    assert decode(record, LORRY, HELICOPTER).labels == ("heli", "ad.launcher")


def test_candidates_are_judged_at_the_counted_nodes(record: WeightRecord) -> None:
    assert len(decode(record, FAINT)) == 0
    assert len(Decoder(record, min_score=0.01)(raw(FAINT), 256, 256)) == 1


def test_thresholds_of_the_record_say_how_deep(record: WeightRecord) -> None:
    assert decode(replace(record, thresholds={"fw.bomber": 0.85}), AIRCRAFT).labels == ("fw",)
    assert decode(replace(record, thresholds={"fw.bomber.tu95": 0.15}), AIRCRAFT).labels == ("fw.bomber.tu95",)


def test_probability_is_calibrated_at_the_counted_node(record: WeightRecord) -> None:
    known = replace(record, calibration={"fw": {"score": [0.0, 1.0], "probability": [0.0, 0.5]}})
    np.testing.assert_allclose(decode(known, AIRCRAFT, HELICOPTER).probability, [0.45, 0.7], rtol=1e-6)


def test_what_is_centred_in_the_padding_is_dropped(record: WeightRecord) -> None:
    assert Decoder(record)(raw(AIRCRAFT, HELICOPTER), 100, 256).labels == ("heli",)
    assert Decoder(record)(raw(AIRCRAFT, HELICOPTER), 256, 200).labels == ("fw.bomber",)


def test_nothing_seen(record: WeightRecord) -> None:
    for seen in (decode(record, FAINT), decode(record)):
        assert len(seen) == 0
        assert seen.nodes == record.nodes


@given(st.permutations([AIRCRAFT, SHIFTED, SAME_AS_HELICOPTER, HELICOPTER, LORRY, FAINT]))
def test_the_order_of_anchors_does_not_matter(record: WeightRecord, rows: list[Row]) -> None:
    seen = decode(record, *rows)
    assert seen.labels == ("fw.bomber", "heli", "ad.launcher")


def test_a_broken_network_is_bounded(record: WeightRecord) -> None:
    rng = np.random.default_rng(0)
    everywhere = (
        rng.random((10, 21504), dtype=np.float32) * np.array([[256, 256, 20, 20, 1, 1, 1, 1, 1, 3]], np.float32).T
    )
    assert 0 < len(Decoder(record)(everywhere, 256, 256)) < 2048


@pytest.mark.parametrize("angle", [-0.9, 2.5, 4.0])
def test_boxes_are_canonical(record: WeightRecord, angle: float) -> None:
    box, scores = AIRCRAFT
    (seen,) = decode(record, ((*box[:4], angle), scores)).boxes
    assert -np.pi / 4 <= seen[4] < 3 * np.pi / 4


def test_what_does_not_reach_the_threshold_of_a_counted_node_takes_no_place(record: WeightRecord) -> None:
    strict = replace(record, thresholds={"heli": 0.65, "ad.launcher": 0.65})
    seen = decode(strict, LORRY, HELICOPTER)
    assert seen.labels == ("heli", "ad.launcher")
    assert seen.reaching(strict.thresholds).tolist() == [True, False]
    doubtful: Row = ((60, 60, 30, 30, 0), (0.3, 0.0, 0.0, 0.6, 0.0))
    assert decode(strict, doubtful).labels == ("fw",)
    beside: Row = ((61, 60, 30, 30, 0), (0.0, 0.0, 0.0, 0.0, 0.6))
    assert decode(record, doubtful, beside).labels == ("heli",)
    assert decode(strict, doubtful, beside).labels == ("fw",)
    assert decode(strict, beside).labels == ("ad.launcher",)


def test_what_is_listed_without_counting(record: WeightRecord) -> None:
    strict = replace(record, thresholds={"ad.launcher": 0.8})
    faint: Row = ((60, 60, 26, 6, 0), (0.0, 0.0, 0.0, 0.0, 0.3))
    assert decode(strict, faint, LORRY).scores[:, -1].tolist() == pytest.approx([0.6])  # half of 0.8 and more
    assert len(Decoder(strict, min_score=0.2)(raw(faint, LORRY), 256, 256)) == 2
    assert len(Decoder(strict, min_score=0.7)(raw(faint, LORRY), 256, 256)) == 0


@given(rows=st.lists(st.tuples(*[st.integers(0, 255)] * 2, st.floats(0.01, 1), st.floats(0.01, 1)), max_size=20))
def test_thresholds_change_nothing_of_what_counts(rows: list[tuple[int, int, float, float]]) -> None:
    boxes: list[Row] = [((x, y, 30, 24, 0.1 * k), (fw, 0, 0, 0, van)) for k, (x, y, fw, van) in enumerate(rows)]
    floors = {"ad.launcher": 0.4}
    nodes = ("fw", "fw.bomber", "fw.bomber.tu95", "heli", "ad.launcher")
    record = WeightRecord(
        name="", architecture={}, nodes=nodes, gsd_m=0.5, tile_px=256, largest_object_m=75, licence="", created="",
        thresholds=floors,
    )  # fmt: skip
    seen = decode(record, *boxes)
    blind = [(box, (*fw, van if van >= floors["ad.launcher"] else 0.0)) for box, (*fw, van) in boxes]
    counted, alone = seen.select(seen.reaching(floors)), decode(record, *blind)
    np.testing.assert_array_equal(counted.boxes, alone.boxes)
    assert counted.labels == alone.labels
