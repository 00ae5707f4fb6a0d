"""Pascal VOC XML of a user's own labels: one file per image, horizontal boxes, or rotated ones as roLabelImg writes.

Found in one folder: XML files at any depth, and the image of the same name (`filename` inside is often wrong and is
not read). Boxes are taken as written, not as counted from 1: the difference is at most a pixel. `difficult` and
`truncated` are kept as flags. `robndbox` is centre, width, height and angle in radians, clockwise.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .own import ImageIndex, OwnLabels, own_record, rectangle
from .records import noting

__all__ = ["parse_xml", "read"]


def read(root: Path, own: OwnLabels) -> list[ImageRecord]:
    """One record per image, sorted by path.

    DatasetNotFoundError where an image has no XML file, or an XML file no image; LabelError for a broken file or an
    unknown class.
    """
    index = ImageIndex(root)
    records: list[ImageRecord] = []
    labelled: set[Path] = set()
    for file in sorted(root.rglob("*.xml")):
        with noting(file):
            image = index.find(f"{file.stem}{_suffix(index, file)}", str(file))
            labelled.add(image)
            with noting(image):
                tree = parse_xml(file)
                objects = _objects(tree, file, own)
                records.append(own_record(image, objects, index=index, own=own, stated=_size(tree)))
    for image in sorted(set(index.paths) - labelled):
        with noting(image):
            raise DatasetNotFoundError(f"no XML file for {image}: an image without objects has one without object")
    return sorted(records, key=lambda record: record.path)


def parse_xml(path: Path) -> ET.Element:
    """The root element of an XML file; LabelError where it does not parse or declares entities."""
    text = path.read_text(encoding="utf-8-sig")
    if "<!ENTITY" in text:
        raise LabelError(f"{path}: XML entities are refused; export the labels without them")
    try:
        return ET.fromstring(text)
    except ET.ParseError as error:
        raise LabelError(f"{path} is not well-formed XML: {error}") from error


def _suffix(index: ImageIndex, file: Path) -> str:
    """The ending of the images called like the file."""
    return next((path.suffix for path in index.paths if path.stem == file.stem), ".jpg")


def _size(tree: ET.Element) -> tuple[int, int] | None:
    width, height = (int(float(tree.findtext(f"size/{name}") or 0)) for name in ("width", "height"))
    return (width, height) if width and height else None


def _objects(tree: ET.Element, file: Path, own: OwnLabels) -> Iterator[Annotation]:
    for entry in tree.iter("object"):
        label = (entry.findtext("name") or "").strip()
        for item in own.drawn(label, str(file), partial(_box, entry=entry, where=f"{file}, {label}")):
            yield replace(item, difficult=_says(entry, "difficult"), truncated=_says(entry, "truncated"))


def _says(entry: ET.Element, flag: str) -> bool:
    return (entry.findtext(flag) or "0").strip() not in ("", "0")


def _box(node: str, entry: ET.Element, where: str) -> Annotation:
    try:
        if entry.find("robndbox") is not None:
            cx, cy, width, height, radians = _values(entry, "robndbox", ("cx", "cy", "w", "h", "angle"))
            along = np.array([math.cos(radians), math.sin(radians)]) * width / 2
            across = np.array([-math.sin(radians), math.cos(radians)]) * height / 2
            corners = np.array([-along - across, along - across, along + across, across - along]) + (cx, cy)
            return rectangle(node, corners)
        return horizontal(node, _values(entry, "bndbox", ("xmin", "ymin", "xmax", "ymax")))
    except (TypeError, ValueError) as error:
        raise LabelError(f"{where}: bndbox with xmin, ymin, xmax and ymax expected") from error


def _values(entry: ET.Element, box: str, names: tuple[str, ...]) -> list[float]:
    return [float(entry.findtext(f"{box}/{name}") or "missing") for name in names]
