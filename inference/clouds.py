"""Clouds: where a cloud mask, a raster or polygons, hides a scene."""

from contextlib import ExitStack
from pathlib import Path
from queue import LifoQueue

import numpy as np
import rasterio
import shapely
from affine import Affine
from pyproj import CRS
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.features import rasterize
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from ..detector.errors import CloudMaskError, MissingFileError, NoCrsError
from ..detector.quiet import without_warning
from .files import is_remote
from .georeference import SceneInfo, ground_gsd
from .pixels import Hidden, Mask
from .polygons import on_scene, read_polygons
from .sites import placed


def open_clouds(path: str, scene: SceneInfo, *, handles: int, resources: ExitStack) -> Hidden:
    """The clouds that a mask shows over a scene; what it keeps open, `handles` of each, is closed by `resources`.

    A mask is GeoJSON polygons of clouds (`.geojson` or `.json`; an empty collection is a clear sky), or a raster in any
    reference system and resolution of which band 1 is not zero where there is cloud. Outside of the raster, and where
    that is no-data, there is none. A raster without a reference system covers the scene from edge to edge.

    Raises MissingFileError; CloudMaskError for a file that is neither, or a raster that does not touch the scene; and
    NoCrsError where the mask has a place on the map and the scene has none.
    """
    of = f"cloud mask of {scene.path or scene.name}"
    if not is_remote(path) and not Path(path).exists():
        raise MissingFileError(
            f"no {of} at {path}; --clouds names a mask for every scene, an empty GeoJSON collection for a clear one"
        )
    try:
        if Path(path).suffix.lower() in (".geojson", ".json"):
            return _drawn(Path(path), scene)
        with without_warning(NotGeoreferencedWarning):
            masks = [_laid(path, scene, resources) for _ in range(handles)]
    except RasterioError as error:
        raise CloudMaskError(f"{path}, {of}: not a raster that can be opened: {error}") from error
    return _sampled(masks, scene)


def _drawn(path: Path, scene: SceneInfo) -> Hidden:
    """Clouds as polygons: a pixel is clouded where its centre lies in one."""
    _check_placed(str(path), scene)
    shapes = [on_scene(scene, area) for _, area in read_polygons(path, CloudMaskError)]
    tree = shapely.STRtree([part for area in shapes for part in shapely.get_parts(area).tolist()])

    def clouded(window: Window, width: int, height: int) -> Mask:
        frame = shapely.box(
            window.col_off, window.row_off, window.col_off + window.width, window.row_off + window.height
        )
        near = tree.geometries.take(tree.query(frame, predicate="intersects")).tolist()
        if not near:
            return np.zeros((height, width), dtype=np.bool_)
        place = Affine(window.width / width, 0, window.col_off, 0, window.height / height, window.row_off)
        with without_warning(NotGeoreferencedWarning):
            burnt = rasterize(near, out_shape=(height, width), transform=place, dtype="uint8")
        return np.asarray(burnt, dtype=np.bool_)

    return clouded


def _laid(path: str, scene: SceneInfo, resources: ExitStack) -> DatasetReader | WarpedVRT:
    """The mask warped to cover the scene from edge to edge, no finer than it is itself; NaN beyond its own edge.

    Not 0 there: GDAL 3.12 writes 1 for what is 0 in the mask where 0 also says that nothing is there.
    """
    mask = resources.enter_context(rasterio.open(path, sharing=False))
    if not mask.crs:
        return mask
    _check_placed(path, scene)
    crs = scene.crs_wkt
    _check_touching(path, mask, scene)
    finest = min(ground_gsd(mask.transform, CRS.from_wkt(mask.crs.to_wkt()), width=mask.width, height=mask.height))
    own = min(ground_gsd(scene.transform, CRS.from_wkt(str(crs)), width=scene.width, height=scene.height))
    coarser = max(1.0, finest / own)
    width, height = max(1, round(scene.width / coarser)), max(1, round(scene.height / coarser))
    place = _stretched(scene.transform, scene.width / width, scene.height / height)
    return resources.enter_context(
        WarpedVRT(mask, crs=crs, transform=place, width=width, height=height, dtype="float32", nodata=float("nan"))
    )


def _stretched(place: Affine, x: float, y: float) -> Affine:
    """The frame of pixels x times as wide and y times as high."""
    return Affine(place.a * x, place.b * y, place.c, place.d * x, place.e * y, place.f)


def _check_placed(path: str, scene: SceneInfo) -> None:
    if not placed(scene):
        raise NoCrsError(
            f"{scene.path or scene.name}: no place on the map, so its cloud mask {path} cannot be laid over it;"
            " give a raster without a reference system, which covers the scene from edge to edge"
        )


def _check_touching(path: str, mask: DatasetReader, scene: SceneInfo) -> None:
    corners = scene.to_map([[0, 0], [scene.width, 0], [scene.width, scene.height], [0, scene.height]])
    left, bottom, right, top = transform_bounds(mask.crs, scene.crs_wkt, *mask.bounds)
    low, high = corners.min(axis=0), corners.max(axis=0)
    if left >= high[0] or right <= low[0] or bottom >= high[1] or top <= low[1]:
        raise CloudMaskError(f"{path}, cloud mask of {scene.path or scene.name}: does not touch that scene")


def _sampled(masks: list[DatasetReader | WarpedVRT], scene: SceneInfo) -> Hidden:
    """Clouds as a raster that covers the scene from edge to edge: the mask's pixel under each centre."""
    idle: LifoQueue[DatasetReader | WarpedVRT] = LifoQueue()
    for mask in masks:
        idle.put(mask)
    columns, rows = masks[0].width, masks[0].height
    x, y = columns / scene.width, rows / scene.height

    def clouded(window: Window, width: int, height: int) -> Mask:
        left, top = window.col_off * x, window.row_off * y
        right, bottom = min(left + window.width * x, columns), min(top + window.height * y, rows)
        under = Window.from_slices((top, bottom), (left, right))
        mask = idle.get()
        try:
            with rasterio.Env():  # GDAL's messages of this thread go to its exceptions, not to stderr
                values = mask.read(1, window=under, out_shape=(height, width), resampling=Resampling.nearest)
        finally:
            idle.put(mask)
        return np.asarray(np.nan_to_num(values) != 0, dtype=np.bool_)

    return clouded
