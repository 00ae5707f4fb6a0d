"""CVAT XML 1.1 for images: boxes, turned boxes, polygons, ellipses. https://docs.cvat.ai/docs/manual/advanced/xml_format

Found in one folder: XML files (`annotations.xml`) and the images, at any depth. A box's `rotation` is in degrees,
clockwise about its centre. Tags describe the image and are no objects. A video export is refused: its frames are not
image files.
"""

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .own import ImageIndex, OwnLabels, outline, own_record, rectangle
from .records import noting
from .voc import parse_xml

__all__ = ["read"]


def read(root: Path, own: OwnLabels) -> list[ImageRecord]:
    """One record per image element, sorted by path; images without objects too.

    DatasetNotFoundError without a CVAT file or an image; LabelError for an unknown label or a shape that is no area.
    """
    index = ImageIndex(root)
    files = {path: parse_xml(path) for path in sorted(root.rglob("*.xml"))}
    files = {path: tree for path, tree in files.items() if tree.tag == "annotations"}
    if not files:
        raise DatasetNotFoundError(f"no CVAT file below {root}: export the task as `CVAT for images 1.1`")
    records = [record for path, tree in files.items() for record in _records(path, tree, index, own)]
    return sorted(records, key=lambda record: record.path)


def _records(path: Path, tree: ET.Element, index: ImageIndex, own: OwnLabels) -> Iterator[ImageRecord]:
    if tree.find("track") is not None:
        raise LabelError(f"{path} is a video export: export the task as `CVAT for images 1.1`")
    for entry in tree.iter("image"):
        with noting(path):
            image = index.find(entry.attrib["name"], path.name)
            with noting(image):
                yield own_record(
                    image,
                    _objects(entry, f"{path.name}, image {entry.attrib['name']}", own),
                    index=index,
                    own=own,
                    stated=(int(entry.attrib["width"]), int(entry.attrib["height"])),
                )


def _objects(image: ET.Element, where: str, own: OwnLabels) -> Iterator[Annotation]:
    for shape in image:
        if shape.tag == "tag":
            continue
        yield from own.drawn(shape.attrib.get("label", ""), where, partial(_annotation, shape=shape, where=where))


def _annotation(node: str, shape: ET.Element, where: str) -> Annotation:
    try:
        if shape.tag == "polygon":
            points = [pair.split(",") for pair in shape.attrib["points"].split(";")]
            return outline(node, np.array(points, dtype=np.float64))
        if shape.tag == "box":
            x0, y0, x1, y1 = (float(shape.attrib[name]) for name in ("xtl", "ytl", "xbr", "ybr"))
        elif shape.tag == "ellipse":
            cx, cy, rx, ry = (float(shape.attrib[name]) for name in ("cx", "cy", "rx", "ry"))
            x0, y0, x1, y1 = cx - rx, cy - ry, cx + rx, cy + ry
        else:
            raise LabelError(f"{where}: a {shape.tag} has no area; draw boxes, polygons or ellipses")
        degrees = float(shape.attrib.get("rotation", 0))
    except (KeyError, ValueError) as error:
        raise LabelError(f"{where}: the {shape.tag} labelled {shape.attrib.get('label')!r} is broken") from error
    if degrees % 360 == 0:
        return horizontal(node, (x0, y0, x1, y1))
    return rectangle(node, _turned(x0, y0, x1, y1, radians=math.radians(degrees)))


def _turned(x0: float, y0: float, x1: float, y1: float, *, radians: float) -> NDArray[np.float64]:
    centre = np.array([x0 + x1, y0 + y1]) / 2
    turn = np.array([[math.cos(radians), -math.sin(radians)], [math.sin(radians), math.cos(radians)]])
    corners: NDArray[np.float64] = (np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) - centre) @ turn.T + centre
    return corners
