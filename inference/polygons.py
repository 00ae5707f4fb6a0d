"""Polygons: read from GeoJSON in longitude and latitude, and laid over the pixels of a scene."""

import json
import math
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
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from ..detector.errors import HardstandError
from .georeference import SceneInfo

Area = Polygon | MultiPolygon

LONGEST_EDGE_DEGREES = 0.001
"""Edges are straight in longitude and latitude; they are split to at most this (about 100 m) before projection."""
_BORDER_POINTS = 64  # per side of a scene, to find what longitudes and latitudes it covers


def read_polygons(path: Path, error: type[HardstandError]) -> tuple[tuple[str, Area], ...]:
    """The named polygons of a GeoJSON file in longitude and latitude, in file order; none of an empty collection.

    Each feature is a valid Polygon or MultiPolygon with an area (RFC 7946), called by its `name` property, else by its
    `id`, else by its number; a bare polygon by the name of the file. Coordinates are longitude and latitude, unless the
    file has the `crs` member of the older GeoJSON. Raises `error`, naming the feature and what is wrong with it.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as cause:
        raise error(f"{path} is not GeoJSON: {cause}; export the polygons as GeoJSON") from cause
    features = _features(document, path.stem)
    if features is None:
        raise error(f"{path} is not a GeoJSON FeatureCollection, Feature or polygon")
    to_lonlat = _transformer(path, document, error)
    named = []
    for number, feature in enumerate(features, start=1):
        name = _name(number, feature)
        named.append((name, _area(f"{path}: feature {number} ({name!r})", feature, to_lonlat, error)))
    return tuple(named)


def split_edges(area: Area) -> Area:
    """The same area with edges so short that they stay in place when only their ends are projected."""
    split: Area = shapely.segmentize(area, max(LONGEST_EDGE_DEGREES, area.length / 5000))
    return split


def on_scene(scene: SceneInfo, area: Area) -> Area:
    """The part of an area (longitude, latitude) near a scene, in pixels of the scene; empty where it is elsewhere.

    Raises NoCrsError for a scene without a coordinate reference system.
    """
    near = _areas(shapely.intersection(area, _surroundings(scene)))
    if near.is_empty:
        return near
    return _areas(shapely.make_valid(shapely.transform(split_edges(near), scene.pixels)))


def _areas(geometry: BaseGeometry) -> MultiPolygon:
    """The polygons of a geometry, without points and lines that only touch."""
    parts = shapely.get_parts(shapely.get_parts(geometry)).tolist()
    return MultiPolygon([part for part in parts if isinstance(part, Polygon)])


def _surroundings(scene: SceneInfo) -> Polygon:
    """A rectangle in longitude and latitude around the scene; the world where its border has no such place."""
    share = np.linspace(0, 1, _BORDER_POINTS)
    ends, zeros = np.ones_like(share), np.zeros_like(share)
    border = np.concatenate([np.stack(side, axis=1) for side in ((share, zeros), (share, ends), (zeros, share),
                                                                 (ends, share))])  # fmt: skip
    places = scene.lonlat(border * (scene.width, scene.height))
    if not np.isfinite(places).all():
        return Polygon([(-180, -90), (180, -90), (180, 90), (-180, 90)])
    margin = 0.01 * np.ptp(places, axis=0) + 1e-4
    (left, bottom), (right, top) = (places.min(axis=0) - margin).tolist(), (places.max(axis=0) + margin).tolist()
    return Polygon([(left, bottom), (right, bottom), (right, top), (left, top)])


def _features(document: Any, name: str) -> list[Any] | None:  # noqa: ANN401  # parsed JSON
    match document:
        case {"type": "FeatureCollection", "features": list() as features}:
            return features
        case {"type": "Feature"}:
            return [document]
        case {"type": "Polygon" | "MultiPolygon"}:
            return [{"type": "Feature", "geometry": document, "properties": {"name": name}}]
        case _:
            return None


def _transformer(path: Path, document: object, error: type[HardstandError]) -> pyproj.Transformer | None:
    match document:
        case {"crs": {"properties": {"name": str(name)}}}:
            try:
                crs = pyproj.CRS.from_user_input(name)
            except CRSError as cause:
                raise error(f"{path} names an unknown CRS {name!r}; export in WGS 84 (EPSG:4326)") from cause
            return None if crs.is_geographic else pyproj.Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)
        case _:
            return None


def _name(number: int, feature: object) -> str:
    match feature:
        case {"properties": {"name": str() | int() as name}} if str(name).strip():
            return str(name).strip()
        case {"id": str() | int() as name} if str(name).strip():
            return str(name).strip()
        case _:
            return f"site {number}"


def _area(where: str, feature: object, to_lonlat: pyproj.Transformer | None, error: type[HardstandError]) -> Area:
    match feature:
        case {"geometry": {"type": "Polygon" | "MultiPolygon"} as geometry}:
            pass
        case {"geometry": {"type": kind}}:
            raise error(f"{where} is not a polygon but {kind}; an area is needed")
        case _:
            raise error(f"{where} has no polygon; draw one or take the feature out")
    try:
        drawn = shapely.force_2d(shape(geometry))
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, shapely.errors.ShapelyError) as cause:
        raise error(f"{where} has a bad polygon: {cause}; draw it again") from cause
    if to_lonlat is not None:
        drawn = shapely.transform(drawn, partial(_project, to_lonlat))
    if not isinstance(drawn, Area):
        raise error(f"{where} has a bad polygon: it is a {drawn.geom_type}; draw it again")
    if reason := _fault(drawn):
        raise error(f"{where} {reason}")
    return drawn


def _project(transformer: pyproj.Transformer, points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack(transformer.transform(points[:, 0], points[:, 1]), axis=-1)


def _fault(area: Area) -> str | None:
    """What is wrong with an area, and what to do; None for a good one."""
    if area.is_empty:
        return "has a bad polygon: no coordinates; draw it again"
    left, bottom, right, top = area.bounds
    if not all(map(math.isfinite, area.bounds)):
        return "has a bad polygon: a coordinate is not a number; draw it again"
    if left < -180 or right > 180 or bottom < -90 or top > 90:
        return (
            f"reaches from {left:g}, {bottom:g} to {right:g}, {top:g}, which is not longitude and latitude;"
            " export the polygons in WGS 84 (EPSG:4326)"
        )
    if not area.is_valid:
        return f"has a bad polygon: {explain_validity(area)}; draw it again"
    if area.area == 0:
        return "has a bad polygon: its area is zero; draw it again"
    return None
