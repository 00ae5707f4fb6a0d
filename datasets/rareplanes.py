"""RarePlanes, the real part: WorldView-3 at 0.31 m, GeoJSON of aircraft with role, heading and size.

Layout: `train/` and `test/`, below `real/` or not, with `PS-RGB_tiled/LOC_CAT_tile_N.png` (georeferenced by the file
`....png.aux.xml` beside it) and `geojson_aircraft_tiled/LOC_CAT_tile_N.geojson`; where there are no tiles, the whole
scenes of `PS-RGB/` with `geojson_aircraft/`. Group: the place, LOC. Roles are taken by name: their numbers differ
between releases of the set. Every tile has an aircraft on it.

The polygon of an aircraft is a diamond in longitude and latitude: nose, left wing tip, tail, right wing tip. The box is
the rectangle along tail to nose around it. Aircraft cut by the tile (`truncated`, or another number of corners) have
lost that order: they are horizontal boxes, and ignore regions where less than a quarter is left (`partialDec`).
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal, oriented
from .georeference import georeference_of
from .images import list_images
from .labels import meaning_of
from .records import LEAST_SHARE, gathered, parsed, record_of

__all__ = ["label_of", "nose_first", "parse_features", "read"]

ToPixels = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""(N, 2) longitudes and latitudes to (N, 2) pixels."""

SOURCE = "rareplanes"
FOLDERS = (("PS-RGB_tiled", "geojson_aircraft_tiled"), ("PS-RGB", "geojson_aircraft"))


def read(root: Path) -> list[ImageRecord]:
    """One record per tile, or per scene where there are no tiles; by split and name.

    DatasetNotFoundError without images, their GeoJSON or their georeference; LabelError for an unknown role.
    """
    top = root / "real" if (root / "real").is_dir() else root
    found = []
    for split in ("train", "test"):
        for images, labels in FOLDERS:
            if (top / split / images).is_dir():
                paths = list_images(top / split / images)
                found += gathered(partial(_labelled, folder=top / split / labels), paths)
                break
    if not found:
        raise DatasetNotFoundError(f"no train/PS-RGB_tiled in {root}: give the folder of RarePlanes")
    return found


def _labelled(path: Path, *, folder: Path) -> ImageRecord:
    return _record(path, folder / f"{path.stem}.geojson")


def _record(path: Path, labels: Path) -> ImageRecord:
    ground = georeference_of(path)
    annotations = parsed(labels, lambda text: parse_features(text, ground.pixels_of))
    size = (ground.width, ground.height)
    return record_of(path, annotations, source=SOURCE, gsd=ground.gsd, group=path.stem.split("_")[0], size=size)


def parse_features(text: str, to_pixels: ToPixels) -> list[Annotation]:
    """Annotations of one GeoJSON; LabelError for an unknown role, or an aircraft without nose and tail."""
    return [
        _annotation(feature["properties"], to_pixels(_points(feature["geometry"]["coordinates"])))
        for feature in json.loads(text)["features"]
    ]


def _points(rings: list[Any]) -> NDArray[np.float64]:
    """All points of a polygon, or of the pieces that a tile has left of one, without the repeated last ones."""
    if not isinstance(rings[0][0][0], list):
        return np.array([point[:2] for ring in rings for point in ring[:-1]], dtype=np.float64)
    return np.concatenate([_points(piece) for piece in rings])


def _annotation(properties: Mapping[str, Any], points: NDArray[np.float64]) -> Annotation:
    node = meaning_of(SOURCE, label_of(properties)).node
    if len(points) == 4 and not properties.get("truncated"):
        return nose_first(node, points)
    box = (*points.min(axis=0), *points.max(axis=0))
    return horizontal(node, box, ignore=float(properties.get("partialDec") or 1) < LEAST_SHARE, truncated=True)


def label_of(properties: Mapping[str, Any]) -> str:
    """The label in labels.csv: the role, of a medium civil aircraft also whether it is surely an airliner.

    >>> label_of({"role": "Medium Civil Transport/Utility", "propulsion": "jet", "faa_wingspan_class": 3})
    'Medium Civil Transport/Utility (jet of FAA class 3 or more)'
    >>> label_of({"role": "Military Bomber"}), label_of({"role": None})
    ('Military Bomber', 'role missing')
    """
    role = properties.get("role") or "role missing"
    large = properties.get("propulsion") == "jet" and float(properties.get("faa_wingspan_class") or 0) >= 3
    return f"{role} (jet of FAA class 3 or more)" if large and str(role).startswith("Medium") else str(role)


def nose_first(node: str, diamond: NDArray[np.float64], *, truncated: bool = False) -> Annotation:
    """Exact box around nose, left wing tip, tail, right wing tip, (4, 2) pixels: its first edge runs tail to nose.

    LabelError where nose and tail are one point.
    """
    axis = diamond[0] - diamond[2]
    length = float(np.hypot(*axis))
    if length == 0:
        raise LabelError(f"{node}: nose and tail are one point, {diamond[0].tolist()}")
    frame = np.array([axis, (-axis[1], axis[0])]) / length  # rows: along, across
    low, high = (diamond @ frame.T).min(axis=0), (diamond @ frame.T).max(axis=0)
    cx, cy = (low + high) / 2 @ frame
    return oriented(node, (cx, cy, *(high - low), np.arctan2(axis[1], axis[0])), truncated=truncated)
