"""A folder of training tiles: its index, and the rule for objects that a tile's edge cuts.

A folder of tiles holds `images/*.jpg` and `index.jsonl`, one line per tile:
`{"file", "source", "group", "width", "height", "gsd", "exhaustive": [nodes], "objects": [[node, cx, cy, length, width,
angle, oriented, ignore, visible], ...], "weight"}`. Pixels of the tile; angle in radians; oriented and ignore 0 or 1;
visible the share of the object that is seen, left out where it is 1 or the set does not say. A horizontal object has
length = box width, width = box height, angle 0 and oriented 0. weight: how often the tile should be drawn for the
classes to be balanced (`balance.repeat_factors`), 1 where nothing on it is rare.

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

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal, oriented
from .balance import repeat_factors

__all__ = [
    "HORIZONTAL",
    "INDEX",
    "TileLine",
    "clip_to",
    "read_tiles",
    "read_weights",
    "scaled",
    "write_rows",
]

INDEX = "index.jsonl"
HORIZONTAL = "index.horizontal.jsonl"
"""The index as it was cut, in a folder whose labels were turned by `training.commands.self_label` since."""
KEPT_SHARE = 0.7
IGNORE = 7
"""Where a row of an object has its flag `ignore`."""


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
    cx, cy = item.centre
    angle = round(item.angle, 5) if item.oriented else 0.0
    size = (round(item.length_px, 2), round(item.width_px, 2))
    visible = [] if item.visible == 1 else [round(item.visible, 3)]
    return [item.node, round(cx, 2), round(cy, 2), *size, angle, int(item.oriented), int(item.ignore), *visible]


def scaled(item: Annotation, factor_x: float, factor_y: float) -> Annotation:
    """The annotation in an image resized by the factors."""
    return replace(item, polygon=item.polygon * (factor_x, factor_y))


def clip_to(items: Iterable[Annotation], *, left: int, top: int, width: int, height: int) -> Iterator[Annotation]:
    """The annotations in the pixels of a window, by the module's rule for objects cut by its edge."""
    for item in items:
        x0, y0, x1, y1 = item.bounds
        x0, y0, x1, y1 = x0 - left, y0 - top, x1 - left, y1 - top
        inside = max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
        across, down = inside[2] - inside[0], inside[3] - inside[1]
        if across < 1 or down < 1:
            continue
        polygon = item.polygon - (left, top)
        if item.oriented and inside != (x0, y0, x1, y1):
            share = _share(Polygon(polygon), box(0, 0, width, height))
        else:  # the box itself
            share = across * down / ((x1 - x0) * (y1 - y0))
        if share < KEPT_SHARE:
            yield replace(horizontal(item.node, inside, ignore=True), visible=item.visible)
        elif item.oriented:
            yield replace(item, polygon=polygon)
        else:
            yield replace(horizontal(item.node, inside, ignore=item.ignore), visible=item.visible)


def _share(outline: Polygon, window: Polygon) -> float:
    return float(outline.intersection(window).area / outline.area) if outline.area > 0 else 0.0


def write_rows(folder: Path, rows: Sequence[dict[str, Any]]) -> int:
    """Write `folder/index.jsonl` from `TileLine.row`s, with weights, and return the number of lines.

    An index that was there is replaced.
    """
    weights = repeat_factors([[values[0] for values in row["objects"] if not values[IGNORE]] for row in rows])
    partial = folder / f"{INDEX}.part"
    with partial.open("w", encoding="utf-8") as stream:
        for row, weight in zip(rows, weights, strict=True):
            stream.write(json.dumps({**row, "weight": weight}) + "\n")
    partial.replace(folder / INDEX)
    (folder / HORIZONTAL).unlink(missing_ok=True)  # it was of other tiles
    return len(rows)


def read_tiles(folder: Path, *, index: str = INDEX) -> list[ImageRecord]:
    """The tiles of a folder as records, in the order of its index; DatasetNotFoundError where it has none."""
    return [_tile_record(folder, row) for row in _rows(folder, index)]


def read_weights(folder: Path, *, index: str = INDEX) -> list[float]:
    """How often each tile of a folder should be drawn, in the order of its index; 1 where the index does not say.

    DatasetNotFoundError where the folder has no index.
    """
    return [float(row.get("weight", 1.0)) for row in _rows(folder, index)]


def _rows(folder: Path, index: str) -> Iterator[dict[str, Any]]:
    path = folder / index
    if not path.is_file():
        raise DatasetNotFoundError(f"{folder} has no {index}; make its tiles first with `hardstand datasets tile`")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise LabelError(f"{path}, line {number}: {error}; make the tiles again") from error


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
    node, cx, cy, length, width, angle, exact, ignore, *visible = values
    seen = float(visible[0]) if visible else 1.0
    box = np.array([cx - length / 2, cy - width / 2, cx + length / 2, cy + width / 2])
    if exact:
        return oriented(node, (cx, cy, length, width, angle), ignore=bool(ignore), visible=seen)
    return replace(horizontal(node, box, ignore=bool(ignore)), visible=seen)
