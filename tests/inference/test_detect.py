"""From pixels to detections: nothing twice, nothing lost, in the right place, however the work is cut."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import product
from math import ceil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.transform import xy

from hardstand.detector.boxes import corners
from hardstand.detector.detections import Detections
from hardstand.detector.errors import EmptySceneError, TooCoarseError
from hardstand.detector.fake import PAINTED, PaintDetector, paint
from hardstand.inference import SceneResult, array_scene, detect, open_scene
from hardstand.inference.engine import SEAM_PX
from hardstand.inference.tiles import plan_tiles

UTM = "EPSG:32637"
Box = tuple[float, float, float, float, float]


def grey(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 90, np.uint8)


class Batched(PaintDetector):
    """A paint detector that sees its tiles in batches."""

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.batch = batch

    def stream(self, tiles: Iterable[NDArray[np.uint8]]) -> Iterator[Detections]:
        held: list[NDArray[np.uint8]] = []
        for tile in tiles:
            held.append(tile)
            if len(held) == self.batch:
                yield from super().stream(held)
                held = []
        yield from super().stream(held)


def seam_scene(side: int, tile_px: int) -> tuple[NDArray[np.uint8], list[tuple[str, Box]]]:
    """A scene with objects on every seam and every corner of the plan for `tile_px`, and in between, of all sizes."""
    overlap_px = ceil(75 / 0.5) + 2 * SEAM_PX
    tiles = plan_tiles(side, side, tile_px=tile_px, overlap_px=overlap_px)
    borders = sorted({tile.core_right for tile in tiles} - {side})
    middles = sorted({(tile.core_left + tile.core_right) / 2 for tile in tiles})
    sizes = ((140.0, 120.0), (60.0, 40.0), (24.0, 6.0), (100.0, 20.0), (12.0, 8.0))
    shifts = (0.0, 0.4, -0.4, 3.0, -3.0, SEAM_PX - 0.5, 0.5 - SEAM_PX, 20.0)
    rng = np.random.default_rng(5)
    pixels = grey(side, side)
    truth: list[tuple[str, Box]] = []
    places = [*product(borders, borders), *product(borders, middles), *product(middles, borders)]
    for number, (x, y) in enumerate(places):
        length, width = sizes[number % len(sizes)]
        dx, dy = shifts[number % len(shifts)], shifts[number // 3 % len(shifts)]
        box = (x + dx, y + dy, length, width, float(rng.uniform(-0.7, 2.3)))
        node = PAINTED[number % len(PAINTED)]
        outline = shapely.Polygon(corners([box])[0]).buffer(3)
        if any(outline.intersects(shapely.Polygon(corners([other])[0])) for _, other in truth):
            continue
        paint(pixels, box, node)
        truth.append((node, box))
    return pixels, truth


def assert_same(one: Detections, other: Detections) -> None:
    """The same objects of the same class in the same place, to a hundredth of a pixel of a box's corner."""
    assert len(one) == len(other)
    apart = np.abs(one.boxes[:, None, :2] - other.boxes[None, :, :2]).max(axis=2)
    partner = apart.argmin(axis=1)
    assert len(set(partner.tolist())) == len(one)
    assert tuple(np.array(other.labels)[partner]) == one.labels
    for mine, its in zip(corners(one.boxes), corners(other.boxes[partner]), strict=True):
        assert shapely.Polygon(mine).hausdorff_distance(shapely.Polygon(its)) < 0.05


@pytest.fixture(scope="module")
def seams() -> tuple[NDArray[np.uint8], list[tuple[str, Box]], SceneResult]:
    """The scene, its truth, and what is seen of it in one piece."""
    pixels, truth = seam_scene(1300, 430)
    whole = PaintDetector(tile_px=1300)
    return pixels, truth, detect(pixels, whole, gsd=0.5)


def test_the_scene_in_one_piece_shows_every_object_once(
    seams: tuple[NDArray[np.uint8], list[tuple[str, Box]], SceneResult],
) -> None:
    _, truth, whole = seams
    assert len(truth) > 30
    assert len(whole.detections) == len(truth)
    for node, box in truth:
        near = np.hypot(*(whole.detections.boxes[:, :2] - box[:2]).T)
        assert near.min() < 1
        assert whole.detections.labels[near.argmin()] == node


