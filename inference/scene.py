"""A scene: one raster with a place and a time, read window by window at a network's ground sampling distance."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from fractions import Fraction
from itertools import pairwise
from math import ceil, isfinite, sqrt
from pathlib import Path
from queue import LifoQueue
from types import TracebackType
from typing import Any, Self

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.windows import Window

from ..detector.detector import COARSEST
from ..detector.errors import (
    EmptySceneError,
    MissingFileError,
    NoCrsError,
    NoGsdError,
    NotARasterError,
    TileReadError,
    TooCoarseError,
)
from ..detector.quiet import without_warning
from .acquisition import acquisition_time
from .blocks import LEAST_CACHE_BYTES, BlockSize, cache_limit
from .clouds import open_clouds
from .files import is_remote
from .georeference import SceneInfo, ground_gsd
from .jpeg import MOST_RATIO, JpegBlocks, span
from .pixels import BLANK, Hidden, Mask, Pixels, Rendering, plan_rendering, render
from .tiles import Tile

SAME_GSD = 0.0105
"""A scene is brought to the network's ground sampling distance as closely as this, relatively; where it is as close, it
is taken as it is."""
_STEP_PX = 50  # of a grid: at most so many pixels on, scene pixels are whole again; at worst, beside 1 / 2, 1.03 % off
_PREVIEW_STEP = 32  # pixels of a preview are so many parts of scene pixels
_CHUNK_PX = 512  # of a cloud mask, looked at for the points that lie in it
_MOST_HANDLES, _REMOTE_HANDLES = 8, 4
_PIECE_PX = 128  # sides of the pieces of a preview that are read one by one where not all can be read


@dataclass(frozen=True, slots=True)
class Grid:
    """A scene as a network sees it: resampled to square pixels on the ground, in the scene's own frame.

    Attributes:
        width, height: in grid pixels; what is left of the scene on the right and below is less than one.
        ratio_x, ratio_y: scene pixels per grid pixel; grid (x, y) is scene (x * ratio_x, y * ratio_y).
        gsd: metres per grid pixel. Off the network's by SAME_GSD at most.
    """

    width: int
    height: int
    ratio_x: Fraction
    ratio_y: Fraction
    gsd: float

    @property
    def scale_x(self) -> float:
        """`ratio_x` in floating point."""
        return float(self.ratio_x)

    @property
    def scale_y(self) -> float:
        """`ratio_y` in floating point."""
        return float(self.ratio_y)


class Scene:
    """An open raster; made by `open_scene` and `array_scene`, closed by `close` or a `with` block.

    Windows can be read from several threads at once; `handles` says from how many. `files` names what GDAL reads: the
    raster, and masks, overviews and tags beside it.
    """

    def __init__(
        self,
        info: SceneInfo,
        rendering: Rendering,
        datasets: Sequence[DatasetReader],
        resources: ExitStack,
        *,
        clouds: Hidden | None = None,
        files: tuple[str, ...] = (),
    ) -> None:
        """Take over open handles of the same raster, what `close` closes, what hides the scene, and its files."""
        self.info = info
        self.handles = len(datasets)
        self.files = files
        self._blocks = BlockSize.of(datasets[0])
        self._rendering = rendering
        self._stored: dict[int, JpegBlocks | None] = {1: None}
        if rendering.takes_all_bands(datasets[0].count):
            self._stored = {**JpegBlocks.levels(datasets[0])}
        base = self._stored[1] if len(self._stored) == 1 else None
        self._for_pictures = self._stored if base is None else {**self._stored, **base.smaller()}
        self._clouds = clouds
        self._resources = resources
        self._idle: LifoQueue[DatasetReader] = LifoQueue()
        for dataset in datasets:
            self._idle.put(dataset)

    def __enter__(self) -> Self:
        """The scene itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the scene."""
        self.close()

    @property
    def has_clouds(self) -> bool:
        """True where a cloud mask lies over the scene."""
        return self._clouds is not None

    def close(self) -> None:
        """Close the raster; reading is over."""
        self._resources.close()

    def grid(self, gsd: float) -> Grid:
        """The scene's grid at `gsd` metres per pixel.

        Raises TooCoarseError where the scene is more than COARSEST times coarser.
        """
        info = self.info
        coarse = max(info.gsd_x, info.gsd_y)
        if coarse > COARSEST * gsd:
            raise TooCoarseError(
                f"{info.path or info.name}: {coarse:.2f} m per pixel is too coarse for a network of {gsd:g} m; "
                f"at most {COARSEST * gsd:g} m. Use finer imagery, or a network for coarser imagery"
            )
        across, down = (Fraction(gsd / own).limit_denominator(_STEP_PX) for own in (info.gsd_x, info.gsd_y))
        return self._resampled(across, down)

    def read(self, grid: Grid, tile: Tile) -> tuple[Pixels, Mask]:
        """Colours (height, width, 3) and the mask (height, width) of valid pixels in a tile's window of the grid.

        A grid pixel has the same values in every window of 100 pixels or more across (GDAL does not resample a window
        whose size rounds to that of the result). Pixels that are not valid are grey (`pixels.BLANK`), but for those
        under a cloud mask, which may hide half of an object that is there: they are seen, and not valid.

        Raises TileReadError where the raster, or its cloud mask, cannot be read there.
        """
        left, top = tile.left * grid.scale_x, tile.top * grid.scale_y
        right = min(tile.right * grid.scale_x, self.info.width)
        bottom = min(tile.bottom * grid.scale_y, self.info.height)
        window = Window.from_slices((top, bottom), (left, right))
        with self._read_errors(left, top, right, bottom):
            with self._handle() as dataset:
                known = self._from_blocks(dataset, grid, tile)
                colours, valid = render(
                    dataset, self._rendering, window, width=tile.width, height=tile.height, colours=known
                )
            if self._clouds is not None:
                valid &= ~self._clouds(window, tile.width, tile.height)
        return colours, valid

    def clouded(self, points: ArrayLike) -> Mask:
        """Which scene pixels (N, 2; x, y), all inside the scene, the cloud mask covers; none without a mask.

        Raises TileReadError where the cloud mask cannot be read.
        """
        places = np.asarray(points, dtype=np.float64).reshape(-1, 2).astype(np.int64)
        covered = np.zeros(len(places), dtype=np.bool_)
        if self._clouds is None or not len(places):
            return covered
        chunks = places // _CHUNK_PX
        for column, row in np.unique(chunks, axis=0).tolist():
            left, top = column * _CHUNK_PX, row * _CHUNK_PX
            right, bottom = min(left + _CHUNK_PX, self.info.width), min(top + _CHUNK_PX, self.info.height)
            with self._read_errors(left, top, right, bottom):
                mask = self._clouds(Window.from_slices((top, bottom), (left, right)), right - left, bottom - top)
            here = (chunks == (column, row)).all(axis=1)
            covered[here] = mask[places[here, 1] - top, places[here, 0] - left]
        return covered

    @contextmanager
    def _read_errors(self, left: float, top: float, right: float, bottom: float) -> Iterator[None]:
        """GDAL's errors as TileReadError that names the window, in scene pixels."""
        try:
            yield
        except RasterioError as error:
            raise TileReadError(
                f"{self.info.path or self.info.name}: columns {left:.0f} to {right:.0f}, rows {top:.0f} to "
                f"{bottom:.0f} cannot be read: {error.__cause__ or error}"
            ) from error

    @contextmanager
    def block_cache(self, grid: Grid, tiles: Sequence[Tile]) -> Iterator[None]:
        """A block in which GDAL holds as many decoded parts of rasters as reading these tiles in order takes.

        For all threads of the process; else it would hold a twentieth of the machine's memory. That is little for a
        tiled raster of any size, and a row of tiles for one that is stored in rows.
        """
        width = max((tile.width for tile in tiles), default=0) * grid.scale_x
        height = max((tile.height for tile in tiles), default=0) * grid.scale_y
        needed_bytes = self.handles * self._blocks.bytes_under(width, height)
        kept_bytes = self._blocks.kept_bytes(needed_bytes)
        if len({(tile.width, tile.height) for tile in tiles}) > 1:  # size by size, and each comes to the same blocks
            kept_bytes = max(needed_bytes, LEAST_CACHE_BYTES)
        for stored in self._stored.values():
            if stored is not None:
                stored.keep_bytes = kept_bytes
        with cache_limit(needed_bytes):
            yield

    def preview(self, longest_px: int) -> tuple[Pixels, Mask]:
        """The whole scene much as `read` gives it, scaled down to at most `longest_px` pixels on its longer side.

        Pixels are square on the ground, but for some hundredths. Parts that cannot be read are not valid.
        """
        width, height = self.info.width * self.info.gsd_x, self.info.height * self.info.gsd_y
        gsd = max(max(width, height) / longest_px, self.info.gsd_x, self.info.gsd_y)
        small = self._resampled(_at_least(gsd / self.info.gsd_x), _at_least(gsd / self.info.gsd_y))
        colours = np.full((small.height, small.width, 3), BLANK, dtype=np.uint8)
        valid = np.zeros((small.height, small.width), dtype=np.bool_)
        across, down = self._blocks.parts()
        with cache_limit(self._blocks.bytes_under(self.info.width / across, self.info.height / down)):
            for part in _pieces((0, 0, small.width, small.height), across, down):
                place = slice(part.top, part.bottom), slice(part.left, part.right)
                try:
                    colours[place], valid[place] = self.read(small, part)
                except TileReadError:
                    self._read_what_can_be(small, part, colours, valid)
        return colours, valid

    def _read_what_can_be(self, grid: Grid, part: Tile, colours: Pixels, valid: Mask) -> None:
        """Read a part of the grid piece by piece into the pictures of the whole; leave what cannot be read."""
        frame = (part.left, part.top, part.right, part.bottom)
        for piece in _pieces(frame, ceil(part.width / _PIECE_PX), ceil(part.height / _PIECE_PX)):
            place = slice(piece.top, piece.bottom), slice(piece.left, piece.right)
            with suppress(TileReadError):
                colours[place], valid[place] = self.read(grid, piece)

    def _resampled(self, ratio_x: Fraction, ratio_y: Fraction) -> Grid:
        info = self.info
        width, height = max(1, int(info.width / ratio_x)), max(1, int(info.height / ratio_y))
        return Grid(width, height, ratio_x, ratio_y, sqrt(info.gsd_x * ratio_x * info.gsd_y * ratio_y))

    def _from_blocks(self, dataset: DatasetReader, grid: Grid, tile: Tile) -> Pixels | None:
        """A tile's colours, where the raster's own blocks can be read and its values are what is seen; else None."""
        least = max(1.0, min(grid.scale_x, grid.scale_y))
        levels = self._stored if least <= MOST_RATIO else self._for_pictures
        factor = max(factor for factor in levels if factor <= least)  # the coarsest that has all the detail
        blocks, ratio_x, ratio_y = levels[factor], grid.ratio_x / factor, grid.ratio_y / factor
        if blocks is None or min(ratio_x, ratio_y) < 1 < max(ratio_x, ratio_y) or max(ratio_x, ratio_y) > MOST_RATIO:
            return None
        if self._rendering.masked and not grid.ratio_x == grid.ratio_y == 1:
            return None  # what is not valid would take part
        columns = span(ratio_x, tile.left, tile.right)
        rows = span(ratio_y, tile.top, tile.bottom)
        return blocks.window(dataset, columns, rows, width=tile.width, height=tile.height)

    @contextmanager
    def _handle(self) -> Iterator[DatasetReader]:
        dataset = self._idle.get()
        try:
            with rasterio.Env():  # GDAL's messages of this thread go to its exceptions, not to stderr
                yield dataset
        finally:
            self._idle.put(dataset)


