"""AllPlanes, geo-referenced: GeoTIFFs in EPSG:3857, each with a GeoJSON of ICAO types and horizontal boxes.

Every `NAME.tif` comes with `NAME.geojson` (properties `icao`, `bbox_px` = x0, y0, x1, y1, `touches_crop_edge`);
`AllPlanes.csv` lists the ICAO types that exist. A type in the list without a node of its own is `fw`. Boxes that
touch the edge are ignore. The scale is measured: the pixel size on the ground at the image centre.
"""

import csv
import json
from pathlib import Path

import numpy as np
import rasterio
from pyproj import Geod, Transformer
from rasterio.errors import RasterioIOError

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .labels import exhaustive_in, meaning_of, spelling

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
    return [_record(path, listed) for path in paths]


def ground_gsd(path: Path) -> tuple[int, int, float]:
    """Width, height in pixels and metres per pixel on the ground at the centre of a north-up raster.

    The geometric mean of both axes, along the WGS84 ellipsoid. DatasetNotFoundError where the raster cannot be read
    or has no coordinate reference system.
    """
    try:
        with rasterio.open(path) as source:
            width, height, transform, crs = source.width, source.height, source.transform, source.crs
    except RasterioIOError as error:
        raise DatasetNotFoundError(f"image {path} cannot be read: {error}") from error
    if crs is None:
        raise DatasetNotFoundError(f"image {path} has no coordinate reference system")
    pixel_x = np.array([width / 2, width / 2 + 1, width / 2])
    pixel_y = np.array([height / 2, height / 2, height / 2 + 1])
    x = transform.a * pixel_x + transform.b * pixel_y + transform.c
    y = transform.d * pixel_x + transform.e * pixel_y + transform.f
    lon, lat = Transformer.from_crs(crs.to_wkt(), 4326, always_xy=True).transform(x, y)
    metres = Geod(ellps="WGS84").inv([lon[0]] * 2, [lat[0]] * 2, lon[1:], lat[1:])[2]
    return width, height, float(np.sqrt(np.prod(metres)))


def _record(path: Path, listed: frozenset[str]) -> ImageRecord:
    labels = path.with_suffix(".geojson")
    if not labels.is_file():
        raise DatasetNotFoundError(f"no label file {labels} for {path.name}")
    features = json.loads(labels.read_text(encoding="utf-8"))["features"]
    width, height, gsd = ground_gsd(path)
    return ImageRecord(
        path=path,
        width=width,
        height=height,
        gsd=gsd,
        group=path.stem.rsplit("_", 2)[0],
        source=SOURCE,
        exhaustive=exhaustive_in(SOURCE),
        annotations=tuple(_annotation(feature["properties"], listed) for feature in features),
    )


def _annotation(properties: dict[str, object], listed: frozenset[str]) -> Annotation:
    code, box = str(properties["icao"]), properties["bbox_px"]
    if not isinstance(box, list):
        raise LabelError(f"aircraft {code}: bbox_px is {box!r}, four numbers expected")
    return horizontal(_node(code, listed), map(float, box), ignore=bool(properties.get("touches_crop_edge")))


def _node(code: str, listed: frozenset[str]) -> str:
    try:
        return meaning_of(SOURCE, code).node
    except LabelError:
        if spelling(code) in listed:
            return "fw"
        raise
