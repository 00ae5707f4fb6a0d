"""GeoJSON over GeoTIFF, as QGIS writes it: polygons in any coordinate system, an attribute that holds the class.

Found in one folder: GeoTIFFs, and GeoJSON files at any depth. A file named like a raster labels that raster only; all
others label every raster that they touch. The coordinate system is the file's `crs` member where it has one (QGIS
writes it), else longitude and latitude (RFC 7946). Rasters whose footprints overlap show one place and are one group.
The scale is measured on the ground.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from rasterio.errors import RasterioIOError
from shapely import union_all
from shapely.geometry import Polygon

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord
from .own import ImageIndex, OwnLabels, outline, own_record
from .records import noting, parsed

__all__ = ["is_geojson", "read"]

SQUARE = 0.05
"""Pixels whose sides on the ground differ by more than this share would turn aircraft into other aircraft."""


@dataclass(frozen=True, slots=True, eq=False)
class _Raster:
    path: Path
    crs: CRS
    to_pixels: Affine
    corners: NDArray[np.float64]
    """(4, 2) longitude and latitude."""
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Feature:
    label: str
    ring: NDArray[np.float64]
    """(N, 2) in the coordinate system of its file."""
    crs: CRS


def is_geojson(content: object) -> bool:
    """True for the content of a JSON file that is a feature collection."""
    return isinstance(content, dict) and content.get("type") == "FeatureCollection"


def read(root: Path, own: OwnLabels) -> list[ImageRecord]:
    """One record per GeoTIFF, sorted by path; a raster without features is an image without objects.

    DatasetNotFoundError without GeoTIFFs, a coordinate system or a GeoJSON file; LabelError for an unknown class, a
    geometry without area, or a file of which no feature lies on a raster that it labels.
    """
    index = ImageIndex(root)
    images = [path for path in index.paths if path.suffix.lower() in (".tif", ".tiff")]
    if not images:
        raise DatasetNotFoundError(f"no GeoTIFF below {root}: put the rasters beside the labels")
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in (".geojson", ".json"))
    layers = {path: content for path in files if is_geojson(content := parsed(path, json.loads))}
    if not layers:
        raise DatasetNotFoundError(f"no GeoJSON below {root}: save the labels as GeoJSON beside the rasters")
    rasters: list[_Raster] = []
    for path in images:
        with noting(path):
            rasters.append(_raster(path))
    found: dict[Path, list[Annotation]] = {raster.path: [] for raster in rasters}
    for path, content in layers.items():
        with noting(path):
            named = [raster for raster in rasters if raster.path.stem == path.stem]
            for image, item in _placed(path, content, named or rasters, own):
                found[image].append(item)
    groups = _groups(rasters, index)
    records: list[ImageRecord] = []
    for raster in rasters:
        with noting(raster.path):
            record = own_record(raster.path, found[raster.path], index=index, own=own)
            records.append(replace(record, group=groups[record.path]))
    return records


def _placed(
    path: Path, content: dict[str, Any], rasters: list[_Raster], own: OwnLabels
) -> list[tuple[Path, Annotation]]:
    """The features of a file on each of the rasters that they touch."""
    features = _features(path, content, own)
    placed = [(raster.path, item) for raster in rasters for item in _on(raster, features, own, path.name)]
    if features and not placed:
        raise LabelError(f"{path.name}: no feature lies on an image; check the layer's coordinate system")
    return placed


def _raster(path: Path) -> _Raster:
    try:
        with rasterio.open(path) as source:
            wkt = source.crs.to_wkt() if source.crs else None
            transform, size, kinds = source.transform, (source.width, source.height), set(source.dtypes)
    except RasterioIOError as error:
        raise DatasetNotFoundError(f"image {path} cannot be read: {error}") from error
    if wkt is None:
        raise DatasetNotFoundError(f"image {path} has no coordinate reference system, so labels cannot be placed on it")
    if kinds != {"uint8"}:
        raise DatasetNotFoundError(
            f"image {path} is {', '.join(sorted(kinds))}; training reads 8 bit: gdal_translate -ot Byte -scale"
        )
    crs = CRS.from_wkt(wkt)
    frame = _apply(transform, np.array([[0, 0], [size[0], 0], size, [0, size[1]]], dtype=np.float64))
    corners = np.stack(Transformer.from_crs(crs, 4326, always_xy=True).transform(*frame.T), axis=-1)
    if crs.is_geographic:
        squeeze = abs(transform.a / transform.e) * np.cos(np.radians(corners[:, 1].mean()))
        if abs(squeeze - 1) > SQUARE:
            raise DatasetNotFoundError(
                f"image {path} has pixels that are not square on the ground: gdalwarp it to a metric system (UTM)"
            )
    return _Raster(path, crs, ~transform, corners, size)


def _apply(transform: Affine, points: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b, c, d, e, f = transform[:6]
    with np.errstate(invalid="ignore"):  # places off the map are infinite
        return np.stack([a * points[:, 0] + b * points[:, 1] + c, d * points[:, 0] + e * points[:, 1] + f], axis=-1)


def _crs_of(path: Path, content: dict[str, Any]) -> CRS:
    named = content.get("crs")
    if not named:
        return CRS.from_user_input("OGC:CRS84")
    try:
        return CRS.from_user_input(named["properties"]["name"])
    except (CRSError, KeyError, TypeError) as error:
        raise LabelError(f"{path.name}: the coordinate system {named!r} is not known; save as EPSG:4326") from error


def _features(path: Path, content: dict[str, Any], own: OwnLabels) -> list[_Feature]:
    crs = _crs_of(path, content)
    found: list[_Feature] = []
    for number, feature in enumerate(content["features"], start=1):
        with noting(path):
            where = f"{path.name}, feature {feature.get('id', number)}"
            properties = feature.get("properties") or {}
            label = properties.get(own.attribute)
            if label is None:
                has = ", ".join(sorted(properties)) or "none"
                raise LabelError(f"{where} has no attribute {own.attribute!r} (it has {has}): name it with --attribute")
            if own.meaning(str(label), where).flag != "-":
                found.append(_Feature(str(label), _ring(feature.get("geometry") or {}, where), crs))
    return found


def _ring(geometry: dict[str, Any], where: str) -> NDArray[np.float64]:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "MultiPolygon" and isinstance(coordinates, list) and len(coordinates) == 1:
        kind, coordinates = "Polygon", coordinates[0]
    if kind != "Polygon" or not coordinates:
        raise LabelError(f"{where} is a {kind or 'feature without geometry'}: draw one polygon per object")
    ring = np.array([point[:2] for point in coordinates[0]], dtype=np.float64)
    if len(ring) < 4:
        raise LabelError(f"{where} has {len(ring)} points: a polygon has at least three and closes")
    return ring[:-1] if (ring[0] == ring[-1]).all() else ring


def _on(raster: _Raster, features: list[_Feature], own: OwnLabels, where: str) -> Iterator[Annotation]:
    transformers: dict[CRS, Transformer] = {}
    for feature in features:
        if feature.crs not in transformers:
            transformers[feature.crs] = Transformer.from_crs(feature.crs, raster.crs, always_xy=True)
        points = _apply(raster.to_pixels, np.stack(transformers[feature.crs].transform(*feature.ring.T), axis=-1))
        if np.isfinite(points).all() and (points.max(axis=0) > 0).all() and (points.min(axis=0) < raster.size).all():
            yield from own.drawn(feature.label, where, partial(outline, points=points))


def _groups(rasters: list[_Raster], index: ImageIndex) -> dict[Path, str]:
    """The name of the first raster of each connected patch of footprints, for every raster."""
    footprints = [Polygon(raster.corners) for raster in rasters]
    patches = list(getattr(joined := union_all(footprints), "geoms", [joined]))
    names: dict[int, str] = {}
    groups: dict[Path, str] = {}
    for raster, footprint in zip(rasters, footprints, strict=True):
        patch = next(number for number, each in enumerate(patches) if each.intersects(footprint.representative_point()))
        groups[raster.path] = names.setdefault(patch, index.group(raster.path))
    return groups
