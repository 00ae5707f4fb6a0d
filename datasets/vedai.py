"""VEDAI: aerial images of Utah at 0.125 m (1024 px) or 0.25 m (512 px), 14 columns of text, oriented boxes.

Layout: `Vehicules1024/00000000_co.png` with `Annotations1024/00000000.txt`, or both with 512; the larger is read where
both are there, and `_ir` images are not. A line is `cx cy angle class contained occluded`, all x of the four corners,
then all y. The length axis is the longer side; not contained is truncated, occluded is difficult. Every image is its
own group.

Four files of the set have lines of 5 columns, from which no box can be made: their images are left out whole.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord
from .dota_text import longer_side_first
from .labels import meaning_of
from .records import parsed, record_of

__all__ = ["NAMES", "parse_lines", "read"]

SOURCE = "vedai"
GSD_M = {1024: 0.125, 512: 0.25}
COLUMNS, BROKEN_COLUMNS = 14, 5
NAMES: Mapping[int, str] = {
    1: "car",
    2: "truck",
    4: "tractor",
    5: "camping car",
    7: "motorcycle",
    8: "bus",
    9: "van",
    10: "other",
    11: "pick-up",
    23: "boat",
    31: "plane",
}
"""What each class number stands for; several converters in circulation have other, wrong lists."""


def parse_lines(text: str) -> list[Annotation] | None:
    """Annotations of one text, dropped labels left out; None where a line has 5 columns and thus no box.

    LabelError for any other line that is not 14 numbers, and for an unknown class.
    """
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if any(len(row) == BROKEN_COLUMNS for row in rows):
        return None
    found = [_annotation(row) for row in rows]
    return [item for item in found if item is not None]


def _annotation(row: list[str]) -> Annotation | None:
    try:
        values = np.array([float(word) for word in row])
    except ValueError as error:
        raise LabelError(f"line {' '.join(row)!r}: {COLUMNS} numbers expected") from error
    if len(values) != COLUMNS:
        raise LabelError(f"line {' '.join(row)!r}: {COLUMNS} numbers expected")
    number, contained, occluded = (int(value) for value in values[3:6])
    node, flag = meaning_of(SOURCE, NAMES.get(number, str(number)))
    if flag == "-":
        return None
    polygon = values[6:].reshape(2, 4).T
    return longer_side_first(node, polygon, difficult=occluded == 1, truncated=contained == 0)


def read(root: Path) -> list[ImageRecord]:
    """One record per label file with boxes, sorted by name, of the larger size that is there.

    DatasetNotFoundError without label files, or where one has no image.
    """
    side = next((side for side in GSD_M if (root / f"Annotations{side}").is_dir()), None)
    if side is None:
        raise DatasetNotFoundError(f"neither Annotations1024 nor Annotations512 in {root}: give the folder of VEDAI")
    labels = sorted((root / f"Annotations{side}").glob("[0-9]*.txt"))
    found = ((path, parsed(path, parse_lines)) for path in labels)
    return [_record(root, path.stem, side, annotations) for path, annotations in found if annotations is not None]


def _record(root: Path, stem: str, side: int, annotations: list[Annotation]) -> ImageRecord:
    image = root / f"Vehicules{side}" / f"{stem}_co.png"
    return record_of(image, annotations, source=SOURCE, gsd=GSD_M[side], group=stem)
