"""Objects that a set does not label: where they lie at any size of the image, and what the table may hold."""

from math import radians

import pytest

from hardstand.datasets import found as module
from hardstand.datasets.found import found
from hardstand.datasets.hrplanes import airport_of
from hardstand.datasets.split import split_of
from hardstand.datasets.tables import rows_of
from hardstand.detector.taxonomy import COUNTED, is_a


@pytest.mark.parametrize("enlarged", [1, 5])
def test_a_box_lies_where_it_was_seen_whatever_the_size_of_the_image(
    monkeypatch: pytest.MonkeyPatch, enlarged: int
) -> None:
    table = {("hrplanes", "7_DT6"): [("heli", (0.5, 0.25, 0.04, 0.03, radians(30)))]}
    monkeypatch.setattr(module, "_objects", lambda: table)
    (item,) = found("hrplanes", "7_DT6", width=600 * enlarged, height=400 * enlarged)
    assert (item.node, item.oriented) == ("heli", True)
    assert item.centre == pytest.approx((300 * enlarged, 100 * enlarged))
    assert (item.length_px, item.width_px) == pytest.approx((24 * enlarged, 18 * enlarged))
    assert item.angle == pytest.approx(radians(30))
    assert found("hrplanes", "8_DT6", width=600, height=400) == []


def test_the_table_holds_objects_on_places_to_train_on_alone() -> None:
    rows = rows_of("found.csv")
    assert sum(len(row["boxes"].split()) for row in rows) == 66
    for row in rows:
        assert any(is_a(row["node"], counted) for counted in COUNTED)
        assert split_of(row["set"], airport_of(row["image"])) == "train", "a place held back must not be trained on"
        for box in row["boxes"].split():
            x, y, length, width, degrees = (int(part) for part in box.split(":"))
            assert 0 < x < module.SHARE
            assert 0 < y < module.SHARE
            assert 0 < width <= length
            assert 0 <= degrees < 180
