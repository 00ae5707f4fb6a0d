"""Cloud masks: rasters in any system and resolution, and polygons; what they cover is not seen."""

import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.errors import NotGeoreferencedWarning
from rasterio.warp import Resampling, reproject
from typer.testing import CliRunner

from hardstand.detector import CloudMaskError, Detections, MissingFileError, NoCrsError, PaintDetector
from hardstand.inference import cli, detect, open_scene
from hardstand.inference.sites import read_sites
from hardstand.inference.survey import Opening, run_survey

from .conftest import EAST, GSD, NORTH, SIDE, ring

UTM = "EPSG:32636"
PLACE = Affine(GSD, 0, EAST, 0, -GSD, NORTH)
Rectangle = tuple[float, float, float, float]


class Counting(PaintDetector):
    """A paint detector that counts its tiles."""

    tiles = 0

    def stream(self, tiles: Iterable[NDArray[np.uint8]]) -> Iterator[Detections]:
        for tile in tiles:
            self.tiles += 1
            yield from super().stream([tile])


def write_mask(path: Path, values: NDArray[Any], *, crs: str | None = UTM, **profile: object) -> Path:
    """A raster of (height, width) values over the scene from edge to edge, unless the profile places it elsewhere."""
    height, width = values.shape
    place = (
        {"transform": Affine(GSD * SIDE / width, 0, EAST, 0, -GSD * SIDE / height, NORTH), "crs": crs} if crs else {}
    )
    settings: dict[str, Any] = {"driver": "GTiff", "count": 1, "dtype": values.dtype, **place, **profile}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", width=width, height=height, **settings) as target:
            target.write(values, 1)
    return path


def write_polygons(path: Path, *rectangles: Rectangle, hole: Rectangle | None = None) -> Path:
    """Rectangles (left, top, right, bottom) in scene pixels as one multipolygon of clouds, the first with a hole."""
    holes = [] if hole is None else [ring(hole)]
    parts = [[ring(rectangle), *(holes if number == 0 else [])] for number, rectangle in enumerate(rectangles)]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "MultiPolygon", "coordinates": parts}}
    features = [feature] if rectangles else []
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def left_part(columns: int, width: int = SIDE) -> NDArray[np.uint8]:
    values = np.zeros((width, width), np.uint8)
    values[:, :columns] = 3
    return values


@pytest.fixture
def scene(tmp_path: Path, write_scene: Callable[..., Path]) -> Path:
    """Fighters in columns at x = 50, 110 ... 410 of two rows, and three helicopters."""
    return write_scene(tmp_path / "base_20241102.tif", jets=14, helis=3)


@pytest.mark.parametrize("gsd", [0.5, 0.35])  # of the scene: taken as it is, and shrunk while reading
@pytest.mark.parametrize("kind", ["pixel for pixel", "16 px", "float", "nodata", "degrees", "no place", "polygons"])
def test_what_a_mask_covers_is_not_valid_and_not_counted(scene: Path, tmp_path: Path, kind: str, gsd: float) -> None:
    path = tmp_path / "clouds.tif"
    match kind:
        case "pixel for pixel":
            write_mask(path, left_part(240))
        case "16 px":
            write_mask(path, left_part(15, 30))
        case "float":
            write_mask(path, np.where(left_part(240) > 0, 0.4, np.nan).astype(np.float32))
        case "nodata":
            values = left_part(240)
            values[:, 400:] = 255
            write_mask(path, values, nodata=255)
        case "degrees":
            corners = np.array(ring((0, 0, SIDE, SIDE)))
            (west, south), (east, north) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
            frame = Affine((east - west) / 300, 0, west, 0, (south - north) / 240, north)
            values = np.zeros((240, 300), np.uint8)
            reproject(left_part(240), values, src_transform=PLACE, src_crs=UTM, dst_transform=frame,
                      dst_crs="EPSG:4326", resampling=Resampling.nearest)  # fmt: skip
            write_mask(path, values, crs="EPSG:4326", transform=frame)
        case "no place":
            write_mask(path, left_part(15, 30), crs=None)
        case "polygons":
            path = write_polygons(tmp_path / "clouds.geojson", (-50, -50, 240, 530))
    clear = detect(scene, PaintDetector(), gsd=gsd)
    with open_scene(scene, gsd=gsd, clouds=path) as clouded:
        result = detect(clouded, PaintDetector())
        seen = clouded.preview(480)[0]
    with open_scene(scene, gsd=gsd) as bare:
        np.testing.assert_array_equal(seen, bare.preview(480)[0])  # people see the cloud itself
    assert result.valid_fraction == pytest.approx(0.5, abs=0.01)
    columns = result.valid_mask.shape[1] / 2
    assert result.valid_mask[:, : int(columns) - 2].mean() < 0.005  # in degrees, the last row may lie off the mask
    assert result.valid_mask[:, int(columns) + 2 :].all()
    x = clear.detections.boxes[:, 0] * clear.grid_scale[0]
    assert len(result.detections) == (x > 240).sum()
    assert (result.detections.boxes[:, 0] * result.grid_scale[0] > 240).all()


