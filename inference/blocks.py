"""How a raster is stored, block by block, and how much of it GDAL may hold decoded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Self

import numpy as np
from rasterio.env import get_gdal_config, set_gdal_config
from rasterio.io import DatasetReader

LEAST_CACHE_BYTES = 64 * 2**20
"""GDAL may hold this much in any case: tiles that lie side by side share blocks."""
_PART_BYTES = LEAST_CACHE_BYTES // 2
_SLACK = 1.25  # bands' masks, blocks at the borders


@dataclass(frozen=True, slots=True)
class BlockSize:
    """The part of a raster that is decoded at once: its sides in pixels, how many there are across and down the raster,
    and the bytes of a pixel in all bands.
    """

    width: int
    height: int
    across: int
    down: int
    pixel_bytes: int

    @classmethod
    def of(cls, dataset: DatasetReader) -> Self:
        """The blocks of a raster."""
        height, width = dataset.block_shapes[0]
        across, down = ceil(dataset.width / width), ceil(dataset.height / height)
        return cls(width, height, across, down, sum(map(_bytes, dataset.dtypes)))

    def bytes_under(self, width: float, height: float) -> int:
        """The bytes of the blocks that a window of this size, in pixels, can touch.

        >>> BlockSize(512, 512, 9, 9, 3).bytes_under(512, 100) == 2 * 2 * 512 * 512 * 3
        True
        >>> BlockSize(4000, 1, 1, 3000, 1).bytes_under(512, 99) == 4000 * 100
        True
        """
        across = min(ceil(width / self.width) + 1, self.across)
        down = min(ceil(height / self.height) + 1, self.down)
        return across * self.width * down * self.height * self.pixel_bytes

    def kept_bytes(self, needed_bytes: int) -> int:
        """How much to keep decoded where windows at work need so much: a row of blocks more, that two rows of windows
        share, unless that would make it more than LEAST_CACHE_BYTES.

        >>> BlockSize(512, 512, 16, 16, 3).kept_bytes(9 * 512 * 512 * 3) == (9 + 16) * 512 * 512 * 3
        True
        """
        row_bytes = self.across * self.width * self.height * self.pixel_bytes
        return max(needed_bytes, min(LEAST_CACHE_BYTES, needed_bytes + row_bytes))

    def parts(self) -> tuple[int, int]:
        """Columns and rows of parts in which the whole raster can be read with little of it decoded at a time.

        Reading it at once would decode every block for each band anew, where not all of them fit into the cache. Parts
        are a few rows of blocks, so that those on a border are still there for the next part.

        >>> BlockSize(512, 512, 16, 16, 3).parts(), BlockSize(512, 512, 80, 80, 3).parts()
        ((1, 8), (2, 80))
        >>> BlockSize(8000, 1, 1, 8000, 3).parts(), BlockSize(8000, 8000, 1, 1, 3).parts()
        ((1, 6), (1, 1))
        """
        row_bytes = self.across * self.width * self.height * self.pixel_bytes
        rows = max(1, _PART_BYTES // row_bytes)
        held = self.bytes_under(self.across * self.width, rows * self.height)
        return min(self.across, ceil(held / LEAST_CACHE_BYTES)), ceil(self.down / rows)


@contextmanager
def cache_limit(needed_bytes: int) -> Iterator[None]:
    """A block in which GDAL's cache of decoded blocks is as large as needed, and not larger than it was before.

    The cache belongs to the whole process.
    """
    before = int(get_gdal_config("GDAL_CACHEMAX"))
    set_gdal_config("GDAL_CACHEMAX", min(before, max(LEAST_CACHE_BYTES, int(_SLACK * needed_bytes))))
    try:
        yield
    finally:
        set_gdal_config("GDAL_CACHEMAX", before)


def _bytes(dtype: str) -> int:
    return 16 if dtype.startswith("complex") else np.dtype(dtype).itemsize
