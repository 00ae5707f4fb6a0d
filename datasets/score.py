"""Places that something found, held against the truth of a drawn scene: hits, doubles, misses, false alarms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..detector.taxonomy import COUNTED, is_a
from .synth_scene import Truth


@dataclass(frozen=True, slots=True)
class Score:
    """What came of the objects of a scene.

    Attributes:
        true, counted: objects that stand there, and places that were found.
        doubles: places beyond the first on an object. misses: objects without a place. false_alarms: places on none.
        true_of, counted_of: objects and places per counted node.
    """

    true: int
    counted: int
    doubles: int
    misses: int
    false_alarms: int
    true_of: dict[str, int]
    counted_of: dict[str, int]


def score(truth: Truth, places: NDArray[np.float64], nodes: Sequence[str]) -> Score:
    """Hold places (N, 2), x and y in scene pixels, each with the node it was found as, against the truth.

    A place belongs to the object in whose oriented box it lies, of several to the one whose centre is nearest; of what
    kind it was found as does not matter there. So a fragment of an object counts as a double, not as a false alarm.
    """
    inside, distance = _inside(truth.boxes, places.reshape(-1, 2))
    nearest = np.where(inside, distance, np.inf).argmin(axis=1) if len(truth.boxes) else np.zeros(len(places), np.intp)
    on_object = inside.any(axis=1)
    seen = len(np.unique(nearest[on_object]))
    return Score(
        true=len(truth.nodes),
        counted=len(nodes),
        doubles=int(on_object.sum()) - seen,
        misses=len(truth.nodes) - seen,
        false_alarms=int((~on_object).sum()),
        true_of=_of_counted(truth.nodes),
        counted_of=_of_counted(nodes),
    )


def _inside(boxes: NDArray[np.float64], places: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Whether each place (rows) lies in each box (columns), and its distance from the box's centre."""
    dx = places[:, :1] - boxes[:, 0]
    dy = places[:, 1:] - boxes[:, 1]
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    along, across = np.abs(dx * cos + dy * sin), np.abs(dy * cos - dx * sin)
    return (along <= boxes[:, 2] / 2) & (across <= boxes[:, 3] / 2), np.hypot(dx, dy)


def _of_counted(nodes: Sequence[str]) -> dict[str, int]:
    return {counted: sum(is_a(node, counted) for node in nodes) for counted in COUNTED}
