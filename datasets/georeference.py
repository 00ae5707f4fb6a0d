"""Where an image lies on the ground: its scale, and the pixels of longitudes and latitudes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from ..detector.errors import DatasetNotFoundError
from ..detector.quiet import without_warning

__all__ = ["Georeference", "georeference_of"]


@dataclass(frozen=True, slots=True)
class Georeference:
    """Width and height in pixels, the transform from pixels to the reference system, and that system as WKT."""

    width: int
    height: int
    transform: Affine
    crs: str

    @property
    def gsd(self) -> float:
        """Metres per pixel on the ground at the centre: geometric mean of both axes, along the WGS84 ellipsoid."""
        columns = np.array([0, 1, 0]) + self.width / 2
        rows = np.array([0, 0, 1]) + self.height / 2
        x, y = _apply(self.transform, columns, rows)
        lon, lat = Transformer.from_crs(self.crs, 4326, always_xy=True).transform(x, y)
        metres = Geod(ellps="WGS84").inv([lon[0]] * 2, [lat[0]] * 2, lon[1:], lat[1:])[2]
        return float(np.sqrt(np.prod(metres)))

    def pixels_of(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 2) x, y in pixels of (N, 2) longitudes and latitudes, WGS84 degrees."""
        x, y = Transformer.from_crs(4326, self.crs, always_xy=True).transform(lonlat[:, 0], lonlat[:, 1])
        return np.stack(_apply(~self.transform, np.asarray(x), np.asarray(y)), axis=1)


def _apply(
    transform: Affine, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f


def georeference_of(path: Path) -> Georeference:
    """Where a raster lies; DatasetNotFoundError where it cannot be read or has no coordinate reference system."""
    try:
        with without_warning(NotGeoreferencedWarning):
            source = rasterio.open(path)
    except RasterioIOError as error:
        raise DatasetNotFoundError(f"image {path} cannot be read: {error}") from error
    with source:
        if source.crs is None:
            raise DatasetNotFoundError(
                f"image {path} has no coordinate reference system: unpack the {path.name}.aux.xml that came with it"
            )
        return Georeference(source.width, source.height, source.transform, source.crs.to_wkt())
