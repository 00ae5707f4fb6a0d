"""What a network adds to labels: their angle where its outline by shape agrees, and objects that nobody labelled."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..detector.boxes import envelope
from ..detector.detections import Detections
from ..detector.taxonomy import shape_of
from .evaluate import box_iou, shared_area

LEAST_AGREEMENT = 0.75
"""IoU between the label and the network's box by shape above which the network's angle is believed."""
LEAST_SCORE = 0.25
LABELLED_SHARE = 0.3
"""A box of which a label covers so much is that object, drawn otherwise."""


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


def left_out(
    nodes: Sequence[str], boxes: NDArray[np.float32], detections: Detections, least_score: float
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return nodes and horizontal boxes (M, 5) of what is found from a score on and none of the labels covers.

    Sets that count as exhaustive leave objects out, and as background these would teach that aircraft are none. Boxes
    are as of horizontal labels: centre, width, height, angle 0.
    """
    sure = detections.select(detections.score >= least_score)
    names = [each.node for each in sure]
    mine, theirs = _outlines(names, sure.boxes), _outlines(nodes, boxes)
    size = mine[:, 2:] - mine[:, :2]
    new = shared_area(mine, theirs).max(axis=1, initial=0) < LABELLED_SHARE * np.prod(size, axis=1)
    centre = (mine[:, :2] + mine[:, 2:]) / 2
    rows = np.hstack((centre, size, np.zeros((len(mine), 1)))).astype(np.float32)
    return tuple(name for name, is_new in zip(names, new, strict=True) if is_new), rows[new]


def _outlines(nodes: Sequence[str], boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 4) x0, y0, x1, y1 by shape; of a horizontal label, whose angle is 0, the label."""
    shapes = np.array([shape_of(node) for node in nodes], str)
    return envelope(boxes, shapes).astype(np.float64)