def test_an_object_half_in_cloud_is_kept_by_its_centre(scene: Path, tmp_path: Path) -> None:
    # Fighters of 40 x 26 px at y = 60, x = 50, 110, ...; the cloud ends 4 px before or beyond the second one's centre.
    for edge, seen in ((106, True), (114, False)):
        clouds = write_polygons(tmp_path / f"{edge}.geojson", (-50, -50, edge, 530))
        with open_scene(scene, clouds=clouds) as clouded:
            found = detect(clouded, PaintDetector()).detections
        second = found.select(np.hypot(*(found.boxes[:, :2] - (110, 60)).T) < 1)
        assert second.length_m.tolist() == pytest.approx([20] if seen else [], abs=1)


def test_polygons_may_have_holes_and_parts(scene: Path, tmp_path: Path) -> None:
    clouds = write_polygons(tmp_path / "c.geojson", (0, 0, 200, 480), (300, 0, 480, 480), hole=(50, 100, 150, 300))
    with open_scene(scene, clouds=clouds) as clouded:
        mask = detect(clouded, PaintDetector()).valid_mask
    expected = np.zeros((SIDE, SIDE), np.bool_)
    expected[:, 200:300] = expected[100:300, 50:150] = True
    assert (mask != expected).mean() < 0.002


def test_a_turned_scene_under_a_raster(tmp_path: Path) -> None:
    # The same ground cloud under a scene turned by 30 degrees: the oracle projects each pixel.
    cos, sin = GSD * float(np.cos(np.radians(30))), GSD * float(np.sin(np.radians(30)))
    place = Affine(cos, sin, EAST + 40, sin, -cos, NORTH - 150)
    path = write_mask(tmp_path / "scene.tif", np.full((300, 300), 90, np.uint8), transform=place)
    clouds = write_mask(tmp_path / "clouds.tif", left_part(15, 30))
    with open_scene(path, clouds=clouds) as scene:
        valid = detect(scene, PaintDetector()).valid_mask
        x, y = np.meshgrid(np.arange(300) + 0.5, np.arange(300) + 0.5)
        on_map = scene.info.to_map(np.stack([x, y], axis=-1))
    cloud = (on_map[..., 0] < EAST + 120) & (on_map[..., 0] > EAST) & (np.abs(on_map[..., 1] - NORTH + 120) < 120)
    assert 0.1 < cloud.mean() < 0.9
    assert (valid == cloud).mean() < 0.02


def test_tiles_under_cloud_are_not_run(scene: Path, tmp_path: Path) -> None:
    detector, clear = Counting(), Counting()
    clouds = write_polygons(tmp_path / "c.geojson", (0, 0, 320, 480))
    with open_scene(scene, clouds=clouds) as clouded:
        detect(clouded, detector, tile_px=200)
    detect(scene, clear, tile_px=200)
    assert 0 < detector.tiles < clear.tiles
    with open_scene(scene, clouds=write_mask(tmp_path / "all.tif", left_part(SIDE))) as clouded:
        dark = Counting()
        result = detect(clouded, dark)
    assert dark.tiles == 0
    assert result.valid_fraction == 0  # not an error, as nothing but no-data would be: nothing was seen


def test_a_site_in_cloud_has_less_coverage_or_no_count(base: Path, tmp_path: Path) -> None:
    sites = read_sites(base / "sites.geojson")  # West: columns 20 to 440, East: 445 to 475
    scenes = [base / "base_20241102.tif", base / "base_20241203.tif"]
    (tmp_path / "masks").mkdir()
    write_polygons(tmp_path / "masks" / "base_20241102.geojson", (230, -50, 530, 530))
    write_polygons(tmp_path / "masks" / "base_20241203.geojson")  # a clear sky
    opening = Opening(clouds=str(tmp_path / "masks" / "{stem}.geojson"))
    series = run_survey(scenes, PaintDetector(), sites=sites, opening=opening).series()
    assert [one.coverage for one in series["West"]] == pytest.approx([0.5, 1.0], abs=0.01)
    assert [one.seen for one in series["East"]] == [False, True]
    assert series["East"][0].counts == {}


def test_where_the_mask_of_a_scene_is() -> None:
    opening = Opening(clouds="{dir}/masks/{stem}_c.tif")
    assert opening.cloud_mask("/data/a.b/base_1.x.tif") == "/data/a.b/masks/base_1.x_c.tif"
    assert opening.cloud_mask("base.tif") == "./masks/base_c.tif"
    assert Opening().cloud_mask("base.tif") is None


