"""xView: WorldView-3 scenes at 0.3 m, one GeoJSON of horizontal boxes for all of them, 60 classes.

Layout: `train_images/5.tif` and `train_labels/xView_train.geojson` (some mirrors put it beside the images' folder). The
box is the text `bounds_imcoords`, the class `type_id`; `cat_id` is the catalogue number of the scene, which is the
group. What is known to be wrong with the set is handled here: an empty box is no object, types 75 and 82 are artefacts
(dropped by labels.csv), image 1395.tif is labelled but was never published.

An aircraft or helicopter whose longer side is not 5 to 90 m is an ignore region: its box is broken.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .images import list_images
from .labels import meaning_of
from .records import gathered, parsed, record_of

__all__ = ["NAMES", "parse_properties", "read"]

SOURCE = "xview"
GSD_M = 0.3
UNPUBLISHED = "1395.tif"
AIRCRAFT_M = (5.0, 90.0)
NAMES: Mapping[int, str] = {
    11: "Fixed-wing Aircraft",
    12: "Small Aircraft",
    13: "Cargo Plane",
    15: "Helicopter",
    17: "Passenger Vehicle",
    18: "Small Car",
    19: "Bus",
    20: "Pickup Truck",
    21: "Utility Truck",
    23: "Truck",
    24: "Cargo Truck",
    25: "Truck w/Box",
    26: "Truck Tractor",
    27: "Trailer",
    28: "Truck w/Flatbed",
    29: "Truck w/Liquid",
    32: "Crane Truck",
    33: "Railway Vehicle",
    34: "Passenger Car",
    35: "Cargo Car",
    36: "Flat Car",
    37: "Tank car",
    38: "Locomotive",
    40: "Maritime Vessel",
    41: "Motorboat",
    42: "Sailboat",
    44: "Tugboat",
    45: "Barge",
    47: "Fishing Vessel",
    49: "Ferry",
    50: "Yacht",
    51: "Container Ship",
    52: "Oil Tanker",
    53: "Engineering Vehicle",
    54: "Tower crane",
    55: "Container Crane",
    56: "Reach Stacker",
    57: "Straddle Carrier",
    59: "Mobile Crane",
    60: "Dump Truck",
    61: "Haul Truck",
    62: "Scraper/Tractor",
    63: "Front loader/Bulldozer",
    64: "Excavator",
    65: "Cement Mixer",
    66: "Ground Grader",
    71: "Hut/Tent",
    72: "Shed",
    73: "Building",
    74: "Aircraft Hangar",
    76: "Damaged Building",
    77: "Facility",
    79: "Construction Site",
    83: "Vehicle Lot",
    84: "Helipad",
    86: "Storage Tank",
    89: "Shipping container lot",
    91: "Shipping Container",
    93: "Pylon",
    94: "Tower",
}
"""What each `type_id` stands for, after the set's own xview_class_labels.txt."""


def read(root: Path) -> list[ImageRecord]:
    """One record per image of `train_images`, sorted by name; those of `val_images` have no labels.

    DatasetNotFoundError without images or the GeoJSON, or where one of the two has images that the other does not
    know; LabelError for a type or a box that the set does not have.
    """
    tables = [root / "train_labels" / "xView_train.geojson", root / "xView_train.geojson"]
    table = next((path for path in tables if path.is_file()), None)
    if table is None:
        raise DatasetNotFoundError(f"no train_labels/xView_train.geojson in {root}: give the folder of xView")
    labels = parsed(table, _by_image)
    paths = list_images(root / "train_images")
    _check_names({path.name for path in paths}, labels.keys() - {UNPUBLISHED}, table)
    return gathered(lambda path: _record(path, labels[path.name]), paths)


def _by_image(text: str) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for feature in json.loads(text)["features"]:
        rows[feature["properties"]["image_id"]].append(feature["properties"])
    return dict(rows)


def _check_names(images: set[str], labelled: set[str], table: Path) -> None:
    for names, what in (
        (labelled - images, "is labelled but not in train_images"),
        (images - labelled, "has no label"),
    ):
        if names:
            raise DatasetNotFoundError(f"{table}: {len(names)} images disagree; {min(names)} {what}")


def _record(path: Path, rows: list[dict[str, Any]]) -> ImageRecord:
    annotations = [item for item in map(parse_properties, rows) if item is not None]
    return record_of(path, annotations, source=SOURCE, gsd=GSD_M, group=str(rows[0]["cat_id"]))


def parse_properties(properties: Mapping[str, Any]) -> Annotation | None:
    """The annotation of one feature's properties; None where its label is dropped or its box is empty.

    LabelError for an unknown `type_id` or a box that is not four numbers.
    """
    number, bounds = int(properties["type_id"]), properties["bounds_imcoords"]
    node, flag = meaning_of(SOURCE, NAMES.get(number, str(number)))
    if flag == "-" or bounds in ([], "[]", ""):
        return None
    try:
        x0, y0, x1, y1 = (float(value) for value in bounds.split(","))
    except (ValueError, AttributeError) as error:
        raise LabelError(f"feature {properties.get('feature_id')}: bounds_imcoords {bounds!r} is no box") from error
    longer_m = max(abs(x1 - x0), abs(y1 - y0)) * GSD_M
    broken = node in ("fw", "heli") and not AIRCRAFT_M[0] <= longer_m <= AIRCRAFT_M[1]
    return horizontal(node, (x0, y0, x1, y1), ignore=broken)
