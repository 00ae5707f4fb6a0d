"""MAR20: 3,842 Google Earth images of air bases with 20 types of military aircraft, labels A1 to A20.

Layout: `JPEGImages/1.jpg`, `Annotations/Oriented Bounding Boxes/1.xml` and `Annotations/Horizontal Bounding
Boxes/1.xml`. The two were drawn separately; the oriented ones are read where their folder is there, else the horizontal
ones. Files are matched by their own name: `filename` inside the XML is wrong in some hundreds of them, and `truncated`
and `difficult` are missing in many.

The scale is told nowhere: it comes from the types (`scale.gsd_from_types`) within 0.2 to 1.5 m, with horizontal boxes
from the sizes (`scale.gsd_from_aircraft`, nominal 0.5 m). Aircraft of other types are not labelled. Every image is its
own group.
"""

from pathlib import Path

from ..detector.errors import DatasetNotFoundError
from .annotation import ImageRecord
from .images import list_images
from .records import gathered, parsed, record_of
from .scale import gsd_from_aircraft, gsd_from_types
from .voc_xml import parse_xml

__all__ = ["read"]

SOURCE = "mar20"
NOMINAL_GSD_M = 0.5
GSD_LIMITS_M = (0.2, 1.5)
FOLDERS = ("Oriented Bounding Boxes", "Horizontal Bounding Boxes")


def read(root: Path) -> list[ImageRecord]:
    """One record per image, sorted by name.

    DatasetNotFoundError without images or annotations, or where one image has no XML file.
    """
    folder = next((path for name in FOLDERS if (path := root / "Annotations" / name).is_dir()), None)
    if folder is None:
        raise DatasetNotFoundError(f"no 'Annotations/Oriented Bounding Boxes' in {root}: give the folder of MAR20")
    return gathered(lambda path: _record(path, folder / f"{path.stem}.xml"), list_images(root / "JPEGImages"))


def _record(path: Path, labels: Path) -> ImageRecord:
    annotations = parsed(labels, lambda text: parse_xml(text, SOURCE))
    gsd = gsd_from_types(annotations, limits=GSD_LIMITS_M)
    if gsd is None:
        gsd = gsd_from_aircraft(annotations, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M)
    return record_of(path, annotations, source=SOURCE, gsd=gsd, group=path.stem)
