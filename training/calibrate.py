"""Scores become probabilities: how often a detection with this score was right on held-back scenes, node by node."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .evaluate import SceneResult, found_objects, verdicts
from .figures import GSD_EDGES_M, ranges

KNOTS = 64
FEWEST_DETECTIONS = 50
FEWEST_OBJECTS = 50
"""A node below the counted ones with fewer judged detections or objects has the curve and the recall of its parent."""
FEWEST_COUNTED = 20
"""A counted node with fewer objects is not calibrated: there is nothing above it."""
FEWEST_PER_GSD = 100
"""Ranges of scale with fewer objects say nothing about recall."""
MOST_PROBABLE = 0.995
"""Nothing is taken to be surer, and no mean doubt to be less than what this leaves."""

Curve = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class NodeCalibration:
    """What held-back scenes say about one node.

    Attributes:
        curve: knots `score` and `probability`.
        recall: the share of objects found, by the detections that count.
        recall_by_gsd: knots `gsd_m` and `recall`; None where the objects are of one range of scale.
        doubt: what these found objects lack in probability, on average; None where none was found.
        detections, objects: how many were judged.
    """

    curve: Curve
    recall: float
    recall_by_gsd: Curve | None
    doubt: float | None
    detections: int
    objects: int

    @property
    def enough(self) -> bool:
        """Whether the figures rest on enough to be used for a node that has a parent."""
        return self.detections >= FEWEST_DETECTIONS and self.objects >= FEWEST_OBJECTS


def monotone_fit(
    scores: NDArray[np.float64], right: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return knots (scores, probabilities) of the rising step function nearest to `right`, smoothed to lines.

    Pool-adjacent-violators (Ayer et al. 1955), then at most `KNOTS` knots at the means of equally full bins. With one
    extra right and one extra wrong verdict at the ends, so that no probability is exactly 0 or 1.

    >>> s, p = monotone_fit(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0.0, 1.0, 1.0]))
    >>> bool(p[0] < 0.5 < p[-1])
    True
    """
    order = np.argsort(scores, kind="stable")
    x = np.concatenate(([0.0], scores[order], [1.0]))
    y = np.concatenate(([0.0], right[order], [1.0]))
    blocks: list[list[float]] = []
    for value in y:
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            mean, count = blocks.pop()
            total = blocks[-1][1] + count
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + mean * count) / total, total]
    level = np.concatenate([np.full(int(count), mean) for mean, count in blocks])
    bins = np.array_split(np.arange(len(x)), min(KNOTS, len(x)))
    knots = np.array([x[rows].mean() for rows in bins])
    values = np.clip([level[rows].mean() for rows in bins], 0.001, MOST_PROBABLE)
    unique, first = np.unique(np.round(knots, 5), return_index=True)
    return unique.astype(np.float64), values[first].astype(np.float64)


def calibration(results: Sequence[SceneResult], floor: float = 0, *, part: bool = False) -> NodeCalibration:
    """Return the calibration of one node over all reported detections, and its recall over those that count.

    The latter have a score of `floor` or more. Results are of held-back scenes. part: the node is below a counted one,
    and no detection is surer to be of it than to be real at all, as counts take it.
    """
    scores, right, real = verdicts(results)
    knots, values = monotone_fit(scores, right)
    objects = sum(int((~result.ignored).sum()) for result in results)
    sure = np.interp(scores, knots, values)
    if part:
        sure = np.minimum(sure, real)
    found = sure[(scores >= floor) & (right == 1)]
    return NodeCalibration(
        curve={"score": _rounded(knots), "probability": _rounded(values)},
        recall=round(float(right[scores >= floor].sum() / objects), 4) if objects else 1.0,
        recall_by_gsd=_recall_by_gsd(results, floor),
        doubt=round(max(1 - MOST_PROBABLE, float(1 - found.mean())), 4) if len(found) else None,
        detections=len(scores),
        objects=objects,
    )


def _recall_by_gsd(results: Sequence[SceneResult], floor: float) -> Curve | None:
    """Recall per range of scale, at the mean scale of its objects."""
    knots = []
    for low, high in ranges(GSD_EDGES_M):
        inside = [result for result in results if low <= result.gsd < high]
        found = np.concatenate(
            [np.empty(0, bool), *(found_objects(each, threshold=floor)[~each.ignored] for each in inside)]
        )
        scale = np.concatenate([np.empty(0), *(np.full(int((~each.ignored).sum()), each.gsd) for each in inside)])
        if len(found) >= FEWEST_PER_GSD:
            knots.append((float(scale.mean()), float(found.mean())))
    if len(knots) < 2:
        return None
    return {"gsd_m": _rounded([gsd for gsd, _ in knots]), "recall": _rounded([recall for _, recall in knots])}


def _rounded(values: Sequence[float] | NDArray[np.float64]) -> list[float]:
    return [round(float(value), 5) for value in values]


def record_fields(found: Mapping[str, NodeCalibration], above: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the fields of a weight record that the calibrations of nodes fill, where they rest on enough.

    `above` names the node above each, None for a counted one. Under `report`: detections and objects per node, and the
    node whose calibration it `inherits`: None where it has its own, or where no node above has one either.
    """
    used = {
        node: each
        for node, each in found.items()
        if each.enough or (above[node] is None and each.objects >= FEWEST_COUNTED)
    }
    return {
        "calibration": {node: each.curve for node, each in used.items()},
        "recall": {node: each.recall for node, each in used.items()},
        "doubt": {node: each.doubt for node, each in used.items() if each.doubt is not None},
        "recall_by_gsd": {node: each.recall_by_gsd for node, each in used.items() if each.recall_by_gsd},
        "report": {
            node: {
                "detections": each.detections,
                "objects": each.objects,
                "inherits": None if node in used else _used_above(node, above, used),
            }
            for node, each in found.items()
        },
    }


def _used_above(node: str, above: Mapping[str, str | None], used: Mapping[str, NodeCalibration]) -> str | None:
    """The nearest node above that has a calibration."""
    higher = above[node]
    while higher is not None and higher not in used:
        higher = above[higher]
    return higher
