"""Scenes at their real boundary: rasters written by rasterio and GDAL, in many systems, depths and masks."""

import logging
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import xy

from hardstand.detector.errors import (
    BandError,
    EmptySceneError,
    MissingFileError,
    NoCrsError,
    NoGsdError,
    NotARasterError,
    TileReadError,
    TooCoarseError,
)
from hardstand.inference import SceneInfo, array_scene, open_scene
from hardstand.inference.acquisition import acquisition_time
from hardstand.inference.blocks import BlockSize
from hardstand.inference.pixels import BLANK
from hardstand.inference.scene import SAME_GSD, Scene
from hardstand.inference.tiles import Tile

UTM = "EPSG:32637"


def from_origin(west: float, north: float, x: float, y: float, degrees: float = 0.0) -> Affine:
    """Pixels of x by y map units from the upper left corner, the rows turned by `degrees`."""
    cos, sin = float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))
    return Affine(x * cos, y * sin, west, x * sin, -y * cos, north)


HALF_METRE = from_origin(400_000, 6_000_000, 0.5, 0.5)


TILED: dict[str, object] = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}


def write(path: Path, bands: NDArray[Any], **profile: object) -> Path:
    """A raster of bands (count, height, width), at 0.5 m in UTM unless the profile says otherwise."""
    settings: dict[str, Any] = {"driver": "GTiff", "crs": UTM, "transform": HALF_METRE} | profile
    extra: dict[str, Any] = {
        key: settings.pop(key) for key in ("colorinterp", "mask", "tags", "colormap") if key in settings
    }
    count, height, width = bands.shape
    with warnings.catch_warnings(), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", count=count, height=height, width=width, dtype=bands.dtype, **settings) as target:
            if "colorinterp" in extra:
                target.colorinterp = extra["colorinterp"]
            if "colormap" in extra:
                target.write_colormap(1, extra["colormap"])
            target.write(bands)
            if "mask" in extra:
                target.write_mask(extra["mask"])
            target.update_tags(**extra.get("tags", {}))
    return path


