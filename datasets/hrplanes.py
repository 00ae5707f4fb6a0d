"""HRPlanesV2 in the form of one COCO file: `images/` and `annotations.coco.json`, one class, horizontal boxes.

The set tells no ground sampling distance and its zoom varies; it is estimated per image from the aircraft
(`scale.gsd_from_aircraft`, nominal 1.2 m for images scaled down to 640 px). Group: the airport part of the file name.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

from ..detector.errors import DatasetNotFoundError
from .annotation import Annotation, ImageRecord, horizontal
from .labels import exhaustive_in, meaning_of
from .scale import gsd_from_aircraft

__all__ = ["airport_of", "read"]

SOURCE = "hrplanes"
NOMINAL_GSD_M = 1.2
GSD_LIMITS_M = (0.5, 2.2)


def read(root: Path) -> list[ImageRecord]:
    """One record per image of the COCO file, sorted by name; images without aircraft too.

    DatasetNotFoundError without the file; LabelError for a category that the set does not have.
    """
    table = root / "annotations.coco.json"
    if not table.is_file():
        raise DatasetNotFoundError(f"no annotations.coco.json in {root}: give the folder of HRPlanesV2")
    coco = json.loads(table.read_text(encoding="utf-8"))
    nodes = {entry["id"]: meaning_of(SOURCE, entry["name"]).node for entry in coco["categories"]}
    objects: dict[int, list[Annotation]] = defaultdict(list)
    for entry in coco["annotations"]:
        x, y, width, height = entry["bbox"]
        objects[entry["image_id"]].append(horizontal(nodes[entry["category_id"]], (x, y, x + width, y + height)))
    entries = sorted(coco["images"], key=lambda entry: str(entry["file_name"]))
    return [_record(root / "images" / e["file_name"], e["width"], e["height"], objects[e["id"]]) for e in entries]


def airport_of(name: str) -> str:
    """The airport part of an image name: the first part that is not a number.

    >>> airport_of("GBG_059.jpg"), airport_of("381_DT8.jpg"), airport_of("HON_0545jpg.jpg")
    ('GBG', 'DT8', 'HON')
    """
    parts = [part for part in Path(name).stem.split("_") if not re.fullmatch(r"\d+(jpg)?", part)]
    return parts[0] if parts else Path(name).stem


def _record(path: Path, width: int, height: int, objects: list[Annotation]) -> ImageRecord:
    return ImageRecord(
        path=path,
        width=width,
        height=height,
        gsd=gsd_from_aircraft(objects, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M),
        group=airport_of(path.name),
        source=SOURCE,
        exhaustive=exhaustive_in(SOURCE),
        annotations=tuple(objects),
    )
