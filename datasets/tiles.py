"""Training tiles: every record at one ground sampling distance, cut to one size, with an index.

A folder of tiles holds `images/*.jpg` and `index.jsonl`, one line per tile:
`{"file", "source", "group", "width", "height", "gsd", "exhaustive": [nodes], "objects": [[node, cx, cy, length, width,
angle, oriented, ignore], ...]}`. Pixels of the tile; angle in radians; oriented and ignore 0 or 1. A horizontal object
has length = box width, width = box height, angle 0 and oriented 0.

Objects cut by a tile edge: kept where at least 70 % of the box area is inside the tile (a horizontal box is clipped,
an oriented one stays whole), else kept as ignore (clipped, horizontal); left out where less than 1 px is inside.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Polygon, box

from ..detector.errors import DatasetNotFoundError
from ..detector.opencv import cv2
from .annotation import Annotation, ImageRecord, horizontal, oriented
from .images import read_rgb, write_jpeg

__all__ = ["TileLine", "clip_to", "cut_tiles", "read_tiles", "scaled", "starts", "write_index"]

COUNTED = ("fw", "heli", "ad")
KEPT_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class TileLine:
    """One line of an index: a tile's file name and what is on it, in tile pixels at `gsd` metres."""

    file: str
    source: str
    group: str
    width: int
    height: int
    gsd: float
    exhaustive: frozenset[str]
    annotations: tuple[Annotation, ...]

    def to_json(self) -> str:
        """The line as JSON text; coordinates to a hundredth of a pixel, angles to 1e-5."""
        return json.dumps(
            {
                "file": self.file,
                "source": self.source,
                "group": self.group,
                "width": self.width,
                "height": self.height,
                "gsd": round(self.gsd, 4),
                "exhaustive": sorted(self.exhaustive),
                "objects": [_row(item) for item in self.annotations],
            }
        )


def _row(item: Annotation) -> list[str | float]:
    cx, cy = (round(float(value), 2) for value in item.polygon.mean(axis=0))
    angle = round(item.angle, 5) if item.oriented else 0.0
    size = (round(item.length_px, 2), round(item.width_px, 2))
    return [item.node, cx, cy, *size, angle, int(item.oriented), int(item.ignore)]


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


def scaled(item: Annotation, factor_x: float, factor_y: float) -> Annotation:
    """The annotation in an image resized by the factors."""
    return replace(item, polygon=item.polygon * (factor_x, factor_y))


def clip_to(items: Iterable[Annotation], *, left: int, top: int, width: int, height: int) -> Iterator[Annotation]:
    """The annotations in the pixels of a window, by the module's rule for objects cut by its edge."""
    window = box(0, 0, width, height)
    for item in items:
        moved = replace(item, polygon=item.polygon - (left, top))
        x0, y0, x1, y1 = moved.bounds
        inside = (max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height)))
        if inside[2] - inside[0] < 1 or inside[3] - inside[1] < 1:
            continue
        outline = Polygon(moved.polygon)
        share = outline.intersection(window).area / outline.area if outline.area > 0 else 0.0
        if share >= KEPT_SHARE:
            yield moved if item.oriented else horizontal(item.node, inside, ignore=item.ignore)
        else:
            yield horizontal(item.node, inside, ignore=True)


def _resized(record: ImageRecord, gsd: float) -> NDArray[np.uint8]:
    pixels = read_rgb(record.path)
    factor = record.gsd / gsd
    size = (max(1, round(record.width * factor)), max(1, round(record.height * factor)))
    if size == (record.width, record.height):
        return pixels
    shrinking = factor < 1
    method = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=method), dtype=np.uint8)


def _tiles_of(
    record: ImageRecord, folder: Path, *, gsd: float, tile_px: int, stride_px: int, nodes: Sequence[str]
) -> Iterator[TileLine]:
    pixels = _resized(record, gsd)
    height, width = pixels.shape[:2]
    factors = (width / record.width, height / record.height)
    items = [scaled(item, *factors) for item in record.annotations if item.node.split(".")[0] in nodes]
    for top in starts(height, tile_px, stride_px):
        for left in starts(width, tile_px, stride_px):
            tile = pixels[top : top + tile_px, left : left + tile_px]
            name = f"{record.path.stem}_{left}_{top}.jpg"
            write_jpeg(folder / "images" / name, tile)
            rows, columns = tile.shape[:2]
            yield TileLine(
                file=f"images/{name}",
                source=record.source,
                group=record.group,
                width=columns,
                height=rows,
                gsd=gsd,
                exhaustive=record.exhaustive,
                annotations=tuple(clip_to(items, left=left, top=top, width=columns, height=rows)),
            )


def write_index(folder: Path, lines: Iterable[TileLine]) -> int:
    """Write `folder/index.jsonl` and return the number of lines; an index that was there is replaced."""
    count = 0
    partial = folder / "index.jsonl.part"
    with partial.open("w", encoding="utf-8") as stream:
        for line in lines:
            stream.write(line.to_json() + "\n")
            count += 1
    partial.replace(folder / "index.jsonl")
    return count


def read_tiles(folder: Path, *, index: str = "index.jsonl") -> list[ImageRecord]:
    """The tiles of a folder as records, in the order of its index; DatasetNotFoundError where it has none."""
    path = folder / index
    if not path.is_file():
        raise DatasetNotFoundError(f"{folder} has no {index}; make its tiles first with `hardstand tiles`")
    return [_tile_record(folder, json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _tile_record(folder: Path, row: dict[str, Any]) -> ImageRecord:
    return ImageRecord(
        path=folder / row["file"],
        width=row["width"],
        height=row["height"],
        gsd=row["gsd"],
        group=row["group"],
        source=row["source"],
        exhaustive=frozenset(row["exhaustive"]),
        annotations=tuple(_item(values) for values in row["objects"]),
    )


def _item(values: Sequence[Any]) -> Annotation:
    node, cx, cy, length, width, angle, exact, ignore = values
    box = np.array([cx - length / 2, cy - width / 2, cx + length / 2, cy + width / 2])
    if exact:
        return oriented(node, (cx, cy, length, width, angle), ignore=bool(ignore))
    return horizontal(node, box, ignore=bool(ignore))


def cut_tiles(
    records: Iterable[ImageRecord],
    out: Path,
    *,
    gsd: float = 0.5,
    tile_px: int = 768,
    stride_px: int = 640,
    nodes: Sequence[str] = COUNTED,
) -> int:
    """Cut the records into tiles in `out` and return the number of tiles.

    gsd: metres per pixel of the tiles. Images up to `tile_px` stay whole and are not padded; larger ones are covered
    by tiles at most `stride_px` apart. nodes: roots of the taxonomy to write; objects of other roots are left out.
    ValueError where the stride exceeds the tile.
    """
    (out / "images").mkdir(parents=True, exist_ok=True)
    lines = (
        line
        for record in records
        for line in _tiles_of(record, out, gsd=gsd, tile_px=tile_px, stride_px=stride_px, nodes=nodes)
    )
    return write_index(out, lines)
