from math import sqrt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hardstand.detector import Detections
from hardstand.inference.counts import count, counted_nodes, estimate, poisson_binomial, recall_of_each

NODES = ("fw.combat", "fw", "heli", "civ.car")


def _detections(labels: list[str], probabilities: list[float]) -> Detections:
    return Detections(
        NODES,
        np.tile(np.array([[10, 10, 5, 5, 0]], np.float32), (len(labels), 1)),
        np.full((len(labels), len(NODES)), 0.5, np.float32),
        np.array([NODES.index(label) for label in labels], np.intp),
        np.array(probabilities, np.float32),
        0.5,
    )


def test_a_count_includes_the_classes_below_and_leaves_out_what_is_not_counted() -> None:
    counts = count(_detections(["fw", "fw.combat", "civ.car"], [1.0, 1.0, 1.0]), {"fw": 1.0, "heli": 1.0})
    assert {node: one.detections for node, one in counts.items()} == {"fw": 2, "fw.combat": 1, "heli": 0}
    assert counts["fw"].expected == 2
    assert (counts["fw"].low, counts["fw"].high) == (2, 2)


def test_parents_come_first_and_unknown_roots_are_absent() -> None:
    assert counted_nodes(NODES) == ("fw", "fw.combat", "heli")


def test_unsure_boxes_add_their_share_but_are_not_listed() -> None:
    one = count(_detections(["fw", "fw"], [0.9, 0.25]), {})["fw"]
    assert one.detections == 1
    assert one.expected == pytest.approx(1.15)
    assert (one.low, one.high) == (0, 2)  # none is real in 0.1 * 0.75 of the cases


def test_a_deeper_class_takes_the_recall_of_its_root() -> None:
    counts = count(_detections(["fw.combat"], [1.0]), {"fw": 0.5})
    assert counts["fw.combat"].expected == pytest.approx(0.5 / 0.5)  # its score, for it has no curve


def test_what_does_not_reach_the_floor_of_its_counted_node_does_not_count() -> None:
    found = _detections(["fw", "fw.combat", "heli"], [0.25, 0.5, 0.25])
    found.scores[:, 1] = [0.2, 0.3, 0.9]
    counts = count(found, {}, floors={"fw": 0.3, "fw.combat": 0.9})
    assert [counts[node].expected for node in ("fw", "fw.combat", "heli")] == [0.5, 0.5, 0.25]


def test_none_found_does_not_prove_none_there() -> None:
    nothing = estimate(np.array([]), 0.5)
    assert (nothing.expected, nothing.low) == (0.0, 0)
    assert nothing.high == 4  # 0.5 ** 5 < 5 % <= 0.5 ** 4


@pytest.mark.parametrize("recall", [-0.1, 1.1])
def test_a_recall_out_of_range_is_refused(recall: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        estimate(np.array([0.5]), recall)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_the_poisson_binomial_has_its_mean_and_variance(values: list[float]) -> None:
    probabilities = np.array(values)
    distribution = poisson_binomial(probabilities)
    numbers = np.arange(len(distribution))
    mean = float(distribution @ numbers)
    assert distribution.sum() == pytest.approx(1)
    assert mean == pytest.approx(probabilities.sum(), abs=1e-9)
    variance = float(distribution @ (numbers - mean) ** 2)
    assert variance == pytest.approx((probabilities * (1 - probabilities)).sum(), abs=1e-9)


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=25), st.floats(0.5, 1))
def test_what_looks_as_it_did_when_recall_was_measured_is_counted_by_it(values: list[float], recall: float) -> None:
    probabilities = np.array(values)
    doubt = float(probabilities @ (1 - probabilities) / probabilities.sum())
    assume(doubt > 0.01)
    assume((1 / recall - 1) / doubt < 8)  # below MIN_RECALL the correction stops
    each = recall_of_each(probabilities, recall, doubt)
    assert estimate(probabilities, recall, each).expected == pytest.approx(probabilities.sum() / recall)


@given(st.lists(st.floats(0.01, 1), max_size=12), st.floats(0.01, 1), st.floats(0.1, 1), st.floats(0.01, 1))
def test_one_detection_more_never_takes_anything_off(values: list[float], more: float, recall: float, d: float) -> None:
    fewer, all_of_them = np.array(values), np.array([*values, more])
    before, after = (estimate(each, recall, recall_of_each(each, recall, d)) for each in (fewer, all_of_them))
    assert after.expected >= before.expected
    assert (after.low >= before.low, after.median >= before.median, after.high >= before.high) == (True,) * 3


