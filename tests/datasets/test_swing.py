"""Wings that swing: what turns, what stays, and which cut-outs get it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from hardstand.datasets.cutouts import CutOut
from hardstand.datasets.swing import HINGES, SWEEPS, swung, with_swung

HINGE = HINGES["fw.bomber.tu22m"]


@pytest.fixture
def spread() -> CutOut:
    """42 m long and 34 m wide, nose to +x: a fuselage, straight wings 3 m deep about the hinge, a tail."""
    rgba = np.zeros((171, 210, 4), np.float32)
    rgba[80:91] = (200, 200, 200, 1)
    rgba[:, 70:86] = (150, 150, 150, 1)
    rgba[60:111, 0:15] = (100, 100, 100, 1)
    return CutOut("bomber", "fw.bomber.tu22m", rgba, 0.2)


@pytest.mark.parametrize("degrees", [15, 30])
def test_wings_turn_back_about_their_hinges(spread: CutOut, degrees: float) -> None:
    sweep = float(np.radians(degrees))
    swept = swung(spread, sweep, HINGE)
    moving_m = spread.width_m / 2 - HINGE.out_m
    chord_m = 16 * 0.2
    assert swept.width_m == pytest.approx(
        2 * (HINGE.out_m + moving_m * np.cos(sweep) + chord_m / 2 * np.sin(sweep)), abs=0.8
    )
    assert swept.length_m == spread.length_m
    columns = np.flatnonzero(swept.rgba[2, :, 3] > 0.5)  # at the tip: behind where it was
    assert columns.mean() * 0.2 == pytest.approx(HINGE.along * spread.length_m - moving_m * np.sin(sweep), abs=2.0)
    assert (swept.name, swept.node) == (f"bomber-{degrees}", "fw.bomber.tu22m")


def test_both_sides_turn_alike_and_what_is_fixed_stays(spread: CutOut) -> None:
    swept = swung(spread, 0.4, HINGE)
    assert np.abs(swept.rgba - swept.rgba[::-1]).max() < 1
    middle, before = swept.rgba.shape[0] // 2, spread.rgba.shape[0] // 2
    np.testing.assert_allclose(swept.rgba[middle - 26 : middle + 27], spread.rgba[before - 26 : before + 27])


def test_no_gap_opens_at_the_hinge(spread: CutOut) -> None:
    for sweep in SWEEPS:
        swept = swung(spread, float(sweep), HINGE).rgba[..., 3] > 0.5
        assert cv2.connectedComponents(swept.astype(np.uint8))[0] == 2  # the ground, and one aircraft
        leading = np.array([row.nonzero()[0].max() for row in swept])[: swept.shape[0] // 2 - 6]
        assert (np.diff(leading) >= -1).all()  # from the tip inward it never steps back


def test_the_tail_does_not_turn(spread: CutOut) -> None:
    rgba = spread.rgba.copy()
    rgba[40:131, 0:15] = (100, 100, 100, 1)  # a tailplane as wide as 18 m
    swept = swung(replace(spread, rgba=rgba), 0.4, HINGE)
    middle = swept.rgba.shape[0] // 2
    np.testing.assert_allclose(swept.rgba[middle - 45 : middle + 46, :15], rgba[40:131, :15])


def test_only_spread_cutouts_of_types_whose_wings_swing_are_swept(spread: CutOut) -> None:
    swept = replace(spread, rgba=spread.rgba[30:-30])
    other = replace(spread, node="fw.bomber.tu95")
    assert with_swung([swept, other]) == (swept, other)
    assert [each.name for each in with_swung([spread, other])] == ["bomber", "bomber", "bomber-15", "bomber-30"]
