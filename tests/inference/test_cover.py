"""The cover: every place in one core, whole in its window, and less work than a regular plan."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardstand.inference.cover import CELL_PX, cover, window_sides, work_px
from hardstand.inference.tiles import Tile, plan_tiles

OVERLAP_PX = 166


@st.composite
def scattered(draw: st.DrawFn) -> tuple[NDArray[np.float32], int, int]:
    """Places on a grid of some size: lone ones and full blocks, of any reach."""
    height, width = draw(st.integers(40, 2000)), draw(st.integers(40, 2000))
    rows, columns = -(-height // CELL_PX), -(-width // CELL_PX)
    reach = np.full((rows, columns), -1, np.float32)
    for _ in range(draw(st.integers(0, 12))):
        y, x = draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))
        far = draw(st.sampled_from([0.0, 16.0, 32.0, 64.0, OVERLAP_PX / 2]))
        reach[y : y + draw(st.sampled_from([1, 2, 20])), x : x + draw(st.sampled_from([1, 3, 30]))] = far
    return reach, width, height


def cores(tiles: tuple[Tile, ...], width: int, height: int) -> NDArray[np.int64]:
    """How many cores each pixel of the grid lies in."""
    owners = np.zeros((height, width), np.int64)
    for tile in tiles:
        owners[tile.core_top : tile.core_bottom, tile.core_left : tile.core_right] += 1
    return owners


@settings(max_examples=40, deadline=None)
@given(scattered(), st.sampled_from([320, 512, 1024]))
def test_every_place_has_one_core_and_is_whole_in_its_window(
    ground: tuple[NDArray[np.float32], int, int], tile_px: int
) -> None:
    reach, width, height = ground
    sides = window_sides(tile_px, OVERLAP_PX)
    tiles = cover(reach, width, height, sides=sides)
    owners = cores(tiles, width, height)
    assert owners.max(initial=0) <= 1
    assert [tile.index for tile in tiles] == list(range(len(tiles)))
    for tile in tiles:
        assert tile.right <= width
        assert tile.bottom <= height
        assert tile.width in (*sides, width)
        assert tile.height in (*sides, height)
    for row, column in np.argwhere(reach >= 0)[:: 1 + (reach >= 0).sum() // 50]:
        top, left = row * CELL_PX, column * CELL_PX
        bottom, right = min(top + CELL_PX, height), min(left + CELL_PX, width)
        assert owners[top:bottom, left:right].all()
        x, y = np.array([left + 0.5]), np.array([top + 0.5])
        (tile,) = (tile for tile in tiles if tile.owns(x, y).all())
        far = reach[row, column]
        assert tile.left <= max(left - far, 0)
        assert tile.top <= max(top - far, 0)
        assert tile.right >= min(right + far, width)
        assert tile.bottom >= min(bottom + far, height)


def test_nothing_wanted_is_nothing_to_run() -> None:
    assert cover(np.full((5, 7), -1, np.float32), 200, 150, sides=(1024, 288)) == ()


def test_a_lone_object_takes_a_small_window_and_a_full_ground_large_ones() -> None:
    sides = window_sides(1024, OVERLAP_PX)
    lone = np.full((125, 125), -1, np.float32)
    lone[60, 60] = 40
    (tile,) = cover(lone, 4000, 4000, sides=sides)
    assert tile.width == tile.height == sides[-1]
    assert tile.core_right - tile.core_left > 150
    full = cover(np.zeros((125, 125), np.float32), 4000, 4000, sides=sides)
    assert max(tile.width for tile in full) == 1024
    assert work_px(full) < 1.2 * work_px(plan_tiles(4000, 4000, tile_px=1024, overlap_px=OVERLAP_PX))


def test_scattered_objects_are_less_work_than_in_a_regular_plan() -> None:
    rng = np.random.default_rng(3)
    reach = np.full((250, 250), -1, np.float32)
    reach[rng.integers(0, 250, 40), rng.integers(0, 250, 40)] = 32
    x, y = np.argwhere(reach >= 0)[:, ::-1].T * CELL_PX + CELL_PX / 2
    plan = plan_tiles(8000, 8000, tile_px=416, overlap_px=OVERLAP_PX)
    regular = [tile for tile in plan if tile.owns(x, y).any()]
    assert work_px(cover(reach, 8000, 8000, sides=window_sides(1024, OVERLAP_PX))) < 0.7 * work_px(regular)
