"""Looking only within sites: what is read, what is run, and that the rest is not seen."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer
from typer.testing import CliRunner

from hardstand.detector import Detections, NoCrsError, PaintDetector, SiteOutsideError, paint
from hardstand.inference import SceneResult, Site, cli, detect, open_scene
from hardstand.inference.scene import Grid, Scene
from hardstand.inference.sites import read_sites
from hardstand.inference.survey import Opening, megapixels, run_survey
from hardstand.inference.tiles import Tile

SIDE = 1200
UTM = "EPSG:32637"
FRAMES = {
    "projected": (UTM, Affine(0.5, 0, 400_000, 0, -0.5, 6_000_000)),
    "turned": (UTM, Affine(0.35, 0.35, 400_000, 0.35, -0.35, 6_000_000)),
    "geographic": ("EPSG:4326", Affine(0.9e-5, 0, 30, 0, -0.45e-5, 60)),
}


class Counting(PaintDetector):
    """A paint detector that counts its tiles."""

    tiles = 0

    def stream(self, tiles: Iterable[NDArray[np.uint8]]) -> Iterator[Detections]:
        for tile in tiles:
            self.tiles += 1
            yield from super().stream([tile])


@pytest.fixture(scope="module", params=FRAMES)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fighters every 100 px in a scene of 1200 x 1200 px."""
    crs, transform = FRAMES[request.param]
    pixels = np.full((SIDE, SIDE, 3), 110, np.uint8)
    for x in range(60, SIDE, 100):
        for y in range(60, SIDE, 100):
            paint(pixels, (x, y, 40, 26, 0.4), "fw.combat.su27fam")
    path = tmp_path_factory.mktemp(request.param) / "base_20241213.tif"
    profile: dict[str, Any] = {"driver": "GTiff", "count": 3, "dtype": "uint8", "crs": crs, "transform": transform}
    with rasterio.open(path, "w", width=SIDE, height=SIDE, **profile) as target:
        target.write(pixels.transpose(2, 0, 1))
    return path


@pytest.fixture(scope="module")
def whole(scene: Path) -> tuple[SceneResult, int]:
    """What is seen of the whole scene, and in how many tiles."""
    detector = Counting()
    return detect(scene, detector, tile_px=300), detector.tiles


def area(path: Path, polygon: shapely.Polygon | shapely.MultiPolygon) -> shapely.Polygon | shapely.MultiPolygon:
    """An area in scene pixels as longitude and latitude; the oracle is rasterio's transform."""
    with rasterio.open(path) as raster:
        to_lonlat = Transformer.from_crs(raster.crs.to_wkt(), "OGC:CRS84", always_xy=True)
        place = np.array(raster.transform).reshape(3, 3)

    def project(points: NDArray[np.float64]) -> NDArray[np.float64]:
        on_map = np.column_stack([points, np.ones(len(points))]) @ place.T
        return np.stack(to_lonlat.transform(on_map[:, 0], on_map[:, 1]), axis=1)

    placed: shapely.Polygon | shapely.MultiPolygon = shapely.transform(polygon, project)
    return placed


AREAS: dict[str, shapely.Polygon | shapely.MultiPolygon] = {
    "small": shapely.box(310, 410, 320, 420),
    "two parts": shapely.MultiPolygon([shapely.box(50, 50, 90, 500), shapely.box(900, 700, 1100, 790)]),
    "over the edge": shapely.box(1000, -300, 1500, 100),
}


@pytest.mark.parametrize("name", AREAS)
def test_in_a_site_everything_is_found_and_elsewhere_nothing_is_seen(
    scene: Path, whole: tuple[SceneResult, int], name: str
) -> None:
    everything, tiles = whole
    some = Counting()
    part = detect(scene, some, tile_px=300, within=[Site("s", area(scene, AREAS[name]))])
    assert 0 < some.tiles < tiles
    assert part.valid_fraction < 1
    centres = shapely.points(everything.detections.boxes[:, :2].astype(np.float64) * everything.grid_scale)
    inside = shapely.contains(AREAS[name], centres)
    for box in everything.detections.boxes[inside]:
        assert np.hypot(*(part.detections.boxes[:, :2] - box[:2]).T).min() < 0.01
    # What was not run is not seen, and all of the site is.
    rows, columns = part.valid_mask.shape
    x, y = np.meshgrid((np.arange(columns) + 0.5) * SIDE / columns, (np.arange(rows) + 0.5) * SIDE / rows)
    assert part.valid_mask[shapely.contains_xy(AREAS[name], x, y)].all()
    assert part.valid_mask.mean() == pytest.approx(part.valid_fraction, abs=0.01)
    at = (part.detections.boxes[:, :2] * part.grid_scale * (columns / SIDE, rows / SIDE)).astype(int)
    assert part.valid_mask[at[:, 1], at[:, 0]].all()


