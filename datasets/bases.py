"""Real ground without aircraft, at a known scale, to put aircraft and vehicles on.

Empty bases: `images/1.jpg` with `labels/1.txt`: width (and height) of the image in metres, then parking points
`x,y,size` in pixels (s small, b big). Every fifth base (number divisible by 5) is held out; one that is called
otherwise is not.
Free ground: windows without aircraft in any images that label aircraft exhaustively.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import DatasetNotFoundError, LabelError
from ..detector.opencv import cv2
from .annotation import ImageRecord
from .cutouts import Split
from .images import image_size, list_images, read_rgb
from .own import OwnLabels

__all__ = ["Base", "Crop", "base_crop", "crop_of", "free_ground", "load_bases", "load_ground", "open_ground"]

HELD_OUT_EVERY = 5
SMOOTH_LEVEL = 9.0  # grey levels of local contrast below which ground counts as open
WATER_LEVEL = 1.5
ROOF_M2 = 6000.0  # the largest hangars; a smaller smooth patch with an edge all around may be one
MARGIN_M = 3.0


@dataclass(frozen=True, slots=True)
class Base:
    """A piece of ground: image file, the window of it (left, top, width, height in its pixels), metres per pixel.

    points: parking points (x, y in pixels of the window, True where big). group: place, for splits.
    """

    path: Path
    window: tuple[int, int, int, int]
    gsd: float
    points: tuple[tuple[float, float, bool], ...]
    group: str


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """Pixels of a base, uint8 (H, W, 3) RGB at the wanted scale, and the parking points in them.

    points: (N, 2) float64 x, y; big: (N,) bool.
    """

    pixels: NDArray[np.uint8]
    points: NDArray[np.float64]
    big: NDArray[np.bool_]
    group: str


def load_bases(root: Path, *, split: Split) -> tuple[Base, ...]:
    """The empty bases of one split below `root` (`images/`, `labels/`), by number.

    DatasetNotFoundError where files are missing; LabelError for a label file that does not parse.
    """
    numbers = {path: int(path.stem) if path.stem.isdecimal() else 1 for path in list_images(root / "images")}
    paths = sorted(numbers, key=lambda path: (numbers[path], path.stem))
    chosen = [path for path in paths if (numbers[path] % HELD_OUT_EVERY == 0) == (split == "holdout")]
    return tuple(_base(path, root / "labels" / f"{path.stem}.txt") for path in chosen)


def load_ground(root: Path, own: OwnLabels) -> tuple[Base, ...]:
    """Every image in a user's folder as a base: ground without aircraft, helicopters and launchers.

    Either `images/` and `labels/` as above, without those held out, or images and nothing else: their scale is what
    the user says (`own.gsd`), else a GeoTIFF's own. DatasetNotFoundError without images; NoGsdError where nothing says
    the scale.
    """
    if (root / "labels").is_dir() and (root / "images").is_dir():
        return load_bases(root, split="train")
    return tuple(Base(path, (0, 0, *image_size(path)), own.scale(path), (), path.stem) for path in list_images(root))


def _base(path: Path, labels: Path) -> Base:
    if not labels.is_file():
        raise DatasetNotFoundError(f"no label file {labels} for {path.name}")
    lines = [line.strip() for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
    width, height = image_size(path)
    try:
        metres = [float(word) for word in lines[0].split(",")]
        points = tuple(_point(line) for line in lines[1:])
    except (IndexError, ValueError) as error:
        raise LabelError(f"{labels}: width in metres, then x,y,s|b expected") from error
    ratios = [size_m / size_px for size_m, size_px in zip(metres, (width, height), strict=False)]
    gsd = float(np.exp(np.mean(np.log(ratios))))
    return Base(path, (0, 0, width, height), gsd, points, f"base{path.stem}")


def _point(line: str) -> tuple[float, float, bool]:
    x, y, size = (word.strip() for word in line.split(",")[:3])
    if size not in ("s", "b"):
        raise ValueError(size)
    return float(x), float(y), size == "b"


def free_ground(records: Iterable[ImageRecord], *, size_m: float = 384.0) -> tuple[Base, ...]:
    """Square windows of `size_m` metres, half overlapping, that no annotation of the records touches."""
    return tuple(base for record in records for base in _windows(record, size_m))


def _windows(record: ImageRecord, size_m: float) -> Iterator[Base]:
    side = round(size_m / record.gsd)
    taken = [item.bounds for item in record.annotations]
    for top in range(0, record.height - side + 1, max(1, side // 2)):
        for left in range(0, record.width - side + 1, max(1, side // 2)):
            right, bottom = left + side, top + side
            if not any(x0 < right and x1 > left and y0 < bottom and y1 > top for x0, y0, x1, y1 in taken):
                yield Base(record.path, (left, top, side, side), record.gsd, (), record.group)


def crop_of(base: Base, rng: np.random.Generator, *, gsd: float, size_px: int) -> Crop:
    """A random crop of the base up to `size_px` square at `gsd`, near parking points, turned by quarters and flipped.

    A base smaller than that stays whole.
    """
    left, top, width, height = base.window
    native = read_rgb(base.path)[top : top + height, left : left + width]
    factor = base.gsd / gsd
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    pixels = np.asarray(cv2.resize(native, size, interpolation=method), dtype=np.uint8)
    points = np.array([(x, y) for x, y, _ in base.points], dtype=np.float64).reshape(-1, 2) * factor
    big = np.array([flag for *_, flag in base.points], dtype=bool)
    corner = _corner(pixels.shape[1], pixels.shape[0], size_px, points, rng)
    pixels = pixels[corner[1] : corner[1] + size_px, corner[0] : corner[0] + size_px]
    points = points - corner
    inside = ((points >= 0) & (points < (pixels.shape[1], pixels.shape[0]))).all(axis=1)
    pixels, points = _turned(pixels, points[inside], rng)
    return Crop(np.ascontiguousarray(pixels), points, big[inside], base.group)


def _corner(
    width: int, height: int, size: int, points: NDArray[np.float64], rng: np.random.Generator
) -> tuple[int, int]:
    room = np.maximum(np.array([width, height]) - size, 0)
    if len(points) and rng.random() < 0.9:
        wanted = points[rng.integers(len(points))] - size * rng.uniform(0.25, 0.75, 2)
    else:
        wanted = rng.uniform(0, room + 1)
    x, y = np.clip(np.floor(wanted), 0, room).astype(int)
    return int(x), int(y)


def _turned(
    pixels: NDArray[np.uint8], points: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    for _ in range(int(rng.integers(4))):  # a quarter turn counter-clockwise: (x, y) -> (y, width - x)
        points = np.column_stack([points[:, 1], pixels.shape[1] - points[:, 0]])
        pixels = np.rot90(pixels)
    if rng.random() < 0.5:
        points = np.column_stack([pixels.shape[1] - points[:, 0], points[:, 1]])
        pixels = pixels[:, ::-1]
    return pixels, points


def open_ground(
    pixels: NDArray[np.uint8], *, gsd: float, parking: NDArray[np.float64] | None = None
) -> NDArray[np.bool_]:
    """Where the ground is smooth and not black (concrete, grass, dirt; not woods, water, no-data): (H, W) bool.

    A heuristic for placing things, eroded by 3 m. A smooth patch that stands alone and is smaller than `ROOF_M2` may
    be a roof and does not count, unless one of the `parking` points (N, 2 pixels) is on it or it goes on beyond the
    image.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    window = (max(3, round(6 / gsd)),) * 2
    mean, square = cv2.blur(grey, window), cv2.blur(grey * grey, window)
    contrast = np.sqrt(np.maximum(square - mean * mean, 0))
    water = (
        (contrast < WATER_LEVEL) & (mean < 90) & (cv2.blur(pixels[..., 2], window) >= cv2.blur(pixels[..., 0], window))
    )
    smooth = ((contrast < SMOOTH_LEVEL) & (mean > 25) & ~water).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(smooth, connectivity=4)
    patches = np.asarray(labels, np.int32)
    large = np.asarray(stats[:, cv2.CC_STAT_AREA] * gsd * gsd >= ROOF_M2, np.bool_)
    at = np.floor(np.zeros((0, 2)) if parking is None else parking).astype(int)
    at = np.minimum(at, (pixels.shape[1] - 1, pixels.shape[0] - 1))  # (0, y) turned is (width, y)
    large[patches[at[:, 1], at[:, 0]]] = True
    for edge in (patches[0], patches[-1], patches[:, 0], patches[:, -1]):
        large[edge] = True
    large[0] = False
    known = large[patches].astype(np.uint8)
    known[0], known[-1], known[:, 0], known[:, -1] = 0, 0, 0, 0
    size = 2 * max(1, round(MARGIN_M / gsd)) + 1
    return np.asarray(cv2.erode(known, np.ones((size, size), np.uint8))) > 0


def _parking_places(crop: Crop, gsd: float) -> NDArray[np.bool_]:
    """Discs around the parking points: people who know the base say that aircraft fit there; (H, W) bool."""
    mask = np.zeros(crop.pixels.shape[:2], np.uint8)
    for (x, y), big in zip(crop.points, crop.big, strict=True):
        cv2.circle(mask, (int(x), int(y)), round((22.0 if big else 11.0) / gsd), 1, -1)
    return mask > 0


def base_crop(
    seed: int, bases: Sequence[Base], *, gsd: float = 0.5, size_px: int = 768
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A random crop of one of the bases, its open ground and parking places, for other generators to fill.

    Returns pixels uint8 (H, W, 3) RGB, up to `size_px` square, and (H, W) bool.
    """
    rng = np.random.default_rng(seed)
    crop = crop_of(bases[int(rng.integers(len(bases)))], rng, gsd=gsd, size_px=size_px)
    free = open_ground(crop.pixels, gsd=gsd, parking=crop.points) | _parking_places(crop, gsd)
    return crop.pixels, free
