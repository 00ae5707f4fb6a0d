"""Where a scene lies: its frame on the map, its ground sampling distance, and the ways between pixels and degrees."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

from ..detector.errors import NoCrsError

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SceneInfo:
    """What is known of a scene besides its pixels.

    Attributes:
        name: the file name without its ending, or the name an array was given.
        path: what was opened; None for an array.
        time: when it was taken, in UTC; None where nothing states it.
        crs_wkt: the coordinate reference system of the map; None without one.
        transform: from scene pixels (x, y; pixel corners are whole numbers) to map coordinates; the identity for a
            scene without georeference.
        width, height: in scene pixels.
        gsd_x, gsd_y: metres on the ground per scene pixel along its columns and its rows, at the scene's centre.
        bands: the bands that are shown as red, green and blue, from 1.
        stretch: (low, high) per shown channel that became 0 and 255; None where 8 bit was taken as it is.
    """

    name: str
    path: str | None
    time: datetime | None
    crs_wkt: str | None
    transform: Affine
    width: int
    height: int
    gsd_x: float
    gsd_y: float
    bands: tuple[int, ...]
    stretch: tuple[tuple[float, float], ...] | None

    def to_map(self, points: ArrayLike) -> Points:
        """Map coordinates (..., 2; easting, northing or longitude, latitude) of scene pixels (..., 2; x, y)."""
        return _apply(self.transform, points)

    def lonlat(self, points: ArrayLike) -> Points:
        """Longitude and latitude (WGS 84) of scene pixels (..., 2); not finite where the map has none.

        Raises NoCrsError for a scene without a coordinate reference system.
        """
        return _project(Transformer.from_crs(self._crs(), "OGC:CRS84", always_xy=True), self.to_map(points))

    def pixels(self, lonlat: ArrayLike) -> Points:
        """Scene pixels (..., 2) of longitude and latitude (..., 2), outside the frame too; not finite where none are.

        Raises NoCrsError for a scene without a coordinate reference system.
        """
        return _apply(~self.transform, _project(Transformer.from_crs("OGC:CRS84", self._crs(), always_xy=True), lonlat))

    def _crs(self) -> CRS:
        if self.crs_wkt is None:
            raise NoCrsError(f"{self.path or self.name}: no coordinate reference system, so no place on the map")
        return CRS.from_wkt(self.crs_wkt)


def ground_gsd(transform: Affine, crs: CRS, *, width: int, height: int) -> tuple[float, float]:
    """Metres on the ground per pixel along columns and along rows, at the centre of a scene.

    Measured on the ellipsoid between the middles of the centre pixel's edges, so it holds in degrees, in web Mercator
    (where a map metre is not a ground metre) and for rotated scenes. A local system without an ellipsoid gives its own
    unit in metres.

    Raises NoCrsError where the centre has no place on the ellipsoid.
    """
    x, y = width / 2, height / 2
    ends = _apply(transform, [[x - 0.5, y], [x + 0.5, y], [x, y - 0.5], [x, y + 0.5]])
    if crs.geodetic_crs is None:
        metres = [axis.unit_conversion_factor for axis in crs.axis_info[:2]] or [1.0, 1.0]
        across, down = np.hypot(*((ends[1::2] - ends[::2]) * metres).T)
        return float(across), float(down)
    places = _project(Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True), ends)
    if not np.isfinite(places).all():
        raise NoCrsError(f"the centre of the scene, {ends.mean(axis=0).tolist()}, is no place in {crs.name}")
    geod = crs.get_geod()
    if geod is None:  # for the type checker: a geodetic system has an ellipsoid
        raise NoCrsError(f"{crs.name} has no ellipsoid")
    _, _, (across, down) = geod.inv(places[::2, 0], places[::2, 1], places[1::2, 0], places[1::2, 1])
    return float(across), float(down)


def _apply(transform: Affine, points: ArrayLike) -> Points:
    places = np.asarray(points, dtype=np.float64)
    x, y = places[..., 0], places[..., 1]
    a, b, c, d, e, f = tuple(transform)[:6]
    with np.errstate(invalid="ignore"):  # inf, a point without a place, may become nan
        return np.stack([a * x + b * y + c, d * x + e * y + f], axis=-1)


def _project(transformer: Transformer, points: ArrayLike) -> Points:
    places = np.asarray(points, dtype=np.float64)
    return np.stack(transformer.transform(places[..., 0], places[..., 1]), axis=-1)
