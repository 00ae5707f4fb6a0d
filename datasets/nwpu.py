"""NWPU VHR-10: images and `(x1,y1),(x2,y2),class` text, classes 1 to 10, horizontal boxes.

Folders with blanks (as published) or underscores: `positive image set/001.jpg`, `ground truth/001.txt`, and
`negative image set/001.jpg` where it is there: images without any of the ten classes, whose numbers repeat those of
the positive ones, so that their group is `negative_001`. 85 images of the set are infrared (red vegetation); no
file says which. The scale is not told per image. An image with vehicles is one of the fine ones (they are labelled
nowhere else): by its cars (`scale.gsd_from_cars`), within 0.05 to 0.15 m, 0.08 m where they are fewer than three. Any
other: by its aircraft, of which most were named by eye (`named`, `scale.gsd_from_named`), nominal 0.5 m and within 0.2
to 1.5 m; 0.5 m without aircraft.
"""

import re
from pathlib import Path

from ..detector.errors import DatasetNotFoundError, LabelError
from ..detector.taxonomy import is_a
from .annotation import Annotation, ImageRecord, horizontal
from .images import image_size, list_images
from .labels import meaning_of
from .named import named
from .records import gathered, parsed, record_of
from .scale import gsd_from_cars, gsd_of_image

__all__ = ["parse_lines", "read"]

SOURCE = "nwpu"
NOMINAL_GSD_M = 0.5
GSD_LIMITS_M = (0.2, 1.5)
GSD_SPREAD = 0.35
FINE_GSD_M = 0.08
FINE_LIMITS_M = (0.05, 0.15)
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
    """One record per image, the positive ones first, each by name.

    DatasetNotFoundError where the positive images, the ground truth or a label file is missing.
    """
    positive, truth = (_folder(root, name) for name in ("positive image set", "ground truth"))
    if positive is None or truth is None:
        raise DatasetNotFoundError(f"no 'positive image set' with 'ground truth' in {root}: give NWPU VHR-10's folder")
    records = gathered(
        lambda path: _record(path, parsed(truth / f"{path.stem}.txt", parse_lines), path.stem), list_images(positive)
    )
    negative = _folder(root, "negative image set")
    bare = list_images(negative) if negative else []
    return records + gathered(lambda path: _record(path, [], f"negative_{path.stem}"), bare)


def _folder(root: Path, name: str) -> Path | None:
    candidates = (root / name, root / name.replace(" ", "_"))
    return next((folder for folder in candidates if folder.is_dir()), None)


def _record(path: Path, annotations: list[Annotation], group: str) -> ImageRecord:
    size = image_size(path)
    items = named(SOURCE, path.stem, annotations, width=size[0], height=size[1]) if annotations else []
    return record_of(path, items, source=SOURCE, gsd=_gsd(items, size), group=group, size=size)


def _gsd(annotations: list[Annotation], size: tuple[int, int]) -> float:
    aircraft = [item for item in annotations if is_a(item.node, "fw")]
    cars = [item for item in annotations if item.node == "civ.car"]
    if cars and not aircraft:
        return gsd_from_cars(cars, limits=FINE_LIMITS_M) or FINE_GSD_M
    return gsd_of_image(aircraft, size, nominal=NOMINAL_GSD_M, spread=GSD_SPREAD, limits=GSD_LIMITS_M)