@given(st.lists(st.tuples(st.floats(0.05, 1), st.floats(0.3, 1)), min_size=1, max_size=6))
def test_each_real_one_brings_the_failures_before_its_success(pairs: list[tuple[float, float]]) -> None:
    probable, each = np.array(pairs).T
    by_hand = np.ones(1)
    for share, hit in pairs:
        failures = np.arange(150)
        by_hand = np.convolve(by_hand, np.concatenate([[1 - share], share * hit * (1 - hit) ** failures]))
    found = estimate(probable, 0.9, each)
    numbers = np.arange(len(found.lower))
    assert np.abs(by_hand[: len(found.lower)] - found.lower[: len(by_hand)]).max() < 1e-9
    assert float(found.lower @ numbers) == pytest.approx(found.expected, rel=1e-6)


def test_what_is_all_but_certain_is_counted_as_it_is() -> None:
    found = estimate(np.ones(7), 0.9, np.full(7, 1 - 2.0**-53))
    assert (found.median, found.low) == (7, 7)


@pytest.mark.parametrize("doubt", [0.0, -0.1, 1.1, float("nan")])
def test_a_doubt_out_of_range_is_refused(doubt: float) -> None:
    with pytest.raises(ValueError, match="doubt"):
        recall_of_each(np.array([0.5]), 0.7, doubt)


def test_a_type_that_inherits_its_recall_is_counted_as_no_more_than_what_it_is_part_of() -> None:
    found = _scored(["fw.combat"] * 5, [0.5] * 5)
    counts = count(found, {"fw": 0.941}, CALIBRATION, doubt={"fw": 0.03})
    assert counts["fw.combat"].expected <= counts["fw"].expected
    assert counts["fw.combat"].high <= counts["fw"].high


@given(st.integers(1, 25), st.floats(0.5, 0.95))
def test_plain_objects_stand_for_fewer_missed_ones_and_doubtful_ones_for_more(number: int, recall: float) -> None:
    plain, faint = np.full(number, 0.98), np.full(number, 0.4)
    measured = [estimate(probabilities, recall) for probabilities in (plain, faint)]
    weighed = [estimate(each, recall, recall_of_each(each, recall, 0.25)) for each in (plain, faint)]
    assert plain.sum() <= weighed[0].expected < measured[0].expected
    assert measured[1].expected < weighed[1].expected
    assert all(one.low <= one.median <= one.high for one in weighed)
    assert weighed[0].high > weighed[0].median or recall > 0.9  # what looks like nothing found may be there too


def test_nine_clear_helicopters_are_counted_as_nine_whatever_is_missed_elsewhere() -> None:
    counts = count(_detections(["heli"] * 9, [0.98] * 9), {"heli": 0.67}, doubt={"heli": 0.25})["heli"]
    assert (counts.median, counts.low, counts.high) == (9, 8, 12)
    assert count(_detections(["heli"] * 9, [0.98] * 9), {"heli": 0.67})["heli"].median == 13
    assert count(_detections([], []), {"heli": 0.67}, doubt={"heli": 0.25})["heli"].high == 2


@given(st.lists(st.floats(0.01, 1), max_size=25), st.floats(0.5, 1))
def test_the_lower_distribution_has_the_expected_count_as_its_mean(values: list[float], recall: float) -> None:
    result = estimate(np.array(values), recall)
    assert float(result.lower @ np.arange(len(result.lower))) == pytest.approx(result.expected, rel=1e-6, abs=1e-6)
    assert result.low <= result.high


@given(st.lists(st.floats(0.01, 1), max_size=25), st.floats(0, 1))
def test_the_median_lies_in_the_interval_and_near_the_expected_count(values: list[float], recall: float) -> None:
    result = estimate(np.array(values), recall)
    assert result.low <= result.median <= result.high
    if recall >= 0.5:
        deviation = sqrt(result.lower @ (np.arange(len(result.lower)) - result.expected) ** 2)
        assert abs(result.median - result.expected) <= deviation + 1e-6


