"""Screening: what the coarse look suspects is run in full, what it cannot read too, and the rest counts as seen."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.detector import Detector, PaintDetector, TileDetector, paint
from hardstand.detector.errors import EmptySceneError, TileReadError
from hardstand.inference import screen as screening
from hardstand.inference.detection import detect
from hardstand.inference.scene import Grid, Scene, array_scene
from hardstand.inference.screen import Plan, screen, tile_sides
from hardstand.inference.survey import Opening
from hardstand.inference.tiles import Tile, plan_tiles

NEAR_PX = screening.NEAR_M / 0.5


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
    assert (full.tiles, full.screened_out) == (whole.seen, 0)
    assert screened.tiles - screened.screened_out == part.seen
    assert 2 <= part.seen <= 4 < whole.seen
    assert screened.valid_fraction == 1
    assert screened.valid_mask.all()


@pytest.mark.parametrize("place", [(1000, 1000), (430, 700), (5 + 40, 1960)])
def test_an_object_on_a_seam_is_found_once(place: tuple[float, float]) -> None:
    found = detect(painted(place), fine(), gsd=0.5, screening=coarse()).detections
    assert len(found) == 1
    np.testing.assert_allclose(found.boxes[0, :2], place, atol=2)


def test_a_suspicion_speaks_for_every_tile_that_it_is_near() -> None:
    tiles = plan_tiles(2000, 2000, tile_px=512, overlap_px=166)
    border = tiles[0].core_right
    with array_scene(painted((border + NEAR_PX / 2, 200)), gsd=0.5) as scene:
        suspected = screen(scene, scene.grid(0.5), [Plan(tiles, tiles)], coarse()).suspected
    assert [tile.index for tile in suspected] == [0, 1]


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
        if grid.gsd > 1 and tile.left == 0 and tile.top == 0:
            raise TileReadError("torn")
        return read(self, grid, tile)

    monkeypatch.setattr(Scene, "read", broken)
    tiles = plan_tiles(2000, 2000, tile_px=512, overlap_px=166)
    with array_scene(painted(), gsd=0.5) as scene:
        suspected = screen(scene, scene.grid(0.5), [Plan(tiles, tiles)], coarse()).suspected
    torn = plan_tiles(667, 667, tile_px=512, overlap_px=66)[0]
    expected = [t for t in tiles if t.core_left < 3 * torn.core_right and t.core_top < 3 * torn.core_bottom]
    assert [tile.index for tile in suspected] == [tile.index for tile in expected]
    assert 0 < len(suspected) < len(tiles)


def test_screening_is_off_unless_asked_for(tmp_path: Path) -> None:
    assert not Opening().screen
