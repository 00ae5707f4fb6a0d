"""What was found and what is there: one image, one node, on one frame; and which of it belongs together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..datasets.annotation import Annotation, ImageRecord
from ..detector.boxes import envelope, from_corners, oriented_iou
from ..detector.detections import Detections
from ..detector.taxonomy import is_a, shape_of

FAINTEST = 0.01
"""Scores below this take no part in average precision."""


@dataclass(frozen=True, slots=True, eq=False)
class SceneResult:
    """One image for the evaluation of one node: N boxes found and M labels, both in the image's pixels."""

    name: str
    found: NDArray[np.float64]
    """(N, 4) horizontal boxes by shape, x0, y0, x1, y1."""
    found_obb: NDArray[np.float64]
    """(N, 5) the oriented boxes: cx, cy, length, width, angle."""
    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.float64]
    """(M, 4) labelled boxes, horizontal."""
    truth_obb: NDArray[np.float64]
    """(M, 5) the oriented labels; of a horizontal one the box itself, which says nothing where `exact` is False."""
    exact: NDArray[np.bool_]
    """(M,) True: the label is an oriented one."""
    ignored: NDArray[np.bool_]
    """(M,) True: finding it is neither right nor wrong."""
    gsd: float
    """Metres per pixel of the image."""
    area_km2: float

    @property
    def found_m(self) -> NDArray[np.float64]:
        """(N,) longer sides of the boxes found, in metres."""
        return np.asarray(self.found_obb[:, 2:4].max(axis=1, initial=0) * self.gsd, np.float64)

    @property
    def truth_m(self) -> NDArray[np.float64]:
        """(M,) longer sides of the labels in metres; a horizontal one of a turned object says up to a third less."""
        return np.asarray(self.truth_obb[:, 2:4].max(axis=1, initial=0) * self.gsd, np.float64)


def scene_result(record: ImageRecord, detections: Detections, node: str) -> SceneResult:
    """Return what was found and what is there of a counted `node`: the detections reported at it or below.

    Detections are on square pixels of their own GSD and are scaled by the ratio to the record's GSD.
    """
    objects = [item for item in record.annotations if is_a(item.node, node)]
    found = detections.select(detections.at(node))
    return _result(record, found, node, objects, found.score)


def node_result(record: ImageRecord, detections: Detections, node: str) -> SceneResult:
    """Return what was found and what is there of one node and below, whatever node is reported.

    A detection is judged by its score at the node, so that a score that crosses the threshold of a label is no jump.
    An object that is labelled less deep than the node is neither right nor wrong.
    """
    column = detections.nodes.index(node)
    objects = [item for item in record.annotations if is_a(item.node, node) or is_a(node, item.node)]
    found = detections.select(detections.scores[:, column] >= FAINTEST)
    return _result(record, found, node, objects, found.scores[:, column])


def reported_result(record: ImageRecord, detections: Detections, node: str) -> SceneResult:
    """As `node_result`, but of the detections that are reported at `node` or below it, as counts take them."""
    return node_result(record, detections.select(detections.at(node)), node)


def _result(
    record: ImageRecord,
    found: Detections,
    node: str,
    objects: Sequence[Annotation],
    scores: NDArray[np.float32],
) -> SceneResult:
    boxes = in_image(found, record)
    limits = np.array([record.width, record.height] * 2, np.float64)
    return SceneResult(
        name=record.path.name,
        found=np.clip(envelope(boxes, shape_of(node)).astype(np.float64), 0, limits),
        found_obb=boxes,
        scores=scores.astype(np.float64),
        probabilities=found.probability.astype(np.float64),
        truth=np.clip(truth_boxes(objects, node), 0, limits),
        truth_obb=exact_boxes(objects),
        exact=np.array([item.oriented for item in objects], bool),
        ignored=np.array([item.ignore or not is_a(item.node, node) for item in objects], bool),
        gsd=record.gsd,
        area_km2=record.width * record.height * record.gsd**2 / 1e6,
    )


def in_image(detections: Detections, record: ImageRecord) -> NDArray[np.float64]:
    """Return the oriented boxes (N, 5) of detections in the pixels of an image, by the ratio of the two GSDs."""
    scale = detections.gsd / record.gsd
    return np.asarray(detections.boxes * np.array([scale, scale, scale, scale, 1]), np.float64)