def _at_least(ratio: float) -> Fraction:
    """A fraction that is not smaller, and a thirty-second larger at most, whose denominator is small."""
    return Fraction(ceil(ratio * _PREVIEW_STEP), _PREVIEW_STEP)


def _pieces(frame: tuple[int, int, int, int], across: int, down: int) -> Iterator[Tile]:
    """A frame (left, top, right, bottom) in columns and rows, of a pixel at least; row by row."""
    left, top, right, bottom = frame
    columns = np.unique(np.linspace(left, right, across + 1).round().astype(int)).tolist()
    rows = np.unique(np.linspace(top, bottom, down + 1).round().astype(int)).tolist()
    for y0, y1 in pairwise(rows):
        for x0, x1 in pairwise(columns):
            yield Tile(x0, y0, x1, y1, x0, y0, x1, y1, 0)


def open_scene(
    path: str | os.PathLike[str],
    *,
    gsd: float | None = None,
    bands: Sequence[int] | None = None,
    date: date | None = None,
    clouds: str | os.PathLike[str] | None = None,
    handles: int | None = None,
) -> Scene:
    """The scene in a file, or at an address that GDAL opens (`/vsi...`, `https://`, `s3://`).

    `gsd`, in metres per pixel, overrides what the georeference says and is needed where there is none. `bands`, one or
    three from 1, are shown as red, green and blue. `date` overrides the time that tags or name state. `clouds` is a
    cloud mask, a raster or polygons as `open_clouds` takes them; what it covers is not valid. `handles` is how many
    threads can read at once; by default half of the processors, and at least two, for a file, more for an address,
    whose answers take their time. Each handle decodes for itself: more than the processors need are a loss.

    Raises:
        MissingFileError, NotARasterError, EmptySceneError (no pixels, or nothing valid), NoGsdError, NoCrsError (a
        place on the map but no reference system, and no `gsd`), BandError, CloudMaskError.
    """
    name = os.fspath(path)
    if not is_remote(name):
        file = Path(name)
        if not file.exists():
            raise MissingFileError(f"{name}: no such file")
        if file.is_file() and file.stat().st_size == 0:
            raise EmptySceneError(f"{name}: the file is empty (0 bytes)")
    handles = handles or _enough_handles(name)
    with ExitStack() as resources:
        datasets = _open(name, handles, resources)
        with cache_limit(BlockSize.of(datasets[0]).bytes_under(datasets[0].width, 64)):
            info = _describe(datasets[0], Path(name).stem, path=name, gsd=gsd, date=date)
            hidden = None
            if clouds is not None:
                hidden = open_clouds(os.fspath(clouds), info, handles=handles, resources=resources)
            rendering = plan_rendering(datasets[0], bands, hidden)
        info = replace(info, bands=rendering.bands, stretch=rendering.stretch)
        files = (*datasets[0].files, *(() if clouds is None else (os.fspath(clouds),)))
        return Scene(info, rendering, datasets, resources.pop_all(), clouds=hidden, files=files)