def spoil(path: Path) -> Path:
    """Overwrite the third quarter of the file, so that compressed blocks there cannot be decoded."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) * 3 // 4] = b"\xff" * (len(data) * 3 // 4 - len(data) // 2)
    path.write_bytes(data)
    return path


def noise(count: int, height: int, width: int, dtype: str = "uint8", top: int = 255) -> NDArray[Any]:
    values = np.random.default_rng(7).integers(1, top, (count, height, width))
    return values.astype(dtype)


def whole(width: int, height: int) -> Tile:
    return Tile(0, 0, width, height, 0, 0, width, height, 0)


def window(left: int, top: int, right: int, bottom: int) -> Tile:
    return Tile(left, top, right, bottom, left, top, right, bottom, 0)


def look(scene: Scene, gsd: float = 0.5) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    grid = scene.grid(gsd)
    return scene.read(grid, whole(grid.width, grid.height))


# --- how large a pixel is on the ground ---


@pytest.mark.parametrize(
    ("crs", "transform", "expected"),
    [
        (UTM, HALF_METRE, (0.5, 0.5)),
        ("EPSG:2263", from_origin(980_000, 200_000, 1.0, 1.0), (0.3048, 0.3048)),  # New York, in US feet
        ("EPSG:3857", from_origin(4_000_000, 8_399_737.9, 1.0, 1.0), (0.5, 0.5)),  # 60 degrees north
        ("EPSG:4326", from_origin(30.0, 60.0, 1e-5, 1e-5), (0.558, 1.114)),
        ("EPSG:4326", from_origin(30.0, 0.0, 1e-5, 1e-5), (1.113, 1.106)),
        (UTM, from_origin(400_000, 6_000_000, 0.5, 0.5, 30), (0.5, 0.5)),
        (UTM, from_origin(400_000, 6_000_000, 0.5, 1.0, 90), (0.5, 1.0)),
        (UTM, Affine(0.5, 0, 400_000, 0, 0.5, 6_000_000), (0.5, 0.5)),  # south up
    ],
)
def test_ground_sampling_distance(tmp_path: Path, crs: str, transform: Affine, expected: tuple[float, float]) -> None:
    with open_scene(write(tmp_path / "a.tif", noise(3, 40, 60), crs=crs, transform=transform)) as scene:
        assert (scene.info.gsd_x, scene.info.gsd_y) == pytest.approx(expected, rel=3e-3)


def test_ground_sampling_distance_is_that_of_the_ellipsoid(tmp_path: Path) -> None:
    # The oracle: corners by rasterio, degrees by pyproj, metres by Geod, over the whole width and height.
    transform = from_origin(1_093_020.8, 7_083_260.9, 0.3, 0.3, 20)
    path = write(tmp_path / "a.tif", noise(3, 300, 400), crs="EPSG:3857", transform=transform)
    with rasterio.open(path) as raster, open_scene(path) as scene:
        places = xy(raster.transform, [150, 150, 0, 300], [0, 400, 200, 200], offset="ul")
        lon, lat = Transformer.from_crs("EPSG:3857", "EPSG:4326", always_xy=True).transform(*places)
        geod = Geod(ellps="WGS84")
        assert scene.info.gsd_x == pytest.approx(geod.inv(lon[0], lat[0], lon[1], lat[1])[2] / 400, rel=1e-4)
        assert scene.info.gsd_y == pytest.approx(geod.inv(lon[2], lat[2], lon[3], lat[3])[2] / 300, rel=1e-4)


def test_a_stated_gsd_overrides_the_map(tmp_path: Path) -> None:
    with open_scene(write(tmp_path / "a.tif", noise(3, 40, 60)), gsd=0.3) as scene:
        assert (scene.info.gsd_x, scene.info.gsd_y) == (0.3, 0.3)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_picture_without_a_map_needs_a_gsd(tmp_path: Path, ending: str) -> None:
    driver = {"png": "PNG", "jpg": "JPEG"}[ending]
    path = write(tmp_path / f"a.{ending}", noise(3, 40, 60), driver=driver, crs=None, transform=None)
    with pytest.raises(NoGsdError, match="--gsd METRES"):
        open_scene(path)
    with open_scene(path, gsd=0.5) as scene:
        assert scene.info.crs_wkt is None
        assert scene.info.to_map([[3.0, 4.0]]).tolist() == [[3.0, 4.0]]
        assert look(scene)[0].shape == (40, 60, 3)
        with pytest.raises(NoCrsError, match=r"no coordinate reference system"):
            scene.info.lonlat([[3.0, 4.0]])


def test_a_place_without_a_reference_system(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(3, 40, 60), crs=None)
    with pytest.raises(NoCrsError, match="-a_srs"):
        open_scene(path)
    with open_scene(path, gsd=0.5) as scene:
        assert scene.info.to_map([[2.0, 2.0]]).tolist() == [[400_001.0, 5_999_999.0]]


@pytest.mark.parametrize("gsd", [0.0, -1.0, float("nan"), float("inf")])
def test_a_gsd_that_is_none(tmp_path: Path, gsd: float) -> None:
    with pytest.raises(NoGsdError, match="above 0"):
        open_scene(write(tmp_path / "a.tif", noise(3, 4, 6)), gsd=gsd)


# --- what is refused ---


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"nowhere\.tif: no such file"):
        open_scene(tmp_path / "nowhere.tif")
    with pytest.raises(FileNotFoundError):
        open_scene(tmp_path / "nowhere.tif")


def test_what_is_not_a_raster(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("not pixels")
    with pytest.raises(NotARasterError, match=r"a\.tif"):
        open_scene(tmp_path / "a.tif")
    with pytest.raises(NotARasterError):
        open_scene(tmp_path)
    with pytest.raises(NotARasterError, match="complex"):
        open_scene(write(tmp_path / "radar.tif", noise(1, 4, 6, "complex64")))


def test_nothing_to_see(tmp_path: Path) -> None:
    (tmp_path / "empty.tif").touch()
    with pytest.raises(EmptySceneError, match="0 bytes"):
        open_scene(tmp_path / "empty.tif")
    with pytest.raises(EmptySceneError, match="NaN"):
        open_scene(write(tmp_path / "nan.tif", np.full((1, 30, 30), np.nan, np.float32)))
    with pytest.raises(EmptySceneError, match="no-data"):
        open_scene(write(tmp_path / "none.tif", np.zeros((3, 30, 30), np.uint16), nodata=0))
    with pytest.raises(EmptySceneError, match="0 x 7 px"):
        array_scene(np.zeros((7, 0, 3), np.uint8), gsd=0.5)


def test_too_coarse_for_a_network(tmp_path: Path) -> None:
    with open_scene(write(tmp_path / "a.tif", noise(3, 40, 60)), gsd=1.6) as scene:
        with pytest.raises(
            TooCoarseError, match=r"1\.60 m per pixel is too coarse for a network of 0\.5 m; at most 1\.5 m"
        ):
            scene.grid(0.5)
        assert scene.grid(0.55).width == int(60 / (11 / 32))  # 0.55 / 1.6


def test_bands_that_are_not_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(3, 4, 6))
    with pytest.raises(BandError, match="bands 1,2,4 were asked for; give one or three of 1 to 3"):
        open_scene(path, bands=(1, 2, 4))
    with pytest.raises(BandError):
        open_scene(path, bands=(1, 2))


def test_a_part_that_cannot_be_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = spoil(write(tmp_path / "a.tif", noise(3, 512, 512), **TILED))
    with open_scene(path) as scene:
        grid = scene.grid(0.5)
        assert scene.read(grid, window(0, 0, 100, 100))[1].all()
        with pytest.raises(TileReadError, match=r"a\.tif: columns 300 to 400, rows 310 to 410 cannot be read"):
            scene.read(grid, window(300, 310, 400, 410))
    assert capfd.readouterr().err == ""


# --- which bands are seen, and how ---


def test_colours_come_from_their_interpretation(tmp_path: Path) -> None:
    bands = noise(4, 20, 30)
    meaning = [ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.undefined]
    with open_scene(write(tmp_path / "bgrn.tif", bands, photometric="MINISBLACK", colorinterp=meaning)) as scene:
        assert scene.info.bands == (3, 2, 1)
        np.testing.assert_array_equal(look(scene)[0], bands[[2, 1, 0]].transpose(1, 2, 0))


@pytest.mark.parametrize(("count", "expected"), [(1, (1,)), (2, (1,)), (3, (1, 2, 3)), (5, (1, 2, 3))])
def test_without_interpretation_the_first_bands_are_taken(
    tmp_path: Path, count: int, expected: tuple[int, ...]
) -> None:
    bands = noise(count, 20, 30)
    with open_scene(write(tmp_path / "a.tif", bands, photometric="MINISBLACK")) as scene:
        assert scene.info.bands == expected
        assert scene.info.stretch is None
        shown = bands[:3] if count >= 3 else bands[[0, 0, 0]]
        np.testing.assert_array_equal(look(scene)[0], shown.transpose(1, 2, 0))


def test_bands_can_be_chosen(tmp_path: Path) -> None:
    bands = noise(5, 20, 30)
    with open_scene(write(tmp_path / "a.tif", bands), bands=(5, 3, 2)) as scene:
        np.testing.assert_array_equal(look(scene)[0], bands[[4, 2, 1]].transpose(1, 2, 0))


def test_a_palette_gives_its_colours(tmp_path: Path) -> None:
    index = np.array([[[0, 1], [2, 1]]], np.uint8)
    colours = {0: (0, 0, 0, 255), 1: (200, 10, 20, 255), 2: (1, 2, 3, 255)}
    path = write(tmp_path / "a.tif", index, photometric="PALETTE", colormap=colours)
    with open_scene(path) as scene:
        assert look(scene)[0].tolist() == [[[0, 0, 0], [200, 10, 20]], [[1, 2, 3], [200, 10, 20]]]


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32", "float64"])
def test_other_depths_are_stretched_once_per_scene(tmp_path: Path, dtype: str) -> None:
    ramp = np.linspace(0, 1000, 200 * 100).reshape(1, 100, 200)
    bands = np.concatenate([ramp, ramp * 2, ramp * 3]).astype(dtype)
    with open_scene(write(tmp_path / "a.tif", bands)) as scene:
        stretch = scene.info.stretch
        assert stretch is not None
        assert np.array(stretch) == pytest.approx(np.array([[20, 980], [40, 1960], [60, 2940]]), abs=3)
        grid = scene.grid(0.5)
        everything, _ = scene.read(grid, whole(200, 100))
        assert everything.min() == 0
        assert everything.max() == 255
        expected = np.clip((bands[1] - stretch[1][0]) / (stretch[1][1] - stretch[1][0]), 0, 1) * 255
        assert np.abs(everything[..., 1] - expected).max() <= 0.51
        part, _ = scene.read(grid, window(50, 20, 90, 60))
        np.testing.assert_array_equal(part, everything[20:60, 50:90])


def test_a_flat_scene_can_be_stretched(tmp_path: Path) -> None:
    with open_scene(write(tmp_path / "a.tif", np.full((1, 8, 8), 700, np.uint16))) as scene:
        assert look(scene)[0].max() == 0


def test_a_broken_part_does_not_stop_the_stretch(tmp_path: Path) -> None:
    path = spoil(write(tmp_path / "a.tif", noise(1, 512, 512, "uint16", 900), **TILED))
    with open_scene(path) as scene:
        assert scene.info.stretch is not None
        assert scene.info.stretch[0] == pytest.approx((18, 882), abs=9)


# --- which pixels are valid ---


def half(height: int, width: int) -> NDArray[np.bool_]:
    mask = np.ones((height, width), np.bool_)
    mask[:, : width // 2] = False
    return mask


@pytest.mark.parametrize("gsd", [0.5, 0.7, 0.4])
@pytest.mark.parametrize("kind", ["nodata", "nodata16", "alpha", "mask", "nan", "nan nodata", "grey alpha"])
def test_pixels_that_are_not_valid(tmp_path: Path, kind: str, gsd: float) -> None:
    mask, bands = half(56, 80), noise(3, 56, 80)
    path = tmp_path / "a.tif"
    match kind:
        case "nodata":
            write(path, np.where(mask, bands, 0).astype(np.uint8), nodata=0)
        case "nodata16":
            write(path, np.where(mask, bands * np.uint16(9), 65535).astype(np.uint16), nodata=65535)
        case "alpha":
            write(path, np.concatenate([bands, mask[None] * np.uint8(255)]), photometric="RGB", alpha="YES")
        case "grey alpha":
            meaning = [ColorInterp.gray, ColorInterp.alpha]
            write(path, np.stack([bands[0], mask * np.uint8(255)]), colorinterp=meaning)
        case "mask":
            write(path, bands, mask=mask)
        case "nan":
            write(path, np.where(mask, bands, np.nan).astype(np.float32))
        case "nan nodata":
            write(path, np.where(mask, bands, np.nan).astype(np.float32), nodata=np.nan)
    with open_scene(path) as scene:
        colours, valid = look(scene, gsd)
        middle = valid.shape[1] / 2
        # To one pixel of the coarser of the two grids: what no-data touches may be either.
        sure = max(1, round(1.5 * 0.5 / gsd))
        assert not valid[:, : int(middle) - sure].any()
        assert valid[:, int(middle) + 1 + sure :].all()
        assert (colours[~valid] == BLANK).all()


def test_no_data_does_not_bleed_into_its_neighbours(tmp_path: Path) -> None:
    bands = np.full((3, 40, 41), 200, np.uint8)
    bands[:, :, :15] = 0
    with open_scene(write(tmp_path / "a.tif", bands, nodata=0)) as scene:
        colours, valid = look(scene, 0.8)
        assert (colours[valid] == 200).all()


def test_black_is_valid_where_nothing_says_otherwise(tmp_path: Path) -> None:
    with open_scene(write(tmp_path / "a.tif", np.zeros((3, 8, 8), np.uint8))) as scene:
        assert look(scene)[1].all()


# --- the grid ---


def test_a_scene_at_the_networks_gsd_is_taken_as_it_is(tmp_path: Path) -> None:
    bands = noise(3, 33, 47)
    with open_scene(write(tmp_path / "a.tif", bands)) as scene:  # UTM: 0.5 m on the map is 0.5002 m on the ground
        grid = scene.grid(0.5)
        assert (grid.width, grid.height, grid.scale_x, grid.scale_y) == (47, 33, 1.0, 1.0)
        assert grid.gsd == pytest.approx(0.5, rel=1e-3)
        assert grid.gsd != 0.5
        np.testing.assert_array_equal(look(scene)[0], bands.transpose(1, 2, 0))


def test_degrees_become_square_pixels(tmp_path: Path) -> None:
    transform = from_origin(30.0, 60.0, 0.9e-5, 0.45e-5)  # 0.50 m across and down
    with open_scene(write(tmp_path / "a.tif", noise(3, 100, 100), crs="EPSG:4326", transform=transform)) as scene:
        assert scene.info.gsd_x / scene.info.gsd_y == pytest.approx(1.0, rel=0.01)
    transform = from_origin(30.0, 60.0, 1e-5, 1e-5)  # 0.56 m across, 1.11 m down
    with open_scene(write(tmp_path / "b.tif", noise(3, 100, 100), crs="EPSG:4326", transform=transform)) as scene:
        grid = scene.grid(0.6)
        assert (grid.width, grid.height) == (93, 185)
        assert (grid.scale_x * 93, grid.scale_y * 185) == pytest.approx((100, 100), abs=grid.scale_x)
        assert grid.gsd == pytest.approx(0.6, rel=0.01)


@settings(max_examples=200)
@given(st.floats(0.05, 1.45), st.floats(0.5, 2.0), st.integers(50, 3000))
@example(1.0, 1.01, 50)
def test_a_grid_is_as_fine_as_the_network_but_for_a_hundredth(own: float, anisotropy: float, side: int) -> None:
    transform = from_origin(400_000, 6_000_000, own, min(1.45, own * anisotropy))
    with array_scene(np.zeros((side, 60), np.uint8), transform=transform, crs=UTM) as scene:
        grid = scene.grid(0.5)
        gsd_x, gsd_y = scene.info.gsd_x * grid.scale_x, scene.info.gsd_y * grid.scale_y
        assert (gsd_x, gsd_y) == pytest.approx((0.5, 0.5), rel=SAME_GSD)
        assert grid.gsd == pytest.approx(np.sqrt(gsd_x * gsd_y))
        assert 0 <= side - grid.height * grid.ratio_y < grid.ratio_y or grid.height == 1
        # Scene pixels and grid pixels begin together again within a few steps.
        assert max(grid.ratio_x.denominator, grid.ratio_y.denominator) <= 50


def area_weights(count: int, scale: float, length: int) -> NDArray[np.float64]:
    """The oracle for shrinking: the share of each source pixel in each of `count` cells of `scale`, (count, length)."""
    edges = np.arange(count + 1) * scale
    overlap = np.minimum(edges[1:, None], np.arange(1, length + 1)) - np.maximum(edges[:-1, None], np.arange(length))
    return np.asarray(np.clip(overlap, 0, None) / scale)


def linear_weights(count: int, scale: float, length: int) -> NDArray[np.float64]:
    """The oracle for enlarging: linear between pixel centres, constant beyond the first and the last."""
    centres = (np.arange(count) + 0.5) * scale - 0.5
    return np.stack([np.interp(centres, np.arange(length), row) for row in np.eye(length)], axis=1)


Weights = Callable[[int, float, int], NDArray[np.float64]]


@pytest.mark.parametrize(("gsd", "weights"), [(1.3, area_weights), (0.85, area_weights), (0.31, linear_weights)])
def test_resampling_against_its_definition(tmp_path: Path, gsd: float, weights: Weights) -> None:
    bands = noise(3, 90, 110)
    with open_scene(write(tmp_path / "a.tif", bands)) as scene:
        colours, _ = look(scene, gsd)
        scale = scene.grid(gsd).scale_x
        across, down = weights(colours.shape[1], scale, 110), weights(colours.shape[0], scale, 90)
        for channel in range(3):
            expected = down @ bands[channel].astype(np.float64) @ across.T
            assert np.abs(colours[..., channel] - expected).max() <= 0.51


@settings(max_examples=25)
@given(st.floats(0.3, 2.0), st.floats(0.8, 1.7), st.data())
def test_a_grid_pixel_is_the_same_in_every_window(gsd: float, anisotropy: float, data: st.DataObject) -> None:
    pixels = noise(3, 700, 650).transpose(1, 2, 0)
    transform = from_origin(400_000, 6_000_000, 0.5, 0.5 * anisotropy)
    with array_scene(pixels, transform=transform, crs=UTM) as scene:
        if max(scene.info.gsd_x, scene.info.gsd_y) > 2 * gsd:
            return
        grid = scene.grid(gsd)
        everything, _ = scene.read(grid, whole(grid.width, grid.height))
        left = data.draw(st.integers(0, grid.width - 100))
        top = data.draw(st.integers(0, grid.height - 100))
        right = data.draw(st.integers(left + 100, grid.width))
        bottom = data.draw(st.integers(top + 100, grid.height))
        part, _ = scene.read(grid, window(left, top, right, bottom))
        # One grey level: GDAL rounds its weights in single precision.
        assert np.abs(part.astype(int) - everything[top:bottom, left:right]).max() <= 1


def test_a_preview_is_small_and_square_on_the_ground(tmp_path: Path) -> None:
    transform = from_origin(30.0, 60.0, 1e-5, 1e-5)
    with open_scene(write(tmp_path / "a.tif", noise(3, 300, 300), crs="EPSG:4326", transform=transform)) as scene:
        colours, valid = scene.preview(100)
        assert colours.shape == (100, 50, 3)
        assert valid.shape == (100, 50)
        assert scene.preview(5000)[0].shape == (300, 150, 3)


def test_a_preview_in_parts_is_that_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_scene(
        write(tmp_path / "a.tif", noise(3, 900, 1100), tiled=True, blockxsize=128, blockysize=128)
    ) as scene:
        at_once = scene.preview(300)[0]
        monkeypatch.setattr(BlockSize, "parts", lambda _: (3, 4))
        in_parts, valid = scene.preview(300)
        assert np.abs(in_parts.astype(int) - at_once).max() <= 1
        assert valid.all()


# --- the place ---


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        (UTM, HALF_METRE),
        ("EPSG:4326", from_origin(30.0, 60.0, 1e-5, 0.7e-5)),
        (UTM, from_origin(400_000, 6_000_000, 0.5, 0.7, 33)),
        ("EPSG:3857", from_origin(4_000_000, 8_399_737.9, 1.0, 1.0)),
    ],
)
def test_pixels_and_degrees_against_rasterio_and_pyproj(tmp_path: Path, crs: str, transform: Affine) -> None:
    path = write(tmp_path / "a.tif", noise(3, 40, 60), crs=crs, transform=transform)
    points = np.array([[0.0, 0.0], [60.0, 0.0], [13.25, 38.5]])
    with rasterio.open(path) as raster, open_scene(path) as scene:
        on_map = np.stack(xy(raster.transform, points[:, 1], points[:, 0], offset="ul"), axis=1)
        np.testing.assert_allclose(scene.info.to_map(points), on_map, rtol=1e-12)
        lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*on_map.T)
        lonlat = scene.info.lonlat(points)
        np.testing.assert_allclose(lonlat, np.stack([lon, lat], axis=1), atol=1e-9)
        np.testing.assert_allclose(scene.info.pixels(lonlat), points, atol=1e-3)


def test_degrees_with_no_place_in_the_scene_are_no_pixels(tmp_path: Path) -> None:
    with open_scene(write(tmp_path / "a.tif", noise(3, 4, 6), crs="EPSG:3857")) as scene:
        assert not np.isfinite(scene.info.pixels([[0.0, 95.0]])).any()


# --- the time ---


@pytest.mark.parametrize(
    ("name", "tags", "expected"),
    [
        ("base_20241213", {}, datetime(2024, 12, 13, tzinfo=UTC)),
        ("base-2024-12-13_ps", {}, datetime(2024, 12, 13, tzinfo=UTC)),
        ("2024_12_13", {}, datetime(2024, 12, 13, tzinfo=UTC)),
        ("S2_20241213T081501_x", {}, datetime(2024, 12, 13, 8, 15, 1, tzinfo=UTC)),
        ("base_20241341", {}, None),
        ("scene_1202412139", {}, None),
        ("x", {"TIFFTAG_DATETIME": "2023:02:24 11:00:00"}, datetime(2023, 2, 24, 11, tzinfo=UTC)),
        ("x_20230223", {"TIFFTAG_DATETIME": "2024:02:24 11:00:00"}, datetime(2023, 2, 23, tzinfo=UTC)),
        ("x_20230223", {"ACQUISITIONDATETIME": "2023-02-22 10:09:08"}, datetime(2023, 2, 22, 10, 9, 8, tzinfo=UTC)),
        ("x", {"TIFFTAG_DATETIME": "yesterday"}, None),
        ("base", {}, None),
    ],
)
def test_time_from_name_and_tags(name: str, tags: dict[str, str], expected: datetime | None) -> None:
    assert acquisition_time(name, tags) == expected


def test_time_of_a_scene(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(3, 4, 6), tags={"TIFFTAG_DATETIME": "2023:02:24 11:00:00"})
    with open_scene(path) as scene:
        assert scene.info.time == datetime(2023, 2, 24, 11, tzinfo=UTC)
    with open_scene(path, date=date(2022, 1, 2)) as scene:
        assert scene.info.time == datetime(2022, 1, 2, tzinfo=UTC)
    with open_scene(path, date=datetime(2022, 1, 2, 3)) as scene:
        assert scene.info.time == datetime(2022, 1, 2, 3, tzinfo=UTC)


# --- arrays ---


def test_an_array_is_a_scene() -> None:
    pixels = noise(3, 20, 30).transpose(1, 2, 0)
    with array_scene(pixels, gsd=0.5, name="chip", date=date(2024, 1, 2)) as scene:
        assert isinstance(scene.info, SceneInfo)
        assert (scene.info.name, scene.info.path, scene.info.width, scene.info.height) == ("chip", None, 30, 20)
        assert scene.info.time == datetime(2024, 1, 2, tzinfo=UTC)
        np.testing.assert_array_equal(look(scene)[0], pixels)
    with array_scene(pixels, transform=HALF_METRE, crs=UTM) as scene:
        assert scene.info.gsd_x == pytest.approx(0.5, rel=1e-3)
    with array_scene(pixels[..., 0], gsd=0.5) as scene:
        np.testing.assert_array_equal(look(scene)[0][..., 2], pixels[..., 0])


def test_an_array_with_holes() -> None:
    pixels = noise(3, 20, 30, "float32").transpose(1, 2, 0).copy()
    pixels[:5] = np.nan
    with array_scene(pixels, gsd=0.5) as scene:
        _, valid = look(scene)
        assert valid[5:].all()
        assert not valid[:5].any()


def test_arrays_that_are_no_images() -> None:
    with pytest.raises(ValueError, match=r"\(4,\)"):
        array_scene(np.zeros(4, np.uint8), gsd=0.5)
    with pytest.raises(NoGsdError, match="array"):
        array_scene(np.zeros((4, 4), np.uint8))


def test_scenes_of_the_shared_data(shared_data: Path) -> None:
    path = shared_data / "allplanes_georef" / "Airbus_Hamburg1_mapbox_20210826.tif"
    with open_scene(path) as scene:
        assert (scene.info.gsd_x, scene.info.gsd_y) == pytest.approx((0.177, 0.177), rel=0.01)
        assert scene.info.time == datetime(2021, 8, 26, tzinfo=UTC)
        assert look(scene)[1].mean() == pytest.approx(0.306, abs=0.005)


def test_no_warning_filter_and_no_log_level_is_changed(tmp_path: Path) -> None:
    before = list(warnings.filters), logging.getLogger("rasterio").level
    path = write(tmp_path / "a.png", noise(3, 4, 6), driver="PNG", crs=None, transform=None)
    open_scene(path, gsd=0.5).close()
    assert (list(warnings.filters), logging.getLogger("rasterio").level) == before
