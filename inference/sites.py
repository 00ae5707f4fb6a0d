"""Sites: named polygons on the map, read from GeoJSON."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from ..detector.errors import MissingFileError, SiteFileError
from .georeference import SceneInfo
from .polygons import Area, read_polygons, split_edges


@dataclass(frozen=True, slots=True)
class Site:
    """A place to count at: a valid polygon with an area, or a whole scene."""

    name: str
    """What tables call it; unique within a file."""
    polygon: Area | None
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
        parts = shapely.get_parts(split_edges(self.polygon))
        return tuple(shapely.get_coordinates(ring) for part in parts for ring in (part.exterior, *part.interiors))


def read_sites(path: Path) -> tuple[Site, ...]:
    """The sites of a GeoJSON file, in file order: one or more polygons as `read_polygons` takes them.

    Raises MissingFileError, or SiteFileError naming the feature and what is wrong with it.
    """
    if not path.is_file():
        raise MissingFileError(f"no site file at {path}; sites are given as a GeoJSON file of polygons")
    sites = tuple(Site(name, area) for name, area in read_polygons(path, SiteFileError))
    if not sites:
        raise SiteFileError(f"{path} has no features; a site file needs at least one polygon")
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