def _enough_handles(name: str) -> int:
    """How many threads read a scene ahead of a network that has the rest of the machine.

    Two at least: a coarse look reads a scene whole and computes little, so one falls behind.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(_REMOTE_HANDLES if is_remote(name) else 2, min(_MOST_HANDLES, processors // 2))


def array_scene(
    pixels: NDArray[Any],
    *,
    gsd: float | None = None,
    transform: Affine | None = None,
    crs: str | None = None,
    name: str = "array",
    date: date | None = None,
) -> Scene:
    """The scene in an array (height, width) or (height, width, bands); the first three bands are red, green, blue.

    8 bit is taken as it is, other numbers are stretched; NaN is no-data. `gsd` in metres per pixel, or `transform` and
    `crs` (anything that pyproj reads), say how large it is. The pixels are copied.

    Raises EmptySceneError for no pixels or nothing valid, NoGsdError, NoCrsError, and ValueError for another shape.
    """
    if pixels.ndim not in (2, 3):
        raise ValueError(f"an image has shape {pixels.shape}, expected (height, width) or (height, width, bands)")
    if 0 in pixels.shape:
        raise EmptySceneError(f"{name}: an image of {pixels.shape[1]} x {pixels.shape[0]} px has nothing to see")
    layers = np.atleast_3d(pixels).transpose(2, 0, 1)
    profile: dict[str, Any] = {"tiled": True, "blockxsize": 512, "blockysize": 512, "BIGTIFF": "IF_SAFER"}
    profile.update(count=layers.shape[0], height=layers.shape[1], width=layers.shape[2], dtype=layers.dtype)
    if transform is not None:
        profile["transform"] = transform
    if crs is not None:
        profile["crs"] = CRS.from_user_input(crs).to_wkt()
    with ExitStack() as resources:
        memory = resources.enter_context(MemoryFile())
        with (
            without_warning(NotGeoreferencedWarning),
            memory.open(driver="GTiff", photometric="MINISBLACK", **profile) as target,
        ):
            target.write(layers)
        datasets = _open(memory.name, 2, resources)
        rendering = plan_rendering(datasets[0])
        info = _describe(datasets[0], name, path=None, gsd=gsd, date=date)
        info = replace(info, bands=rendering.bands, stretch=rendering.stretch)
        return Scene(info, rendering, datasets, resources.pop_all())


def _describe(
    dataset: DatasetReader,
    name: str,
    *,
    path: str | None,
    gsd: float | None,
    date: date | None,
) -> SceneInfo:
    """What is known of a raster before its bands are looked at."""
    if dataset.width < 1 or dataset.height < 1 or dataset.count < 1:
        raise EmptySceneError(f"{path or name}: {dataset.width} x {dataset.height} px in {dataset.count} bands")
    gsd_x, gsd_y = _find_gsd(dataset, path or name, gsd)
    tags = dataset.tags() | dataset.tags(ns="IMAGERY")
    return SceneInfo(
        name=name,
        path=path,
        time=acquisition_time(name, tags) if date is None else _moment(date),
        crs_wkt=dataset.crs.to_wkt() if dataset.crs else None,
        transform=dataset.transform,
        width=dataset.width,
        height=dataset.height,
        gsd_x=gsd_x,
        gsd_y=gsd_y,
        bands=(),  # these two once it is known what hides the scene
        stretch=None,
    )


def _find_gsd(dataset: DatasetReader, name: str, gsd: float | None) -> tuple[float, float]:
    if gsd is not None:
        if not (isfinite(gsd) and gsd > 0):
            raise NoGsdError(f"{name}: a ground sampling distance of {gsd} was given; give metres per pixel above 0")
        return gsd, gsd
    if dataset.transform == Affine.identity():
        hint = " (it has control points or RPCs: warp it with gdalwarp)" if dataset.gcps[0] or dataset.rpcs else ""
        raise NoGsdError(f"{name}: no place on the map, so its size on the ground is unknown{hint}; give --gsd METRES")
    if not dataset.crs:
        raise NoCrsError(
            f"{name}: a place on the map but no coordinate reference system; "
            "assign one (gdal_edit.py -a_srs EPSG:...) or give --gsd METRES"
        )
    crs = CRS.from_wkt(dataset.crs.to_wkt())
    return ground_gsd(dataset.transform, crs, width=dataset.width, height=dataset.height)


def _open(name: str, handles: int, resources: ExitStack) -> list[DatasetReader]:
    """Handles of the same raster. Opened here and not in the threads: warning filters belong to the whole process."""
    try:
        with without_warning(NotGeoreferencedWarning):
            return [resources.enter_context(rasterio.open(name, sharing=False)) for _ in range(handles)]
    except RasterioError as error:
        raise NotARasterError(f"{name}: not a raster that can be opened: {error}") from error


def _moment(day: date) -> datetime:
    """A date as midnight in UTC, a time as that time in UTC."""
    if isinstance(day, datetime):
        return day.replace(tzinfo=UTC) if day.tzinfo is None else day.astimezone(UTC)
    return datetime.combine(day, time(), UTC)
