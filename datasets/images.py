"""Image files in and out: sizes without decoding, RGB pixels, JPEG."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from ..detector.errors import DatasetNotFoundError
from ..detector.opencv import cv2
from ..detector.quiet import without_warning

__all__ = [
    "image_size",
    "labelled_folders",
    "list_images",
    "read_bgr",
    "read_rgb",
    "read_scaled",
    "write_bgr",
    "write_jpeg",
]

READ_AS = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
JPEG_START, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
JPEG_TAIL = 65536
"""Bytes in which the end marker is looked for: it is never part of the coded pixels, but programs append their own."""
SAME_SCALE = 0.01
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")


def list_images(folder: Path) -> list[Path]:
    """Image files directly in `folder`, sorted by name; DatasetNotFoundError where there are none.

    Names starting with a dot are skipped (file managers leave them in archives).
    """
    found = sorted(p for p in folder.glob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not found:
        raise DatasetNotFoundError(f"no images in {folder}: give the folder that the data set was unpacked to")
    return found


def labelled_folders(root: Path, labels: Sequence[str], *, images: str = "images") -> list[tuple[Path, Path]]:
    """Every folder called `images` in or below `root` with the folder beside it that has one of the names `labels`.

    In the order of their paths; the first of the names that is there is taken. Folders of images without labels (those
    of test splits) are left out. DatasetNotFoundError where nothing is found.
    """
    found = []
    for folder in sorted(path for path in root.rglob(images) if path.is_dir()):
        beside = [folder.with_name(name) for name in labels if folder.with_name(name).is_dir()]
        found += [(folder, beside[0])] if beside else []
    if not found:
        raise DatasetNotFoundError(f"no folder {images} beside {' or '.join(labels)} in {root}: give the set's folder")
    return found


def image_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels from the file's header; DatasetNotFoundError where it cannot be read."""
    try:
        with without_warning(NotGeoreferencedWarning), rasterio.open(path) as source:
            return int(source.width), int(source.height)
    except RasterioIOError as error:
        raise DatasetNotFoundError(f"image {path} cannot be read: {error}") from error


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Pixels of an image file, uint8 (height, width, 3) RGB; grey is repeated, alpha dropped.

    DatasetNotFoundError where the file cannot be read.
    """
    return np.asarray(cv2.cvtColor(read_bgr(path), cv2.COLOR_BGR2RGB), dtype=np.uint8)


def read_scaled(path: Path, factor: float) -> NDArray[np.uint8]:
    """As `read_rgb`, enlarged or made smaller by a factor; as it is where that is within a hundredth of 1."""
    pixels = read_rgb(path)
    if abs(factor - 1) <= SAME_SCALE:
        return pixels
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=how), dtype=np.uint8)


def read_bgr(path: Path) -> NDArray[np.uint8]:
    """The same in the order blue, green, red, as the codecs have it: nothing is rearranged.

    DatasetNotFoundError where the file cannot be read, is cut short (codecs fill the rest with grey without a word),
    or has more than 8 bit.
    """
    _check_whole(path)
    pixels = cv2.imread(str(path), READ_AS)
    if pixels is None:
        raise DatasetNotFoundError(f"image {path} cannot be read: it is damaged, or no image")
    if pixels.dtype != np.uint8:
        raise DatasetNotFoundError(f"image {path} is {pixels.dtype}; 8 bit are read: gdal_translate -ot Byte -scale")
    return np.asarray(pixels, dtype=np.uint8)


def _check_whole(path: Path) -> None:
    try:
        with path.open("rb") as stream:
            start = stream.read(len(JPEG_START))
            stream.seek(max(0, path.stat().st_size - JPEG_TAIL))
            cut_short = start == JPEG_START and JPEG_END not in stream.read()
    except OSError as error:
        raise DatasetNotFoundError(f"image {path} cannot be read: {error.strerror or error}") from error
    if cut_short:
        raise DatasetNotFoundError(f"image {path} is cut short: copy or unpack it again")


def write_jpeg(path: Path, pixels: NDArray[np.uint8], *, quality: int = 92) -> None:
    """Write uint8 (height, width, 3) RGB pixels as JPEG; OSError where the file cannot be written."""
    write_bgr(path, np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), dtype=np.uint8), quality=quality)


def write_bgr(path: Path, pixels: NDArray[np.uint8], *, quality: int = 92) -> None:
    """The same for pixels in the order blue, green, red."""
    if not cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, quality]):
        raise OSError(f"image {path} cannot be written")