@pytest.mark.parametrize("tile_px", [300, 430, 777])
def test_nothing_twice_and_nothing_lost_at_any_tile_size(
    seams: tuple[NDArray[np.uint8], list[tuple[str, Box]], SceneResult], tile_px: int
) -> None:
    pixels, _, whole = seams
    assert_same(detect(pixels, PaintDetector(), gsd=0.5, tile_px=tile_px).detections, whole.detections)


@pytest.fixture(scope="module")
def in_tiles(seams: tuple[NDArray[np.uint8], list[tuple[str, Box]], SceneResult]) -> SceneResult:
    """What is seen of the scene in tiles, one by one."""
    return detect(seams[0], PaintDetector(), gsd=0.5, tile_px=430)


@pytest.mark.parametrize(("batch", "handles"), [(3, 1), (8, 4)])
def test_batches_and_threads_change_nothing(
    seams: tuple[NDArray[np.uint8], list[tuple[str, Box]], SceneResult],
    in_tiles: SceneResult,
    tmp_path: Path,
    batch: int,
    handles: int,
) -> None:
    with open_scene(write(tmp_path / "a.tif", seams[0]), gsd=0.5, handles=handles) as scene:
        result = detect(scene, Batched(batch), tile_px=430)
    np.testing.assert_array_equal(result.detections.boxes, in_tiles.detections.boxes)
    np.testing.assert_array_equal(result.detections.scores, in_tiles.detections.scores)
    np.testing.assert_array_equal(result.valid_mask, in_tiles.valid_mask)


@pytest.mark.parametrize("degrees", range(0, 180, 10))
def test_a_row_with_half_a_metre_between_across_a_seam(degrees: int) -> None:
    # At 0.25 m, so that the gap is two pixels: paint with a smaller gap touches, and is one object to the detector.
    angle = np.radians(degrees)
    detector = PaintDetector(gsd=0.25, tile_px=500, largest_object_m=15)
    pixels = grey(420, 420)
    step = (3.0 + 0.5) / 0.25
    places = [(210 - k * step * np.sin(angle), 210 + k * step * np.cos(angle)) for k in range(-11, 12)]
    for x, y in places:
        paint(pixels, (x, y, 48, 12, angle), "ad.launcher")
    result = detect(pixels, detector, gsd=0.25, tile_px=200)
    assert len(result.detections) == len(places)
    for x, y in places:
        assert np.hypot(*(result.detections.boxes[:, :2] - (x, y)).T).min() < 1


def write(path: Path, pixels: NDArray[np.uint8], *, crs: str | None = UTM, transform: Affine | None = None) -> Path:
    """A GeoTIFF of pixels (height, width, 3), at 0.5 m in UTM unless said otherwise."""
    place = Affine(0.5, 0, 400_000, 0, -0.5, 6_000_000) if transform is None else transform
    height, width, count = pixels.shape
    profile = {"driver": "GTiff", "crs": crs, "transform": place, "dtype": "uint8", "tiled": True}
    with rasterio.open(path, "w", count=count, height=height, width=width, **profile) as target:
        target.write(pixels.transpose(2, 0, 1))
    return path


def turned(degrees: float, x: float, y: float) -> Affine:
    cos, sin = float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))
    return Affine(x * cos, y * sin, 400_000, x * sin, -y * cos, 6_000_000)


