"""NWPU VHR-10: images and `(x1,y1),(x2,y2),class` text, classes 1 to 10, horizontal boxes.

Folders with blanks (as published) or underscores: `positive image set/001.jpg`, `ground truth/001.txt`. The negative
images share the numbers of the positive ones and are not read. The scale is not told per image: geometric mean of
0.8 m and what the aircraft say (`scale.gsd_from_aircraft`), within 0.3 to 1.5 m; 0.8 m without aircraft.
"""

import re
from pathlib import Path

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .images import image_size, list_images
from .labels import exhaustive_in, meaning_of
from .scale import gsd_from_aircraft

__all__ = ["parse_lines", "read"]

SOURCE = "nwpu"
NOMINAL_GSD_M = 0.8
GSD_LIMITS_M = (0.3, 1.5)
LINE = re.compile(r"\(\s*(\d+)\s*,\s*(\d+)\s*\)\s*,\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)\s*,\s*(\d+)\s*")


def parse_lines(text: str) -> list[Annotation]:
    """Annotations of a ground truth text; dropped labels are left out.

    Stray blanks and empty lines are fine; LabelError for any other line that does not parse.
    """
    annotations = []
    for line in filter(str.strip, text.splitlines()):
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise LabelError(f"line {line!r}: (x1,y1),(x2,y2),class expected")
        node, flag = meaning_of(SOURCE, match[5])
        if flag != "-":
            annotations.append(horizontal(node, (float(match[i]) for i in range(1, 5))))
    return annotations


def read(root: Path) -> list[ImageRecord]:
    """One record per positive image, sorted by name; DatasetNotFoundError where a folder or label file is missing."""
    truth = _folder(root, "ground truth")
    return [_record(path, truth / f"{path.stem}.txt") for path in list_images(_folder(root, "positive image set"))]


def _folder(root: Path, name: str) -> Path:
    for candidate in (root / name, root / name.replace(" ", "_")):
        if candidate.is_dir():
            return candidate
    raise DatasetNotFoundError(f"no folder {name!r} in {root}: give the folder of NWPU VHR-10")


def _record(path: Path, labels: Path) -> ImageRecord:
    if not labels.is_file():
        raise DatasetNotFoundError(f"no label file {labels} for {path.name}")
    annotations = parse_lines(labels.read_text(encoding="utf-8"))
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