def far(path: Path) -> Path:
    return write_mask(path, left_part(240), transform=Affine(GSD, 0, EAST + 9000, 0, -GSD, NORTH))


def test_clouds_do_not_stretch_the_ground(tmp_path: Path) -> None:
    """16 bit: ground from 100 to 400, cloud at 9000 over the left half, or over everything."""
    ground = np.random.default_rng(0).integers(100, 401, (1, SIDE, SIDE), dtype=np.uint16)
    ground[:, :, : SIDE // 2] = 9000
    profile: dict[str, Any] = {"driver": "GTiff", "count": 1, "dtype": "uint16", "crs": UTM, "transform": PLACE}
    path = tmp_path / "a.tif"
    with rasterio.open(path, "w", width=SIDE, height=SIDE, **profile) as target:
        target.write(ground)
    half = write_polygons(tmp_path / "half.geojson", (0, 0, SIDE / 2, SIDE))
    everything = write_polygons(tmp_path / "all.geojson", (0, 0, SIDE, SIDE))
    stretches = []
    for clouds in (None, half, everything):
        with open_scene(path, clouds=clouds) as opened:
            assert opened.info.stretch is not None
            stretches.append(opened.info.stretch[0])
    assert stretches[0] == stretches[2] == pytest.approx((112, 9000), abs=3)  # 4 percent of the ground are 2 of all
    assert stretches[1] == pytest.approx((106, 394), abs=3)


def test_masks_that_cannot_be_used(scene: Path, tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("cloudy")
    (tmp_path / "text.json").write_text("cloudy")
    point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [36, 35]}}
    (tmp_path / "point.geojson").write_text(json.dumps(point))
    far(tmp_path / "far.tif")
    for name, words in (
        ("text.tif", "cloud mask of .*not a raster"),
        ("text.json", "not GeoJSON"),
        ("point.geojson", "not a polygon but Point"),
        ("far.tif", "does not touch that scene"),
    ):
        with pytest.raises(CloudMaskError, match=words):
            open_scene(scene, clouds=tmp_path / name)
    with pytest.raises(MissingFileError, match=r"no cloud mask of .*base_20241102\.tif at .*none\.tif"):
        open_scene(scene, clouds=tmp_path / "none.tif")


@pytest.mark.parametrize("name", ["clouds.tif", "clouds.geojson"])
def test_a_mask_with_a_place_over_a_scene_without_one(
    tmp_path: Path, write_scene: Callable[..., Path], name: str
) -> None:
    photo = write_scene(tmp_path / "photo.tif", placed=False)
    path = tmp_path / name
    if name.endswith("tif"):
        write_mask(path, left_part(240))
    else:
        write_polygons(path, (0, 0, 240, 480))
    with pytest.raises(NoCrsError, match=r"photo\.tif: no place on the map"):
        open_scene(photo, gsd=0.5, clouds=path)
    with open_scene(photo, gsd=0.5, clouds=write_mask(tmp_path / "plain.tif", left_part(240), crs=None)) as scene:
        assert detect(scene, PaintDetector()).valid_fraction == pytest.approx(0.5)


def test_from_the_command_line(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_load", lambda weights, **_: PaintDetector())
    scenes = [str(base / name) for name in ("base_20241102.tif", "base_20241203.tif")]
    write_polygons(tmp_path / "base_20241102.geojson", (230, -50, 530, 530))
    pattern = str(tmp_path / "{stem}.geojson")
    arguments = ["detect", *scenes, "--clouds", pattern, "--out", str(tmp_path / "out")]
    missing = CliRunner().invoke(cli.app, [*arguments, "--strict", "--quiet"])
    assert missing.exit_code == 1
    (line,) = missing.stderr.splitlines()
    assert line.startswith("error: no cloud mask of ")
    assert "base_20241203" in line
    assert not (tmp_path / "out").exists()
    without = CliRunner().invoke(cli.app, arguments)
    assert without.exit_code == 3
    assert "1 of 2 scenes not used: no cloud mask of " in " ".join(without.stdout.split())
    write_polygons(tmp_path / "base_20241203.geojson")
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0, done.output
    assert "partial" in done.stdout
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert pattern in report
    assert "48% seen" in report


def test_the_transform_of_the_fixture_is_that_of_the_scenes(base: Path) -> None:
    to_lonlat = Transformer.from_crs(UTM, "OGC:CRS84", always_xy=True)
    with open_scene(base / "base_20241102.tif") as scene:
        assert scene.info.lonlat([[0.0, 0.0]])[0].tolist() == pytest.approx(to_lonlat.transform(EAST, NORTH))
