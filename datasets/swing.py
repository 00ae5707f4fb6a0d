"""Wings that swing: cut-outs with spread wings, swept back in steps between the two positions that are cut out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .cutouts import OPAQUE, CutOut, extent

__all__ = ["swung", "with_swung"]


class Hinge(NamedTuple):
    """Where wings turn: share of the length from the tail, metres from the axis; how many metres farther in the wing
    reaches, under the fixed part; and the span from which wings are spread.
    """

    along: float
    out_m: float
    under_m: float
    spread_m: float


HINGES = {"fw.bomber.tu22m": Hinge(0.37, 6.0, 1.5, 30.0), "fw.bomber.tu160": Hinge(0.45, 9.5, 2.5, 50.0)}
"""By eye, from the cut-outs."""
SWEEPS = tuple(np.radians((15.0, 30.0)))
"""From the least sweep, at which spread wings are cut out; with 45 degrees they would be as the swept ones."""
TAIL = 0.24
"""Share of the length, from the tail, in which nothing turns."""


def with_swung(cutouts: Sequence[CutOut]) -> tuple[CutOut, ...]:
    """Return the cut-outs, and after them those with spread wings again at each of `SWEEPS`."""
    spread = [each for each in cutouts if each.node in HINGES and each.width_m >= HINGES[each.node].spread_m]
    return (*cutouts, *(swung(each, sweep, HINGES[each.node]) for each in spread for sweep in SWEEPS))


def swung(cutout: CutOut, sweep: float, hinge: Hinge) -> CutOut:
    """Return the cut-out with both wings turned back by `sweep` radians about their hinges, under the fixed part."""
    height, width = cutout.rgba.shape[:2]
    out_m = np.abs(np.arange(height) - (height - 1) / 2)[:, None, None] * cutout.gsd
    tail = (np.arange(width) < TAIL * width)[None, :, None]
    fixed = np.where((out_m <= hinge.out_m) | tail, cutout.rgba, 0)
    moving = np.where((out_m > hinge.out_m - hinge.under_m) & ~tail, cutout.rgba, 0)
    canvas = sum(_turned(moving, side, sweep, hinge, cutout.gsd) for side in (-1, 1))
    canvas = canvas * (1 - fixed[..., 3:]) + fixed
    rgba = np.ascontiguousarray(canvas[extent(canvas[..., 3])], np.float32)
    return replace(cutout, name=f"{cutout.name}-{np.degrees(sweep):.0f}", rgba=rgba)


def _turned(wings: NDArray[np.float32], side: int, sweep: float, hinge: Hinge, gsd: float) -> NDArray[np.float32]:
    """The wing on one side (-1 above the axis, 1 below) where it lies turned toward the tail; no part of it comes ahead
    of the leading edge at the hinge.
    """
    height, width = wings.shape[:2]
    middle = (height - 1) / 2
    rows = np.arange(height)[:, None, None]
    wing = np.where((rows - middle) * side > 0, wings, 0).astype(np.float32)
    x, y = hinge.along * width, middle + side * hinge.out_m / gsd
    cos, sin = np.cos(sweep * side), np.sin(sweep * side)
    turn = np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y]])
    turned = np.asarray(cv2.warpAffine(wing, turn, (width, height), flags=cv2.INTER_LINEAR), np.float32)
    ahead = np.flatnonzero(wing[round(y), :, 3] > OPAQUE)
    turned[:, ahead[-1] + 1 if len(ahead) else 0 :] = 0
    return turned
