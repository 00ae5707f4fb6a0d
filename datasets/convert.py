"""A set in another format: COCO JSON, YOLO oriented boxes, or GeoJSON on the map.

Every format gets a folder that is whole: the images are in it as hard links where the file system allows, else as
copies, so that it can be read back and handed on. A run again, also of one that was stopped, copies only what is
missing. What cannot be said in a format is counted and returned, so that it can be told to the user: YOLO and GeoJSON
have no ignore regions.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pyproj import Transformer

from ..detector.boxes import envelope
from ..detector.errors import DatasetNotFoundError, LabelError, OutputError
from ..detector.taxonomy import NODES, shape_of
from .annotation import Annotation, ImageRecord
from .georeference import georeference_of

__all__ = ["WRITERS", "Written", "to_coco", "to_geojson", "to_yolo_obb"]

Progress = Callable[[int, int], None]


class Written(NamedTuple):
    """What was written: the files, objects in them, and ignore regions that the format could not take."""

    files: tuple[Path, ...]
    objects: int
    left_out: int


def to_coco(records: Sequence[ImageRecord], out: Path, progress: Progress) -> Written:
    """`annotations.coco.json` and `images/`: boxes by shape (design of `boxes.envelope`), the box drawn as a polygon.

    An ignore region has `iscrowd`. Images also carry gsd, group, source and exhaustive, and objects
    that are hidden in part the share that is visible, which COCO allows and `coco.read` partly understands.
    """
    nodes = _nodes(records)
    images: list[dict[str, Any]] = []
    objects: list[dict[str, Any]] = []
    for number, (record, name) in enumerate(zip(records, _names(records), strict=True), start=1):
        _link(record.path, out / "images" / name)
        images.append(
            {
                "id": number,
                "file_name": f"images/{name}",
                "width": record.width,
                "height": record.height,
                "gsd": record.gsd,
                "group": record.group,
                "source": record.source,
                "exhaustive": sorted(record.exhaustive),
            }
        )
        for item in record.annotations:
            about = {"id": len(objects) + 1, "image_id": number, "category_id": nodes[item.node] + 1}
            seen = {"visible": round(item.visible, 3)} if item.visible < 1 else {}
            objects.append({**about, **_coco_shape(item), "iscrowd": int(item.ignore), **seen})
        progress(number, len(records))
    categories = [{"id": number + 1, "name": node, "supercategory": NODES[node].name} for node, number in nodes.items()]
    path = out / "annotations.coco.json"
    _write(path, json.dumps({"images": images, "annotations": objects, "categories": categories}))
    return Written((path,), len(objects), 0)


def _coco_shape(item: Annotation) -> dict[str, Any]:
    x0, y0, x1, y1 = item.bounds
    if item.oriented:
        box = (*item.polygon.mean(axis=0), item.length_px, item.width_px, item.angle)
        x0, y0, x1, y1 = (float(value) for value in envelope([box], shape_of(item.node))[0])
    bbox = [round(value, 2) for value in (x0, y0, x1 - x0, y1 - y0)]
    polygon = item.polygon.round(2).ravel().tolist()
    return {"bbox": bbox, "area": round(item.length_px * item.width_px, 2), "segmentation": [polygon]}


def to_yolo_obb(records: Sequence[ImageRecord], out: Path, progress: Progress) -> Written:
    """`data.yaml`, `images/`, `labels/`: `class x1 y1 x2 y2 x3 y3 x4 y4` in shares of the image, length side first."""
    nodes = _nodes(records)
    written = left_out = 0
    for number, (record, name) in enumerate(zip(records, _names(records), strict=True), start=1):
        kept = [item for item in record.annotations if not item.ignore]
        lines = [
            " ".join([str(nodes[item.node]), *(f"{value:.6f}" for value in _shares(item, record))]) for item in kept
        ]
        _write(out / "labels" / f"{Path(name).stem}.txt", "".join(line + "\n" for line in lines))
        _link(record.path, out / "images" / name)
        written, left_out = written + len(kept), left_out + len(record.annotations) - len(kept)
        progress(number, len(records))
    names = "".join(f"  {number}: {node}\n" for node, number in nodes.items())
    _write(out / "data.yaml", f"path: {out.resolve()}\ntrain: images\nval: images\nnames:\n{names}")
    return Written((out / "data.yaml",), written, left_out)


def _shares(item: Annotation, record: ImageRecord) -> list[float]:
    return np.clip(item.polygon / (record.width, record.height), 0, 1).ravel().tolist()


def to_geojson(records: Sequence[ImageRecord], out: Path, progress: Progress) -> Written:
    """`NAME.tif` and `NAME.geojson` per image: polygons in longitude and latitude (RFC 7946), attribute `class`.

    DatasetNotFoundError for an image without georeference.
    """
    files, written, left_out = [], 0, 0
    for number, (record, name) in enumerate(zip(records, _names(records), strict=True), start=1):
        kept = [item for item in record.annotations if not item.ignore]
        features = _features(kept, record)
        _link(record.path, out / name)
        path = out / f"{Path(name).stem}.geojson"
        _write(path, json.dumps({"type": "FeatureCollection", "features": features}))
        files.append(path)
        written, left_out = written + len(kept), left_out + len(record.annotations) - len(kept)
        progress(number, len(records))
    return Written(tuple(files), written, left_out)


def _features(items: Sequence[Annotation], record: ImageRecord) -> list[dict[str, Any]]:
    try:
        ground = georeference_of(record.path)
    except DatasetNotFoundError as error:
        raise DatasetNotFoundError(f"{error}; coco and yolo-obb need no place on the map") from error
    a, b, c, d, e, f = ground.transform[:6]
    to_degrees = Transformer.from_crs(ground.crs, 4326, always_xy=True)
    features = []
    for item in items:
        x, y = item.polygon[[0, 3, 2, 1, 0]].T  # against the clock on the map, where y is up
        lon, lat = to_degrees.transform(a * x + b * y + c, d * x + e * y + f)
        ring = np.stack([lon, lat], axis=-1).round(8).tolist()
        geometry = {"type": "Polygon", "coordinates": [ring]}
        properties = {"class": item.node, "oriented": item.oriented}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return features


def _names(records: Sequence[ImageRecord]) -> list[str]:
    """A file name for every image: its own, with a number where an earlier image is called the same."""
    taken: set[str] = set()
    names = []
    for number, record in enumerate(records, start=1):
        stem = record.path.stem if record.path.stem not in taken else f"{record.path.stem}~{number}"
        taken.add(stem)
        names.append(stem + record.path.suffix)
    return names


def _nodes(records: Sequence[ImageRecord]) -> dict[str, int]:
    """A number for every node that occurs, in the order of the taxonomy; of a set of nothing but negatives, for what
    its images are known not to show. LabelError where that is not known either.
    """
    seen = {item.node for record in records for item in record.annotations}
    seen = seen or {node for record in records for node in record.exhaustive}
    if not seen:
        raise LabelError("a set without objects, of which nothing is labelled in full, has no classes to write")
    return {node: number for number, node in enumerate(node for node in NODES if node in seen)}


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _link(source: Path, target: Path) -> None:
    """Put an image at the target, and the `.aux.xml` beside it that says where it lies."""
    if not source.is_file():
        raise DatasetNotFoundError(f"image {source} is not there")
    target.parent.mkdir(parents=True, exist_ok=True)
    for ending in ("", ".aux.xml"):
        wanted, there = (path.with_name(path.name + ending) for path in (source, target))
        if wanted.is_file() and not _is_copy(wanted, there):
            there.unlink(missing_ok=True)
            try:
                os.link(wanted, there)
            except OSError:  # another file system, or one without links
                shutil.copy2(wanted, there)


def _is_copy(source: Path, target: Path) -> bool:
    """True for the same file, and for a whole copy, which has the time of what it was made from."""
    if not target.is_file():
        return False
    mine, theirs = source.stat(), target.stat()
    return (mine.st_size, mine.st_mtime_ns) == (theirs.st_size, theirs.st_mtime_ns)


WRITERS: Mapping[str, Callable[[Sequence[ImageRecord], Path, Progress], Written]] = {
    "coco": to_coco,
    "yolo-obb": to_yolo_obb,
    "geojson": to_geojson,
}
"""Formats by the name that the command line gives them."""
