"""GDAL's cache: large enough for a row of tiles, and no larger because the machine or the scene is."""

from pathlib import Path
from typing import Any

import pytest
import rasterio
from affine import Affine
from rasterio.env import get_gdal_config

from hardstand.inference.blocks import LEAST_CACHE_BYTES, cache_limit
from hardstand.inference.scene import open_scene
from hardstand.inference.tiles import plan_tiles


def now() -> int:
    return int(get_gdal_config("GDAL_CACHEMAX"))


@pytest.mark.parametrize(
    ("side", "layout", "limit"),
    [
        (8_000, {"tiled": True, "blockxsize": 512, "blockysize": 512}, LEAST_CACHE_BYTES),
        (40_000, {"tiled": True, "blockxsize": 512, "blockysize": 512}, LEAST_CACHE_BYTES),
        (20_000, {"tiled": False, "blockysize": 8}, int(1.25 * 2 * 20_000 * 1008 * 3)),
    ],
)
def test_the_cache_is_as_large_as_the_work_needs(tmp_path: Path, side: int, layout: dict[str, Any], limit: int) -> None:
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 3, "dtype": "uint8", "SPARSE_OK": True}
    frame = {"crs": "EPSG:32637", "transform": Affine(0.5, 0, 400_000, 0, -0.5, 6_000_000)}
    with rasterio.open(path, "w", **profile, **frame, **layout, compress="deflate", BIGTIFF="YES"):
        pass
    before = now()
    with open_scene(path, handles=2) as scene:
        grid = scene.grid(0.5)
        tiles = plan_tiles(grid.width, grid.height, tile_px=1024, overlap_px=166)
        with scene.block_cache(grid, tiles[:3]):
            assert now() == min(before, limit)
            scene.read(grid, tiles[0])
            assert now() == min(before, limit)
    assert now() == before


def test_the_cache_is_never_made_larger() -> None:
    before = now()
    with cache_limit(10 * before):
        assert now() == before
    with pytest.raises(ValueError, match="stop"), cache_limit(0):
        raise ValueError("stop")
    assert now() == before
