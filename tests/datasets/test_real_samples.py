"""The readers on the real samples: the counts of the data's own description are the oracle."""

from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from hardstand.datasets import aerial_airport, airbus, allplanes, dior, dota, hrplanes, nwpu, simd

COUNTS = [
    (airbus, "airbus_aircraft", 73, 2296),
    (hrplanes, "hrplanesv2", 1188, 7211),
    (aerial_airport, "aerial_airport", 338, 4923),
    (nwpu, "nwpu_vhr10", 170, 757),
    (simd, "simd", 299, 762),
    (dota, "dota_samples", 6, 19),
    (dior, "dior_negatives", 17, 0),
    (allplanes, "allplanes_georef", 2, 9),
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


def test_simd_helicopters_and_estimated_scale(shared_data: Path) -> None:
    records = simd.read(shared_data / "simd")
    nodes = Counter(item.node for record in records for item in record.annotations)
    assert (nodes["heli"], nodes["civ.other"]) == (14, 51)
    assert all(0.1 <= record.gsd <= 0.5 for record in records)


def test_allplanes_scale_is_on_the_ground(shared_data: Path) -> None:
    for record in allplanes.read(shared_data / "allplanes_georef"):
        assert record.gsd == pytest.approx(0.1776, abs=0.0002)
        for item in record.annotations:
            assert 28 < item.length_px * record.gsd < 46  # airliners of 34 to 45 m
