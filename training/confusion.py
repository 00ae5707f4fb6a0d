"""Which types are taken for which: labels against what was reported for the same object."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.annotation import ImageRecord
from ..detector.detections import Detections
from ..detector.taxonomy import COUNTED, NODES, is_a, root
from .evaluate import assigned, overlaps

MISSED = "missed"
NOTHING = "nothing there"


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Objects by label (rows) and by reported node (columns).

    The last row is what was reported where no label is, the last column what is labelled and was not found. An object
    that is labelled or reported less deep stands at that node.
    """

    labelled: tuple[str, ...]
    reported: tuple[str, ...]
    objects: NDArray[np.int64]
    """(len(labelled) + 1, len(reported) + 1)."""

    def as_record(self) -> dict[str, Any]:
        """The matrix as JSON values, rows and columns with their names."""
        return {
            "labelled": [*self.labelled, NOTHING],
            "reported": [*self.reported, MISSED],
            "objects": self.objects.tolist(),
        }


def named_right(matrix: Confusion) -> dict[str, dict[str, int]]:
    """Per labelled node: objects, and of them found, right and consistent, as in `typescore.TypeScore`.

    Found is what a detection of any name took; so this needs no exact boxes.
    """
    rows = {}
    for node, counts in zip(matrix.labelled, matrix.objects.tolist(), strict=False):
        found = dict(zip(matrix.reported, counts, strict=False))
        right = sum(number for label, number in found.items() if is_a(label, node))
        coarse = sum(number for label, number in found.items() if label != node and is_a(node, label))
        rows[node] = {
            "objects": sum(counts),
            "found": sum(found.values()),
            "right": right,
            "consistent": right + coarse,
        }
    return rows


def confusion(pairs: Iterable[tuple[ImageRecord, Detections]], *, threshold: float) -> Confusion:
    """Return what objects of the counted nodes were reported as, from score `threshold`.

    A detection takes the free label of any type that it overlaps most, at IoU 0.5 or more, by falling score. On an
    ignored label it is nothing; elsewhere a false alarm, if the image is labelled in full for its counted node.
    """
    seen: dict[tuple[str, str], int] = {}
    for record, every in pairs:
        found = every.select(every.score >= threshold)
        objects = [item for item in record.annotations if any(is_a(item.node, node) for node in COUNTED)]
        ignored = np.array([item.ignore for item in objects], bool)
        partner = assigned(overlaps(record, found, objects), found.score.astype(np.float64), ignored)
        missed = set(np.flatnonzero(~ignored).tolist()) - set(partner.tolist())
        cells = [(objects[row].node, MISSED) for row in sorted(missed)]
        for label, row in zip(found.labels, partner.tolist(), strict=True):
            if row >= 0 and not ignored[row]:
                cells.append((objects[row].node, label))
            elif row < 0 and covers(record, root(label)):
                cells.append((NOTHING, label))
        for cell in cells:
            seen[cell] = seen.get(cell, 0) + 1
    return _matrix(seen)


def covers(record: ImageRecord, node: str) -> bool:
    """Return whether every instance of `node` in the image is labelled."""
    return any(is_a(node, known) for known in record.exhaustive)


def _matrix(seen: dict[tuple[str, str], int]) -> Confusion:
    labelled = tuple(node for node in NODES if any(row == node for row, _ in seen))
    reported = tuple(node for node in NODES if any(column == node for _, column in seen))
    objects = np.array(
        [[seen.get((row, column), 0) for column in (*reported, MISSED)] for row in (*labelled, NOTHING)], np.int64
    )
    return Confusion(labelled, reported, objects)
