"""Blocks that are stored as JPEG: the same pixels as GDAL's, but for how colours are interpolated; else GDAL's."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

from hardstand.detector.errors import TileReadError
from hardstand.inference.jpeg import JpegBlocks
from hardstand.inference.scene import Scene, open_scene
from hardstand.inference.tiles import Tile, plan_tiles

WIDTH, HEIGHT = 730, 611
LAYOUTS: dict[str, dict[str, Any]] = {
    "tiled": {"tiled": True, "blockxsize": 256, "blockysize": 128},
    "strips": {"tiled": False, "blockysize": 16},
    "one strip": {"tiled": False, "blockysize": 611},
}
COLOURS: dict[str, dict[str, Any]] = {
    "YCbCr": {"count": 3, "photometric": "YCBCR"},
    "RGB": {"count": 3, "photometric": "RGB"},
    "grey": {"count": 1, "photometric": "MINISBLACK"},
}


def ground(count: int = 3, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Smooth hills (count, height, width) with other phases per band, and squares: what JPEG keeps."""
    y, x = np.mgrid[:height, :width] / 37.0
    hills = [128 + 90 * np.sin(x + band) * np.cos(y - 2 * band) for band in range(count)]
    pixels = np.stack(hills).astype(np.uint8)
    pixels[:, 100:180, 300:420] = 230
    return pixels


def write(path: Path, *, gsd: float = 0.5, mask: bool = False, **settings: Any) -> Path:  # noqa: ANN401
    """A scene stored as JPEG of quality 95."""
    profile: dict[str, Any] = {"driver": "GTiff", "width": WIDTH, "height": HEIGHT, "dtype": "uint8"}
    profile |= {"compress": "JPEG", "jpeg_quality": 95, "crs": "EPSG:32637"}
    profile |= {"transform": Affine(gsd, 0, 400_000, 0, -gsd, 6_000_000)} | LAYOUTS["tiled"] | COLOURS["YCbCr"]
    profile |= settings
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **profile) as target:
        target.write(ground(profile["count"]))
        if mask:
            hidden = np.full((HEIGHT, WIDTH), 255, np.uint8)
            hidden[200:300, 100:500] = 0
            target.write_mask(hidden)
    return path


def stored(path: Path) -> JpegBlocks | None:
    with rasterio.open(path) as dataset:
        return JpegBlocks.of(dataset)


def look(scene: Scene, gsd: float = 0.5) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    grid = scene.grid(gsd)
    return scene.read(grid, Tile(0, 0, grid.width, grid.height, 0, 0, grid.width, grid.height, 0))


def by_gdal(path: Path, monkeypatch: pytest.MonkeyPatch, gsd: float = 0.5) -> tuple[Any, Any]:
    with monkeypatch.context() as patch:
        patch.setattr(JpegBlocks, "levels", lambda dataset: {1: None})
        with open_scene(path) as scene:
            return look(scene, gsd)


@pytest.mark.parametrize("colours", COLOURS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_blocks_are_what_gdal_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, colours: str) -> None:
    path = write(tmp_path / "a.tif", **LAYOUTS[layout], **COLOURS[colours])
    assert stored(path) is not None
    expected, _ = by_gdal(path, monkeypatch)
    with open_scene(path) as scene:
        seen, valid = look(scene)
    assert valid.all()
    off = np.abs(seen.astype(int) - expected)
    assert off.mean() < 0.5  # another transform would swap colours, or shift by a pixel
    assert off.max() <= (16 if colours == "YCbCr" else 1)
    truth = ground(COLOURS[colours]["count"]).transpose(1, 2, 0)
    assert np.abs(seen.astype(int) - truth).mean() < 2.5


@pytest.mark.parametrize("gsd", [0.3, 0.45, 0.8, 1.0, 1.37])
def test_resampled_blocks_are_what_gdal_resamples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gsd: float) -> None:
    path = write(tmp_path / "a.tif", **COLOURS["grey"])
    expected, _ = by_gdal(path, monkeypatch, gsd)
    with open_scene(path) as scene:
        seen, _ = look(scene, gsd)
    assert seen.shape == expected.shape
    off = np.abs(seen.astype(int) - expected)[:-2, :-2]  # GDAL takes the edge pixels' share for all of them
    assert off.max() <= 2
    assert off.mean() < 0.3


