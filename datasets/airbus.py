"""Airbus Aircraft sample: 2560 px Pleiades scenes, CSV of closed rectangles.

Found as published: `annotations.csv` (id, image_id, geometry, class; geometry a Python list of five (x, y)) beside
`images/`; `groups.json`, where there is one, lists images of the same airport on several dates, which share a group.

Edge rule: an aircraft cut by the scene border (label Truncated...) is truncated. It is kept where its visible box is
at least 0.7 times as long in each direction as the median whole aircraft of the scene, and else an ignore region.
Four scenes have nearly every aircraft labelled twice; the second label is an ignore region. Aircraft that were seen
beside the labels are added (`found`).

The scale is told to be 0.5 m. At that, boxes of narrow bodies are 44 m wide and high in the mean at one airport, on all
dates, and 30 m at another, as if these were map tiles, which are the finer the further from the equator. So it is
estimated per airport, from the aircraft of all its images, most of which were named by eye (`named`,
`scale.gsd_from_named`): nominal 0.47 m, within 0.34 to 0.6 m.
"""

import csv
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .found import found
from .images import image_size, list_images
from .labels import exhaustive_in, meaning_of, spelling
from .named import named
from .records import gathered, parsed, within_image
from .scale import gsd_from_named, uncut

__all__ = ["read"]

SOURCE = "airbus"
GSD_M = 0.5
NOMINAL_GSD_M, GSD_LIMITS_M, GSD_SPREAD = 0.47, (0.34, 0.6), 0.15
"""Of airports whose aircraft have names."""
MOSTLY_VISIBLE = 0.7
REPEATED = 0.5
BRACKETS = str.maketrans("()", "[]")
"""Makes JSON of a Python list of pairs, which is read many times faster than as Python."""


def read(root: Path) -> list[ImageRecord]:
    """One record per image of the folder, sorted by name, boxes horizontal.

    DatasetNotFoundError without annotations.csv, or where it has images that are not there; LabelError for an unknown
    class or broken geometry.
    """
    table = root / "annotations.csv"
    if not table.is_file():
        raise DatasetNotFoundError(f"no annotations.csv in {root}: give the folder of the Airbus Aircraft sample")
    rows = parsed(table, _by_image)
    groups = _groups(root / "groups.json")
    paths = list_images(root / "images")
    if missing := sorted(rows.keys() - {path.name for path in paths}):
        raise DatasetNotFoundError(f"{table}: {len(missing)} images are labelled but not in images, as {missing[0]}")
    return _scaled(gathered(lambda path: _record(path, rows.get(path.name, []), groups), paths))


def _scaled(records: Sequence[ImageRecord]) -> list[ImageRecord]:
    """The records with the scale of their airports."""
    seen: dict[str, list[Annotation]] = defaultdict(list)
    for record in records:
        seen[record.group] += uncut(record.annotations, (record.width, record.height))
    told = {
        group: gsd_from_named(aircraft, nominal=NOMINAL_GSD_M, spread=GSD_SPREAD, limits=GSD_LIMITS_M)
        for group, aircraft in seen.items()
    }
    return [replace(record, gsd=told[record.group] or GSD_M) for record in records]


def _by_image(text: str) -> dict[str, list[dict[str, str]]]:
    table = csv.DictReader(text.splitlines())
    if lacking := {"image_id", "geometry", "class"} - set(table.fieldnames or ()):
        raise LabelError(f"no column {', '.join(sorted(lacking))}; id, image_id, geometry and class expected")
    rows = defaultdict(list)
    for row in table:
        rows[row["image_id"]].append(row)
    return dict(rows)


def _groups(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    listed = parsed(path, lambda text: json.loads(text)["same_airport_groups"])
    return {name: f"airport{number}" for number, names in enumerate(listed, start=1) for name in names}


def _record(path: Path, rows: list[dict[str, str]], groups: dict[str, str]) -> ImageRecord:
    width, height = image_size(path)
    whole = [_annotation(row) for row in rows if not _cut(row)]
    typical = np.median([(item.length_px, item.width_px) for item in whole], axis=0) if whole else np.zeros(2)
    cut = [_annotation(row, whole_px=(float(typical[0]), float(typical[1]))) for row in rows if _cut(row)]
    labels = _repeats_ignored(named(SOURCE, path.stem, [*whole, *cut], width=width, height=height))
    seen = within_image(found(SOURCE, path.stem, width=width, height=height), width=width, height=height)
    return ImageRecord(
        path=path,
        width=width,
        height=height,
        gsd=GSD_M,
        group=groups.get(path.name, path.stem),
        source=SOURCE,
        exhaustive=exhaustive_in(SOURCE),
        annotations=(*labels, *seen),
    )


def _repeats_ignored(items: Sequence[Annotation]) -> tuple[Annotation, ...]:
    """The labels, in order, of which those that repeat an earlier one (IoU of REPEATED or more) are ignored."""
    bounds = np.array([item.bounds for item in items]).reshape(-1, 4)
    low = np.maximum(bounds[:, None, :2], bounds[None, :, :2])
    high = np.minimum(bounds[:, None, 2:], bounds[None, :, 2:])
    shared = np.prod((high - low).clip(0), axis=2)
    area = np.prod(bounds[:, 2:] - bounds[:, :2], axis=1)
    repeats = np.triu(shared >= REPEATED * (area[:, None] + area[None] - shared), 1).any(axis=0)
    return tuple(replace(item, ignore=True) if again else item for item, again in zip(items, repeats, strict=True))


def _cut(row: dict[str, str]) -> bool:
    return spelling(row["class"]).startswith("truncated")


def _annotation(row: dict[str, str], *, whole_px: tuple[float, float] | None = None) -> Annotation:
    node = meaning_of(SOURCE, row["class"]).node
    try:
        xs, ys = zip(*json.loads(row["geometry"].translate(BRACKETS)), strict=True)
        if not math.isfinite(sum(xs) + sum(ys)):
            raise ValueError
        x0, y0, x1, y1 = float(min(xs)), float(min(ys)), float(max(xs)), float(max(ys))
    except (TypeError, ValueError) as error:
        raise LabelError(f"annotation {row.get('id')} of {row['image_id']}: geometry {row['geometry']!r}") from error
    hidden = whole_px is not None and bool(
        x1 - x0 < MOSTLY_VISIBLE * whole_px[0] or y1 - y0 < MOSTLY_VISIBLE * whole_px[1] or whole_px[0] == 0
    )
    return horizontal(node, (x0, y0, x1, y1), ignore=hidden, truncated=whole_px is not None)
