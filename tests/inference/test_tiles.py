"""The tile plan: cores partition the grid, and an object is whole in the tile that owns its centre."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hardstand.inference.tiles as tiles_module
from hardstand.inference.tiles import Tile, plan_tiles

SIDES = st.integers(1, 400)
PLANS = st.tuples(st.integers(2, 90), st.integers(0, 88)).filter(lambda plan: plan[1] + plan[1] % 2 < plan[0])


@given(SIDES, SIDES, PLANS)
def test_every_pixel_belongs_to_exactly_one_core(width: int, height: int, plan: tuple[int, int]) -> None:
    tile_px, overlap_px = plan
    owners = np.zeros((height, width), np.int32)
    for tile in plan_tiles(min(width, 12 * tile_px), height, tile_px=tile_px, overlap_px=overlap_px):
        owners[tile.core_top : tile.core_bottom, tile.core_left : tile.core_right] += 1
    assert (owners[:, : min(width, 12 * tile_px)] == 1).all()


@given(SIDES, SIDES, PLANS, st.data())
def test_an_object_is_whole_in_the_tile_that_owns_its_centre(
    width: int, height: int, plan: tuple[int, int], data: st.DataObject
) -> None:
    tile_px, overlap_px = plan
    x = data.draw(st.floats(0, width, exclude_max=True))
    y = data.draw(st.floats(0, height, exclude_max=True))
    half_width = data.draw(st.floats(0, overlap_px / 2))
    half_height = data.draw(st.floats(0, overlap_px / 2))
    tiles = plan_tiles(width, height, tile_px=tile_px, overlap_px=overlap_px)
    (owner,) = [tile for tile in tiles if tile.owns(np.array([x]), np.array([y]))[0]]
    assert owner.left <= max(0, x - half_width)
    assert min(width, x + half_width) <= owner.right
    assert owner.top <= max(0, y - half_height)
    assert min(height, y + half_height) <= owner.bottom


@given(SIDES, SIDES, PLANS)
def test_windows_lie_in_the_grid_and_are_of_one_size(width: int, height: int, plan: tuple[int, int]) -> None:
    tile_px, overlap_px = plan
    tiles = plan_tiles(width, height, tile_px=tile_px, overlap_px=overlap_px)
    assert [tile.index for tile in tiles] == list(range(len(tiles)))
    assert len({(tile.width, tile.height) for tile in tiles}) == 1
    for tile in tiles:
        assert 0 <= tile.left < tile.right <= min(width, tile.left + tile_px)
        assert 0 <= tile.top < tile.bottom <= min(height, tile.top + tile_px)


@given(st.integers(1, 400), PLANS)
def test_windows_are_no_larger_than_their_number_needs(width: int, plan: tuple[int, int]) -> None:
    tile_px, overlap_px = plan
    tiles = plan_tiles(width, 1, tile_px=tile_px, overlap_px=overlap_px)
    smaller, shared = tiles[0].width - 1, overlap_px + overlap_px % 2
    assert len(tiles) == 1 or smaller + (len(tiles) - 1) * (smaller - shared) < width


@given(st.integers(1, 400), PLANS)
def test_no_plan_has_more_tiles_than_needed(width: int, plan: tuple[int, int]) -> None:
    tile_px, overlap_px = plan
    count = len(plan_tiles(width, 1, tile_px=tile_px, overlap_px=overlap_px))
    step = tile_px - (overlap_px + overlap_px % 2)
    assert count == 1 or tile_px + (count - 2) * step < width


def test_plan_by_hand() -> None:
    # 10 px, tiles of 6 that share at least 2: windows 0-6 and 4-10, border in the middle of 4-6.
    tiles = plan_tiles(10, 4, tile_px=6, overlap_px=2)
    assert tiles == (Tile(0, 0, 6, 4, 0, 0, 5, 4, 0), Tile(4, 0, 10, 4, 5, 0, 10, 4, 1))


def test_core_is_half_open_and_slack_widens_it() -> None:
    tile = Tile(0, 0, 6, 4, 0, 0, 5, 4, 0)
    x = np.array([4.9, 5.0, 5.9, 6.0])
    y = np.full(4, 2.0)
    assert tile.owns(x, y).tolist() == [True, False, False, False]
    assert tile.owns(x, y, slack_px=1).tolist() == [True, True, True, False]


def test_a_plan_that_cannot_hold_its_promise_is_refused() -> None:
    with pytest.raises(ValueError, match="150 px"):
        plan_tiles(1000, 1000, tile_px=150, overlap_px=150)
    with pytest.raises(ValueError, match="-1 px"):
        plan_tiles(1000, 1000, tile_px=150, overlap_px=-1)
    with pytest.raises(ValueError, match="0 x 5"):
        plan_tiles(0, 5, tile_px=150, overlap_px=10)
    with pytest.raises(ValueError, match="do not nest"):
        Tile(0, 0, 6, 4, 0, 0, 7, 4, 0)


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(tiles_module).failed == 0
