"""VME: 512 px Maxar tiles of cities in the Middle East with cars, buses and trucks, oriented boxes.

Layout: `satellite_images/VME0001.png` and `annotations_OBB/VME0001.txt`, lines of four vertices in pixels with the
class number *last*. The horizontal boxes (COCO) are not read. The length axis is the longer side. The scale is told
nowhere: from the cars (4.4 m) within 0.2 to 0.6 m, else 0.3 m. No file tells the city: every tile is its own group.
"""

from pathlib import Path

from ..detector.errors import LabelError
from .annotation import Annotation, ImageRecord
from .dota_text import longer_side_first, parse_lines
from .images import list_images
from .labels import meaning_of
from .records import gathered, parsed, record_of
from .scale import gsd_from_cars

__all__ = ["CLASSES", "parse_text", "read"]

SOURCE = "vme"
CLASSES = ("Car", "Bus", "Truck")
NOMINAL_GSD_M = 0.3
GSD_LIMITS_M = (0.2, 0.6)


def parse_text(text: str) -> list[Annotation]:
    """Annotations of one text; LabelError for a broken vertex or a class number that the set does not have."""
    annotations = []
    for line in parse_lines(text):
        if line.label not in map(str, range(len(CLASSES))):
            raise LabelError(f"class {line.label!r} is not in VME: it has 0 to {len(CLASSES) - 1}")
        annotations.append(longer_side_first(meaning_of(SOURCE, CLASSES[int(line.label)]).node, line.polygon))
    return annotations


def read(root: Path) -> list[ImageRecord]:
    """One record per image, sorted by name; DatasetNotFoundError without images or where one has no text."""
    folder = root / "annotations_OBB"
    return gathered(lambda path: _record(path, folder / f"{path.stem}.txt"), list_images(root / "satellite_images"))


def _record(path: Path, labels: Path) -> ImageRecord:
    annotations = parsed(labels, parse_text)
    cars = [item for item in annotations if item.node == "civ.car"]
    gsd = gsd_from_cars(cars, limits=GSD_LIMITS_M) or NOMINAL_GSD_M
    return record_of(path, annotations, source=SOURCE, gsd=gsd, group=path.stem)
