"""AllPlanes, geo-referenced: GeoTIFFs in EPSG:3857, each with a GeoJSON of ICAO types and horizontal boxes.

Every `NAME.tif` comes with `NAME.geojson` (properties `icao`, `bbox_px` = x0, y0, x1, y1, `touches_crop_edge`);
`AllPlanes.csv` lists the ICAO types that exist. A type in the list without a node of its own is `fw`. Boxes that
touch the edge are truncated, and ignore. The scale is measured: the pixel size on the ground at the image centre.
"""

import csv
import json
from pathlib import Path

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .georeference import georeference_of
from .labels import meaning_of, spelling
from .records import gathered, parsed, record_of

__all__ = ["ground_gsd", "read"]

SOURCE = "allplanes"


def read(root: Path) -> list[ImageRecord]:
    """One record per GeoTIFF, sorted by name; group: the airfield part of the name.

    DatasetNotFoundError without GeoTIFFs, a GeoJSON or AllPlanes.csv; LabelError for a type that is not listed.
    """
    paths, table = sorted(root.glob("*.tif")), root / "AllPlanes.csv"
    if not paths or not table.is_file():
        raise DatasetNotFoundError(
            f"no GeoTIFFs with AllPlanes.csv in {root}: give the folder of geo-referenced AllPlanes"
        )
    with table.open(newline="", encoding="utf-8") as lines:
        listed = frozenset(spelling(row["ICAO"]) for row in csv.DictReader(lines))
    return gathered(lambda path: _record(path, listed), paths)


def ground_gsd(path: Path) -> tuple[int, int, float]:
    """Width, height in pixels and metres per pixel on the ground at the centre of a raster (`georeference`).

    DatasetNotFoundError where the raster cannot be read or has no coordinate reference system.
    """
    ground = georeference_of(path)
    return ground.width, ground.height, ground.gsd


def _record(path: Path, listed: frozenset[str]) -> ImageRecord:
    features = parsed(path.with_suffix(".geojson"), lambda text: json.loads(text)["features"])
    width, height, gsd = ground_gsd(path)
    annotations = [_annotation(feature["properties"], listed) for feature in features]
    group = path.stem.rsplit("_", 2)[0]
    return record_of(path, annotations, source=SOURCE, gsd=gsd, group=group, size=(width, height))


def _annotation(properties: dict[str, object], listed: frozenset[str]) -> Annotation:
    code, box = str(properties["icao"]), properties["bbox_px"]
    if not isinstance(box, list):
        raise LabelError(f"aircraft {code}: bbox_px is {box!r}, four numbers expected")
    cut = bool(properties.get("touches_crop_edge"))
    return horizontal(_node(code, listed), map(float, box), ignore=cut, truncated=cut)


def _node(code: str, listed: frozenset[str]) -> str:
    try:
        return meaning_of(SOURCE, code).node
    except LabelError:
        if spelling(code) in listed:
            return "fw"
        raise
