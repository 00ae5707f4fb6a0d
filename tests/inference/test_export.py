import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pyproj import Geod
from shapely import Polygon
from shapely.geometry import shape

from hardstand.detector import PaintDetector
from hardstand.inference.export import counts_csv, detections_csv, detections_geojson
from hardstand.inference.survey import Opening, Survey, run_survey


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_geojson_has_every_detection_as_a_polygon_on_the_map(survey: Survey) -> None:
    text = detections_geojson(survey)
    assert text is not None
    features = json.loads(text)["features"]
    assert len(features) == sum(len(look.result.detections) for look in survey.looks)
    polygon, properties = shape(features[0]["geometry"]), features[0]["properties"]
    assert isinstance(polygon, Polygon)
    assert polygon.exterior.is_ccw
    west = survey.sites[0].polygon
    assert west is not None
    assert west.contains(polygon)
    area, _ = Geod(ellps="WGS84").geometry_area_perimeter(polygon)
    assert area == pytest.approx(properties["length_m"] * properties["width_m"], rel=0.02)
    assert properties["node"] == "fw.combat.su27fam"
    assert (properties["site"], properties["date"]) == ("West", "2024-11-02")
    assert properties["length_m"] == pytest.approx(20, abs=1)


def test_csv_has_the_place_on_the_map_and_in_the_picture(survey: Survey) -> None:
    row = _rows(detections_csv(survey))[0]
    assert float(row["x_px"]) == pytest.approx(50, abs=400)
    corners = [float(value) for value in row["corners_px"].split()]
    assert sum(corners[0::2]) / 4 == pytest.approx(float(row["x_px"]), abs=0.1)
    assert 35 < float(row["latitude"]) < 36


def test_counts_csv_leaves_out_what_was_not_seen(survey: Survey) -> None:
    rows = _rows(counts_csv(survey))
    assert len(rows) == 2 * 4 * len(survey.nodes)
    blind = [row for row in rows if row["site"] == "East" and row["date"] == "2024-11-20"]
    assert {(row["seen"], row["expected"], row["detections"]) for row in blind} == {("false", "", "")}
    zero = next(row for row in rows if row["site"] == "East" and row["date"] == "2024-11-02" and row["node"] == "fw")
    assert (zero["seen"], zero["detections"]) == ("true", "0")


def test_counts_csv_has_changes_and_says_what_they_are_worth(survey: Survey) -> None:
    rows = [row for row in _rows(counts_csv(survey)) if row["site"] == "West" and row["node"] == "fw"]
    assert [row["change_since"] for row in rows] == ["", "2024-11-02", "2024-11-02", "2024-12-03"]
    assert [row["comparable"] for row in rows] == ["", "false", "true", "true"]
    assert [row["more_than_noise"] for row in rows] == ["", "false", "false", "true"]
    assert [row["partial"] for row in rows] == ["false", "true", "false", "false"]


def test_an_image_without_a_place_on_the_map_is_not_put_on_it(tmp_path: Path, write_scene: Callable[..., Path]) -> None:
    scene = write_scene(tmp_path / "photo.tif", jets=2, placed=False)
    found = run_survey([scene], PaintDetector(), opening=Opening(gsd=0.5))
    assert detections_geojson(found) is None
    rows = _rows(detections_csv(found))
    assert len(rows) == 2
    assert {(row["longitude"], row["latitude"], row["date"]) for row in rows} == {("", "", "")}
    assert {row["site"] for row in rows} == {"photo"}
