"""New paint on cut-outs: the airframe stays, its colours go."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from hardstand.datasets.cutouts import CutOut
from hardstand.datasets.repaint import repainted


def aircraft() -> CutOut:
    """A light dart, 16 by 12 m, with a dark canopy of half a metre on its axis."""
    alpha = np.zeros((60, 80), np.uint8)
    cv2.fillPoly(alpha, [np.array([[0, 0], [79, 30], [0, 59]])], 1)
    colour = np.full((60, 80, 3), 200)
    colour[29:31, 40:46] = 40
    rgba = np.dstack([colour, alpha]).astype(np.float32)
    rgba[..., :3] *= rgba[..., 3:]
    return CutOut("dart", "fw.combat.mig29", rgba, 0.2)


def grey_of(cutout: CutOut) -> float:
    return float(cutout.rgba[..., :3][cutout.rgba[..., 3] > 0.5].mean())


@pytest.mark.parametrize("seed", range(6))
def test_outline_size_and_fine_detail_stay(seed: int) -> None:
    before, after = aircraft(), repainted(aircraft(), np.random.default_rng(seed))
    assert (after.name, after.node, after.gsd) == (before.name, before.node, before.gsd)
    assert np.array_equal(after.rgba[..., 3], before.rgba[..., 3])
    assert (after.rgba[..., :3] <= 250 * after.rgba[..., 3:]).all()
    around = np.concatenate([after.rgba[26:28, 40:46, :3], after.rgba[32:34, 40:46, :3]])
    assert after.rgba[29:31, 40:46, :3].mean() < around.mean() - 20


def test_paint_on_a_soft_picture_has_soft_edges() -> None:
    def painted(blur_m: float) -> list[CutOut]:
        return [repainted(replace(aircraft(), blur_m=blur_m), np.random.default_rng(seed)) for seed in range(12)]

    sharp, soft = ([float(np.abs(np.diff(each.rgba[30, :, 0])).max()) for each in painted(blur_m)] for blur_m in (0, 1))
    assert max(soft) < max(sharp)
    assert {each.blur_m for each in painted(1.0)} == {1.0}


def test_paints_reach_from_dark_to_bright_and_are_the_same_for_the_same_seed() -> None:
    greys = [grey_of(repainted(aircraft(), np.random.default_rng(seed))) for seed in range(40)]
    assert min(greys) < 80
    assert max(greys) > 180
    assert greys[3] == grey_of(repainted(aircraft(), np.random.default_rng(3)))
