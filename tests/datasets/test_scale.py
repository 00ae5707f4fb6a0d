"""Scale from objects: hand-checked numbers, limits, nothing to go by."""

import pytest

from hardstand.datasets.annotation import Annotation, horizontal, oriented
from hardstand.datasets.scale import (
    gsd_from_aircraft,
    gsd_from_cars,
    gsd_from_known,
    gsd_from_named,
    gsd_from_types,
    uncut,
)


def squares(*sides: float) -> list[Annotation]:
    return [horizontal("fw", (0, 0, side, side)) for side in sides]


def test_aircraft_are_blended_with_the_nominal_scale() -> None:
    assert gsd_from_aircraft(squares(72), nominal=0.5, limits=(0.1, 9)) == pytest.approx(0.5)
    assert gsd_from_aircraft(squares(18), nominal=0.5, limits=(0.1, 9)) == pytest.approx(1.0)
    assert gsd_from_aircraft(squares(18), nominal=0.5, limits=(0.1, 0.8)) == 0.8
    assert gsd_from_aircraft([], nominal=0.7, limits=(0.1, 0.2)) == 0.7


def test_ignored_aircraft_do_not_count() -> None:
    half = [horizontal("fw", (0, 0, 10, 10), ignore=True)]
    assert gsd_from_aircraft(squares(72) + half, nominal=0.5, limits=(0.1, 9)) == pytest.approx(0.5)


def test_cars_need_three() -> None:
    assert gsd_from_cars(squares(22, 22), limits=(0.1, 0.5)) is None
    assert gsd_from_cars(squares(22, 22, 50), limits=(0.1, 0.5)) == pytest.approx(0.2)
    assert gsd_from_cars(squares(2, 2, 2), limits=(0.1, 0.5)) == 0.5


def test_known_sizes() -> None:
    pairs = [(item, 36.0) for item in squares(144)]
    assert gsd_from_known(pairs, nominal=0.25, limits=(0.1, 0.5)) == pytest.approx(0.25)
    assert gsd_from_known([], nominal=0.25, limits=(0.1, 0.5)) == 0.25


def test_types_measure_by_their_longer_side_whatever_edge_is_the_length() -> None:
    wide = oriented("fw.transport.c130", (0, 0, 40.41 / 0.5, 29.79 / 0.5, 1.0))
    turned = oriented("fw.transport.c130", (0, 0, 29.79 / 0.5, 40.41 / 0.5, 0.2))
    assert gsd_from_types([wide, turned], limits=(0.1, 2)) == pytest.approx(0.5)
    assert gsd_from_types([wide], limits=(0.6, 2)) == 0.6


def test_types_of_no_size_and_boxes_that_say_nothing_do_not_count() -> None:
    mixed = oriented("fw.transport.other", (0, 0, 40, 40, 0))
    slanted = horizontal("fw.transport.c130", (0, 0, 40, 40))
    cut = oriented("fw.transport.c130", (0, 0, 40, 40, 0), truncated=True)
    assert gsd_from_types([mixed, slanted, cut, *squares(30)], limits=(0.1, 2)) is None


def named(node: str, side: float, at: float = 100.0) -> Annotation:
    return horizontal(node, (at, at, at + side, at + side))


def told(aircraft: list[Annotation], nominal: float, spread: float = 0.45) -> float | None:
    return gsd_from_named(aircraft, nominal=nominal, spread=spread, limits=(0.2, 2.5))


def test_aircraft_of_known_types_outweigh_the_nominal_scale() -> None:
    f16 = 0.9 * (15 * 9.45) ** 0.5
    assert told([named("fw.combat.f16", f16 / 0.4)] * 4, 1.2) == pytest.approx(0.4, rel=0.03)
    assert told([named("fw.combat.f16", f16 / 0.4)] * 4, 1.2, spread=0.01) == pytest.approx(1.2, rel=0.05)


def test_airliners_are_narrow_or_wide_and_those_of_one_size_are_narrow() -> None:
    narrow, wide = [named("fw.airliner", 33.5)] * 20, [named("fw.airliner", 58)] * 10
    assert told([*narrow, *wide], 0.7) == pytest.approx(1.0, rel=0.03)
    assert told(wide, 1.0) == pytest.approx(33.5 / 58, rel=0.05)


def test_one_size_that_cannot_be_does_not_move_the_scale() -> None:
    rows = [named("fw.bomber.tu95", 45), named("fw.bomber.tu95", 46), named("fw.light.ga", 60)]
    assert told(rows, 1.0) == pytest.approx(told(rows[:2], 1.0), rel=0.02)


def test_a_named_scale_stays_within_its_limits_and_needs_a_size() -> None:
    tupolev = [named("fw.bomber.tu95", 60)] * 9
    assert gsd_from_named(tupolev, nominal=1.0, spread=0.45, limits=(0.8, 2)) == pytest.approx(0.8)
    unsaid = [named("fw.transport", 36), named("fw", 36), horizontal("fw.light.ga", (0, 0, 9, 9), ignore=True)]
    assert told(unsaid, 1.0) is None


def test_a_role_stands_in_for_the_types_below_it_that_have_no_size() -> None:
    for node, size_m in (("fw.light.bizjet", 17.5), ("fw.attack.other", 13.5), ("fw.airliner.regional", 25)):
        assert told([named(node, 30)] * 50, 1.0) == pytest.approx(size_m / 30, rel=0.03)


def test_boxes_at_the_edge_may_be_cut() -> None:
    boxes = [(1, 100, 40, 140), (300, 330, 340, 360), (2, 2, 40, 40)]
    assert [item.bounds for item in uncut([horizontal("fw", box) for box in boxes], (640, 360))] == [(2, 2, 40, 40)]
