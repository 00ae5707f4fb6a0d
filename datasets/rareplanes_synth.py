"""RarePlanes, the synthetic part: rendered airports with XML per image, aircraft by make with nose, wing tips and tail.

Layout: `train/` and `test/`, below `synthetic/` or not, with `images/AIRPORT_0_0_101.png` and `xmls/` of the same
names. Group: the airport. The scale follows from the camera: 2 tan(half the horizontal field of view) times the
distance of the centre, over the image's width.

The box is the rectangle along tail to nose around nose, wing tips and tail, which the XML tells beyond the border too.
An aircraft without `bndbox2D` is not in the picture; `ratio_visible` is 0 everywhere and says nothing. The label is
`category0/category2` where labels.csv knows it, else `category0` (an aircraft whose kind is not known); what is no
airplane goes by `category0/category1` and has a horizontal box.
"""

import math
import re
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .images import list_images
from .labels import meaning_of
from .rareplanes import nose_first
from .records import gathered, parsed, record_of

__all__ = ["Scene", "parse_xml", "read"]

SOURCE = "rareplanes_synth"
SOCKETS = ("Nose", "LeftWing", "Tail", "RightWing")
SIDES = ("xmin", "ymin", "xmax", "ymax")


class Scene(NamedTuple):
    """What the XML of one image says: annotations, width and height in pixels, metres per pixel."""

    annotations: list[Annotation]
    width: int
    height: int
    gsd: float


def read(root: Path) -> list[ImageRecord]:
    """One record per image, by split and name; DatasetNotFoundError without images or an XML file."""
    top = root / "synthetic" if (root / "synthetic").is_dir() else root
    splits = [split for split in (top / "train", top / "test") if (split / "xmls").is_dir()]
    if not splits:
        raise DatasetNotFoundError(f"no train/xmls in {root}: give the folder of RarePlanes' synthetic part")
    paths = [path for split in splits for path in list_images(split / "images")]
    return gathered(lambda path: _record(path, path.parents[1] / "xmls" / f"{path.stem}.xml"), paths)


def _record(path: Path, labels: Path) -> ImageRecord:
    scene = parsed(labels, parse_xml)
    group = re.sub(r"(_\d+)+$", "", path.stem)
    return record_of(
        path, scene.annotations, source=SOURCE, gsd=scene.gsd, group=group, size=(scene.width, scene.height)
    )


def parse_xml(text: str) -> Scene:
    """The scene that one XML file describes.

    LabelError for an unknown category0 or a missing number; ElementTree.ParseError for what is no XML.
    """
    root = ElementTree.fromstring(text.strip())
    width, height = (int(_number(root, f"image_resolution/{side}")) for side in ("width", "height"))
    half = math.radians(_number(root, "camera/horizontal_field_of_view")) / 2
    distance_m = _number(root, "platform/ctr_dist") / 100
    seen = [entry for entry in root.iter("object") if entry.find("bndbox2D") is not None]
    return Scene([_annotation(entry) for entry in seen], width, height, 2 * math.tan(half) * distance_m / width)


def _number(entry: ElementTree.Element, path: str) -> float:
    try:
        return float(entry.findtext(path, default=""))
    except ValueError as error:
        raise LabelError(f"{path} is missing or no number") from error


def _annotation(entry: ElementTree.Element) -> Annotation:
    family, branch, kind = (entry.findtext(f"category{level}", default="").strip() for level in range(3))
    if family != "Airplane":
        node = meaning_of(SOURCE, f"{family}/{branch}").node
        return horizontal(node, [_number(entry, f"bndbox2D/{side}") for side in SIDES])
    return nose_first(_node(family, kind), _diamond(entry))


def _node(family: str, kind: str) -> str:
    try:
        return meaning_of(SOURCE, f"{family}/{kind}").node
    except LabelError:
        return meaning_of(SOURCE, family).node


def _diamond(entry: ElementTree.Element) -> NDArray[np.float64]:
    points = []
    for socket in SOCKETS:
        text = entry.findtext(f"Sockets/Bone_PlaneAnnotation_{socket}/screen", default="")
        match = re.fullmatch(r"\s*X=(\S+)\s+Y=(\S+)\s*", text)
        if match is None:
            raise LabelError(f"object {entry.get('id')}: {socket} is at {text!r}, X=... Y=... expected")
        points.append([float(match[1]), float(match[2])])
    return np.array(points)
