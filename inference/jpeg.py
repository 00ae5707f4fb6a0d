"""Scenes in GeoTIFFs whose blocks are JPEG, decoded and resampled by OpenCV, which takes less of the processor.

GDAL decodes through libtiff, sorts pixels into bands and back, and resamples band by band; beside an int8 network that
was a seventh of all work. Here blocks that are taken as they are cost a third of that with rasterio 1.4, whose wheels
carry a libjpeg without vector instructions, and two thirds with 1.5; averaged a half and as much, interpolated a fifth
and a third. Where a block lies in the file, and what decodes it, is what GDAL says (its TIFF driver's items
BLOCK_OFFSET, BLOCK_SIZE and JPEGTABLES): the stream of a block is JPEG without the tables, which stand in the file once
(TIFF Technical Note 2). With rasterio 1.5 both decoders give the same pixels; that of 1.4 is some 12 grey levels off at
most and a third of one in the mean.
"""

from fractions import Fraction
from itertools import product
from math import ceil
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Self

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader

from ..detector.quiet import without_warning
from .files import is_remote
from .pixels import Pixels

MOST_RATIO = 3
"""Blocks of more pixels per grid pixel are not averaged: too many of them would be held at a time."""
SMALLER = (2, 4, 8)
"""How many times smaller JPEG can be decoded."""
LEAST_KEPT_BYTES = 16 * 2**20
"""Decoded blocks are kept up to this in any case."""
_START, _END = b"\xff\xd8", b"\xff\xd9"  # of a JPEG stream
_TAIL = 4  # the end stands in its last bytes: some writers pad
_COLOURS = {"JPEG": 0, "YCbCr JPEG": 1}  # GDAL's word for how colours are stored, and Adobe's
_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"  # the segment that says it, but for its last byte


class Span(NamedTuple):
    """Pixels of a raster along an axis, and what becomes of them.

    Attributes:
        start, stop: half-open, in the raster's pixels; `stop` may lie beyond its end, where the last pixel goes on.
        size: grid pixels that they make.
        skip: grid pixels before the first wanted one.
    """

    start: int
    stop: int
    size: int
    skip: int


