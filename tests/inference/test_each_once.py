"""Each object exactly once, however the work is cut: a detector that knows the truth, at its worst."""

import warnings
from collections.abc import Iterable, Iterator
from itertools import product
from math import ceil

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from hardstand.detector.boxes import canonical, corners
from hardstand.detector.detections import Detections, path_scores
from hardstand.inference import array_scene, detect, open_scene
from hardstand.inference.engine import SEAM_PX, STRIDE_PX, run_tiles
from hardstand.inference.merge import merge
from hardstand.inference.tiles import plan_tiles

NODES: tuple[str, ...] = ("fw", "fw.bomber", "heli", "ad.launcher")
SIDE = 700
GSD = 0.5
Boxes = NDArray[np.float64]


def addressed(height: int, width: int) -> NDArray[np.uint8]:
    """Pixels (height, width, 3) that say where they are: the low bytes of x and y, then both high nibbles."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x & 255, y & 255, (x >> 8) | (y >> 8 << 4)], axis=2).astype(np.uint8)


def addressed_file() -> MemoryFile:
    """The addressed scene as a GeoTIFF without a place, in memory."""
    file = MemoryFile()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with file.open(driver="GTiff", width=SIDE, height=SIDE, count=3, dtype="uint8", tiled=True) as target:
            target.write(addressed(SIDE, SIDE).transpose(2, 0, 1))
    return file


class Knowing:
    """Sees the true objects of whatever tile it is shown, as a network does: off, in no order, and cut ones as others.

    What lies whole in the tile is boxed a little wrong, differently in every tile, with any score. What the tile cuts
    is boxed as far as it is seen, as a launcher, with a high score. Answers come in batches.
    """

    def __init__(self, truth: Boxes, *, tile_px: int, largest_px: float, batch: int, error: float) -> None:
        self.nodes, self.gsd, self.tile_px = NODES, GSD, tile_px
        self.largest_object_m = largest_px * GSD
        self._truth, self._batch, self._error = truth, batch, error
        self._outlines = np.array([shapely.Polygon(outline) for outline in corners(truth)], dtype=object)

    def prepare(self, height: int, width: int, tiles: int) -> None: ...

    def stream(self, tiles: Iterable[NDArray[np.uint8]]) -> Iterator[Detections]:
        held: list[NDArray[np.uint8]] = []
        for tile in tiles:
            held.append(tile)
            if len(held) == self._batch:
                yield from map(self._see, held)
                held = []
        yield from map(self._see, held)

    def _see(self, tile: NDArray[np.uint8]) -> Detections:
        low_x, low_y, high = (int(value) for value in tile[0, 0])
        left, top = low_x | (high & 15) << 8, low_y | high >> 4 << 8
        rng = np.random.default_rng([left, top, tile.shape[0]])
        view = shapely.box(left, top, left + tile.shape[1], top + tile.shape[0])
        whole = shapely.covers(view, self._outlines)
        cut = shapely.intersects(view, self._outlines) & ~whole
        seen = self._truth[whole].copy()
        reach = np.minimum(self._error * SEAM_PX, 0.12 * seen[:, 2:4].min(axis=1, keepdims=True))
        seen[:, :2] += rng.uniform(-1, 1, (len(seen), 2)) * reach
        seen[:, 2:4] *= 1 + self._error * rng.uniform(-0.05, 0.05, (len(seen), 2))
        bounds = shapely.bounds(shapely.intersection(self._outlines[cut], view)).reshape(-1, 4)
        middles, sizes = (bounds[:, :2] + bounds[:, 2:]) / 2, bounds[:, 2:] - bounds[:, :2]
        parts = np.column_stack([middles, sizes, np.zeros(len(bounds))])
        parts = parts[(parts[:, 2:4] > 1).all(axis=1)]
        boxes = np.concatenate([seen, parts]) - (left, top, 0, 0, 0)
        labels = np.array([0] * len(seen) + [3] * len(parts), np.intp)
        score = np.concatenate([rng.uniform(0.3, 0.9, len(seen)), rng.uniform(0.5, 0.99, len(parts))])
        order = rng.permutation(len(boxes))
        table = [path_scores(NODES, NODES[label], value) for label, value in zip(labels, score, strict=True)]
        return Detections(
            NODES,
            canonical(boxes.reshape(-1, 5)),
            np.array(table, np.float32).reshape(-1, len(NODES)),
            labels,
            score.astype(np.float32),
            GSD,
        ).select(order)


def scatter(rng: np.random.Generator, borders: list[int], largest_px: float) -> Boxes:
    """Objects that do not overlap: on seams and corners first, a parked row across one, then anywhere."""
    placed: list[tuple[float, ...]] = []
    outlines: list[shapely.Geometry] = []

    def put(x: float, y: float, length: float, width: float, angle: float) -> None:
        outline = shapely.Polygon(corners([(x, y, length, width, angle)])[0]).buffer(0.9)
        left, top, right, bottom = outline.bounds
        if min(left, top) < 0 or max(right, bottom) > SIDE or shapely.intersects(outline, outlines).any():
            return
        placed.append((x, y, length, width, angle))
        outlines.append(outline)

    def size() -> tuple[float, float]:
        length = float(rng.uniform(8, largest_px * 0.7))
        return length, float(rng.uniform(max(5, length / 4), length))

    if borders:
        angle = float(rng.uniform(0, np.pi))
        for k in range(-6, 7):  # launchers 13 x 3 m, 0.5 m apart
            middle = borders[len(borders) // 2]
            put(middle - 7 * k * np.sin(angle), middle + 7 * k * np.cos(angle), min(26, largest_px - 1), 6, angle)
        for x, y in product(borders, borders):
            put(x + rng.uniform(-8, 8), y + rng.uniform(-8, 8), *size(), rng.uniform(0, np.pi))
        for border in borders:
            for along in rng.uniform(0, SIDE, 3):
                put(border + rng.uniform(-3, 3), along, *size(), rng.uniform(0, np.pi))
                put(along, border + rng.uniform(-3, 3), *size(), rng.uniform(0, np.pi))
    for _ in range(25):
        put(rng.uniform(0, SIDE), rng.uniform(0, SIDE), *size(), rng.uniform(0, np.pi))
    return np.array(placed).reshape(-1, 5)


def assert_each_once(found: Detections, truth: Boxes) -> None:
    assert len(found) == len(truth)
    if not len(truth):
        return
    apart = np.hypot(*np.moveaxis(found.boxes[:, None, :2] - truth[None, :, :2], -1, 0))
    assert sorted(apart.argmin(axis=1).tolist()) == list(range(len(truth)))
    assert set(found.labels) <= {"fw"}  # no fragment


CUTS = st.tuples(
    st.integers(110, 420),  # tile
    st.floats(20, 90),  # largest object, in pixels
    st.integers(1, 7),  # batch
    st.integers(1, 4),  # threads
    st.floats(0, 1),  # how wrong the boxes are
    st.integers(0, 2**32 - 1),
).filter(lambda cut: ceil(cut[1]) + 2 * SEAM_PX + 1 < cut[0])


@settings(max_examples=25, deadline=None)
@given(CUTS)
def test_each_object_once_at_any_cut(cut: tuple[int, float, int, int, float, int]) -> None:
    tile_px, largest_px, batch, handles, error, seed = cut
    rng = np.random.default_rng(seed)
    overlap_px = ceil(largest_px) + 2 * SEAM_PX
    tiles = plan_tiles(SIDE, SIDE, tile_px=tile_px, overlap_px=overlap_px, multiple_px=STRIDE_PX)
    truth = scatter(rng, sorted({tile.core_right for tile in tiles} - {SIDE}), largest_px)
    detector = Knowing(truth, tile_px=tile_px, largest_px=largest_px, batch=batch, error=error)
    with addressed_file() as file, open_scene(file.name, gsd=GSD, handles=handles) as scene:
        result = detect(scene, detector)
        assert_each_once(result.detections, truth)
        # Tiles in another order are the same objects in the same places, to the last bit.
        shuffled = [tiles[index] for index in rng.permutation(len(tiles))]
        run = run_tiles(scene, scene.grid(GSD), shuffled, detector)
        again = merge(run.detections, run.tile, tiles)
    np.testing.assert_array_equal(again.boxes, result.detections.boxes)
    np.testing.assert_array_equal(again.scores, result.detections.scores)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(150, 500), min_size=2, max_size=3, unique=True))
def test_a_sure_detector_gives_the_same_at_every_tile_size(seed: int, sides: list[int]) -> None:
    # Without errors of its own, a detector finds the same boxes however the scene is cut: to a thousandth of a pixel.
    truth = scatter(np.random.default_rng(seed), [210, 333, 480], 90)
    with array_scene(addressed(SIDE, SIDE), gsd=GSD) as scene:
        for side in sides:
            detector = Knowing(truth, tile_px=side, largest_px=90, batch=1, error=0)
            found = detect(scene, detector).detections
            assert_each_once(found, truth)
            nearest = np.hypot(*np.moveaxis(found.boxes[:, None, :2] - truth[None, :, :2], -1, 0)).argmin(axis=1)
            np.testing.assert_allclose(corners(found.boxes), corners(canonical(truth[nearest])), atol=1e-3)


@pytest.mark.parametrize("side", [1, 40, 109, 110, 111, 219])
def test_scenes_about_as_large_as_a_tile(side: int) -> None:
    truth = np.array([[side / 2, side / 2, side / 4, side / 5, 0.3]]) if side >= 40 else np.zeros((0, 5))
    detector = Knowing(truth, tile_px=110, largest_px=80, batch=2, error=0.5)
    assert_each_once(detect(addressed(side, side), detector, gsd=GSD).detections, truth)
