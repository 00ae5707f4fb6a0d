"""SIMD: 1024 x 768 Google Earth images with YOLO text of 15 classes, horizontal boxes.

Layout: `images/0001.jpg` and `labels/0001.txt`, or both in one folder as published. The scale is not told: it comes
from the cars (4.4 m over their median longer side) where there are at least three, else from the aircraft by their
usual size blended with 0.25 m, within 0.1 to 0.5 m. Consecutive numbers overlap on the ground: a run of images whose
numbers differ by at most three is one group.

About one aircraft in six has no label; those that were seen beside the labels are added (`found`).

"other" is other vehicles, not other aircraft: all 51 of the sample at hand are cars, lorries and machines.
"""

from pathlib import Path

from ..detector.errors import LabelError
from . import yolo_text
from .annotation import Annotation, ImageRecord, horizontal
from .found import found
from .images import image_size, list_images
from .labels import meaning_of
from .records import gathered, parsed, record_of
from .scale import gsd_from_cars, gsd_from_known

__all__ = ["CLASSES", "parse_lines", "read"]

SOURCE = "simd"
CLASSES = (
    *("car", "truck", "van", "longvehicle", "bus", "airliner", "propeller", "trainer", "chartered", "fighter"),
    *("other", "stairtruck", "pushbacktruck", "helicopter", "boat"),
)
USUAL_M = {"airliner": 36.0, "propeller": 20.0, "trainer": 9.0, "chartered": 17.0, "fighter": 14.0}
NOMINAL_GSD_M = 0.25
GSD_LIMITS_M = (0.1, 0.5)
RUN_GAP = 3


def parse_lines(text: str, *, width: int, height: int) -> list[tuple[str, Annotation | None]]:
    """Class name and annotation of each line of a YOLO text for an image of the size; None for a dropped label.

    Boxes are clipped to the image. LabelError for a line or class number that the set does not have.
    """
    found: list[tuple[str, Annotation | None]] = []
    for number, box in yolo_text.parse_lines(text, width=width, height=height):
        if not 0 <= number < len(CLASSES):
            raise LabelError(f"class {number} is not in SIMD: it has class 0 to {len(CLASSES) - 1}")
        node, flag = meaning_of(SOURCE, CLASSES[number])
        found.append((CLASSES[number], None if flag == "-" else horizontal(node, box)))
    return found


def read(root: Path) -> list[ImageRecord]:
    """One record per image, sorted by name; DatasetNotFoundError where a label file is missing."""
    split = (root / "images").is_dir()
    paths = list_images(root / "images" if split else root)
    groups = _groups([int(path.stem) for path in paths])
    labels = root / "labels" if split else root
    return gathered(lambda path: _record(path, labels / f"{path.stem}.txt", groups), paths)


def _groups(numbers: list[int]) -> dict[int, str]:
    groups: dict[int, str] = {}
    start = previous = None
    for number in sorted(numbers):
        if start is None or previous is None or number - previous > RUN_GAP:
            start = number
        groups[number], previous = f"run{start:04d}", number
    return groups


def _gsd(objects: list[tuple[str, Annotation]]) -> float:
    cars = gsd_from_cars([item for label, item in objects if label == "car"], limits=GSD_LIMITS_M)
    if cars is not None:
        return cars
    aircraft = [(item, USUAL_M[label]) for label, item in objects if label in USUAL_M]
    return gsd_from_known(aircraft, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M)


def _record(path: Path, labels: Path, groups: dict[int, str]) -> ImageRecord:
    width, height = image_size(path)
    lines = parsed(labels, lambda text: parse_lines(text, width=width, height=height))
    objects = [(label, item) for label, item in lines if item is not None]
    return record_of(
        path,
        [*(item for _, item in objects), *found(SOURCE, path.stem, width=width, height=height)],
        source=SOURCE,
        gsd=_gsd(objects),
        group=groups[int(path.stem)],
        size=(width, height),
    )
