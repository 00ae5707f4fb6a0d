"""Training tiles cut from images: every record at one ground sampling distance, in tiles of one size.

An image up to a tile stays whole and is not padded; a larger one is covered by evenly spread tiles. A run that was
stopped goes on where it was (see `journal`).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .annotation import ImageRecord
from .images import read_bgr, write_bgr
from .journal import make_tiles
from .tiles import TileLine, clip_to, scaled

__all__ = ["TILE_PX", "Cut", "cut_tiles", "starts"]

COUNTED = ("fw", "heli", "ad")
TILE_PX = 768


@dataclass(frozen=True, slots=True)
class Cut:
    """How tiles are cut.

    gsd: metres per pixel of the tiles. tile_px: their side; stride_px: how far they are apart at most. nodes: roots of
    the taxonomy to write; objects of other roots are left out. empty_share: of the tiles without objects, how many are
    kept; which ones is drawn from their names, so it is the same every time. A tile without objects of an image where
    nothing was labelled in full teaches nothing and is never kept.
    """

    gsd: float = 0.5
    tile_px: int = TILE_PX
    stride_px: int = 640
    nodes: tuple[str, ...] = COUNTED
    empty_share: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers; ValueError."""
        if not self.gsd > 0:
            raise ValueError(f"gsd {self.gsd} must be a positive number of metres per pixel")
        if not 0 < self.stride_px <= self.tile_px:
            raise ValueError(f"stride {self.stride_px} must be positive and at most the tile of {self.tile_px} pixels")
        if not 0 <= self.empty_share <= 1:
            raise ValueError(f"share {self.empty_share} of empty tiles must be from 0 to 1")


def starts(length: int, tile: int, stride: int) -> tuple[int, ...]:
    """First pixels of the tiles that cover `length` pixels, evenly spread, at most `stride` apart.

    Up to an eighth more than one tile is not worth a second one: the middle is taken.

    >>> starts(700, 768, 640), starts(800, 768, 640), starts(1536, 768, 640)
    ((0,), (16,), (0, 384, 768))
    """
    if not 0 < stride <= tile:
        raise ValueError(f"stride {stride} must be positive and at most the tile of {tile} pixels")
    if length <= tile:
        return (0,)
    if length <= tile * 9 // 8:
        return ((length - tile) // 2,)
    count = -(-(length - tile) // stride) + 1
    return tuple(round(index * (length - tile) / (count - 1)) for index in range(count))


def cut_tiles(
    records: Sequence[ImageRecord],
    out: Path,
    cut: Cut = Cut(),
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> int:
    """Cut the records into tiles in `out` and return the number of tiles; on all cores, an image at a time on each.

    progress: called with the images done and all images. Goes on from an earlier run with the same records and `cut`.
    DatasetNotFoundError for an image that cannot be read.
    """
    made = {"key": _key(records, cut), "cut": asdict(cut), "images": len(records)}
    names = _names(records)
    pieces = {name: (record, name) for record, name in zip(records, names, strict=True)}
    return make_tiles(out, pieces, partial(_tiles_of, out=out, cut=cut), made=made, progress=progress)


def _key(records: Sequence[ImageRecord], cut: Cut) -> str:
    """Changes with everything that the tiles depend on but the content of an image of the same size and date."""
    state = blake2b(repr(cut).encode(), digest_size=16)
    for record in records:
        file = record.path.stat() if record.path.is_file() else None
        about = (str(record.path), file and (file.st_size, file.st_mtime_ns), record.width, record.height, record.gsd)
        state.update(repr((about, record.group, record.source, sorted(record.exhaustive))).encode())
        for item in record.annotations:
            state.update(repr((item.node, item.oriented, item.ignore, item.visible)).encode() + item.polygon.tobytes())
    return state.hexdigest()


def _names(records: Sequence[ImageRecord]) -> list[str]:
    """A name for each record's tiles: the image's, with a number where several images are called the same."""
    seen: Counter[str] = Counter()
    names = []
    for record in records:
        stem = record.path.stem
        names.append(f"{stem}~{seen[stem]}" if seen[stem] else stem)
        seen[stem] += 1
    return names


def _resized(record: ImageRecord, gsd: float) -> NDArray[np.uint8]:
    pixels = read_bgr(record.path)
    factor = record.gsd / gsd
    size = (max(1, round(record.width * factor)), max(1, round(record.height * factor)))
    if size == (record.width, record.height):
        return pixels
    shrinking = factor < 1
    method = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=method), dtype=np.uint8)


def _tiles_of(job: tuple[ImageRecord, str], *, out: Path, cut: Cut) -> list[dict[str, Any]]:
    record, name = job
    pixels = _resized(record, cut.gsd)
    rows = []
    for line, tile in _windows(record, name, pixels, cut):
        write_bgr(out / line.file, tile)
        rows.append(line.row())
    return rows


def _windows(
    record: ImageRecord, name: str, pixels: NDArray[np.uint8], cut: Cut
) -> Iterator[tuple[TileLine, NDArray[np.uint8]]]:
    height, width = pixels.shape[:2]
    factors = (width / record.width, height / record.height)
    items = [item for item in record.annotations if item.node.split(".")[0] in cut.nodes]
    if factors != (1, 1):
        items = [scaled(item, *factors) for item in items]
    bounds = np.array([item.bounds for item in items]).reshape(-1, 4)
    for top in starts(height, cut.tile_px, cut.stride_px):
        for left in starts(width, cut.tile_px, cut.stride_px):
            tile = pixels[top : top + cut.tile_px, left : left + cut.tile_px]
            rows, columns = tile.shape[:2]
            touching = (bounds[:, 2:] > (left, top)) & (bounds[:, :2] < (left + columns, top + rows))
            near = (items[number] for number in np.flatnonzero(touching.all(axis=1)))
            line = TileLine(
                file=f"images/{name}_{left}_{top}.jpg",
                source=record.source,
                group=record.group,
                width=columns,
                height=rows,
                gsd=cut.gsd,
                exhaustive=record.exhaustive,
                annotations=tuple(clip_to(near, left=left, top=top, width=columns, height=rows)),
            )
            if line.annotations or (line.exhaustive and _drawn(line.file) < cut.empty_share):
                yield line, tile


def _drawn(name: str) -> float:
    """A number from 0 to below 1 that looks random and is the same for a name every time."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest()) / 2**32
