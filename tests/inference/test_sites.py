import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer

from hardstand.detector import MissingFileError, SiteFileError
from hardstand.inference.sites import read_sites

SQUARE = [[35.0, 35.0], [35.1, 35.0], [35.1, 35.1], [35.0, 35.1], [35.0, 35.0]]


def _write(tmp_path: Path, *rings: list[list[float]], crs: str | None = None, **feature: Any) -> Path:  # noqa: ANN401
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}} | feature
        for ring in rings
    ]
    document: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path = tmp_path / "sites.geojson"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_names_come_from_the_property_the_id_or_the_number(tmp_path: Path) -> None:
    assert read_sites(_write(tmp_path, SQUARE, properties={"name": "Хмеймим"}))[0].name == "Хмеймим"
    assert read_sites(_write(tmp_path, SQUARE, id=7))[0].name == "7"
    assert [site.name for site in read_sites(_write(tmp_path, SQUARE, SQUARE))] == ["site 1", "site 2"]


def test_points_are_inside_or_not(tmp_path: Path) -> None:
    (site,) = read_sites(_write(tmp_path, SQUARE))
    assert site.contains(np.array([[35.05, 35.05], [36.0, 35.0]])).tolist() == [True, False]


def test_edges_are_split_for_projection(tmp_path: Path) -> None:
    (site,) = read_sites(_write(tmp_path, SQUARE))
    (ring,) = site.rings()
    assert np.abs(np.diff(ring, axis=0)).max() <= 0.001 + 1e-9


def test_the_older_crs_member_is_understood(tmp_path: Path) -> None:
    to_map = Transformer.from_crs("OGC:CRS84", "EPSG:32636", always_xy=True)
    ring = [list(to_map.transform(lon, lat)) for lon, lat in SQUARE]
    (site,) = read_sites(_write(tmp_path, ring, crs="urn:ogc:def:crs:EPSG::32636"))
    assert site.polygon is not None
    assert site.polygon.bounds == pytest.approx((35.0, 35.0, 35.1, 35.1), abs=1e-6)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no site file at"):
        read_sites(tmp_path / "none.geojson")


@pytest.mark.parametrize(
    ("ring", "feature", "reason"),
    [
        ([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]], {}, "Self-intersection"),
        ([[0, 0], [1, 0], [2, 0], [0, 0]], {}, "feature 1"),
        ([[500000, 3900000], [500100, 3900000], [500100, 3900100], [500000, 3900000]], {}, "not longitude and lat"),
        ([[0, 0], [1, 1]], {}, "bad polygon"),
        ([["a", "b"], [1, 1], [1, 0]], {}, "bad polygon"),
        (SQUARE, {"geometry": {"type": "Point", "coordinates": [1, 1]}}, "not a polygon but Point"),
        (SQUARE, {"geometry": None, "properties": {"name": "Depot"}}, "'Depot'.* has no polygon"),
    ],
)
def test_a_bad_polygon_is_named_with_its_reason(
    tmp_path: Path, ring: list[list[float]], feature: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SiteFileError, match=reason):
        read_sites(_write(tmp_path, ring, **feature))


def test_two_sites_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="2 sites are called 'Depot'"):
        read_sites(_write(tmp_path, SQUARE, SQUARE, properties={"name": "Depot"}))


@pytest.mark.parametrize("text", ["{", "[]", '{"type": "FeatureCollection", "features": []}', "\x00"])
def test_a_file_that_is_no_site_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sites.geojson"
    path.write_text(text)
    with pytest.raises(SiteFileError, match=r"GeoJSON|no features"):
        read_sites(path)
