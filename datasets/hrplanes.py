"""HRPlanes v1 and v2: Google Earth views of airports and boneyards, one class, horizontal boxes.

As published: `img/` with YOLO text beside every image (`train.txt`, `validation.txt`, `test.txt` list paths on
somebody's machine and are not needed); or in the form of one COCO file, `images/` and `annotations.coco.json`, scaled
down to 640 px.

What many of the aircraft are was told by eye (`named`), and helicopters, which the set does not label, are added on
images that were searched for them, and aircraft that it left out (`found`). The set tells no ground sampling distance,
and its zoom varies by a factor of five: it is estimated per image from the named aircraft (`scale.gsd_from_named`),
nominal 0.65 m and within 0.25 to 2.2 m at a width of 640 px, in proportion less in wider images (published: 4800 px).
Group: the airport (`airport_of`).
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..detector.errors import DatasetNotFoundError
from . import yolo_text
from .annotation import Annotation, ImageRecord, horizontal
from .found import found, is_whole
from .images import image_size, list_images
from .labels import meaning_of
from .named import named
from .records import gathered, parsed, record_of
from .scale import gsd_of_image
from .tables import rows_of

__all__ = ["airport_of", "read"]

SOURCE = "hrplanes"
SEARCHED = "hrplanes/searched"
"""Row of exhaustive.csv for images on which helicopters were searched by eye."""
WIDTH_PX = 640
NOMINAL_GSD_M = 0.65
GSD_LIMITS_M = (0.25, 2.2)
"""Of images of that width."""
GSD_SPREAD = 0.45
"""Standard deviation of the logarithm, over the images."""


def read(root: Path) -> list[ImageRecord]:
    """One record per image, sorted by name; images without aircraft too.

    DatasetNotFoundError without the COCO file or `img`, or where an image has no text; LabelError for a category that
    the set does not have.
    """
    table = root / "annotations.coco.json"
    if table.is_file():
        return _scaled_down(root / "images", parsed(table, json.loads))
    if not (root / "img").is_dir():
        raise DatasetNotFoundError(f"neither img nor annotations.coco.json in {root}: give the folder of HRPlanes")
    return gathered(_published, list_images(root / "img"))


def _scaled_down(images: Path, coco: dict[str, list[dict[str, Any]]]) -> list[ImageRecord]:
    nodes = {entry["id"]: meaning_of(SOURCE, entry["name"]).node for entry in coco["categories"]}
    objects: dict[int, list[Annotation]] = defaultdict(list)
    for entry in coco["annotations"]:
        x, y, width, height = entry["bbox"]
        objects[entry["image_id"]].append(horizontal(nodes[entry["category_id"]], (x, y, x + width, y + height)))
    records = []
    for entry in sorted(coco["images"], key=lambda entry: str(entry["file_name"])):
        size = (entry["width"], entry["height"])
        records.append(_record(images / entry["file_name"], objects[entry["id"]], size))
    return records


def _published(path: Path) -> ImageRecord:
    width, height = image_size(path)
    planes = parsed(path.with_suffix(".txt"), lambda text: _planes(text, width, height))
    return _record(path, planes, (width, height))


def _planes(text: str, width: int, height: int) -> list[Annotation]:
    lines = yolo_text.parse_lines(text, width=width, height=height)
    return [horizontal(meaning_of(SOURCE, str(number)).node, box) for number, box in lines]


def _record(path: Path, labels: list[Annotation], size: tuple[int, int]) -> ImageRecord:
    width, height = size
    aircraft = named(SOURCE, path.stem, labels, width=width, height=height)
    enlarged = width / WIDTH_PX
    nominal, limits = NOMINAL_GSD_M / enlarged, (GSD_LIMITS_M[0] / enlarged, GSD_LIMITS_M[1] / enlarged)
    gsd = gsd_of_image(aircraft, size, nominal=nominal, spread=GSD_SPREAD, limits=limits)
    seen = [*aircraft, *found(SOURCE, path.stem, width=width, height=height)]
    part = SEARCHED if is_whole(SOURCE, path.stem, "heli") else ""
    return record_of(path, seen, source=SOURCE, gsd=gsd, group=airport_of(path.name), part=part, size=size)


def airport_of(name: str) -> str:
    """The airport of an image by its file name: that of places.csv, else the first part that is not a number.

    Parts like `DT2` are no airports. Where images of them show one that has a name, which was seen by matching images
    of different parts to each other, the table says so.

    >>> airport_of("GBG_059.jpg"), airport_of("381_DT8.jpg"), airport_of("HON_0545jpg.jpg"), airport_of("191_DT2.jpg")
    ('GBG', 'DT8', 'HON', 'LAS')
    """
    stem = Path(name).stem
    parts = [part for part in stem.split("_") if not re.fullmatch(r"\d+(jpg)?", part)]
    return _places().get(stem) or (parts[0] if parts else stem)


@cache
def _places() -> Mapping[str, str]:
    rows = [row for row in rows_of("places.csv") if row["set"] == SOURCE]
    return {image: row["place"] for row in rows for image in row["images"].split()}
