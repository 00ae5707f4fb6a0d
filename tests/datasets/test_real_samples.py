"""The readers on the real samples: the counts of the data's own description, and what was found beside the labels."""

from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from hardstand.datasets import aerial_airport, airbus, allplanes, dior, dota, hrplanes, mvrsd, nwpu, simd
from hardstand.datasets.split import split_of

COUNTS = [
    (airbus, "airbus_aircraft", 73, 2342),
    (hrplanes, "hrplanesv2", 1188, 7243),
    (aerial_airport, "aerial_airport", 338, 5207),
    (nwpu, "nwpu_vhr10", 170, 757),
    (simd, "simd", 299, 927),
    (dota, "dota_samples", 6, 19),
    (dior, "dior_negatives", 17, 0),
    (allplanes, "allplanes_georef", 2, 9),
    (mvrsd, "mvrsd_demo", 12, 0),
]


@pytest.mark.parametrize(("reader", "folder", "images", "aircraft"), COUNTS, ids=[row[1] for row in COUNTS])
def test_counts(shared_data: Path, reader: ModuleType, folder: str, images: int, aircraft: int) -> None:
    records = reader.read(shared_data / folder)
    assert len(records) == images
    assert sum(item.node.split(".")[0] == "fw" for record in records for item in record.annotations) == aircraft
    for record in records:
        assert record.path.is_file()
        for item in record.annotations:
            x0, y0, x1, y1 = item.bounds
            assert x1 > x0, record.path
            assert y1 > y0, record.path
            assert x0 > -0.1 * record.width, record.path
            assert x1 < 1.1 * record.width, record.path


def test_airport_groups(shared_data: Path) -> None:
    assert len({record.group for record in airbus.read(shared_data / "airbus_aircraft")}) == 20
    assert {"GBG", "DT8", "HON"} <= {record.group for record in hrplanes.read(shared_data / "hrplanesv2")}


NODES = [
    (
        nwpu,
        "nwpu_vhr10",
        {"fw.airliner": 715, "fw.airliner.regional": 27, "fw.light.bizjet": 13, "fw": 2}
        | {"ctx.storage_tank": 414, "civ.car": 411},
    ),
    (dota, "dota_samples", {"fw": 19, "civ.truck": 17, "civ.car": 35}),
    (mvrsd, "mvrsd_demo", {"mil.truck": 72, "civ": 43, "mil.small": 38, "mil.engineer": 35, "mil.armoured": 11}),
    (allplanes, "allplanes_georef", {"fw.airliner.a320fam": 8, "fw.airliner.b737": 1}),
    (
        simd,
        "simd",
        {"civ.car": 286, "civ.truck": 66, "civ.van": 162, "civ.bus": 73, "civ.other": 51, "civ.airport_gse": 150}
        | {"fw.airliner": 284, "fw": 230, "fw.light": 171, "fw.light.bizjet": 242, "heli": 14},
    ),
]


@pytest.mark.parametrize(("reader", "folder", "expected"), NODES, ids=[row[1] for row in NODES])
def test_counts_per_node(shared_data: Path, reader: ModuleType, folder: str, expected: dict[str, int]) -> None:
    records = reader.read(shared_data / folder)
    assert Counter(item.node for record in records for item in record.annotations) == expected


def test_flags(shared_data: Path) -> None:
    scenes = [item for record in airbus.read(shared_data / "airbus_aircraft") for item in record.annotations]
    assert (sum(item.truncated for item in scenes), sum(item.ignore for item in scenes)) == (
        86,
        156,
    )  # 44 cut, 91 labelled again, 21 found beside the labels
    tiles = [item for record in dota.read(shared_data / "dota_samples") for item in record.annotations]
    assert sum(item.difficult for item in tiles) == 40
    assert sum(item.ignore for item in tiles) == 3  # planes that the tiling of the set cuts


def test_mvrsd_counts_from_one_and_is_at_a_tenth_of_a_metre(shared_data: Path) -> None:
    records = mvrsd.read(shared_data / "mvrsd_demo")
    bounds = [item.bounds for record in records for item in record.annotations]
    assert min(min(box) for box in bounds) == 0
    assert max(max(box) for box in bounds) == 640
    assert all(record.gsd == pytest.approx(0.1, abs=0.015) for record in records)


def test_simd_helicopters_and_estimated_scale(shared_data: Path) -> None:
    records = simd.read(shared_data / "simd")
    nodes = Counter(item.node for record in records for item in record.annotations)
    assert (nodes["heli"], nodes["civ.other"]) == (14, 51)
    assert all(0.1 <= record.gsd <= 0.5 for record in records)


def test_cars_of_nwpu_are_as_long_as_cars(shared_data: Path) -> None:
    records = nwpu.read(shared_data / "nwpu_vhr10")
    cars = [
        max(item.length_px, item.width_px) * record.gsd
        for record in records
        for item in record.annotations
        if item.node == "civ.car"
    ]
    assert 4 < sorted(cars)[len(cars) // 2] < 5


def test_allplanes_scale_is_on_the_ground(shared_data: Path) -> None:
    for record in allplanes.read(shared_data / "allplanes_georef"):
        assert record.gsd == pytest.approx(0.1776, abs=0.0002)
        for item in record.annotations:
            assert 28 < item.length_px * record.gsd < 46  # airliners of 34 to 45 m


def test_named_aircraft_and_the_scale_that_follows_from_them(shared_data: Path) -> None:
    records = hrplanes.read(shared_data / "hrplanesv2")
    nodes = Counter(item.node for record in records for item in record.annotations)
    assert nodes.pop("heli") == 131  # which the set does not label
    assert sum(nodes.values()) == 7243
    others = aerial_airport.read(shared_data / "aerial_airport")
    assert sum(item.node == "heli" for record in others for item in record.annotations) == 19
    searched = [record for record in records if "heli" in record.exhaustive]
    assert len(searched) == 428
    assert (nodes["fw.combat.f16"], nodes["fw.bomber.tu160"], nodes["fw.bomber.tu22m"]) == (100, 16, 49)
    assert nodes["fw"] < 1000  # what is not known
    for place, gsd in (("9_DT6", 0.43), ("DAV_028", 0.56), ("29_DT1", 1.3)):
        (record,) = (record for record in records if record.path.stem == place)
        assert record.gsd == pytest.approx(gsd, rel=0.1)


def test_airbus_scenes_of_one_airport_have_one_scale(shared_data: Path) -> None:
    records = airbus.read(shared_data / "airbus_aircraft")
    scales = {record.group: record.gsd for record in records}
    assert all(record.gsd == scales[record.group] for record in records)
    assert scales["airport6"] == pytest.approx(0.5, abs=0.02)  # narrow bodies are 35 m long at half a metre
    assert scales["airport10"] == pytest.approx(0.38, abs=0.02)  # and here 44 m


def test_what_was_found_beside_the_labels_is_no_truth_where_figures_are_made(shared_data: Path) -> None:
    for reader, folder in ((airbus, "airbus_aircraft"), (aerial_airport, "aerial_airport"), (simd, "simd")):
        seen = [(record, item) for record in reader.read(shared_data / folder) for item in record.annotations]
        found = [(record, item) for record, item in seen if item.oriented and item.node == "fw"]
        assert len(found) > 30
        for record, item in found:
            assert item.ignore or split_of(record.source, record.group) == "train"
