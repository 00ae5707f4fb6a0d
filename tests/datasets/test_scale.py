"""Scale from objects: hand-checked numbers, limits, nothing to go by."""

import pytest

from hardstand.datasets.annotation import Annotation, horizontal, oriented
from hardstand.datasets.scale import gsd_from_aircraft, gsd_from_cars, gsd_from_known, gsd_from_types


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