def test_only_tiles_that_touch_are_read(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Tile] = []
    original = Scene.read

    def reading(self: Scene, grid: Grid, tile: Tile) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        read.append(tile)
        return original(self, grid, tile)

    monkeypatch.setattr(Scene, "read", reading)
    site = Site("s", area(scene, AREAS["small"]))
    result = detect(scene, PaintDetector(), tile_px=300, within=[site])
    (tile,) = read
    (scale_x, scale_y) = result.grid_scale
    core = shapely.box(
        tile.core_left * scale_x, tile.core_top * scale_y, tile.core_right * scale_x, tile.core_bottom * scale_y
    )
    assert core.intersects(AREAS["small"])


def test_a_hole_that_holds_a_whole_tile_is_not_run(scene: Path) -> None:
    ring = shapely.Polygon(shapely.box(20, 20, 1180, 1180).exterior, [shapely.box(40, 40, 1160, 1160).exterior])
    tiles = {}
    for name, polygon in (("ring", ring), ("filled", shapely.Polygon(ring.exterior))):
        detector = Counting(gsd=1.0, tile_px=220)
        detect(scene, detector, within=[Site("s", area(scene, polygon))])
        tiles[name] = detector.tiles
    assert 0 < tiles["ring"] < tiles["filled"]


def test_sites_elsewhere_leave_nothing_to_run_and_nothing_seen(scene: Path) -> None:
    detector = Counting()
    result = detect(scene, detector, within=[Site("s", area(scene, shapely.box(5000, 5000, 5100, 5100)))])
    assert detector.tiles == 0
    assert len(result.detections) == 0
    assert result.valid_fraction == 0
    assert not result.valid_mask.any()
    assert result.unread == ()


def test_a_whole_scene_as_site_runs_everything(scene: Path) -> None:
    result = detect(scene, PaintDetector(), tile_px=300, within=[Site("base_20241213", None)])
    assert result.valid_fraction == 1


def test_the_pace_is_of_what_is_asked_for(scene: Path) -> None:
    with open_scene(scene) as opened:
        info = opened.info
    first = Site("One", area(scene, shapely.box(100, 100, 300, 300)))
    second = Site("Over it and beyond", area(scene, shapely.box(200, 100, 400, 300)))
    assert megapixels(info, None) == pytest.approx(1.44)
    assert megapixels(info, [first, second]) == pytest.approx(0.06, rel=0.02)
    assert megapixels(info, [first, Site("All", None)]) == pytest.approx(1.44)


def test_sites_that_were_not_looked_at_are_not_seen(scene: Path) -> None:
    sites = [
        Site("Looked at", area(scene, shapely.box(100, 100, 300, 300))),
        Site("Beside", area(scene, shapely.box(900, 900, 1100, 1100))),
        Site("Half", area(scene, shapely.box(100, 100, 300, 1100))),
    ]
    opening = Opening(within=(sites[0],))
    detector = PaintDetector(gsd=0.5, tile_px=300)
    series = run_survey([scene], detector, sites=sites, opening=opening).series()
    (looked,), (beside,), (half,) = (series[site.name] for site in sites)
    assert looked.coverage == 1
    assert looked.counts["fw"].detections == 4
    assert not beside.seen
    assert beside.counts == {}
    assert half.partial
    assert 0.2 < half.coverage < 0.6


def test_within_needs_a_place(tmp_path: Path, base: Path, write_scene: Callable[..., Path]) -> None:
    photo = write_scene(tmp_path / "photo.tif", placed=False)
    sites = read_sites(base / "sites.geojson")
    with pytest.raises(NoCrsError, match="leave out --within"):
        run_survey([photo], PaintDetector(), opening=Opening(gsd=0.5, within=sites))
    with open_scene(photo, gsd=0.5) as scene, pytest.raises(NoCrsError):
        detect(scene, PaintDetector(), within=sites)
    far = Site("Far", shapely.box(10, 10, 10.1, 10.1))
    with pytest.raises(SiteOutsideError, match="no site of --within lies in any scene: 'Far'"):
        run_survey([base / "base_20241102.tif"], PaintDetector(), opening=Opening(within=(far,)))


def test_from_the_command_line(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: Path) -> None:
    monkeypatch.setattr(cli, "_load", lambda weights, **_: PaintDetector(tile_px=200))
    sites = read_sites(base / "sites.geojson")
    assert sites[1].polygon is not None
    east = tmp_path / "east.geojson"
    east.write_text(json.dumps(shapely.geometry.mapping(sites[1].polygon)))
    arguments = ["detect", str(base / "base_20241102.tif"), str(scene), "--within", str(east)]
    done = CliRunner().invoke(cli.app, [*arguments, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "not seen" in done.stdout
    assert "No site of --within lies in base_20241213: nothing was run there" in done.stdout
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Looked at only within" in report
    gone = CliRunner().invoke(cli.app, [*arguments[:-1], str(tmp_path / "no.geojson"), "--out", str(tmp_path / "o")])
    assert gone.exit_code == 1
    assert gone.stderr.splitlines()[1:] == [
        f"error: no site file at {tmp_path / 'no.geojson'}; sites are given as a GeoJSON file of polygons"
    ]
