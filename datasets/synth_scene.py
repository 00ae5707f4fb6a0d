"""A large drawn scene with its truth, for measuring speed, doubles and misses: many objects, little time to make.

It is a mosaic of a few drawn blocks, each turned and mirrored in eight ways. Nothing in it is a real place.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.boxes import from_corners
from ..detector.errors import DatasetNotFoundError
from .annotation import Annotation
from .synth_ground import Ground
from .synth_groups import aircraft, alike, helicopters, launchers, vehicles
from .synth_layout import Plot, park_row, scatter
from .synth_render import draw_sun, paste, sensor
from .synth_scenery import draw_scenery

GSD = 0.5
BLOCK_PX = 1000
"""Side of a block; the scene's is a multiple of it."""
BLOCKS = 8
"""Different blocks that are drawn; a larger scene repeats them, turned and mirrored."""
CRS = "EPSG:32637"
ORIGIN = (420_000.0, 4_765_000.0)
"""Easting and northing of the upper left corner: open Black Sea."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Truth:
    """What stands in a drawn scene.

    nodes: a taxonomy node for each object. boxes: (N, 5) float64, cx, cy, length, width in scene pixels, and angle.
    """

    nodes: tuple[str, ...]
    boxes: NDArray[np.float64]


def truth_path(scene: Path) -> Path:
    """The file beside a drawn scene that holds its truth.

    >>> truth_path(Path("big/scene.tif")).name
    'scene.truth.json'
    """
    return scene.with_suffix(".truth.json")


def make_scene(
    path: Path, *, seed: int = 1, size_px: int = 8000, progress: Callable[[int, int], None] | None = None
) -> Truth:
    """Write a drawn scene as a tiled JPEG GeoTIFF at 0.5 m, its truth beside it, and return the truth.

    Same seed and size, same pixels. About 14 objects per block of 1000 px stand wholly inside their block: aircraft in
    rows and alone, helicopters, some launchers, and lorries, which are no targets. The folder is made; the scene has
    its final name once it is complete. `progress` is called with the blocks that are drawn and the number of blocks.

    Raises ValueError for a size that is not a positive multiple of BLOCK_PX.
    """
    if size_px < BLOCK_PX or size_px % BLOCK_PX:
        raise ValueError(f"size_px is {size_px}, expected a positive multiple of {BLOCK_PX}")
    side = size_px // BLOCK_PX
    blocks = []
    for number in range(min(BLOCKS, side * side)):
        blocks.append(_block(np.random.default_rng([seed, number])))
        if progress is not None:
            progress(number + 1, min(BLOCKS, side * side))
    pixels = np.empty((size_px, size_px, 3), np.uint8)
    nodes: list[str] = []
    polygons: list[NDArray[np.float64]] = []
    for cell in range(side * side):
        top, left = (BLOCK_PX * part for part in divmod(cell, side))
        image, labels = blocks[cell % len(blocks)]
        turn = (cell // len(blocks)) % 8
        pixels[top : top + BLOCK_PX, left : left + BLOCK_PX] = _turned(image, turn)
        nodes += [label.node for label in labels]
        polygons += [_turned_points(label.polygon, turn) + (left, top) for label in labels]
    truth = Truth(tuple(nodes), from_corners(np.array(polygons).reshape(-1, 4, 2)).astype(np.float64))
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_truth(truth_path(path), truth)
    _write_scene(path, pixels)
    return truth


def read_truth(scene: Path) -> Truth:
    """The truth beside a drawn scene. Raises DatasetNotFoundError where there is none or it is damaged."""
    file = truth_path(scene)
    try:
        objects = json.loads(file.read_text(encoding="utf-8"))["objects"]
        boxes = np.array([item["box"] for item in objects], np.float64).reshape(-1, 5)
        return Truth(tuple(item["node"] for item in objects), boxes)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetNotFoundError(f"{file}: not the truth of a drawn scene ({error}); make the scene again") from error


def _block(rng: Generator) -> tuple[Pixels, list[Annotation]]:
    """One block with the labels of its targets."""
    sun = draw_sun(rng)
    ground = draw_scenery(rng, BLOCK_PX, GSD, sun)
    plot = Plot.of(ground.free, GSD, rng, ground.sun)
    _populate(plot, ground)
    pixels, labels = paste(ground.pixels, GSD, plot.placed, sun, rng, shade=ground.shade)
    return sensor(pixels, rng, jpeg=False), labels


def _populate(plot: Plot, ground: Ground) -> None:
    for spot in ground.spots:
        if spot.kind in ("apron", "yard"):
            draw = alike(aircraft(45) if plot.rng.random() < 0.7 else helicopters, plot.rng)
            park_row(plot, spot, draw, 5, gap=3.0, slant=float(plot.rng.uniform(-0.6, 0.6)))
    scatter(plot, aircraft(75), 8)
    scatter(plot, helicopters, 3)
    scatter(plot, launchers, 2)
    scatter(plot, vehicles(military=True), 4)


def _turned(image: Pixels, turn: int) -> Pixels:
    """A block turned by `turn` % 4 quarters, mirrored from 4 on."""
    return np.rot90(image[:, ::-1] if turn >= 4 else image, turn % 4)


def _turned_points(points: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
    """Where points (N, 2) of a block are after `_turned`."""
    x, y = points.T
    if turn >= 4:
        x = BLOCK_PX - x
    for _ in range(turn % 4):
        x, y = y, BLOCK_PX - x
    return np.stack([x, y], axis=1)


def _write_truth(path: Path, truth: Truth) -> None:
    objects = [
        {"node": node, "box": [round(float(value), 4) for value in box]}
        for node, box in zip(truth.nodes, truth.boxes, strict=True)
    ]
    path.write_text(json.dumps({"gsd": GSD, "objects": objects}, indent=1) + "\n", encoding="utf-8")


def _write_scene(path: Path, pixels: Pixels) -> None:
    part = path.with_suffix(".part")
    with rasterio.open(
        part, "w", driver="GTiff", width=pixels.shape[1], height=pixels.shape[0], count=3, dtype="uint8", crs=CRS,
        transform=Affine(GSD, 0, ORIGIN[0], 0, -GSD, ORIGIN[1]), tiled=True, blockxsize=512, blockysize=512,
        compress="JPEG", photometric="YCBCR", jpeg_quality=90,
    ) as file:  # fmt: skip
        file.write(np.moveaxis(pixels, 2, 0))
        file.update_tags(TIFFTAG_DATETIME="2026:01:01 10:00:00")
    part.replace(path)
