"""FAIR1M 1.0 and 2.0: Gaofen and Google Earth images with XML of oriented boxes, 37 classes, ten of them airliners.

Layout: `train/part1/images/0.tif` with `labelXml/0.xml` (or `labelXmls`) beside it, `train/part2`, `validation`; images
without such a folder beside them (the test split) are not read. Train and validation both count from 0: the group is
the split and the number, `train/0`.

The points of a box start anywhere and run either way round: the length axis is the longer side of the first four (the
fifth repeats the first). The scale is 0.3 to 0.8 m and told nowhere: it comes from the airliners by their type, else
from the small cars (4.4 m), else it is 0.6 m.
"""

from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ..detector.errors import LabelError
from .annotation import Annotation, ImageRecord
from .dota_text import longer_side_first
from .images import labelled_folders, list_images
from .labels import meaning_of
from .records import gathered, parsed, record_of
from .scale import gsd_from_cars, gsd_from_types

__all__ = ["parse_xml", "read"]

SOURCE = "fair1m"
NOMINAL_GSD_M = 0.6
GSD_LIMITS_M = (0.3, 0.8)


def parse_xml(text: str) -> list[Annotation]:
    """Annotations of one XML file; dropped labels are left out.

    LabelError for an unknown name or fewer than four points of two numbers; ElementTree.ParseError for no XML.
    """
    annotations = []
    for entry in ElementTree.fromstring(text.strip()).iter("object"):
        label = entry.findtext("possibleresult/name", default="").strip()
        node, flag = meaning_of(SOURCE, label)
        if flag != "-":
            points = [point.text or "" for point in entry.findall("points/point")]
            try:
                polygon = np.array([[float(value) for value in point.split(",")] for point in points[:4]]).reshape(4, 2)
            except ValueError as error:
                raise LabelError(f"object {label}: points {points!r}, four of x,y expected") from error
            annotations.append(longer_side_first(node, polygon))
    return annotations


def read(root: Path) -> list[ImageRecord]:
    """One record per labelled image, by folder and name.

    DatasetNotFoundError where no images have labels beside them, or a label file is missing.
    """
    found = []
    for images, labels in labelled_folders(root, ("labelXml", "labelXmls")):
        split = images.relative_to(root).parts[0]
        make = partial(_labelled, labels=labels, split=split)
        found += gathered(make, list_images(images))
    return found


def _labelled(path: Path, *, labels: Path, split: str) -> ImageRecord:
    return _record(path, labels / f"{path.stem}.xml", f"{split}/{path.stem}")


def _record(path: Path, labels: Path, group: str) -> ImageRecord:
    annotations = parsed(labels, parse_xml)
    cars = [item for item in annotations if item.node == "civ.car"]
    gsd = gsd_from_types(annotations, limits=GSD_LIMITS_M) or gsd_from_cars(cars, limits=GSD_LIMITS_M)
    return record_of(path, annotations, source=SOURCE, gsd=gsd or NOMINAL_GSD_M, group=group)
