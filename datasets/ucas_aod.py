"""UCAS-AOD: Google Earth images of planes, of cars and of neither, with 13 columns of text, oriented boxes.

Layout: `PLANE/P0001.png` with `PLANE/P0001.txt`, `CAR/P0001.png` with `CAR/P0001.txt`, `Neg/`. The folder is the class:
images of planes do not label cars, nor those of cars planes. Names repeat between the folders, so that the group is
`PLANE/P0001`.

A line is four vertices, an angle, and the horizontal box again (not used); the length axis is the longer side. The
scale is told nowhere: from the cars (4.4 m) or the planes (`scale.gsd_from_aircraft`, nominal 0.4 m, within 0.15 to 1
m).
"""

from functools import partial
from pathlib import Path

import numpy as np

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord
from .dota_text import longer_side_first
from .images import list_images
from .labels import meaning_of
from .records import gathered, parsed, record_of
from .scale import gsd_from_aircraft, gsd_from_cars

__all__ = ["parse_lines", "read"]

SOURCE = "ucas_aod"
NOMINAL_GSD_M = 0.4
GSD_LIMITS_M = (0.15, 1.0)
CLASSES = ("PLANE", "CAR")
COLUMNS = 13


def parse_lines(text: str, *, label: str) -> list[Annotation]:
    """Annotations of one text of the class `label`; LabelError for a line that is not 13 numbers."""
    node = meaning_of(SOURCE, label).node
    annotations = []
    for line in filter(str.strip, text.splitlines()):
        try:
            values = np.array([float(word) for word in line.split()])
        except ValueError as error:
            raise LabelError(f"line {line!r}: {COLUMNS} numbers expected") from error
        if len(values) != COLUMNS:
            raise LabelError(f"line {line!r}: {COLUMNS} numbers expected")
        annotations.append(longer_side_first(node, values[:8].reshape(4, 2)))
    return annotations


def read(root: Path) -> list[ImageRecord]:
    """One record per image: planes, cars, negatives, each by name.

    DatasetNotFoundError without a folder of planes or cars, or where an image of theirs has no text.
    """
    there = [label for label in CLASSES if (root / label).is_dir()]
    if not there:
        raise DatasetNotFoundError(f"neither PLANE nor CAR in {root}: give the folder of UCAS-AOD")
    paths = [path for label in there for path in list_images(root / label)]
    found = gathered(_labelled, paths)
    negatives = list_images(root / "Neg") if (root / "Neg").is_dir() else []
    return found + gathered(lambda path: _record(path, []), negatives)


def _labelled(path: Path) -> ImageRecord:
    return _record(path, parsed(path.with_suffix(".txt"), partial(parse_lines, label=path.parent.name)))


def _record(path: Path, annotations: list[Annotation]) -> ImageRecord:
    aircraft = [item for item in annotations if item.node == "fw"]
    cars = [item for item in annotations if item.node == "civ.car"]
    gsd = gsd_from_cars(cars, limits=GSD_LIMITS_M)
    if gsd is None:
        gsd = gsd_from_aircraft(aircraft, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M)
    folder = path.parent.name
    group = f"{folder}/{path.stem}"
    return record_of(path, annotations, source=SOURCE, gsd=gsd, group=group, part=f"ucas_aod/{folder}")
