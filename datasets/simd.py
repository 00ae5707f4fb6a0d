"""SIMD: 1024 x 768 Google Earth images with YOLO text of 15 classes, horizontal boxes.

Layout: `images/0001.jpg` and `labels/0001.txt`, or both in one folder as published. The scale is not told: it comes
from the cars (4.4 m over their median longer side) where there are at least three, else from the aircraft by their
usual size blended with 0.25 m, within 0.1 to 0.5 m. Consecutive numbers overlap on the ground: a run of images whose
numbers differ by at most three is one group.

"other" is other vehicles, not other aircraft: all 51 of the sample at hand are cars, lorries and machines.
"""

from pathlib import Path

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .images import image_size, list_images
from .labels import exhaustive_in, meaning_of
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
    for line in filter(str.strip, text.splitlines()):
        try:
            number, cx, cy, w, h = (float(word) for word in line.split())
            label = CLASSES[int(number)]
        except (ValueError, IndexError) as error:
            raise LabelError(f"line {line!r}: class 0 to {len(CLASSES) - 1} and four numbers expected") from error
        x0, x1 = (min(max(value, 0.0), 1.0) * width for value in (cx - w / 2, cx + w / 2))
        y0, y1 = (min(max(value, 0.0), 1.0) * height for value in (cy - h / 2, cy + h / 2))
        node, flag = meaning_of(SOURCE, label)
        found.append((label, None if flag == "-" else horizontal(node, (x0, y0, x1, y1))))
    return found


def read(root: Path) -> list[ImageRecord]:
    """One record per image, sorted by name; DatasetNotFoundError where a label file is missing."""
    split = (root / "images").is_dir()
    paths = list_images(root / "images" if split else root)
    groups = _groups([int(path.stem) for path in paths])
    return [_record(path, (root / "labels" if split else root) / f"{path.stem}.txt", groups) for path in paths]


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
    if not labels.is_file():
        raise DatasetNotFoundError(f"no label file {labels} for {path.name}")
    width, height = image_size(path)
    found = parse_lines(labels.read_text(encoding="utf-8"), width=width, height=height)
    objects = [(label, item) for label, item in found if item is not None]
    return ImageRecord(
        path=path,
        width=width,
        height=height,
        gsd=_gsd(objects),
        group=groups[int(path.stem)],
        source=SOURCE,
        exhaustive=exhaustive_in(SOURCE),
        annotations=tuple(item for _, item in objects),
    )
