"""COCO JSON of a user's own labels: `[x, y, width, height]` boxes, polygons, and masks by their box.

Found in one folder: the JSON file (any name; several are joined) and the images, at any depth. A polygon comes before
the box; an object of several polygons is one outline. Of a run-length mask the box is taken, which COCO always has.
`iscrowd` makes an ignore region. `attributes.rotation` (degrees clockwise about the centre, as CVAT writes it) turns
the box. `gsd` of an image, which `convert` writes, is its scale.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import DatasetNotFoundError, LabelError
from ..detector.opencv import cv2
from .annotation import Annotation, ImageRecord
from .own import ImageIndex, OwnLabels, outline, own_record, turned_box
from .records import noting, parsed

__all__ = ["is_coco", "read"]


def is_coco(content: object) -> bool:
    """True for the content of a JSON file that has images, annotations and categories."""
    return isinstance(content, dict) and {"images", "annotations", "categories"} <= content.keys()


def read(root: Path, own: OwnLabels) -> list[ImageRecord]:
    """One record per image entry, sorted by path; images without objects too.

    DatasetNotFoundError without a COCO file or an image; LabelError for an unknown category or a broken object.
    """
    index = ImageIndex(root)
    contents = {path: parsed(path, json.loads) for path in sorted(root.rglob("*.json"))}
    files = {path: content for path, content in contents.items() if is_coco(content)}
    if not files:
        raise DatasetNotFoundError(f"no COCO file below {root}: a JSON file with images, annotations and categories")
    records = [record for path, content in files.items() for record in _records(path, content, index, own)]
    return sorted(records, key=lambda record: record.path)


def _records(path: Path, content: dict[str, Any], index: ImageIndex, own: OwnLabels) -> Iterator[ImageRecord]:
    with noting(path):
        names = {entry["id"]: str(entry["name"]) for entry in content["categories"]}
        known = {entry["id"] for entry in content["images"]}
    objects: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for entry in content["annotations"]:
        with noting(path):
            if entry.get("image_id") not in known:
                raise LabelError(
                    f"{_where(path, entry)}: image {entry.get('image_id')} is not among the images of the file"
                )
            objects[entry["image_id"]].append(entry)
    for entry in content["images"]:
        with noting(path):
            image = index.find(str(entry["file_name"]), path.name)
            with noting(image):
                yield own_record(
                    image,
                    [item for each in objects[entry["id"]] for item in _items(each, names, path, own)],
                    index=index,
                    own=own,
                    stated=(int(entry["width"]), int(entry["height"])),
                    told_gsd=entry.get("gsd"),
                )


def _where(path: Path, entry: dict[str, Any]) -> str:
    return f"{path.name}, annotation {entry.get('id')}"


def _items(entry: dict[str, Any], names: dict[Any, str], path: Path, own: OwnLabels) -> tuple[Annotation, ...]:
    where = _where(path, entry)
    if entry["category_id"] not in names:
        raise LabelError(f"{where}: category {entry['category_id']} is not among the categories of the file")
    return own.drawn(names[entry["category_id"]], path.name, partial(_annotation, entry=entry, where=where))


def _annotation(node: str, entry: dict[str, Any], where: str) -> Annotation:
    polygons = entry.get("segmentation")
    ignore = bool(entry.get("iscrowd"))
    try:
        if isinstance(polygons, list) and polygons:
            points = np.concatenate([np.array(each, dtype=np.float64).reshape(-1, 2) for each in polygons])
            drawn = outline(node, points if len(polygons) == 1 else _hull(points))
            return replace(drawn, ignore=ignore)
        x, y, width, height = (float(value) for value in entry["bbox"])
        degrees = float((entry.get("attributes") or {}).get("rotation") or 0)
    except (KeyError, TypeError, ValueError) as error:
        raise LabelError(f"{where}: polygons of x, y pairs or a bbox of four numbers expected") from error
    radians = math.radians(degrees)
    turn = np.array([[math.cos(radians), -math.sin(radians)], [math.sin(radians), math.cos(radians)]])
    half = np.array([width, height]) / 2
    corner = np.array([x, y]) + half - turn @ half
    return replace(turned_box(node, corner, (width, height), radians), ignore=ignore)


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.convexHull(points.astype(np.float32)), dtype=np.float64).reshape(-1, 2)
