"""DIOR and DIOR-R: 800 px images with VOC XML, horizontal (`bndbox`) or oriented (`robndbox`) boxes.

Layout: images anywhere below the folder; `Annotations/Oriented Bounding Boxes/00001.xml` before
`Annotations/Horizontal Bounding Boxes/00001.xml` where both are there. A folder without `Annotations` is a folder of
negatives: scenes without aircraft. The scale is 0.5 to 30 m and told nowhere: images with aircraft are estimated
from them within 0.3 to 3 m, all others are taken at 0.5 m, so that their pixels pass unchanged.

Axis of oriented boxes: the longer side (see `dota_text`). Names come in mixed case.
"""

from functools import partial
from pathlib import Path

from ..detector.errors import DatasetNotFoundError
from .annotation import Annotation, ImageRecord
from .images import list_images
from .records import gathered, parsed, record_of
from .scale import gsd_from_aircraft
from .voc_xml import parse_xml

__all__ = ["read"]

SOURCE = "dior"
NOMINAL_GSD_M = 0.5
GSD_LIMITS_M = (0.3, 3.0)
FOLDERS = ("Oriented Bounding Boxes", "Horizontal Bounding Boxes")


def read(root: Path) -> list[ImageRecord]:
    """One record per image, sorted by name.

    DatasetNotFoundError without images, or where `Annotations` is there and an image has no file in it.
    """
    folders = [root, *sorted(path for path in root.glob("*mages*") if path.is_dir())]
    paths = [path for folder in folders if _has_images(folder) for path in list_images(folder)]
    if not paths:
        raise DatasetNotFoundError(f"no images in {root} or its image folders: give the folder of DIOR")
    return gathered(partial(_record, root), sorted(paths, key=lambda path: path.name))


def _has_images(folder: Path) -> bool:
    return any(folder.glob("*.jpg"))


def _labels(root: Path, stem: str) -> list[Annotation]:
    if not (root / "Annotations").is_dir():
        return []
    for folder in FOLDERS:
        path = root / "Annotations" / folder / f"{stem}.xml"
        if path.is_file():
            return parsed(path, lambda text: parse_xml(text, SOURCE))
    raise DatasetNotFoundError(f"no XML file for {stem} below {root / 'Annotations'}")


def _record(root: Path, path: Path) -> ImageRecord:
    annotations = _labels(root, path.stem)
    aircraft = [item for item in annotations if item.node == "fw"]
    gsd = gsd_from_aircraft(aircraft, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M)
    return record_of(path, annotations, source=SOURCE, gsd=gsd, group=path.stem)