@pytest.mark.parametrize(
    ("crs", "transform", "metres"),
    [
        (UTM, turned(0, 0.5, 0.5), (0.5, 0.5)),
        (UTM, turned(0, 0.3, 0.3), (0.3, 0.3)),
        (UTM, turned(0, 0.7, 0.7), (0.7, 0.7)),
        (UTM, turned(37, 0.4, 0.4), (0.4, 0.4)),
        (UTM, turned(-120, 0.3, 0.6), (0.3, 0.6)),
        ("EPSG:3857", Affine(0.6, 0, 4_000_000, 0, -0.6, 8_399_738), (0.3, 0.3)),
        ("EPSG:4326", Affine(0.5e-5, 0, 30, 0, -0.3e-5, 60), (0.279, 0.334)),
    ],
)
def test_places_and_sizes_on_the_map(tmp_path: Path, crs: str, transform: Affine, metres: tuple[float, float]) -> None:
    # Upright objects, so that the corners stay right angles in every one of these frames.
    pixels = grey(600, 800)
    boxes = [(150.0, 120.0, 90.0, 50.0, 0.0), (400.0, 300.0, 100.0, 80.0, 0.0), (610.0, 480.0, 160.0, 100.0, 0.0)]
    for box in boxes:
        paint(pixels, box, "fw.combat.su27fam")  # a colour whose blends with grey are no other node's
    path = write(tmp_path / "a.tif", pixels, crs=crs, transform=transform)
    result = detect(path, PaintDetector(largest_object_m=120), tile_px=500)
    assert len(result.detections) == len(boxes)
    with rasterio.open(path) as raster:
        for polygon, (cx, cy, length, width, _) in zip(result.map_polygons(), boxes, strict=True):
            outline = corners([(cx, cy, length, width, 0)])[0].astype(float)
            # The oracle is rasterio: the nearest true corner of each found one, in scene pixels.
            expected = np.stack(xy(raster.transform, outline[:, 1], outline[:, 0], offset="ul"), axis=1)
            back = np.linalg.inv(np.array(raster.transform).reshape(3, 3))[:2, :2]
            apart = np.abs((polygon[:, None] - expected[None]) @ back.T).max(axis=2)
            grain = max(result.grid_scale)  # an edge is known to a grid pixel
            assert apart.min(axis=1).max() < max(1, grain)
            assert sorted(apart.argmin(axis=1).tolist()) == [0, 1, 2, 3]
    sides = np.array([sorted((length * metres[0], width * metres[1])) for _, _, length, width, _ in boxes])
    found = np.sort(np.stack([result.detections.length_m, result.detections.width_m], axis=1), axis=1)
    np.testing.assert_allclose(found, sides, atol=0.8)
    assert (result.scene.gsd_x, result.scene.gsd_y) == pytest.approx(metres, rel=3e-3)


def test_degrees_of_what_was_found(tmp_path: Path) -> None:
    pixels = grey(300, 400)
    paint(pixels, (100, 200, 60, 40, 0), "fw")
    path = write(tmp_path / "a.tif", pixels, crs="EPSG:4326", transform=Affine(0.9e-5, 0, 30, 0, -0.45e-5, 60))
    result = detect(path, PaintDetector())
    assert result.lonlat()[0].tolist() == pytest.approx([30 + 100 * 0.9e-5, 60 - 200 * 0.45e-5], abs=1e-6)
    outline = result.lonlat_polygons()[0]
    assert outline[:, 0].min() == pytest.approx(30 + 70 * 0.9e-5, abs=1e-5)
    assert result.lonlat().shape == (1, 2)
    np.testing.assert_allclose(result.map_polygons()[0], outline, atol=1e-9)


def test_colours_reach_the_detector_in_their_order(tmp_path: Path) -> None:
    # The paint of these two differs by the order of red and blue alone.
    pixels = grey(200, 300)
    paint(pixels, (100, 100, 60, 30, 0.3), "fw")
    assert detect(write(tmp_path / "a.tif", pixels), PaintDetector()).detections.labels == ("fw",)
    swapped = detect(write(tmp_path / "b.tif", pixels[..., ::-1].copy()), PaintDetector()).detections.labels
    assert swapped != ("fw",)


def test_sizes_are_of_the_grid_that_was_used() -> None:
    # 0.504 m is taken as it is: what is 100 px long is 50.4 m long, not 50.
    pixels = grey(300, 400)
    paint(pixels, (200, 150, 100, 40, 0), "fw")
    result = detect(pixels, PaintDetector(), gsd=0.504)
    assert result.grid_scale == (1.0, 1.0)
    assert result.detections.length_m[0] == pytest.approx(50.4, abs=0.6)
    assert result.detections.gsd == pytest.approx(0.504)


