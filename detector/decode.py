"""From the raw output of a network to the objects of one tile."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .backend import Raw
from .boxes import canonical, suppress_probable
from .detections import Detections
from .naming import named
from .taxonomy import COUNTED
from .weights import WeightRecord, calibrated

MIN_SCORE = 0.05
"""Unless a caller says another score, candidates with a lower best score at the counted nodes are not looked at."""

LISTED = 0.5
"""Unless a caller says a score, a counted node with a threshold is reported from this share of it on."""

OVERLAP = 0.5
"""Two candidates whose ProbIoU is above this are one object."""

OFF_AXIS_M = 2.0
"""A candidate inside a larger one, centred within this of the larger's length axis, is a part of that object and no
object of its own: more than a network errs by, less than the 3 m from a helicopter's axis to a lorry beside it."""

MOST_CANDIDATES = 2048
"""Only the best so many candidates of a tile are looked at: a trained network has some hundreds, a broken one all."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """Turns raw outputs of the network of `record` into detections; a plain function of both."""

    record: WeightRecord
    min_score: float | None = None
    """Score at a counted node from which candidates are reported; None for MIN_SCORE and LISTED."""

    def __call__(self, raw: Raw, width: int, height: int) -> Detections:
        """The objects of one tile from (5 + K, A), best first, in pixels of the tile.

        Objects centred outside of `width` by `height` (in the padding) are dropped. One object, one detection, by one
        rule over all nodes at once: from the best score at a counted node down, a candidate goes where its ProbIoU with
        one that stays is above OVERLAP, or where one of the two is a part of the other (`boxes.is_part`, OFF_AXIS_M) or
        both are in one place (`boxes.in_one_place`). Where the record has thresholds of counted nodes, candidates that
        reach that of some node come first, and are judged at such nodes alone; the rest fill what is left free, so that
        they change nothing of what counts. What stays has one label, on one path of the tree (`naming.named`). Aircraft
        wing to wing stay, and so does a lorry beside a helicopter, also under its rotor.
        """
        nodes = self.record.nodes
        counted = [k for k, node in enumerate(nodes) if node in COUNTED]
        floors = np.array([[self.record.thresholds.get(nodes[column], 0.0)] for column in counted], np.float32)
        least = (
            np.maximum(MIN_SCORE, LISTED * floors) if self.min_score is None else np.full_like(floors, self.min_score)
        )
        raw = raw[:, np.flatnonzero(_highest(raw, counted) >= least.min())]  # some hundreds of some ten thousands
        if not raw.shape[1]:
            return Detections.empty(nodes, self.record.gsd_m)
        scored = raw[4:-1][counted]
        listed, counts = scored >= least, scored >= np.maximum(floors, least)
        rank = np.where(counts, scored, np.where(listed, scored - 1, -np.inf)).max(axis=0)  # what counts is above 0
        judged = raw[4:-1].copy()
        judged[counted] = np.where(counts | (listed & ~counts.any(axis=0)), scored, 0)
        inside = (raw[0] >= 0) & (raw[0] < width) & (raw[1] >= 0) & (raw[1] < height)
        chosen = _top(np.flatnonzero(inside & listed.any(axis=0)), rank)
        boxes = canonical(raw[[0, 1, 2, 3, -1]][:, chosen].T)
        kept = suppress_probable(boxes, rank[chosen], OVERLAP, OFF_AXIS_M / self.record.gsd_m)
        scores = np.ascontiguousarray(raw[4:-1, chosen[kept]].T)
        best = judged[counted][:, chosen[kept]].argmax(axis=0)
        real = np.stack([calibrated(self.record, nodes[k], scores[:, k]) for k in counted])[best, np.arange(len(best))]
        return named(
            Detections(nodes, boxes[kept], scores, np.array(counted, np.intp)[best], real, self.record.gsd_m),
            self.record,
        )


def _highest(raw: Raw, counted: Sequence[int]) -> NDArray[np.float32]:
    """The best score (A,) at the counted nodes, row by row: a table of them would be copied first."""
    best: NDArray[np.float32] = raw[4 + counted[0]]
    for column in counted[1:]:
        best = np.maximum(best, raw[4 + column])
    return best


def _top(candidates: NDArray[np.intp], score: NDArray[np.float32]) -> NDArray[np.intp]:
    if len(candidates) <= MOST_CANDIDATES:
        return candidates
    return candidates[np.argsort(-score[candidates], kind="stable")[:MOST_CANDIDATES]]
