from datetime import UTC, datetime

import numpy as np

from hardstand.inference.change import baseline, changes, comparable, overall
from hardstand.inference.counts import Count, estimate
from hardstand.inference.packed import PackedMask
from hardstand.inference.passes import Pass, series, shown_nodes
from hardstand.inference.survey import Survey
from hardstand.inference.words import answer, pass_labels


def _pass(day: int | None, objects: int, seen: tuple[float, float] = (0.0, 1.0), recall: float = 0.9) -> Pass:
    """A pass that saw the site's points between two shares of it."""
    places = np.arange(100) / 100
    points = (places >= seen[0]) & (places < seen[1])
    time = None if day is None else datetime(2024, 12, day, tzinfo=UTC)
    counts = {"fw": Count("fw", objects, estimate(np.full(objects, 0.98), recall))} if points.any() else {}
    return Pass("base", f"scene-{day}", time, float(points.mean()), PackedMask.of(points), np.zeros(0, np.intp), counts)


def test_a_large_fall_is_more_than_noise_and_a_small_one_is_not() -> None:
    passes = (_pass(1, 12), _pass(2, 11), _pass(3, 2))
    small, large = changes(passes, 1)["fw"], changes(passes, 2)["fw"]
    assert not small.more_than_noise
    assert small.low < 0 < small.high
    assert large.more_than_noise
    assert large.high < 0
    assert large.difference == large.now.counts["fw"].median - large.since.counts["fw"].median == -10
    assert large.direct


def test_certain_counts_give_a_certain_difference() -> None:
    earlier, later = (
        Pass("b", "s", datetime(2024, 1, day, tzinfo=UTC), 1.0, PackedMask.of(np.ones(4, bool)), np.zeros(0, np.intp),
             {"fw": Count("fw", n, estimate(np.ones(n), 1.0))})
        for day, n in ((1, 5), (2, 3))
    )  # fmt: skip
    change = changes((earlier, later), 1)["fw"]
    assert (change.difference, change.low, change.high) == (-2, -2, -2)


def test_the_first_pass_has_no_change() -> None:
    assert changes((_pass(1, 3), _pass(2, 3)), 0) == {}


def test_a_partial_pass_is_not_compared_and_is_skipped_by_the_next() -> None:
    passes = (_pass(1, 12), _pass(2, 6, seen=(0.0, 0.5)), _pass(3, 2))
    partial, after = changes(passes, 1)["fw"], changes(passes, 2)["fw"]
    assert not partial.comparable
    assert not partial.more_than_noise
    assert after.comparable
    assert after.since is passes[0]
    assert not after.direct


def test_five_points_of_coverage_are_the_limit() -> None:
    assert comparable(_pass(1, 1), _pass(2, 1, seen=(0.0, 0.95)))
    assert not comparable(_pass(1, 1), _pass(2, 1, seen=(0.0, 0.94)))


def test_two_different_halves_do_not_compare() -> None:
    assert not comparable(_pass(1, 5, seen=(0.0, 0.5)), _pass(2, 5, seen=(0.5, 1.0)))
    assert comparable(_pass(1, 5, seen=(0.0, 0.5)), _pass(2, 5, seen=(0.0, 0.5)))


def test_a_pass_that_did_not_see_the_site_is_never_a_baseline() -> None:
    passes = (_pass(1, 5), _pass(2, 0, seen=(0.0, 0.0)), _pass(3, 5))
    assert changes(passes, 1) == {}
    assert baseline(passes, 2) is passes[0]


def test_undated_passes_come_last_as_given_and_have_no_change() -> None:
    first, second = _pass(None, 1), _pass(None, 2)
    ordered = series([first, second, _pass(4, 1), _pass(2, 1)])["base"]
    assert [one.time.day if one.time else None for one in ordered] == [2, 4, None, None]
    assert ordered[2] is first
    assert changes(ordered, 3) == {}
    assert pass_labels(ordered)[2] == "undated (scene-None)"


def test_the_overall_change_takes_the_outermost_whole_passes() -> None:
    passes = (_pass(1, 3, seen=(0.0, 0.5)), _pass(2, 12), _pass(3, 8), _pass(4, 2), _pass(5, 1, seen=(0.0, 0.5)))
    change = overall(passes)["fw"]
    assert (change.since, change.now) == (passes[1], passes[3])
    ((direction, sentence),) = answer(passes)
    assert direction == "down"
    assert "fewer" in sentence
    assert "more than noise" in sentence


def test_the_overall_change_needs_two_comparable_passes() -> None:
    halves = (_pass(1, 3, seen=(0.0, 0.5)), _pass(2, 3, seen=(0.5, 1.0)))
    assert overall(halves) == {}
    assert answer(halves)[0] == ("none", "No two passes saw the same part of the site: no change can be computed.")
    assert "no count" in answer([_pass(1, 0, seen=(0.0, 0.0))])[0][1]


def test_none_found_says_how_many_there_may_be() -> None:
    assert "at most 1 by the 90 % interval" in answer((_pass(1, 0), _pass(2, 0)))[0][1]


def test_noise_is_called_change_in_one_of_ten_cases_at_most() -> None:
    rng = np.random.default_rng(7)
    called = 0
    for _ in range(200):
        pair = tuple(_pass(day, int(rng.binomial(10, 0.85)), recall=0.85) for day in (1, 2))
        called += changes(pair, 1)["fw"].more_than_noise
    assert called / 200 <= 0.1


def test_a_class_that_only_repeats_the_one_below_is_not_shown(survey: Survey) -> None:
    assert shown_nodes(survey.series()["West"]) == ("fw", "fw.combat.su27fam", "heli", "ad.launcher")


def test_the_painted_series_falls(survey: Survey) -> None:
    west = survey.series()["West"]
    assert [one.counts["fw"].detections for one in west][::3] == [12, 3]
    assert not changes(west, 1)["fw"].comparable
    assert changes(west, 3)["fw"].more_than_noise
