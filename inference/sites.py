"""Sites: named polygons on the map, read from GeoJSON."""

import json
import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError
from shapely import MultiPolygon, Polygon
from shapely.geometry import shape
from shapely.validation import explain_validity

from ..detector.errors import MissingFileError, SiteFileError
from .georeference import SceneInfo

LONGEST_EDGE_DEGREES = 0.001
"""Edges are straight in longitude and latitude; they are split to at most this (about 100 m) before projection."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place to count at: a valid polygon with an area, or a whole scene."""

    name: str
    """What tables call it; unique within a file."""
    polygon: Polygon | MultiPolygon | None
    """Longitude and latitude in degrees (WGS 84). None: the whole of the scene with this name, whatever its CRS."""

    def contains(self, lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the points (N, 2; longitude, latitude) lie inside, (N,); all of them for a whole scene."""
        if self.polygon is None:
            return np.ones(len(lonlat), dtype=np.bool_)
        inside: NDArray[np.bool_] = shapely.contains_xy(self.polygon, lonlat[:, 0], lonlat[:, 1])
        return inside

    def rings(self) -> tuple[NDArray[np.float64], ...]:
        """Outer rings and holes, each (N, 2) longitude and latitude, edges split; none for a whole scene."""
        if self.polygon is None:
            return ()
        step = max(LONGEST_EDGE_DEGREES, self.polygon.length / 5000)
        parts = shapely.get_parts(shapely.segmentize(self.polygon, step))
        return tuple(shapely.get_coordinates(ring) for part in parts for ring in (part.exterior, *part.interiors))


def read_sites(path: Path) -> tuple[Site, ...]:
    """The sites of a GeoJSON file, in file order.

    Each feature is a Polygon or MultiPolygon (RFC 7946) with a `name` property; without one it is called by its `id`
    or its number. Coordinates are longitude and latitude, unless the file has the `crs` member of the older GeoJSON.
    Raises MissingFileError, or SiteFileError naming the feature and what is wrong with it.
    """
    if not path.is_file():
        raise MissingFileError(f"no site file at {path}; --sites takes a GeoJSON file of polygons")
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SiteFileError(f"{path} is not GeoJSON: {error}; export the polygons as GeoJSON") from error
    to_lonlat = _transformer(path, document)
    sites = tuple(
        _site(path, number, feature, to_lonlat) for number, feature in enumerate(_features(path, document), start=1)
    )
    names = [site.name for site in sites]
    for name in names:
        if names.count(name) > 1:
            raise SiteFileError(f"{path}: {names.count(name)} sites are called {name!r}; give each its own name")
    return sites


def placed(scene: SceneInfo) -> bool:
    """True where a scene has a place in longitude and latitude, so that sites can be found in it."""
    if scene.crs_wkt is None or scene.transform.is_identity:
        return False
    return pyproj.CRS.from_wkt(scene.crs_wkt).geodetic_crs is not None


def _features(path: Path, document: Any) -> list[Any]:  # noqa: ANN401  # parsed JSON
    match document:
        case {"type": "FeatureCollection", "features": [_, *_] as features}:
            return list(features)
        case {"type": "FeatureCollection"}:
            raise SiteFileError(f"{path} has no features; a site file needs at least one polygon")
        case {"type": "Feature"}:
            return [document]
        case {"type": "Polygon" | "MultiPolygon"}:
            return [{"type": "Feature", "geometry": document, "properties": {"name": path.stem}}]
        case _:
            raise SiteFileError(f"{path} is not a GeoJSON FeatureCollection, Feature or polygon")


def _transformer(path: Path, document: object) -> pyproj.Transformer | None:
    match document:
        case {"crs": {"properties": {"name": str(name)}}}:
            try:
                crs = pyproj.CRS.from_user_input(name)
            except CRSError as error:
                raise SiteFileError(f"{path} names an unknown CRS {name!r}; export in WGS 84 (EPSG:4326)") from error
            return None if crs.is_geographic else pyproj.Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)
        case _:
            return None


def _site(path: Path, number: int, feature: object, to_lonlat: pyproj.Transformer | None) -> Site:
    name = _name(number, feature)
    where = f"{path}: feature {number} ({name!r})"
    match feature:
        case {"geometry": {"type": "Polygon" | "MultiPolygon"} as geometry}:
            pass
        case {"geometry": {"type": kind}}:
            raise SiteFileError(f"{where} is not a polygon but {kind}; a site needs an area")
        case _:
            raise SiteFileError(f"{where} has no polygon; draw one or take the feature out")
    try:
        drawn = shapely.force_2d(shape(geometry))
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, shapely.errors.ShapelyError) as error:
        raise SiteFileError(f"{where} has a bad polygon: {error}; draw it again") from error
    if to_lonlat is not None:
        drawn = shapely.transform(drawn, partial(_project, to_lonlat))
    if not isinstance(drawn, Polygon | MultiPolygon):
        raise SiteFileError(f"{where} has a bad polygon: it is a {drawn.geom_type}; draw it again")
    _check(where, drawn)
    return Site(name, drawn)


def _name(number: int, feature: object) -> str:
    match feature:
        case {"properties": {"name": str() | int() as name}} if str(name).strip():
            return str(name).strip()
        case {"id": str() | int() as name} if str(name).strip():
            return str(name).strip()
        case _:
            return f"site {number}"


def _project(transformer: pyproj.Transformer, points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack(transformer.transform(points[:, 0], points[:, 1]), axis=-1)


def _check(where: str, polygon: Polygon | MultiPolygon) -> None:
    if polygon.is_empty:
        raise SiteFileError(f"{where} has a bad polygon: no coordinates; draw it again")
    left, bottom, right, top = polygon.bounds
    if not all(map(math.isfinite, polygon.bounds)):
        raise SiteFileError(f"{where} has a bad polygon: a coordinate is not a number; draw it again")
    if left < -180 or right > 180 or bottom < -90 or top > 90:
        raise SiteFileError(
            f"{where} reaches from {left:g}, {bottom:g} to {right:g}, {top:g}, which is not longitude and latitude;"
            " export the sites in WGS 84 (EPSG:4326)"
        )
    if not polygon.is_valid:
        raise SiteFileError(f"{where} has a bad polygon: {explain_validity(polygon)}; draw it again")
    if polygon.area == 0:
        raise SiteFileError(f"{where} has a bad polygon: its area is zero; draw it again")