def truth_boxes(objects: Sequence[Annotation], node: str) -> NDArray[np.float64]:
    """Return (M, 4) horizontal boxes of labels: as they are drawn, or around the shape of the node in an exact box."""
    rows = [
        envelope(from_corners(item.polygon[None]), shape_of(node))[0] if item.oriented else item.bounds
        for item in objects
    ]
    return np.array(rows, np.float64).reshape(-1, 4)


def exact_boxes(objects: Sequence[Annotation]) -> NDArray[np.float64]:
    """Return (M, 5) oriented boxes of labels; a horizontal label becomes a box of angle 0."""
    polygons = np.array([item.polygon for item in objects], np.float64).reshape(-1, 4, 2)
    return from_corners(polygons).astype(np.float64)


def overlaps(record: ImageRecord, detections: Detections, objects: Sequence[Annotation]) -> NDArray[np.float64]:
    """Return (N, M) intersection over union of detections and labels of any node.

    With an oriented label that of the rectangles, with a horizontal one that of the outlines by shape.
    """
    boxes = in_image(detections, record)
    overlap = np.zeros((len(boxes), len(objects)))
    exact = np.array([item.oriented for item in objects], bool)
    overlap[:, exact] = oriented_iou(boxes, exact_boxes([item for item in objects if item.oriented]))
    for column in np.flatnonzero(~exact).tolist():
        item = objects[column]
        outlines = envelope(boxes, shape_of(item.node)).astype(np.float64)
        overlap[:, column] = box_iou(outlines, np.array([item.bounds]))[:, 0]
    return overlap


def assigned(
    overlap: NDArray[np.float64], scores: NDArray[np.float64], ignored: NDArray[np.bool_], iou: float = 0.5
) -> NDArray[np.intp]:
    """Return per detection (N,) the label that it takes, or -1: by falling score, the free one with the best overlap.

    Each object is taken once. An ignored one stays free, and is taken only by a detection that no other object is left
    for, as in COCO's evaluation: where an object is labelled twice and one label is ignored, the object is found.
    """
    taken = np.zeros(overlap.shape[1], bool)
    partner = np.full(len(overlap), -1, np.intp)
    for row in np.argsort(-scores, kind="stable"):
        for among in (~taken & ~ignored, ignored):
            free = np.where(among, overlap[row], -1.0)
            best = int(free.argmax()) if len(free) else -1
            if best >= 0 and free[best] >= iou:
                partner[row] = best
                taken[best] = not ignored[best]
                break
    return partner


def matches(result: SceneResult, iou: float = 0.5) -> NDArray[np.int8]:
    """Return per detection, in their order, 1 right, 0 wrong, -1 neither (on an ignored object).

    Objects are given out by falling score, each once.
    """
    partner = assigned(box_iou(result.found, result.truth), result.scores, result.ignored, iou)
    neither = np.append(result.ignored, False)[partner]  # False: of a detection without a label
    return np.where(neither, -1, partner >= 0).astype(np.int8)


def found_objects(result: SceneResult, *, threshold: float) -> NDArray[np.bool_]:
    """Return per label (M,) whether a detection of score `threshold` or more took it."""
    partner = assigned(box_iou(result.found, result.truth), result.scores, result.ignored)
    found = np.zeros(len(result.truth), bool)
    found[partner[(partner >= 0) & (result.scores >= threshold)]] = True
    return found


def box_iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, M) intersection over union of horizontal boxes x0, y0, x1, y1."""
    both = shared_area(a, b)
    areas = [np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1) for boxes in (a, b)]
    return np.asarray(both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-9), np.float64)


def shared_area(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, M) areas that horizontal boxes x0, y0, x1, y1 share."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.prod(np.clip(high - low, 0, None), axis=2), np.float64)


def verdicts(
    results: Iterable[SceneResult],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return of all judged detections, for calibration, the scores, whether each was right (0 or 1), and how probable
    each was to be real.
    """
    scores, right, probable = [np.empty(0)], [np.empty(0)], [np.empty(0)]
    for result in results:
        verdict = matches(result)
        judged = verdict >= 0
        scores.append(result.scores[judged])
        right.append((verdict[judged] == 1).astype(np.float64))
        probable.append(result.probabilities[judged])
    return np.concatenate(scores), np.concatenate(right), np.concatenate(probable)
