"""RSOD: four archives of Google Earth and Tianditu images, each with VOC XML of its own class only.

Layout: `aircraft/JPEGImages/aircraft_1.jpg` with `aircraft/Annotation/xml/aircraft_1.xml`, and so `oiltank`, `overpass`
and `playground`; archives that are not there are left out. An image of one archive says nothing about the other
classes. The scale is 0.3 to 3 m and told nowhere: estimated from the aircraft (`scale.gsd_from_aircraft`, nominal
0.8 m); 0.8 m without. Every image is its own group.
"""

from pathlib import Path

from ..detector.errors import DatasetNotFoundError
from .annotation import ImageRecord
from .images import list_images
from .records import gathered, parsed, record_of
from .scale import gsd_from_aircraft
from .voc_xml import parse_xml

__all__ = ["read"]

SOURCE = "rsod"
NOMINAL_GSD_M = 0.8
GSD_LIMITS_M = (0.3, 3.0)
ARCHIVES = ("aircraft", "oiltank", "overpass", "playground")


def read(root: Path) -> list[ImageRecord]:
    """One record per image, by archive and name.

    DatasetNotFoundError without any archive, or where an image has no XML file.
    """
    there = [name for name in ARCHIVES if (root / name / "JPEGImages").is_dir()]
    if not there:
        raise DatasetNotFoundError(f"no aircraft/JPEGImages in {root}: give the folder that RSOD's archives are in")
    paths = [path for name in there for path in list_images(root / name / "JPEGImages")]
    return gathered(lambda path: _record(path.parents[1], path), paths)


def _record(archive: Path, path: Path) -> ImageRecord:
    labels = archive / "Annotation" / "xml" / f"{path.stem}.xml"
    annotations = parsed(labels, lambda text: parse_xml(text, SOURCE))
    aircraft = [item for item in annotations if item.node == "fw"]
    gsd = gsd_from_aircraft(aircraft, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M)
    return record_of(path, annotations, source=SOURCE, gsd=gsd, group=path.stem, part=f"rsod/{archive.name}")
