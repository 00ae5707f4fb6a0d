"""Screening: what the coarse look suspects is run in full, what it cannot read too, and the rest counts as seen."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer

from hardstand.detector import Detector, PaintDetector, TileDetector, paint
from hardstand.detector.coarse import LOOK, NEAR_M, coarse_detector
from hardstand.detector.errors import EmptySceneError, TileReadError
from hardstand.inference.detection import detect
from hardstand.inference.scene import Grid, Scene, array_scene
from hardstand.inference.screen import Screening, screen
from hardstand.inference.sites import Site
from hardstand.inference.survey import Opening
from hardstand.inference.tiles import Tile, plan_tiles

NEAR_PX = NEAR_M / 0.5


def painted(*places: tuple[float, float], side: int = 2000) -> NDArray[np.uint8]:
    pixels = np.full((side, side, 3), 110, np.uint8)
    for x, y in places:
        paint(pixels, (x, y, 80, 50, 0.4), "fw.bomber")
    return pixels


class Counting(PaintDetector):
    """A painted network that counts the tiles it is given."""

    def stream(self, tiles):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        self.seen = 0
        for tile in tiles:
            self.seen += 1
            yield from super().stream([tile])


def fine() -> Counting:
    return Counting(gsd=0.5, tile_px=512)


def coarse() -> PaintDetector:
    return PaintDetector(gsd=1.5, tile_px=512)


def test_only_suspected_tiles_are_run_and_the_result_is_that_of_the_full_run() -> None:
    scene = painted((300, 300), (1700, 1200), (1720, 1300))
    whole, part = fine(), fine()
    full, screened = detect(scene, whole, gsd=0.5), detect(scene, part, gsd=0.5, screening=coarse())
    np.testing.assert_array_equal(full.detections.boxes, screened.detections.boxes)
    assert full.coarse_fraction == 0
    assert screened.coarse_fraction > 0.8
    assert 2 <= part.seen <= 4 < whole.seen
    assert screened.valid_fraction == 1
    assert screened.valid_mask.all()


@pytest.mark.parametrize("place", [(1000, 1000), (430, 700), (5 + 40, 1960)])
def test_an_object_on_a_seam_is_found_once(place: tuple[float, float]) -> None:
    found = detect(painted(place), fine(), gsd=0.5, screening=coarse()).detections
    assert len(found) == 1
    np.testing.assert_allclose(found.boxes[0, :2], place, atol=2)


def look_at(pixels: NDArray[np.uint8], network: TileDetector, *, tile_px: int = 512) -> Screening:
    """What a coarse look says of pixels of half a metre, of which all is wanted."""
    height, width = pixels.shape[:2]
    wanted = plan_tiles(width, height, tile_px=tile_px, overlap_px=166)
    with array_scene(pixels, gsd=0.5) as scene:
        return screen(scene, scene.grid(0.5), wanted, network, tile_px=tile_px, overlap_px=166)


def test_what_is_near_a_suspicion_is_run_too() -> None:
    place = (1000.0, 700.0)
    (tile,) = look_at(painted(place), coarse()).suspected
    around = np.array(place) + np.array([(0, 0), (NEAR_PX, 0), (-NEAR_PX, 0), (0, NEAR_PX), (0, -NEAR_PX)])
    assert tile.owns(*around.T).all()


def test_nothing_suspected_is_nothing_run_and_all_seen() -> None:
    network = fine()
    result = detect(painted(), network, gsd=0.5, screening=coarse())
    assert network.seen == 0
    assert (len(result.detections), result.valid_fraction) == (0, 1)


def test_no_data_is_not_seen_and_a_scene_of_it_is_an_error() -> None:
    half = painted((300, 300)).astype(np.float32)
    half[:, 1000:] = np.nan
    result = detect(half, fine(), gsd=0.5, screening=coarse())
    assert result.valid_fraction == pytest.approx(0.5, abs=0.01)
    with pytest.raises(EmptySceneError):
        detect(np.full((600, 600, 3), np.nan, np.float32), fine(), gsd=0.5, screening=coarse())


def test_what_the_coarse_look_cannot_read_is_run_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Scene.read

    def broken(self: Scene, grid: Grid, tile: Tile) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        if grid.gsd > 1 and tile.left > 0 and tile.top == 0:
            raise TileReadError("torn")
        return read(self, grid, tile)

    monkeypatch.setattr(Scene, "read", broken)
    suspected = look_at(painted(), coarse()).suspected
    torn = plan_tiles(667, 667, tile_px=512, overlap_px=66, multiple_px=32)[1]
    left, bottom = torn.core_left * 2000 / 667, torn.core_bottom * 2000 / 667
    x, y = (grid.ravel() + 0.5 for grid in np.meshgrid(np.arange(0, 2000, 10), np.arange(0, 2000, 10)))
    run = np.any([tile.owns(x, y) for tile in suspected], axis=0)
    assert run[(x > left) & (y < bottom)].all()
    assert not run[(x < left - 400) | (y > bottom + 400)].any()


def test_screening_is_off_unless_asked_for(tmp_path: Path) -> None:
    assert not Opening().screen


def test_the_shipped_look_is_coarser_and_reports_from_its_own_score_on() -> None:
    detector = Detector.load("hardstand-n", device="cpu", precision="fp32")
    low: TileDetector = coarse_detector(detector)
    assert isinstance(low, Detector)
    assert low.gsd == 2 * detector.gsd
    assert low.choice is not None
    assert low.choice.device == "cpu"
    assert low.record.name == LOOK
    assert low.min_score == low.record.screen_score
    assert not low.record.thresholds
    unchosen = coarse_detector(Detector(detector.backend, detector.record))
    assert unchosen.min_score == low.min_score


def test_tiles_are_small_where_little_is_suspected_and_large_where_much_is() -> None:
    lone = painted((700, 700), side=4000)
    crowd = painted(*((x, y) for x in range(100, 4000, 200) for y in range(100, 2000, 200)), side=4000)
    network = PaintDetector(gsd=1.0, tile_px=1024)
    lone_tile, crowd_tile = (look_at(pixels, network, tile_px=1024).suspected[0] for pixels in (lone, crowd))
    assert lone_tile.width < 320
    assert crowd_tile.width > 900


def test_a_full_scene_is_not_looked_at_twice() -> None:
    full = painted(*((x, y) for x in range(100, 2400, 200) for y in range(100, 2400, 200)), side=2400)
    low = Counting(gsd=1.5, tile_px=512)
    network = Counting(gsd=0.5, tile_px=1024)
    result = detect(full, network, gsd=0.5, screening=low)
    assert result.coarse_fraction == 0
    assert network.seen == 9
    assert low.seen <= 3
    assert len(result.detections) == 12 * 12


def test_within_sites_only_what_touches_them_is_looked_at() -> None:
    pixels = painted((500, 500), (3500, 3500), side=4000)
    place = Affine(0.5, 0, 400_000, 0, -0.5, 6_000_000)
    to_lonlat = Transformer.from_crs("EPSG:32637", "OGC:CRS84", always_xy=True)
    corner = shapely.transform(shapely.box(0, 0, 1500, 1500), lambda p: place.a * p * (1, -1) + (place.c, place.f))
    site = Site("corner", shapely.transform(corner, lambda p: np.column_stack(to_lonlat.transform(*p.T))))
    low = Counting(gsd=1.5, tile_px=512)
    network = Counting(gsd=0.5, tile_px=512)
    with array_scene(pixels, transform=place, crs="EPSG:32637") as scene:
        result = detect(scene, network, within=[site], screening=low)
        plain = detect(scene, fine(), within=[site])
    np.testing.assert_allclose(result.detections.boxes[:, :2], [(500, 500)], atol=2)
    assert 0 < low.seen <= 9
    assert network.seen <= 4
    assert 0.14 < result.valid_fraction <= plain.valid_fraction


def test_a_suspected_tile_that_cannot_be_read_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Scene.read

    def broken(self: Scene, grid: Grid, tile: Tile) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        if grid.gsd < 1:
            raise TileReadError("torn")
        return read(self, grid, tile)

    monkeypatch.setattr(Scene, "read", broken)
    result = detect(painted((300, 300)), fine(), gsd=0.5, screening=coarse())
    assert result.unread
    lost = sum((t.core_right - t.core_left) * (t.core_bottom - t.core_top) for t in result.unread) / 2000**2
    assert result.valid_fraction == pytest.approx(1 - lost, abs=0.005)
