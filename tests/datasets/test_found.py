"""Objects that a set does not label: where they lie at any size of the image, and what the table may hold."""

from math import radians

import pytest

from hardstand.datasets import found as module
from hardstand.datasets.found import found, is_whole
from hardstand.datasets.tables import rows_of
from hardstand.detector.taxonomy import COUNTED, is_a


@pytest.mark.parametrize("enlarged", [1, 5])
def test_a_box_lies_where_it_was_seen_whatever_the_size_of_the_image(
    monkeypatch: pytest.MonkeyPatch, enlarged: int
) -> None:
    table = {("hrplanes", "7_DT6"): [("heli", enlarged > 1, (0.5, 0.25, 0.04, 0.03, radians(30)))]}
    monkeypatch.setattr(module, "_objects", lambda: table)
    (item,) = found("hrplanes", "7_DT6", width=600 * enlarged, height=400 * enlarged)
    assert (item.node, item.oriented, item.ignore) == ("heli", True, enlarged > 1)
    assert item.centre == pytest.approx((300 * enlarged, 100 * enlarged))
    assert (item.length_px, item.width_px) == pytest.approx((24 * enlarged, 18 * enlarged))
    assert item.angle == pytest.approx(radians(30))
    assert found("hrplanes", "8_DT6", width=600, height=400) == []


def test_an_image_is_whole_by_its_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_whole", lambda: frozenset({("hrplanes", "7_DT6", "heli")}))
    assert is_whole("hrplanes", "7_DT6", "heli")
    assert not is_whole("hrplanes", "8_DT6", "heli")
    assert not is_whole("hrplanes", "7_DT6", "fw")


def test_the_table_holds_boxes_within_images() -> None:
    rows = rows_of("found.csv")
    assert len({(row["set"], row["image"], row["node"], row["ignored"]) for row in rows}) == len(rows)
    for row in rows:
        assert any(is_a(row["node"], counted) for counted in COUNTED)
        assert {row["whole"], row["ignored"]} <= {"yes", "no"}
        assert "no" in (row["whole"], row["ignored"]), "what is ignored is not the whole of anything"
        assert row["whole"] == "yes" or row["boxes"], "a row that says nothing"
        for box in row["boxes"].split():
            x, y, length, width, degrees = (int(part) for part in box.split(":"))
            assert 0 < x < module.SHARE
            assert 0 < y < module.SHARE
            assert 0 < width <= (length if row["node"] == "heli" else 2 * length)
            assert 0 <= degrees <= 180
