"""Wings that swing: cut-outs with spread wings, swept back in steps between the two positions that are cut out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .cutouts import CutOut, extent

__all__ = ["swung", "with_swung"]


class Hinge(NamedTuple):
    """Where wings turn: share of the length from the tail, metres from the axis; and the span from which they are
    spread.
    """

    along: float
    out_m: float
    spread_m: float


HINGES = {"fw.bomber.tu22m": Hinge(0.42, 6.0, 30.0), "fw.bomber.tu160": Hinge(0.45, 9.5, 50.0)}
"""By eye, from the cut-outs: what turns is all that is farther out, and no part of the tail is."""
SWEEPS = tuple(np.radians((15.0, 30.0)))
"""Tu-22M stand at 20 to 65 degrees, Tu-160 at 20 to 65 (taxonomy, dimensions); spread cut-outs are at the least."""
UNDER_M = 1.0
"""What of the wing lies under the fixed part, so that no gap opens."""


def with_swung(cutouts: Sequence[CutOut]) -> tuple[CutOut, ...]:
    """Return the cut-outs, and after them those with spread wings again at each of `SWEEPS`."""
    spread = [each for each in cutouts if each.node in HINGES and each.width_m >= HINGES[each.node].spread_m]
    return (*cutouts, *(swung(each, sweep, HINGES[each.node]) for each in spread for sweep in SWEEPS))


def swung(cutout: CutOut, sweep: float, hinge: Hinge) -> CutOut:
    """Return the cut-out with both wings turned back by `sweep` radians about their hinges, under the fixed part."""
    height = cutout.rgba.shape[0]
    out = np.abs(np.arange(height) - (height - 1) / 2)[:, None, None] * cutout.gsd
    fixed = np.where(out <= hinge.out_m, cutout.rgba, 0)
    moving = np.where(out > hinge.out_m - UNDER_M, cutout.rgba, 0)
    canvas = sum(_turned(moving, side, sweep, hinge, cutout.gsd) for side in (-1, 1))
    canvas = canvas * (1 - fixed[..., 3:]) + fixed
    rgba = np.ascontiguousarray(canvas[extent(canvas[..., 3])], np.float32)
    return replace(cutout, name=f"{cutout.name}-{np.degrees(sweep):.0f}", rgba=rgba)


def _turned(wings: NDArray[np.float32], side: int, sweep: float, hinge: Hinge, gsd: float) -> NDArray[np.float32]:
    """The wing on one side (-1 above the axis, 1 below) where it lies turned toward the tail."""
    height, width = wings.shape[:2]
    middle = (height - 1) / 2
    rows = np.arange(height)[:, None, None]
    wing = np.where((rows - middle) * side > 0, wings, 0).astype(np.float32)
    x, y = hinge.along * width, middle + side * hinge.out_m / gsd
    cos, sin = np.cos(sweep * side), np.sin(sweep * side)
    turn = np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y]])
    return np.asarray(cv2.warpAffine(wing, turn, (width, height), flags=cv2.INTER_LINEAR), np.float32)
