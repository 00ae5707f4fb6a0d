"""A GeoTIFF with aircraft on every seam and every corner: in tiles as in one pass, nothing twice, nothing lost."""

from itertools import pairwise, product
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray

from hardstand.datasets.synth_aircraft import draw_aircraft
from hardstand.datasets.synth_ground import Spot, add_apron, open_ground
from hardstand.datasets.synth_layout import Plot
from hardstand.datasets.synth_paint import aircraft_paint
from hardstand.datasets.synth_render import draw_sun, paste, sensor
from hardstand.detector import Detections, Detector, PaintDetector, paint
from hardstand.inference import detect
from hardstand.inference.engine import SEAM_PX
from hardstand.inference.tiles import plan_tiles

GSD = 0.5
SIDE = 1024
"""The shipped network sees this much in one pass."""
TILES = (640, 400)
Centres = NDArray[np.float64]


def seam_points(tile_px: int) -> list[tuple[float, float]]:
    """Places on every corner and every seam of the plan, on the line and a few pixels off it."""
    overlap_px = ceil(75 / GSD) + 2 * SEAM_PX
    borders = sorted({t.core_right for t in plan_tiles(SIDE, SIDE, tile_px=tile_px, overlap_px=overlap_px)} - {SIDE})
    ends = [0, *borders, SIDE]
    middles = [(a + b) / 2 for a, b in pairwise(ends)]
    places = [*product(borders, borders), *product(borders, middles), *product(middles, borders)]
    shifts = (0.0, 0.5, -0.5, 4.0, -4.0, 7.5, -7.5)
    return [
        (x + shifts[n % 7] if x in borders else x, y + shifts[n // 2 % 7] if y in borders else y)
        for n, (x, y) in enumerate(places)
    ]


def write(path: Path, pixels: NDArray[np.uint8], gsd: float = GSD) -> Path:
    profile: dict[str, Any] = {"driver": "GTiff", "count": 3, "dtype": "uint8", "crs": "EPSG:32637", "tiled": True}
    profile["transform"] = Affine(gsd, 0, 400_000, 0, -gsd, 6_000_000)
    with rasterio.open(path, "w", width=pixels.shape[1], height=pixels.shape[0], compress="deflate", **profile) as file:
        file.write(pixels.transpose(2, 0, 1))
    return path


def assert_same(tiled: Detections, whole: Detections) -> None:
    """Every sure detection of one is in the other, once, in its place; what is seen faintly may differ."""
    for one, other in ((tiled, whole), (whole, tiled)):
        for box in one.boxes[one.score >= 0.5]:
            apart = np.hypot(*(other.boxes[:, :2] - box[:2]).T)
            assert (apart < 8).sum() == 1, box
            assert other.score[apart.argmin()] >= 0.25


@pytest.fixture(scope="module")
def apron(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Centres]:
    """Generated aircraft on a drawn apron, centred on the seams of both plans; the file and their centres."""
    rng = np.random.default_rng(11)
    sun = draw_sun(rng)
    ground = open_ground(rng, (SIDE, SIDE), GSD, sun)
    add_apron(ground, Spot("apron", SIDE / 2, SIDE / 2, 0.2, SIDE * GSD * 1.6, SIDE * GSD * 1.6), "concrete")
    plot = Plot.of(np.ones((SIDE, SIDE), np.bool_), GSD, rng, sun)
    for tile_px in TILES:
        for x, y in seam_points(tile_px):
            asset, kind = draw_aircraft(rng, largest_m=45)
            plot.put(asset, aircraft_paint(rng, kind), x, y, float(rng.uniform(0, 2 * np.pi)), margin=1.5)
    pixels, labels = paste(ground.pixels, GSD, plot.placed, sun, rng)
    centres = np.array([np.mean(label.polygon, axis=0) for label in labels])
    return write(tmp_path_factory.mktemp("seams") / "apron.tif", sensor(pixels, rng, jpeg=False)), centres


@pytest.fixture(scope="module")
def in_one_pass(apron: tuple[Path, Centres]) -> tuple[Detector, Detections]:
    """The shipped network, and what it sees of the apron in one pass."""
    detector = Detector.load()
    assert detector.tile_px >= SIDE
    return detector, detect(apron[0], detector).detections


def test_the_network_knows_these_aircraft(
    apron: tuple[Path, Centres], in_one_pass: tuple[Detector, Detections]
) -> None:
    _, centres = apron
    _, whole = in_one_pass
    sure = whole.boxes[whole.score >= 0.5]
    found = sum(bool((np.hypot(*(sure[:, :2] - centre).T) < 8).any()) for centre in centres)
    assert len(centres) >= 15
    assert found >= 0.8 * len(centres)


@pytest.mark.parametrize("tile_px", TILES)
def test_the_network_counts_the_same_in_tiles(
    apron: tuple[Path, Centres], in_one_pass: tuple[Detector, Detections], tile_px: int
) -> None:
    detector, whole = in_one_pass
    tiled = detect(apron[0], detector, tile_px=tile_px).detections
    assert_same(tiled, whole)
    for centre in apron[1]:
        assert (np.hypot(*(tiled.boxes[tiled.score >= 0.25, :2] - centre).T) < 12).sum() == 1  # not twice, not lost


@pytest.mark.parametrize("gsd", [0.5, 0.3])
def test_paint_counts_the_same_in_tiles(tmp_path: Path, gsd: float) -> None:
    # Every object is known here, so none at all may be missed or doubled; at 0.3 m the scene is shrunk while reading.
    pixels = np.full((round(SIDE * GSD / gsd),) * 2 + (3,), 90, np.uint8)
    places = seam_points(400)
    for number, (x, y) in enumerate(places):
        length, width = ((90, 60), (26, 8), (40, 30))[number % 3]
        box = (x * GSD / gsd, y * GSD / gsd, length * GSD / gsd, width * GSD / gsd, number * 0.7)
        paint(pixels, box, "fw.combat.su27fam")
    path = write(tmp_path / "paint.tif", pixels, gsd)
    whole = detect(path, PaintDetector(tile_px=SIDE)).detections
    tiled = detect(path, PaintDetector(), tile_px=400).detections
    assert len(whole) == len(tiled) == len(places)
    for x, y in places:
        assert (np.hypot(*(tiled.boxes[:, :2] - (x, y)).T) < 1.5).sum() == 1
