from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapely import Polygon

from hardstand.detector import NoCrsError, PaintDetector, SiteOutsideError
from hardstand.inference.coverage import lattice, seen_points, touches
from hardstand.inference.sites import Site, read_sites
from hardstand.inference.survey import Survey, run_survey
from hardstand.inference.tiles import Tile


def test_the_lattice_fills_a_polygon_evenly() -> None:
    triangle = Site("t", Polygon([(35, 60), (35.1, 60), (35, 60.1)]))
    points = lattice(triangle)
    assert 38_000 < len(points) < 42_000
    assert triangle.contains(points).all()
    assert points.mean(axis=0) == pytest.approx((35 + 0.1 / 3, 60 + 0.1 / 3), abs=1e-3)


def test_a_site_wholly_inside_a_valid_scene_is_covered(survey: Survey) -> None:
    assert [one.coverage for one in survey.series()["West"]][0::2] == pytest.approx([1.0, 1.0])


def test_no_data_is_not_covered(survey: Survey) -> None:
    partial = survey.series()["West"][1]
    assert partial.coverage == pytest.approx((300 - 20) / (440 - 20), abs=0.01)
    assert partial.partial


def test_a_site_under_no_data_is_not_seen_and_has_no_count(survey: Survey) -> None:
    blind = survey.series()["East"][1]
    assert not blind.seen
    assert blind.counts == {}


def test_what_was_not_read_is_not_covered(survey: Survey) -> None:
    result = survey.looks[0].result
    unread = replace(result, unread=(Tile(0, 0, 480, 480, 0, 0, 480, 240, 0),))
    whole = Site("whole", None)
    assert seen_points(result, whole).mean() == 1
    assert seen_points(unread, whole).mean() == pytest.approx(0.5, abs=0.01)


def test_a_site_over_the_edge_is_covered_in_part(
    base: Path, tmp_path: Path, write_sites: Callable[[Path, dict[str, tuple[float, float, float, float]]], Path]
) -> None:
    sites = read_sites(write_sites(tmp_path / "s.geojson", {"edge": (-100, 0, 100, 200)}))
    found = run_survey([base / "base_20241102.tif"], PaintDetector(), sites=sites)
    assert found.series()["edge"][0].coverage == pytest.approx(0.5, abs=0.01)


def test_a_site_outside_of_every_scene_is_named(base: Path) -> None:
    far = Site("Far away", Polygon([(10, 10), (10.1, 10), (10, 10.1)]))
    with pytest.raises(SiteOutsideError, match="site 'Far away' outside of every scene"):
        run_survey([base / "base_20241102.tif"], PaintDetector(), sites=[far])


def test_a_site_on_the_other_side_of_the_world_does_not_touch(survey: Survey) -> None:
    far = Site("Far", Polygon([(-145, -35), (-144, -35), (-144, -34)]))
    assert not touches(survey.looks[0].result.scene, far)


def test_sites_need_a_place_on_the_map(base: Path, tmp_path: Path, write_scene: Callable[..., Path]) -> None:
    from hardstand.inference.survey import Opening  # noqa: PLC0415

    scene = write_scene(tmp_path / "photo.tif", placed=False)
    with pytest.raises(NoCrsError, match="leave out --sites"):
        run_survey([scene], PaintDetector(), sites=read_sites(base / "sites.geojson"), opening=Opening(gsd=0.5))


def test_without_sites_each_scene_is_one(base: Path) -> None:
    scene = base / "base_20241102.tif"
    found = run_survey([scene, scene], PaintDetector())
    ((name, passes),) = found.series().items()
    assert name == "base_20241102"
    assert passes[0].counts["fw"].detections == 12
    assert np.array_equal(passes[0].members, np.arange(15))
