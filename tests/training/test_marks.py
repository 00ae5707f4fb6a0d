"""Crosses of closed pavement beside what is labelled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardstand.training.marks import MOST, SPAN_M, crossed

NOTHING = np.zeros((0, 4), np.float32)


def ground(side: int = 160, level: float = 120) -> "np.typing.NDArray[np.uint8]":
    return np.random.default_rng(0).normal(level, 3, (side, side, 1)).repeat(3, axis=2).clip(0, 255).astype(np.uint8)


@given(seed=st.integers(0, 10_000), gsd=st.sampled_from([0.3, 0.5, 1.0]))
def test_crosses_are_painted_beside_what_is_taken(seed: int, gsd: float) -> None:
    before = ground()
    taken = np.array([[30, 40, 90, 80], [100, 100, 150, 155]], np.float32)
    after = crossed(before, taken, gsd, np.random.default_rng(seed))
    changed = (after != before).any(axis=2)
    for x0, y0, x1, y1 in taken.astype(int):
        assert not changed[y0:y1, x0:x1].any()
    assert changed.sum() < MOST * (SPAN_M[1] / gsd) ** 2
    again = crossed(before, taken, gsd, np.random.default_rng(seed))
    np.testing.assert_array_equal(after, again)


def test_a_cross_is_brighter_than_its_ground() -> None:
    for seed in range(20):
        before = ground(400, level=80)
        after = crossed(before, NOTHING, 0.5, np.random.default_rng(seed))
        changed = after.astype(int) - before
        assert changed.max() > 40


def test_where_there_is_no_place_nothing_is_painted() -> None:
    before = ground()
    whole = np.array([[0, 0, 160, 160]], np.float32)
    np.testing.assert_array_equal(crossed(before, whole, 0.5, np.random.default_rng(1)), before)


@pytest.mark.parametrize("seed", range(5))
def test_pavement_is_preferred_to_grass(seed: int) -> None:
    pixels = ground(600)
    rng = np.random.default_rng(9)
    pixels[:, :300] = np.clip(np.array([60, 110, 40]) + rng.normal(0, 25, (600, 300, 1)), 0, 255).astype(np.uint8)
    after = crossed(pixels, NOTHING, 0.5, np.random.default_rng(seed))
    changed = (after != pixels).any(axis=2)
    assert changed[:, 300:].sum() > changed[:, :270].sum()
