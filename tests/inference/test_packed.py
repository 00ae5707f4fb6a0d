import numpy as np
import pytest

from hardstand.inference.packed import PackedMask


@pytest.mark.parametrize("shape", [(0,), (7,), (3, 5), (1024, 1024)])
def test_a_mask_comes_back(shape: tuple[int, ...]) -> None:
    mask = np.random.default_rng(0).random(shape) < 0.3
    packed = PackedMask.of(mask)
    assert packed.mask().dtype == np.bool_
    np.testing.assert_array_equal(packed.mask(), mask)


def test_a_mask_without_holes_is_small() -> None:
    assert len(PackedMask.of(np.ones((1024, 1024), bool)).bits) < 2000
