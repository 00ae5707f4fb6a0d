"""Pascal VOC XML as the overhead sets write it: objects with a horizontal (`bndbox`) or an oriented (`robndbox`) box.

Corner names of an oriented box (left_top ...) and its `angle` say nothing about the heading: the length axis is the
longer side (`dota_text.longer_side_first`). `difficult` and `truncated` are off where they are missing.
"""

from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import LabelError
from .annotation import Annotation, horizontal
from .dota_text import longer_side_first
from .labels import meaning_of

__all__ = ["parse_xml"]

SIDES = ("xmin", "ymin", "xmax", "ymax")
VERTICES = ("left_top", "right_top", "right_bottom", "left_bottom")


def parse_xml(text: str, source: str, *, first_pixel: int = 0) -> list[Annotation]:
    """Annotations of the objects of one XML file; those whose label the set drops are left out.

    first_pixel: number of the first pixel in the file, 0 or 1. LabelError for an unknown name, a missing box or a
    coordinate that is no number; ElementTree.ParseError for what is no XML.
    """
    return list(_annotations(ElementTree.fromstring(text.strip()), source, first_pixel))


def _annotations(root: ElementTree.Element, source: str, first_pixel: int) -> Iterator[Annotation]:
    for entry in root.iter("object"):
        label = entry.findtext("name", default="").strip()
        node, flag = meaning_of(source, label)
        if flag == "-":
            continue
        difficult, truncated = (entry.findtext(key, default="0").strip() == "1" for key in ("difficult", "truncated"))
        plain, turned = entry.find("bndbox"), entry.find("robndbox")
        if turned is not None:
            corners = _values(label, turned, [f"{axis}_{vertex}" for vertex in VERTICES for axis in "xy"])
            polygon = corners.reshape(4, 2) - first_pixel
            yield longer_side_first(node, polygon, difficult=difficult, truncated=truncated)
        elif plain is not None:
            box = _values(label, plain, SIDES) - first_pixel
            yield horizontal(node, box, difficult=difficult, truncated=truncated)
        else:
            raise LabelError(f"object {label} has neither bndbox nor robndbox")


def _values(label: str, box: ElementTree.Element, names: list[str] | tuple[str, ...]) -> NDArray[np.float64]:
    try:
        return np.array([float(box.findtext(name, default="")) for name in names])
    except ValueError as error:
        raise LabelError(f"object {label}: a coordinate of its box is missing or no number") from error
