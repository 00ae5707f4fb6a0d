"""Oriented labels from horizontal ones: the network's own box where its outline by shape agrees with the label."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..detector.boxes import envelope
from ..detector.detections import Detections
from ..detector.taxonomy import shape_of
from .evaluate import box_iou

LEAST_AGREEMENT = 0.75
"""IoU between the label and the network's box by shape above which the network's angle is believed."""
LEAST_SCORE = 0.25


def oriented_labels(
    nodes: Sequence[str], boxes: NDArray[np.float32], exact: NDArray[np.bool_], detections: Detections
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return boxes and exact flags with the horizontal labels that the network agrees with made oriented.

    The angle is the network's; centre and size are corrected so that the outline by shape has the label's centre and
    area, because the human saw where the object ends. Labels without agreement stay horizontal.
    """
    out, flags = boxes.copy(), exact.copy()
    sure = detections.select(detections.score >= LEAST_SCORE)
    if not len(sure):
        return out, flags
    for row, node in enumerate(nodes):
        if exact[row]:
            continue
        half = boxes[row, 2:4] / 2
        label = np.concatenate((boxes[row, :2] - half, boxes[row, :2] + half)).astype(np.float64)[None]
        outlines = envelope(sure.boxes, shape_of(node)).astype(np.float64)
        overlap = box_iou(label, outlines)[0]
        best = int(overlap.argmax())
        if overlap[best] < LEAST_AGREEMENT:
            continue
        outline = outlines[best]
        growth = np.sqrt(boxes[row, 2] * boxes[row, 3] / np.prod(outline[2:] - outline[:2]))
        out[row] = sure.boxes[best]
        out[row, :2] = boxes[row, :2]
        out[row, 2:4] *= growth
        flags[row] = True
    return out, flags
