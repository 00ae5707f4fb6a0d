"""SODA-A: 2,513 large Google Earth images, one JSON of polygons per image, nine classes and "ignore".

Layout: `Images/00001.jpg` and `Annotations/{train,val,test}/00001.json`. Class numbers count from 0 and are named in
the file itself; the class `ignore` makes ignore regions, in which large aircraft may be hidden. Polygons of more than
four vertices become their minimum-area rectangle; the length axis is the longer side.

The scale is told nowhere: from the small vehicles (4.4 m) within 0.1 to 1 m, else 0.3 m. Every image is its own group.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord
from .dota_text import longer_side_first
from .images import list_images
from .labels import meaning_of
from .records import gathered, parsed, record_of
from .scale import gsd_from_cars

__all__ = ["parse_json", "read"]

SOURCE = "soda_a"
NOMINAL_GSD_M = 0.3
GSD_LIMITS_M = (0.1, 1.0)


def parse_json(text: str) -> list[Annotation]:
    """Annotations of one JSON file; dropped labels are left out.

    LabelError for a class number that the file does not name, a name that the set does not have, or a polygon of
    fewer than three vertices; KeyError for a missing field.
    """
    content = json.loads(text)
    names = {entry["id"]: entry["name"] for entry in content["categories"]}
    found = [_annotation(entry, names) for entry in content["annotations"]]
    return [item for item in found if item is not None]


def _annotation(entry: Mapping[str, Any], names: Mapping[int, str]) -> Annotation | None:
    number, values = entry["category_id"], entry["poly"]
    if number not in names:
        raise LabelError(f"annotation {entry.get('id')}: category {number} is not among {sorted(names)}")
    node, flag = meaning_of(SOURCE, names[number])
    if flag == "-":
        return None
    if len(values) < 6 or len(values) % 2:
        raise LabelError(f"annotation {entry.get('id')}: {len(values)} numbers are no polygon")
    return longer_side_first(node, np.array(values, dtype=np.float64).reshape(-1, 2), ignore=flag == "I")


def read(root: Path) -> list[ImageRecord]:
    """One record per image, sorted by name; DatasetNotFoundError without images or where one has no JSON file."""
    labels = {path.stem: path for path in sorted((root / "Annotations").glob("*/*.json"))}
    if not labels:
        raise DatasetNotFoundError(f"no Annotations/train/*.json in {root}: give the folder of SODA-A")
    missing = root / "Annotations"
    return gathered(
        lambda path: _record(path, labels.get(path.stem, missing / f"{path.stem}.json")), list_images(root / "Images")
    )


def _record(path: Path, labels: Path) -> ImageRecord:
    annotations = parsed(labels, parse_json)
    cars = [item for item in annotations if item.node == "civ.car"]
    gsd = gsd_from_cars(cars, limits=GSD_LIMITS_M) or NOMINAL_GSD_M
    return record_of(path, annotations, source=SOURCE, gsd=gsd, group=path.stem)
