"""How a raster is stored, block by block, and how much of it GDAL may hold decoded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Self

import numpy as np
import rasterio
from rasterio.env import get_gdal_config
from rasterio.io import DatasetReader

LEAST_CACHE_BYTES = 64 * 2**20
"""GDAL may hold this much in any case: tiles that lie side by side share blocks."""
_SLACK = 1.25  # bands' masks, blocks at the borders


@dataclass(frozen=True, slots=True)
class BlockSize:
    """The part of a raster that is decoded at once: its sides in pixels, and the bytes of a pixel in all bands."""

    width: int
    height: int
    pixel_bytes: int

    @classmethod
    def of(cls, dataset: DatasetReader) -> Self:
        """The blocks of a raster."""
        height, width = dataset.block_shapes[0]
        return cls(width, height, sum(map(_bytes, dataset.dtypes)))

    def bytes_under(self, width: float, height: float) -> int:
        """The bytes of the blocks that a window of this size, in pixels, can touch.

        >>> BlockSize(512, 512, 3).bytes_under(512, 100) == 2 * 2 * 512 * 512 * 3
        True
        """
        across, down = ceil(width / self.width) + 1, ceil(height / self.height) + 1
        return across * self.width * down * self.height * self.pixel_bytes


@contextmanager
def cache_limit(needed_bytes: int) -> Iterator[None]:
    """A block in which GDAL's cache of decoded blocks is as large as needed, and not larger than it was before.

    The cache belongs to the whole process.
    """
    with rasterio.Env():
        before = int(get_gdal_config("GDAL_CACHEMAX"))
    limit = max(LEAST_CACHE_BYTES, int(_SLACK * needed_bytes))
    with rasterio.Env(GDAL_CACHEMAX=min(before, limit)):
        yield


def _bytes(dtype: str) -> int:
    return 16 if dtype.startswith("complex") else np.dtype(dtype).itemsize
