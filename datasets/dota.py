"""DOTA v1.0, v1.5 and v2.0: images of any size with DOTA text, oriented boxes, 15, 16 and 18 classes.

Layouts: `images/P0000.png` beside `labelTxt/P0000.txt` (an empty file is a true negative) and `meta/P0000.txt`; or as
published, `train/` and `val/` with `images/` and one folder of labels per version, of which the newest is read:
`labelTxt-v2.0/DOTA-v2.0_train/` with `labelTxt-v2.0/train_meta/meta/`, `labelTxt-v1.5/DOTA-v1.5_train/`,
`labelTxt-v1.0/labelTxt/`. The test images have no labels and are not read, nor are the horizontal boxes.

The scale is the `gsd:` line where it has a number (in the label file, of v2.0 in the meta file), else it is estimated
from the small vehicles (4.4 m), else 0.3 m. Tiles of one image (`P0032__1__824___0`) share its group. Axis and
`difficult`: see `dota_text`.
"""

import math
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..detector.errors import DatasetNotFoundError
from .annotation import ImageRecord
from .dota_text import annotations_in
from .images import list_images
from .records import gathered, parsed, record_of
from .scale import gsd_from_cars

__all__ = ["read", "told_gsd"]

SOURCE = "dota"
NOMINAL_GSD_M = 0.3
GSD_LIMITS_M = (0.08, 1.0)
LAYOUTS = (
    ("dota/v2.0", "labelTxt-v2.0/DOTA-v2.0_{split}", "labelTxt-v2.0/{split}_meta/meta"),
    ("dota/v1.5", "labelTxt-v1.5/DOTA-v1.5_{split}", ""),
    ("dota/v1.0", "labelTxt-v1.0/labelTxt", ""),
)


class Folders(NamedTuple):
    """Where one split lies: images, label texts, meta texts, and the row of exhaustive.csv."""

    images: Path
    labels: Path
    meta: Path
    part: str


def read(root: Path) -> list[ImageRecord]:
    """One record per image, by split and name.

    DatasetNotFoundError without images and labels, or where a label file is missing.
    """
    found = []
    for folders in _splits(root):
        found += gathered(partial(_record, folders), list_images(folders.images))
    return found


def _splits(root: Path) -> list[Folders]:
    if (root / "images").is_dir():
        return [Folders(root / "images", root / "labelTxt", root / "meta", SOURCE)]
    splits = [folders for split in ("train", "val") if (folders := _newest(root / split, split))]
    if not splits:
        raise DatasetNotFoundError(f"no images and labelTxt folders in {root} or its train and val: give DOTA's folder")
    return splits


def _newest(folder: Path, split: str) -> Folders | None:
    for part, labels, meta in LAYOUTS:
        if (folder / labels.format(split=split)).is_dir():
            return Folders(
                folder / "images", folder / labels.format(split=split), folder / meta.format(split=split), part
            )
    return None


def _record(folders: Folders, path: Path) -> ImageRecord:
    labels, meta = (folder / f"{path.stem}.txt" for folder in (folders.labels, folders.meta))
    annotations = parsed(labels, lambda text: annotations_in(text, SOURCE))
    cars = [item for item in annotations if item.node == "civ.car"]
    told = parsed(meta if meta.is_file() else labels, told_gsd)
    return record_of(
        path,
        annotations,
        source=SOURCE,
        gsd=told or gsd_from_cars(cars, limits=GSD_LIMITS_M) or NOMINAL_GSD_M,
        group=path.stem.split("__")[0],
        part=folders.part,
    )


def told_gsd(text: str) -> float | None:
    """Metres per pixel of the `gsd:` line of a label or meta text; None where there is none or it has no number.

    >>> told_gsd("imagesource:GoogleEarth\\ngsd:0.15\\n"), told_gsd("gsd:null"), told_gsd("")
    (0.15, None, None)
    """
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() == "gsd":
            try:
                told = float(value)
            except ValueError:
                return None
            return told if math.isfinite(told) and told > 0 else None
    return None
