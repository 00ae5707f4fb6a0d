"""Names given by eye: which box takes which, at any size of the image, and what the table may hold."""

import numpy as np
import pytest

from hardstand.datasets import named as module
from hardstand.datasets.annotation import Annotation, horizontal
from hardstand.datasets.named import named
from hardstand.datasets.tables import rows_of
from hardstand.detector.taxonomy import NODES, is_a


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {("hrplanes", "7_DT6"): [("fw.combat.f15", (0.5, 0.5)), ("fw.attack.a10", (0.6, 0.5))]}
    monkeypatch.setattr(module, "_names", lambda: names)


def box(x: float, y: float, side: float) -> Annotation:
    return horizontal("fw", (x - side / 2, y - side / 2, x + side / 2, y + side / 2))


@pytest.mark.parametrize("enlarged", [1.0, 7.5])
def test_a_box_takes_the_name_at_its_middle_whatever_the_size_of_the_image(enlarged: float) -> None:
    items = [box(320 * enlarged, 180 * enlarged, 30 * enlarged), box(384 * enlarged, 181 * enlarged, 30 * enlarged)]
    size = {"width": round(640 * enlarged), "height": round(360 * enlarged)}
    got = named("hrplanes", "7_DT6", items, **size)
    assert [item.node for item in got] == ["fw.combat.f15", "fw.attack.a10"]
    assert [np.array_equal(a.polygon, b.polygon) for a, b in zip(got, items, strict=True)] == [True, True]


def test_a_box_elsewhere_and_an_image_that_is_not_known_keep_what_they_have() -> None:
    beside = box(320 + 9, 180, 30)
    assert [item.node for item in named("hrplanes", "7_DT6", [beside], width=640, height=360)] == ["fw"]
    assert [item.node for item in named("hrplanes", "8_DT6", [box(320, 180, 30)], width=640, height=360)] == ["fw"]
    assert [item.node for item in named("airbus", "7_DT6", [box(320, 180, 30)], width=640, height=360)] == ["fw"]


def test_of_two_names_in_reach_a_box_takes_the_nearer() -> None:
    (got,) = named("hrplanes", "7_DT6", [box(348, 180, 300)], width=640, height=360)
    assert got.node == "fw.combat.f15"


def test_the_table_names_fixed_wing_aircraft_inside_their_images() -> None:
    rows = rows_of("named.csv")
    assert len({(row["set"], row["image"], row["node"]) for row in rows}) == len(rows) > 1000
    for row in rows:
        assert row["set"] in {"hrplanes", "aerial_airport", "airbus", "nwpu"}
        assert row["node"] in set(NODES) - {"fw"}
        assert is_a(row["node"], "fw")
        points = [point.split(":") for point in row["points"].split()]
        assert points
        assert all(0 <= int(value) <= 1000 for point in points for value in point)
