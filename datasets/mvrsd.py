"""MVRSD: military vehicles in 640 px Google Earth images, VOC XML counted from 1, five classes, horizontal boxes.

Layout: `images/train/AUAU010001.jpg` with `labels/train/xml/AUAU010001.xml`, and so `val`; the images of `test` have no
labels. Group: the name without its last four digits. Sides of 1 and of 641 occur: the first pixel is number 1.

SMV, LMV, AFV, CV, MCV: small and large military, armoured, civil, and military construction vehicles. LMV and AFV may
hide launchers, and vehicles of every kind stand unlabelled beside labelled ones, so that nothing is exhaustive.

The set is said to be at 0.3 m; its demo is at 0.1 m, by the cars. The scale is estimated from CV, SMV and AFV by their
usual size (`scale.gsd_from_known`, nominal 0.1 m, within 0.08 to 0.35 m).
"""

from pathlib import Path

from ..detector.errors import DatasetNotFoundError
from .annotation import ImageRecord
from .images import list_images
from .records import gathered, parsed, record_of
from .scale import gsd_from_known
from .voc_xml import parse_xml

__all__ = ["read"]

SOURCE = "mvrsd"
NOMINAL_GSD_M = 0.1
GSD_LIMITS_M = (0.08, 0.35)
FIRST_PIXEL = 1
USUAL_M = {"civ": 3.6, "mil.small": 3.9, "mil.armoured": 5.5}  # sqrt(width x height) of boxes at a middling slant


def read(root: Path) -> list[ImageRecord]:
    """One record per image of train and val, by split and name.

    DatasetNotFoundError without images, or where one has no XML file.
    """
    there = [split for split in ("train", "val") if (root / "images" / split).is_dir()]
    if not there:
        raise DatasetNotFoundError(f"no images/train in {root}: give the folder of MVRSD")
    paths = [path for split in there for path in list_images(root / "images" / split)]
    return gathered(lambda path: _record(path, root / "labels" / path.parent.name / "xml" / f"{path.stem}.xml"), paths)


def _record(path: Path, labels: Path) -> ImageRecord:
    annotations = parsed(labels, lambda text: parse_xml(text, SOURCE, first_pixel=FIRST_PIXEL))
    known = [(item, USUAL_M[item.node]) for item in annotations if item.node in USUAL_M]
    gsd = gsd_from_known(known, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M)
    return record_of(path, annotations, source=SOURCE, gsd=gsd, group=path.stem[:-4])
