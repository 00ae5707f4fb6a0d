"""DIOR and DIOR-R: 800 px images with VOC XML, horizontal (`bndbox`) or oriented (`robndbox`) boxes.

Layout: images anywhere below the folder; `Annotations/Oriented Bounding Boxes/00001.xml` before
`Annotations/Horizontal Bounding Boxes/00001.xml` where both are there. A folder without `Annotations` is a folder of
negatives: scenes without aircraft. The scale is 0.5 to 30 m and told nowhere: images with aircraft are estimated
from them within 0.3 to 3 m, all others are taken at 0.5 m, so that their pixels pass unchanged.

Axis of oriented boxes: the longer side (see `dota`).
"""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .dota import longer_side_first
from .images import image_size, list_images
from .labels import exhaustive_in, meaning_of
from .scale import gsd_from_aircraft

__all__ = ["parse_xml", "read"]

SOURCE = "dior"
NOMINAL_GSD_M = 0.5
GSD_LIMITS_M = (0.3, 3.0)
FOLDERS = ("Oriented Bounding Boxes", "Horizontal Bounding Boxes")
VERTICES = ("left_top", "right_top", "right_bottom", "left_bottom")


def parse_xml(text: str) -> list[Annotation]:
    """Annotations of one XML file; dropped labels are left out. LabelError for an unknown name or a missing box."""
    annotations = []
    for entry in ElementTree.fromstring(text).iter("object"):
        node, flag = meaning_of(SOURCE, entry.findtext("name", default=""))
        if flag != "-":
            annotations.append(_annotation(node, entry))
    return annotations


def _annotation(node: str, entry: ElementTree.Element) -> Annotation:
    def values(box: ElementTree.Element, *names: str) -> list[float]:
        return [float(box.findtext(name, default="nan")) for name in names]

    plain, turned = entry.find("bndbox"), entry.find("robndbox")
    try:
        if turned is not None:
            polygon = [values(turned, f"x_{vertex}", f"y_{vertex}") for vertex in VERTICES]
            return longer_side_first(node, np.array(polygon))
        if plain is not None:
            return horizontal(node, values(plain, "xmin", "ymin", "xmax", "ymax"))
    except ValueError as error:
        raise LabelError(f"object {node}: a coordinate of its box is missing or no number") from error
    raise LabelError(f"object {node} has neither bndbox nor robndbox")


def read(root: Path) -> list[ImageRecord]:
    """One record per image, sorted by name.

    DatasetNotFoundError without images, or where `Annotations` is there and an image has no file in it.
    """
    folders = [root, *sorted(path for path in root.glob("*mages*") if path.is_dir())]
    paths = [path for folder in folders if _has_images(folder) for path in list_images(folder)]
    if not paths:
        raise DatasetNotFoundError(f"no images in {root} or its image folders: give the folder of DIOR")
    return [_record(root, path) for path in sorted(paths, key=lambda path: path.name)]


def _has_images(folder: Path) -> bool:
    return any(folder.glob("*.jpg"))


def _labels(root: Path, stem: str) -> list[Annotation]:
    if not (root / "Annotations").is_dir():
        return []
    for folder in FOLDERS:
        path = root / "Annotations" / folder / f"{stem}.xml"
        if path.is_file():
            return parse_xml(path.read_text(encoding="utf-8"))
    raise DatasetNotFoundError(f"no XML file for {stem} below {root / 'Annotations'}")


def _record(root: Path, path: Path) -> ImageRecord:
    annotations = _labels(root, path.stem)
    aircraft = [item for item in annotations if item.node == "fw"]
    width, height = image_size(path)
    return ImageRecord(
        path=path,
        width=width,
        height=height,
        gsd=gsd_from_aircraft(aircraft, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M),
        group=path.stem,
        source=SOURCE,
        exhaustive=exhaustive_in(SOURCE),
        annotations=tuple(annotations),
    )