def span(ratio: Fraction, low: int, high: int) -> Span:
    """The pixels that show the grid pixels from `low` to `high`, which have `ratio` raster pixels each.

    It begins and ends where pixels of both begin, so that a grid pixel is made of the same numbers in every window; and
    one such step further where pixels are interpolated.

    >>> span(Fraction(5, 3), 4, 8)
    Span(start=5, stop=15, size=6, skip=1)
    >>> span(Fraction(4, 5), 10, 15)
    Span(start=4, stop=16, size=15, skip=5)
    """
    step = ratio.denominator
    margin = 0 if ratio >= 1 else 1
    first, last = max(0, low // step - margin), -(-high // step) + margin
    return Span(first * ratio.numerator, last * ratio.numerator, (last - first) * step, low - first * step)


class JpegBlocks:
    """The blocks of one raster, or of an overview of it, for several threads; made by `of` and `levels`.

    Up to `keep_bytes` of them are kept decoded.
    """

    def __init__(
        self,
        path: Path,
        *,
        block: tuple[int, int],
        size: tuple[int, int],
        head: bytes,
        overview: int | None = None,
        shrink: int = 1,
    ) -> None:
        """The raster at `path`: its blocks' and its own height and width, and what each block's stream begins with; or
        its overview of this number. Decoded blocks are `shrink` (1, 2, 4 or 8) times smaller, and all sides with them.
        """
        self._path = path
        self._block = block[0] // shrink, block[1] // shrink
        self._size = ceil(size[0] / shrink), ceil(size[1] / shrink)
        self._head = head
        self._overview = overview
        self._shrink = shrink
        self.keep_bytes = LEAST_KEPT_BYTES
        self._kept: dict[tuple[int, int], Pixels] = {}  # by row and column
        self._lock = Lock()

    @classmethod
    def of(cls, dataset: DatasetReader, overview: int | None = None) -> Self | None:
        """The blocks of a raster of one or three bands of 8 bit that a GeoTIFF on disk stores as JPEG; else None.

        Or of one of its overviews, where `dataset` was opened with that `overview_level`.
        """
        structure = dataset.tags(ns="IMAGE_STRUCTURE")
        stored = structure.get("COMPRESSION", "")
        together = dataset.count == 1 or (dataset.count == 3 and structure.get("INTERLEAVE") == "PIXEL")
        if dataset.driver != "GTiff" or is_remote(dataset.name) or stored not in _COLOURS or not together:
            return None
        if set(dataset.dtypes) != {"uint8"}:
            return None
        tables = bytes.fromhex(dataset.get_tag_item("JPEGTABLES", "TIFF", bidx=1) or "")
        said = _ADOBE + bytes([_COLOURS[stored]]) if dataset.count == 3 else b""
        head = _START + said + tables.removeprefix(_START).removesuffix(_END)
        path = Path(dataset.name).absolute()
        return cls(path, block=dataset.block_shapes[0], size=dataset.shape, head=head, overview=overview)

    @classmethod
    def levels(cls, dataset: DatasetReader) -> dict[int, Self | None]:
        """The blocks of a raster, and of each of its overviews by how many times coarser it is; None as in `of`, and
        for overviews in a file of their own.
        """
        found = {1: cls.of(dataset)}
        inside = found[1] is not None and not any(name.endswith(".ovr") for name in dataset.files)
        for number, factor in enumerate(dataset.overviews(1)):
            found[factor] = None
            if inside:
                with (
                    without_warning(NotGeoreferencedWarning),
                    rasterio.open(dataset.name, overview_level=number) as smaller,
                ):
                    found[factor] = cls.of(smaller, number)
        return found

    def smaller(self) -> "dict[int, JpegBlocks]":
        """The same blocks, decoded 2, 4 and 8 times smaller, by that number: for pictures.

        It is little work, for JPEG stores waves; a network would see them sharper than the averages that it learnt.
        """
        kinds = {factor: [side % factor for side in self._block] for factor in SMALLER}
        return {
            factor: JpegBlocks(self._path, block=self._block, size=self._size, head=self._head, shrink=factor)
            for factor, left in kinds.items()
            if not any(left)
        }

    def window(self, dataset: DatasetReader, columns: Span, rows: Span, *, width: int, height: int) -> Pixels | None:
        """The pixels (height, width, 3) of a window; a band alone is shown in all channels.

        Averaged where they shrink, interpolated where they grow. None where a block is not there or is not as it should
        be: GDAL can say what is wrong with it. `dataset` is a handle of the raster that no other thread uses now.
        """
        own = np.empty((rows.stop - rows.start, columns.stop - columns.start, 3), dtype=np.uint8)
        down, across = (min(end.stop, size) - end.start for end, size in zip((rows, columns), self._size, strict=True))
        if not self._fill(dataset, own[:down, :across], columns.start, rows.start):
            return None
        own[down:] = own[down - 1 : down]
        own[:, across:] = own[:, across - 1 : across]
        if (columns.size, rows.size) != (own.shape[1], own.shape[0]):
            from ..detector.opencv import cv2  # noqa: PLC0415  # heavy, and other rasters do not need it

            how = cv2.INTER_AREA if columns.size <= own.shape[1] else cv2.INTER_LINEAR
            own = np.asarray(cv2.resize(own, (columns.size, rows.size), interpolation=how), dtype=np.uint8)
        return own[rows.skip : rows.skip + height, columns.skip : columns.skip + width]

    def _fill(self, dataset: DatasetReader, out: Pixels, left: int, top: int) -> bool:
        """Put the raster's pixels from `left`, `top` on into `out`; False where a block is missing."""
        height, width = self._block
        bottom, right = top + out.shape[0], left + out.shape[1]
        rows = range(top // height, ceil(bottom / height))
        columns = range(left // width, ceil(right / width))
        for row, column in product(rows, columns):
            block = self._decoded(dataset, row, column)
            if block is None:
                return False
            y0, y1 = max(top, row * height), min(bottom, (row + 1) * height)
            x0, x1 = max(left, column * width), min(right, (column + 1) * width)
            part = block[y0 - row * height : y1 - row * height, x0 - column * width : x1 - column * width]
            out[y0 - top : y1 - top, x0 - left : x1 - left] = part
        self._forget(rows, columns)
        return True

    def _decoded(self, dataset: DatasetReader, row: int, column: int) -> Pixels | None:
        """A block, from those that are kept or from the file."""
        with self._lock:
            block = self._kept.get((row, column))
        if block is None:
            block = self._decode(dataset, row, column)
            if block is not None:
                with self._lock:
                    self._kept[row, column] = block
        return block

    def _forget(self, rows: range, columns: range) -> None:
        """Drop blocks until few enough are kept: first those that no window after this one needs, if they come row by
        row: all above it, and what is to the left of it and above its last row.
        """
        with self._lock:
            over = sum(block.nbytes for block in self._kept.values()) - self.keep_bytes
            for _, place in sorted((_is_needed(place, rows, columns), place) for place in self._kept):
                if over <= 0:
                    break
                over -= self._kept.pop(place).nbytes

    def _decode(self, dataset: DatasetReader, row: int, column: int) -> Pixels | None:
        """A block (height, width, 3) as large as it should be at least; None where it is missing or damaged."""
        where, length = (
            dataset.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=1, ovr=self._overview)
            for what in ("OFFSET", "SIZE")
        )
        if not where or not length:
            return None
        try:
            with self._path.open("rb") as file:
                file.seek(int(where))
                stream = file.read(int(length))
        except OSError:  # moved, perhaps: GDAL holds it open
            return None
        if not stream.startswith(_START) or _END not in stream[-_TAIL:]:
            return None
        from ..detector.opencv import cv2  # noqa: PLC0415  # heavy, and other rasters do not need it

        coded = np.frombuffer(self._head + stream[len(_START) :], dtype=np.uint8)
        if self._shrink == 1:
            block = cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
        else:
            how = getattr(cv2, f"IMREAD_REDUCED_COLOR_{self._shrink}") | cv2.IMREAD_IGNORE_ORIENTATION
            turned = cv2.imdecode(coded, how)
            block = None if turned is None else turned[..., ::-1]
        rows = min(self._block[0], self._size[0] - row * self._block[0])  # the last strip ends with the raster
        if block is None or block.shape[0] < rows or block.shape[1] < self._block[1]:
            return None
        return np.asarray(block, dtype=np.uint8)


def _is_needed(place: tuple[int, int], rows: range, columns: range) -> bool:
    """True for blocks that a window of these blocks shares with one that comes after it."""
    row, column = place
    return row >= rows[0] and (row >= rows[-1] or column >= columns[0])
