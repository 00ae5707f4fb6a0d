"""Scenes finer than the network, and stretches: read from overviews where there are some, and not in full."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.io import DatasetReader

from hardstand.detector import PaintDetector
from hardstand.inference import open_scene
from hardstand.inference.folder import write_results
from hardstand.inference.pixels import plan_rendering
from hardstand.inference.survey import run_survey
from hardstand.inference.tiles import Tile

SIDE = 1501  # odd, so that overviews and windows have no whole ratio
BLOCK = 256
FRAMES = {
    "square": ("EPSG:32637", Affine(0.15, 0, 400_000, 0, -0.15, 6_000_000)),
    "oblong": ("EPSG:32637", Affine(0.15, 0, 400_000, 0, -0.21, 6_000_000)),
    "degrees": ("EPSG:4326", Affine(3e-6, 0, 30, 0, -1.5e-6, 60)),  # 0.167 m
}


def write(
    path: Path, dtype: str, mask: str = "none", frame: str = "square", overviews: tuple[int, ...] = (2, 4)
) -> Path:
    """A tiled scene of noise around 100 at 0.15 m, finer than any network, with overviews of a flat 50."""
    crs, transform = FRAMES[frame]
    profile: dict[str, Any] = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 3, "dtype": dtype}
    profile |= {"crs": crs, "transform": transform, "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK}
    values = np.random.default_rng(0).integers(80, 121, (3, SIDE, SIDE)).astype(dtype)
    small = np.full((3, SIDE, SIDE), 50, dtype)
    if mask == "alpha":
        opaque = np.full((1, SIDE, SIDE), np.iinfo(dtype).max, dtype)
        values, small = np.concatenate([values, opaque]), np.concatenate([small, opaque])
        profile |= {"count": 4, "photometric": "RGB", "alpha": "YES"}
    if mask == "nodata":
        profile["nodata"] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        with rasterio.open(path, "w", **profile) as target:
            target.write(small)
            if mask == "mask":
                target.write_mask(np.full((SIDE, SIDE), 255, np.uint8))
        with rasterio.open(path, "r+") as target:
            if overviews:
                target.build_overviews(overviews, Resampling.nearest)
            target.write(values)
    return path


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("mask", ["none", "nodata", "alpha", "mask"])
def test_a_fine_scene_is_read_from_its_overview(tmp_path: Path, mask: str, frame: str) -> None:
    # The overviews say 50 and the scene itself 100: what is seen tells which of them was read. Averaging alone, and
    # windows that begin and end within a pixel, do not lead to the full resolution.
    with open_scene(write(tmp_path / "a.tif", "uint8", mask, frame)) as scene:
        grid = scene.grid(0.5)
        assert grid.scale_x > 2
        for left, top in ((0, 0), (17, 23), (grid.width - 201, grid.height - 150)):
            tile = Tile(left, top, left + 201, top + 150, left, top, left + 201, top + 150, 0)
            colours, valid = scene.read(grid, tile)
            assert (colours == 50).all()
            assert valid.all()
        assert (scene.preview(200)[0] == 50).all()


def test_without_an_overview_that_is_fine_enough_the_scene_itself_is_read(tmp_path: Path) -> None:
    with open_scene(write(tmp_path / "a.tif", "uint8", overviews=(4,))) as scene:
        grid = scene.grid(0.5)  # 3.3 times coarser: the overview of 4 has less detail than the network sees
        colours, _ = scene.read(grid, Tile(10, 10, 210, 210, 10, 10, 210, 210, 0))
        assert colours.mean() == pytest.approx(100, abs=2)
        assert 0 < colours.std() < 8  # averaged, not picked: noise of 12 over 11 pixels


@pytest.mark.parametrize("mask", ["none", "nodata", "alpha", "mask"])
def test_the_stretch_is_that_of_the_overview(tmp_path: Path, mask: str) -> None:
    with open_scene(write(tmp_path / "a.tif", "uint16", mask)) as scene:
        assert scene.info.stretch == ((50, 51),) * 3
    with open_scene(write(tmp_path / "b.tif", "uint16", mask, overviews=())) as scene:
        assert scene.info.stretch == ((80, 120),) * 3


def test_an_overview_that_is_an_icon_says_nothing(tmp_path: Path) -> None:
    with open_scene(write(tmp_path / "a.tif", "uint16", overviews=(16,))) as scene:
        assert scene.info.stretch == ((80, 120),) * 3


class Counted:
    """A raster that counts the pixels that are read from it."""

    def __init__(self, dataset: DatasetReader) -> None:
        self.dataset, self.pixels = dataset, 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the raster has
        return getattr(self.dataset, name)

    def read(self, *arguments: Any, **how: Any) -> NDArray[Any]:  # noqa: ANN401  # passed on as they are
        window = how["window"]
        assert window.col_off % BLOCK == window.row_off % BLOCK == 0  # whole blocks: nothing is decoded twice
        self.pixels += window.width * window.height
        return np.asarray(self.dataset.read(*arguments, **how))


def test_a_large_scene_is_not_read_in_full_for_its_stretch(tmp_path: Path) -> None:
    path, side = tmp_path / "a.tif", 6000
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": "uint16", "compress": "deflate"}
    slope = np.linspace(0, 4000, side)[None, :].repeat(side, axis=0).astype(np.uint16)
    with rasterio.open(path, "w", **profile, tiled=True, blockxsize=BLOCK, blockysize=BLOCK,
                       transform=FRAMES["square"][1], crs=FRAMES["square"][0]) as target:  # fmt: skip
        target.write(slope, 1)
    with rasterio.open(path) as dataset:
        counted: Any = Counted(dataset)
        stretch = plan_rendering(counted).stretch
    assert stretch is not None
    assert stretch[0] == pytest.approx((80, 3920), abs=100)
    assert counted.pixels <= 0.15 * side * side


def test_the_little_that_is_valid_is_found(tmp_path: Path) -> None:
    # One block of 36 has values.
    values = np.zeros((1, 1536, 1536), np.uint16)
    values[:, 300:500, 800:900] = 700
    profile = {"driver": "GTiff", "width": 1536, "height": 1536, "count": 1, "dtype": "uint16", "nodata": 0}
    crs, transform = FRAMES["square"]
    with rasterio.open(tmp_path / "a.tif", "w", **profile, tiled=True, blockxsize=BLOCK, blockysize=BLOCK, crs=crs,
                       transform=transform) as target:  # fmt: skip
        target.write(values)
    with open_scene(tmp_path / "a.tif") as scene:
        assert scene.info.stretch == ((700, 701),)


def test_the_stretch_is_stated_in_every_result(tmp_path: Path) -> None:
    found = run_survey([write(tmp_path / "a.tif", "uint16", overviews=())], PaintDetector())
    write_results(found, tmp_path / "out")
    assert "stretched from 80 to 120" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "out" / "hardstand.sqlite")) as store:
        assert store.execute("SELECT stretch FROM scenes").fetchall() == [(str(((80.0, 120.0),) * 3),)]


def test_a_stated_gsd_decides_what_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", "uint8")
    with open_scene(path, gsd=0.5) as scene:  # the georeference says 0.15 m
        grid = scene.grid(0.5)
        assert (grid.width, grid.height, grid.gsd) == (SIDE, SIDE, 0.5)
        assert scene.read(grid, Tile(0, 0, 150, 150, 0, 0, 150, 150, 0))[0].mean() == pytest.approx(100, abs=2)
        assert scene.info.lonlat([[0.0, 0.0]]).shape == (1, 2)  # its place stays
