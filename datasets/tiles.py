"""A folder of training tiles: its index, and the rule for objects that a tile's edge cuts.

A folder of tiles holds `images/*.jpg` and `index.jsonl`, one line per tile:
`{"file", "source", "group", "width", "height", "gsd", "exhaustive": [nodes], "objects": [[node, cx, cy, length, width,
angle, oriented, ignore], ...], "weight"}`. Pixels of the tile; angle in radians; oriented and ignore 0 or 1. A
horizontal object has length = box width, width = box height, angle 0 and oriented 0. weight: how often the tile should
be drawn for the classes to be balanced (`balance.repeat_factors`), 1 where nothing on it is rare.

Objects cut by a tile edge: kept where at least 70 % of the box area is inside the tile (a horizontal box is clipped,
an oriented one stays whole), else kept as ignore (clipped, horizontal); left out where less than 1 px is inside.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import Polygon, box

from ..detector.errors import DatasetNotFoundError
from .annotation import Annotation, ImageRecord, horizontal, oriented
from .balance import repeat_factors

__all__ = ["INDEX", "TileLine", "clip_to", "draw_weights", "read_tiles", "scaled", "write_index", "write_rows"]

INDEX = "index.jsonl"
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

    def row(self) -> dict[str, Any]:
        """The line as a JSON object, without the weight; coordinates to a hundredth of a pixel, angles to 1e-5."""
        return {
            "file": self.file,
            "source": self.source,
            "group": self.group,
            "width": self.width,
            "height": self.height,
            "gsd": round(self.gsd, 4),
            "exhaustive": sorted(self.exhaustive),
            "objects": [_row(item) for item in self.annotations],
        }


def _row(item: Annotation) -> list[str | float]:
    cx, cy = (round(float(value), 2) for value in item.polygon.mean(axis=0))
    angle = round(item.angle, 5) if item.oriented else 0.0
    size = (round(item.length_px, 2), round(item.width_px, 2))
    return [item.node, cx, cy, *size, angle, int(item.oriented), int(item.ignore)]


def scaled(item: Annotation, factor_x: float, factor_y: float) -> Annotation:
    """The annotation in an image resized by the factors."""
    return replace(item, polygon=item.polygon * (factor_x, factor_y))


def clip_to(items: Iterable[Annotation], *, left: int, top: int, width: int, height: int) -> Iterator[Annotation]:
    """The annotations in the pixels of a window, by the module's rule for objects cut by its edge."""
    drawn = list(items)
    if not drawn:
        return
    polygons = np.stack([item.polygon for item in drawn]) - (left, top)
    low, high = polygons.min(axis=1), polygons.max(axis=1)
    inside_low, inside_high = np.maximum(low, 0), np.minimum(high, (width, height))
    whole = (inside_low == low).all(axis=1) & (inside_high == high).all(axis=1)
    window = box(0, 0, width, height)
    for number in np.flatnonzero((inside_high - inside_low >= 1).all(axis=1)):
        item, polygon = drawn[number], polygons[number]
        inside = (*inside_low[number], *inside_high[number])
        if item.oriented and not whole[number]:
            share = _share(Polygon(polygon), window)
        else:  # the box itself
            share = np.prod(inside_high[number] - inside_low[number]) / np.prod(high[number] - low[number])
        if share < KEPT_SHARE:
            yield horizontal(item.node, inside, ignore=True)
        elif item.oriented:
            yield replace(item, polygon=polygon)
        else:
            yield horizontal(item.node, inside, ignore=item.ignore)


def _share(outline: Polygon, window: Polygon) -> float:
    return float(outline.intersection(window).area / outline.area) if outline.area > 0 else 0.0


def write_index(folder: Path, lines: Iterable[TileLine]) -> int:
    """Write `folder/index.jsonl` and return the number of lines; an index that was there is replaced."""
    return write_rows(folder, [line.row() for line in lines])


def write_rows(folder: Path, rows: Sequence[dict[str, Any]]) -> int:
    """The same from `TileLine.row`s."""
    weights = repeat_factors([[values[0] for values in row["objects"] if not values[-1]] for row in rows])
    partial = folder / f"{INDEX}.part"
    with partial.open("w", encoding="utf-8") as stream:
        for row, weight in zip(rows, weights, strict=True):
            stream.write(json.dumps({**row, "weight": weight}) + "\n")
    partial.replace(folder / INDEX)
    return len(rows)


def read_tiles(folder: Path, *, index: str = INDEX) -> list[ImageRecord]:
    """The tiles of a folder as records, in the order of its index; DatasetNotFoundError where it has none."""
    path = folder / index
    if not path.is_file():
        raise DatasetNotFoundError(f"{folder} has no {index}; make its tiles first with `hardstand datasets tile`")
    return [_tile_record(folder, json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def draw_weights(folder: Path) -> list[float]:
    """How often each tile of a folder should be drawn, in the order of `read_tiles`; 1 where its index does not say."""
    lines = (folder / INDEX).read_text(encoding="utf-8").splitlines()
    return [float(json.loads(line).get("weight", 1)) for line in lines]


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
