"""Label Studio JSON of a user's own labels: rectangles, turned rectangles and polygons, in percent of the image.

Found in one folder: the JSON export (not JSON-MIN) and the images, at any depth. A rectangle's `rotation` is in
degrees, clockwise about its top left corner, in pixels: on an image that is not square, not in percent
(https://labelstud.io/templates/image_bbox). Images are found by the end of their address; the eight letters that
an upload puts before a name may be missing.
"""

import json
import math
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord
from .own import ImageIndex, OwnLabels, outline, own_record, turned_box
from .records import noting, parsed

__all__ = ["is_labelstudio", "read"]


def is_labelstudio(content: object) -> bool:
    """True for the content of a JSON file that is a list of tasks with data and annotations."""
    return isinstance(content, list) and any(isinstance(task, dict) and "annotations" in task for task in content)


def read(root: Path, own: OwnLabels) -> list[ImageRecord]:
    """One record per task, sorted by path; an annotation without results is an image without objects.

    DatasetNotFoundError without an export or an image; LabelError for an unknown label, a task with no annotation or
    with several, or a shape that is no area.
    """
    index = ImageIndex(root)
    contents = {path: parsed(path, json.loads) for path in sorted(root.rglob("*.json"))}
    files = {path: content for path, content in contents.items() if is_labelstudio(content)}
    if not files:
        raise DatasetNotFoundError(f"no Label Studio file below {root}: export the project as JSON (not JSON-MIN)")
    records = [record for path, tasks in files.items() for record in _records(path, tasks, index, own)]
    return sorted(records, key=lambda record: record.path)


def _records(path: Path, tasks: list[dict[str, Any]], index: ImageIndex, own: OwnLabels) -> Iterator[ImageRecord]:
    for task in tasks:
        with noting(path):
            where = f"{path.name}, task {task.get('id')}"
            image = _image(task["data"], index, where)
            with noting(image):
                results = _results(task, where)
                sizes = {(int(result["original_width"]), int(result["original_height"])) for result in results}
                stated = sizes.pop() if len(sizes) == 1 else None
                yield own_record(image, _objects(results, where, own), index=index, own=own, stated=stated)


def _results(task: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """The shapes of the one annotation of a task that counts."""
    done = [each for each in task.get("annotations", []) if not each.get("was_cancelled")]
    if len(done) > 1:
        done = [each for each in done if each.get("ground_truth")]
    if len(done) != 1:
        raise LabelError(f"{where} needs exactly one annotation (or one marked as ground truth): finish it or drop it")
    return [result for result in done[0]["result"] if result.get("type") != "choices"]


def _image(data: dict[str, Any], index: ImageIndex, where: str) -> Path:
    addresses = [value for value in data.values() if isinstance(value, str) and Path(urlsplit(value).path).suffix]
    addresses += [value for value in data.values() if isinstance(value, str) and "?d=" in value]
    if not addresses:
        raise LabelError(f"{where}: no image among its data {sorted(data)}")
    address = urlsplit(addresses[0])
    name = unquote(address.query.removeprefix("d=") if address.query.startswith("d=") else address.path)
    try:
        return index.find(name, where)
    except DatasetNotFoundError:
        uploaded = re.fullmatch(r"(?:.*/)?[0-9a-f]{8}-([^/]+)", name)
        if not uploaded:
            raise
        return index.find(uploaded[1], where)


def _objects(results: list[dict[str, Any]], where: str, own: OwnLabels) -> Iterator[Annotation]:
    for result in results:
        kind, value = str(result.get("type")), result["value"]
        if kind not in ("rectanglelabels", "polygonlabels"):
            raise LabelError(f"{where}: a result of type {kind!r}; label with rectangles or polygons")
        if result.get("image_rotation"):
            raise LabelError(f"{where}: labelled on a turned image; set the rotation of the image to 0")
        labels = value.get(kind) or [""]
        if len(labels) > 1:
            raise LabelError(f"{where}: an object with several labels {labels}: keep one")
        yield from own.drawn(str(labels[0]), where, partial(_annotation, kind=kind, result=result))


def _annotation(node: str, kind: str, result: dict[str, Any]) -> Annotation:
    value = result["value"]
    per_cent = np.array([result["original_width"], result["original_height"]], dtype=np.float64) / 100
    if kind == "polygonlabels":
        return outline(node, np.array(value["points"], dtype=np.float64) * per_cent)
    corner = np.array([value["x"], value["y"]]) * per_cent
    width, height = np.array([value["width"], value["height"]]) * per_cent
    return turned_box(node, corner, (float(width), float(height)), math.radians(value.get("rotation") or 0))