def test_a_mask_beside_the_blocks_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.tif", mask=True)
    for gsd in (0.5, 0.9):  # resampled by GDAL, which leaves out what is not valid
        expected, seen_by_gdal = by_gdal(path, monkeypatch, gsd)
        with open_scene(path) as scene:
            seen, valid = look(scene, gsd)
        np.testing.assert_array_equal(valid, seen_by_gdal)
        assert not valid.all()
        assert (seen[~valid] == 114).all()
        assert np.abs(seen.astype(int) - expected).max() <= 16


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([0.3, 0.45, 0.5, 0.77, 0.99, 1.4]), st.sampled_from(["tiled", "strips"]), st.data())
def test_a_grid_pixel_is_the_same_in_every_window(
    tmp_path_factory: pytest.TempPathFactory, gsd: float, layout: str, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / f"windows-{layout}.tif"
    with open_scene(path if path.exists() else write(path, **LAYOUTS[layout])) as scene:
        grid = scene.grid(gsd)
        everything, _ = look(scene, gsd)
        left, top = data.draw(st.integers(0, grid.width - 1)), data.draw(st.integers(0, grid.height - 1))
        right = data.draw(st.integers(left + 1, grid.width))
        bottom = data.draw(st.integers(top + 1, grid.height))
        part, _ = scene.read(grid, Tile(left, top, right, bottom, left, top, right, bottom, 0))
        # One grey level: OpenCV rounds where the window begins.
        assert np.abs(part.astype(int) - everything[top:bottom, left:right]).max() <= 1


def test_little_is_kept_decoded(tmp_path: Path) -> None:
    with open_scene(write(tmp_path / "a.tif")) as scene:
        blocks = scene._stored[1]
        assert blocks is not None
        blocks.keep_bytes = 3 * 256 * 128 * 3
        look(scene)
        assert 0 < sum(block.nbytes for block in blocks._kept.values()) <= blocks.keep_bytes


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Row and column of every block that is decoded, in order."""
    places: list[tuple[int, int]] = []
    decode = JpegBlocks._decode

    def noted(self: JpegBlocks, dataset: Any, row: int, column: int) -> Any:  # noqa: ANN401
        places.append((row, column))
        return decode(self, dataset, row, column)

    monkeypatch.setattr(JpegBlocks, "_decode", noted)
    return places


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_block_is_decoded_once(tmp_path: Path, decoded: list[tuple[int, int]], layout: str) -> None:
    with open_scene(write(tmp_path / "a.tif", **LAYOUTS[layout]), handles=1) as scene:
        grid = scene.grid(0.5)
        tiles = plan_tiles(grid.width, grid.height, tile_px=256, overlap_px=32)
        with scene.block_cache(grid, tiles):
            assert scene._stored[1] is not None
            assert scene._stored[1].keep_bytes < (2 if layout == "one strip" else 1) * WIDTH * HEIGHT * 3 + 1
            for tile in tiles:
                scene.read(grid, tile)
    assert len(decoded) == len(set(decoded)) > 0


def test_windows_of_several_sizes_share_blocks(tmp_path: Path, decoded: list[tuple[int, int]]) -> None:
    with open_scene(write(tmp_path / "a.tif"), handles=1) as scene:
        grid = scene.grid(0.5)
        plans = [plan_tiles(grid.width, grid.height, tile_px=side, overlap_px=32) for side in (256, 128)]
        tiles = [tile for plan in plans for tile in plan]
        with scene.block_cache(grid, tiles):
            for tile in tiles:
                scene.read(grid, tile)
    assert len(decoded) == len(set(decoded)) > 0


@pytest.mark.parametrize("colours", COLOURS)
@pytest.mark.parametrize("longest_px", [60, 110, 200, 400])
def test_a_picture_is_that_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longest_px: int, colours: str
) -> None:
    path = write(tmp_path / "a.tif", **COLOURS[colours])
    with monkeypatch.context() as patch:
        patch.setattr(JpegBlocks, "levels", lambda dataset: {1: None})
        with open_scene(path) as scene:
            expected, _ = scene.preview(longest_px)
    with open_scene(path) as scene:
        assert list(scene._for_pictures) == [1, 2, 4, 8]
        seen, valid = scene.preview(longest_px)
    assert valid.all()
    assert longest_px * 0.95 < max(seen.shape) <= longest_px
    assert np.abs(seen.astype(int) - expected).mean() < 1.5  # half a pixel beside would be 3


@pytest.mark.parametrize(
    "settings",
    [
        {"compress": "deflate", "jpeg_quality": None, "photometric": "RGB"},
        {"compress": "JPEG", "interleave": "band", "photometric": "RGB"},
        {"compress": "JPEG", "count": 4, "photometric": "RGB"},
        {"driver": "PNG", "compress": None, "photometric": None, "tiled": None},
    ],
)
def test_what_is_stored_otherwise_is_left_to_gdal(tmp_path: Path, settings: dict[str, Any]) -> None:
    given_ = {name: value for name, value in settings.items() if value is not None}
    profile: dict[str, Any] = {"driver": "GTiff", "width": 64, "height": 64, "count": 3, "dtype": "uint8"} | given_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(tmp_path / "a", "w", **profile) as target:
            target.write(ground(profile["count"], 64, 64))
        assert stored(tmp_path / "a") is None


def test_bands_in_another_order_are_left_to_gdal(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif")
    with open_scene(path) as scene, open_scene(path, bands=(3, 2, 1)) as turned:
        assert np.abs(look(scene)[0][..., ::-1].astype(int) - look(turned)[0]).max() <= 16


@pytest.mark.parametrize("beside", [False, True])
def test_overviews_are_less_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, beside: bool) -> None:
    path = write(tmp_path / "a.tif", gsd=0.2)
    with rasterio.Env(TIFF_USE_OVR=beside), rasterio.open(path, "r+") as target:
        target.build_overviews([2, 4], Resampling.average)
    with rasterio.open(path, "r+") as target:
        target.write(np.zeros((3, HEIGHT, WIDTH), np.uint8))  # only the overviews still show the ground
    expected, _ = by_gdal(path, monkeypatch)
    with open_scene(path) as scene:
        assert list(scene._stored) == [1, 2, 4]
        assert [level is None for level in scene._stored.values()] == [False, beside, beside]
        seen, _ = look(scene)
        assert seen.std() > 20
        assert np.abs(seen.astype(int) - expected).mean() < 1  # half a pixel beside would be 2
        assert look(scene, 0.3)[0].max() <= 2  # finer than the overview


def test_a_picture_without_a_place_may_have_overviews(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(write(tmp_path / "a.tif", crs=None, transform=None), "r+") as target:
            target.build_overviews([2], Resampling.average)
    with open_scene(tmp_path / "a.tif", gsd=0.2) as scene:
        assert None not in scene._stored.values()
        assert look(scene)[0].std() > 20


def test_cloud_optimised_geotiffs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile: dict[str, Any] = {"driver": "COG", "width": WIDTH, "height": HEIGHT, "dtype": "uint8", "count": 3}
    profile |= {"compress": "JPEG", "crs": "EPSG:32637", "transform": Affine(0.2, 0, 400_000, 0, -0.2, 6_000_000)}
    with rasterio.open(tmp_path / "a.tif", "w", blocksize=128, **profile) as target:
        target.write(ground())
    for gsd in (0.2, 0.5):
        expected, _ = by_gdal(tmp_path / "a.tif", monkeypatch, gsd)
        with open_scene(tmp_path / "a.tif") as scene:
            assert None not in scene._stored.values()
            seen, _ = look(scene, gsd)
        assert np.abs(seen.astype(int) - expected).mean() < 1


@pytest.mark.parametrize("harm", ["whole", "start", "cut"])
def test_a_damaged_block_is_a_tile_that_cannot_be_read(
    tmp_path: Path, harm: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.tif")
    with rasterio.open(path) as dataset:
        offset, size = (int(dataset.get_tag_item(f"BLOCK_{what}_1_2", "TIFF", bidx=1)) for what in ("OFFSET", "SIZE"))
    data = bytearray(path.read_bytes())
    if harm == "cut":
        del data[offset + size // 2 :]
    else:
        length = size if harm == "whole" else 2
        data[offset : offset + length] = bytes(length)
    path.write_bytes(data)
    with open_scene(path) as scene:
        grid = scene.grid(0.5)
        scene.read(grid, Tile(0, 0, 200, 120, 0, 0, 200, 120, 0))
        with pytest.raises(TileReadError, match=r"a\.tif: columns 300 to 400, rows 300 to 350 cannot be read"):
            scene.read(grid, Tile(300, 300, 400, 350, 300, 300, 400, 350, 0))
    assert capfd.readouterr().err == ""


def test_a_scene_that_is_moved_away_is_still_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif")
    with open_scene(path) as scene:
        path.rename(tmp_path / "b.tif")
        assert look(scene)[0].std() > 20


def test_a_block_that_was_never_written_is_black(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    frame = {"crs": "EPSG:32637", "transform": Affine(0.5, 0, 400_000, 0, -0.5, 6_000_000)}
    profile: dict[str, Any] = {"driver": "GTiff", "width": 512, "height": 256, "dtype": "uint8", "compress": "JPEG"}
    profile |= frame | {"tiled": True, "blockxsize": 256, "blockysize": 256, "sparse_ok": True} | COLOURS["YCbCr"]
    with rasterio.open(path, "w", **profile) as target:
        target.write(ground(3, 256, 256), window=Window.from_slices((0, 256), (0, 256)))
    with open_scene(path) as scene:
        seen, _ = look(scene)
    assert seen[:, :256].std() > 20
    assert seen[:, 256:].max() == 0