def test_what_was_seen_of_a_scene() -> None:
    floats = grey(400, 500).astype(np.float32)
    floats[:, :125] = np.nan
    floats[200, 300] = 91
    result = detect(floats, PaintDetector(), gsd=0.5)
    assert result.valid_fraction == pytest.approx(0.75)
    assert result.valid_mask.shape == (400, 500)
    assert not result.valid_mask[:, :125].any()
    assert result.valid_mask[:, 125:].all()
    assert result.unread == ()


def test_a_broken_part_of_a_file_is_not_a_count_of_zero(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(80, 100, (1000, 1000, 1), dtype=np.uint8).repeat(3, axis=2)
    paint(noise, (100, 60, 60, 40, 0), "fw")
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=1000, width=1000, dtype="uint8", crs=UTM, tiled=True,
        blockxsize=128, blockysize=128, compress="deflate", transform=Affine(0.5, 0, 400_000, 0, -0.5, 6_000_000),
    ) as target:  # fmt: skip
        target.write(noise.transpose(2, 0, 1))
    data = bytearray(path.read_bytes())
    first, last = len(data) * 7 // 10, len(data) * 9 // 10
    data[first:last] = bytes(last - first)
    path.write_bytes(data)
    result = detect(path, PaintDetector(), tile_px=300)
    assert len(result.detections) == 1
    assert result.unread
    assert 0.3 < result.valid_fraction < 0.95
    for tile in result.unread:
        assert not result.valid_mask[tile.core_top : tile.core_bottom, tile.core_left : tile.core_right].any()


def test_a_scene_of_nothing_but_no_data(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    profile = {"crs": UTM, "transform": Affine(0.5, 0, 400_000, 0, -0.5, 6_000_000), "nodata": 0}
    with rasterio.open(path, "w", driver="GTiff", count=3, height=50, width=60, dtype="uint8", **profile) as target:
        target.write(np.zeros((3, 50, 60), np.uint8))
    with pytest.raises(EmptySceneError, match=r"a\.tif: no valid pixel in 60 x 50"):
        detect(path, PaintDetector())


def test_a_scene_of_one_pixel() -> None:
    assert len(detect(grey(1, 1), PaintDetector(), gsd=0.5).detections) == 0


def test_progress_counts_every_tile_once() -> None:
    seen: list[tuple[int, int]] = []
    detect(
        grey(900, 900), PaintDetector(), gsd=0.5, tile_px=400, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(done, len(seen)) for done in range(1, len(seen) + 1)]
    assert len(seen) > 4


def test_what_detect_refuses() -> None:
    with pytest.raises(TooCoarseError):
        detect(grey(50, 50), PaintDetector(), gsd=1.6)
    with pytest.raises(ValueError, match="at most the detector's 1024"):
        detect(grey(50, 50), PaintDetector(), gsd=0.5, tile_px=2000)
    with pytest.raises(ValueError, match="overlap of 166 px"):
        detect(grey(50, 50), PaintDetector(), gsd=0.5, tile_px=160)
    with array_scene(grey(50, 50), gsd=0.5) as scene, pytest.raises(ValueError, match="open_scene"):
        detect(scene, PaintDetector(), gsd=0.4)


def test_an_open_scene_stays_open() -> None:
    with array_scene(grey(50, 50), gsd=0.5) as scene:
        detect(scene, PaintDetector())
        assert scene.preview(50)[0].shape == (50, 50, 3)


def test_public_names_do_not_depend_on_the_order_of_imports() -> None:
    code = (
        "import sys, hardstand.inference as room\n"
        "assert 'rasterio' not in sys.modules and 'numpy' not in sys.modules\n"
        "from hardstand.inference.result import SceneResult\n"
        "assert 'rasterio' not in sys.modules\n"
        "from hardstand.inference.detection import detect as function\n"
        "from hardstand.inference import detect\n"
        "assert detect is function and room.detect is function\n"
        "assert all(getattr(room, name) is not None for name in room.__all__)\n"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=300)


def test_a_name_that_is_not_there() -> None:
    import hardstand.inference as room  # noqa: PLC0415  # the module itself is looked at

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(room, "nothing")  # noqa: B009  # the type checkers know that it is not there