def test_no_other_number_is_on_average_nearer_to_the_truth_than_the_median() -> None:
    probabilities = np.array([0.99, 0.97, 0.3, 0.1, 0.1, 0.1])
    result, outcomes = estimate(probabilities, 1.0), poisson_binomial(probabilities)
    off = [float(outcomes @ abs(np.arange(len(outcomes)) - told)) for told in (*range(7), result.expected)]
    assert result.median == 2
    assert min(off) == off[2]


def test_a_part_is_counted_as_no_more_than_the_whole_from_end_to_end() -> None:
    found = _detections(["fw.combat"] * 20, [1.0] * 20)
    found.scores[:] = 1.0
    counts = count(found, {"fw": 0.96, "fw.combat": 0.5}, CALIBRATION)
    whole, part = counts["fw"], counts["fw.combat"]
    assert estimate(np.ones(20), 0.5).low > whole.high
    assert (part.low, part.median, part.high) == (whole.low, whole.median, whole.high)
    assert part.low <= part.median <= part.high


def test_clear_objects_make_a_whole_count_in_spite_of_faint_boxes() -> None:
    result = estimate(np.array([0.99, 0.99, 0.98, *[0.02] * 10]), 0.97)
    assert result.median == 3
    assert result.expected == pytest.approx(3.25, abs=0.01)


def test_a_recall_that_is_not_trusted_reaches_from_what_was_seen_to_what_it_says() -> None:
    seen, trusted, doubted = (estimate(np.ones(9), recall) for recall in (1.0, 0.5, 0.25))
    assert (seen.expected, trusted.expected, doubted.expected) == pytest.approx((9, 18, 18))
    assert doubted.low == seen.low == 9
    assert doubted.high > trusted.high > 18


def test_the_interval_holds_the_truth_in_nine_of_ten_simulated_surveys() -> None:
    rng = np.random.default_rng(5)
    truth, recall, held, rounds = 12, 0.8, 0, 400
    for _ in range(rounds):
        result = estimate(np.ones(rng.binomial(truth, recall)), recall)
        held += result.low <= truth <= result.high
    assert held / rounds >= 0.88


def test_many_detections_stay_affordable() -> None:
    result = estimate(np.full(3000, 0.9), 0.9)
    assert result.expected == pytest.approx(3000)
    assert result.low < 3000 < result.high


def _scored(labels: list[str], scores: list[float]) -> Detections:
    """Boxes that are surely real, with these scores at fw.combat."""
    found = _detections(labels, [1.0] * len(labels))
    found.scores[:, 0] = scores
    return found


CALIBRATION = {"fw.combat": {"score": [0.0, 1.0], "probability": [0.0, 1.0]}}


def test_a_type_counts_with_the_probability_that_it_is_named_right() -> None:
    found = _scored(["fw.combat", "fw.combat", "fw"], [0.75, 0.25, 0.9])
    counts = count(found, {}, CALIBRATION)
    assert counts["fw"].expected == 3
    assert counts["fw.combat"].expected == pytest.approx(1.0)
    assert counts["fw.combat"].detections == 2  # boxes that are drawn with this label
    assert count(found, {})["fw.combat"].expected == pytest.approx(1.0)  # without a curve of its own: its scores


def test_a_type_is_never_more_probable_than_that_something_is_there() -> None:
    found = _scored(["fw.combat"], [0.9])
    found.probability[:] = 0.4
    assert count(found, {}, CALIBRATION)["fw.combat"].expected == pytest.approx(0.4)


def test_a_type_takes_its_own_recall_but_is_no_more_than_what_is_counted_above() -> None:
    found = _scored(["fw.combat"] * 4, [1.0] * 4)
    own = count(found, {"fw": 0.9, "fw.combat": 0.8}, CALIBRATION)
    assert own["fw.combat"].expected == pytest.approx(4 / 0.9)  # not 5: there are but 4.4 aircraft
    alone = count(_scored(["fw.combat"] * 4 + ["fw"] * 20, [1.0] * 24), {"fw": 0.9, "fw.combat": 0.8}, CALIBRATION)
    assert alone["fw.combat"].expected == pytest.approx(5.0)
    rare = count(found, {"fw": 1.0, "fw.combat": 0.1}, CALIBRATION)
    assert (rare["fw.combat"].low, rare["fw.combat"].high) == (4, 4)
    assert rare["fw.combat"].estimate.upper.sum() == pytest.approx(1)
