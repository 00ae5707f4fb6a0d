"""How objects of one labelled node fared where labels are oriented: found, named right, and how well the box lies."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..detector.boxes import oriented_iou
from ..detector.taxonomy import COUNTED, is_a
from .evaluate import exact_boxes, in_image
from .scenes import Pair


@dataclass(frozen=True, slots=True)
class TypeScore:
    """How objects of one labelled node fared on images with exact boxes; errors are None where none was found."""

    objects: int
    found: int
    """With an oriented box of IoU 0.5 or more at the threshold."""
    right: int
    """Found, and reported at the label's node or below."""
    consistent: int
    """Found, and reported at the label's node, below it, or at one of its ancestors: not wrong, maybe not deep."""
    angle_error_deg: float | None
    """Median over the found."""
    length_error_percent: float | None
    width_error_percent: float | None


def type_scores(pairs: Iterable[Pair], *, threshold: float) -> dict[str, TypeScore]:
    """Return the scores per labelled node, over all oriented labels that are not ignored; empty without any."""
    rows: dict[str, list[tuple[float, ...]]] = {}
    for pair in pairs:
        for node, row in _rows(pair, threshold):
            rows.setdefault(node, []).append(row)
    return {node: _score(np.array(values, np.float64)) for node, values in sorted(rows.items())}


def _rows(pair: Pair, threshold: float) -> list[tuple[str, tuple[float, ...]]]:
    """Per label its node and: found, right, consistent, and the errors of angle, length and width."""
    record, found = pair[0], pair[1].select(pair[1].score >= threshold)
    items = [
        item
        for item in record.annotations
        if item.oriented and not item.ignore and any(is_a(item.node, node) for node in COUNTED)
    ]
    boxes, seen = exact_boxes(items), in_image(found, record)
    overlap = oriented_iou(boxes, seen)
    out: list[tuple[str, tuple[float, ...]]] = []
    for row, item in enumerate(items):
        best = int(overlap[row].argmax()) if len(seen) else -1
        if best < 0 or overlap[row, best] < 0.5:
            out.append((item.node, (0.0, 0.0, 0.0, np.nan, np.nan, np.nan)))
            continue
        label = found.labels[best]
        miss = abs((seen[best, 4] - boxes[row, 4] + np.pi / 2) % np.pi - np.pi / 2)
        sizes = np.abs(seen[best, 2:4] / boxes[row, 2:4] - 1) * 100
        below, above = is_a(label, item.node), is_a(item.node, label)
        errors = (float(np.degrees(miss)), float(sizes[0]), float(sizes[1]))
        out.append((item.node, (1.0, float(below), float(below or above), *errors)))
    return out


def _score(table: NDArray[np.float64]) -> TypeScore:
    found = table[table[:, 0] > 0]
    errors = [round(float(value), 2) for value in np.median(found[:, 3:], axis=0)] if len(found) else [None] * 3
    return TypeScore(
        objects=len(table),
        found=len(found),
        right=int(table[:, 1].sum()),
        consistent=int(table[:, 2].sum()),
        angle_error_deg=errors[0],
        length_error_percent=errors[1],
        width_error_percent=errors[2],
    )
