"""Average precision: of horizontal boxes by pycocotools, of oriented boxes by the protocol of DOTA."""

from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from ..detector.boxes import oriented_iou
from .evaluate import SceneResult, verdicts

MOST_DETECTIONS = 3000
"""Detections per scene that take part; the COCO default of 100 would cut crowded scenes."""
RECALLS = np.linspace(0, 1, 101)
"""The recalls at which COCO takes precision."""
ANY_SIZE = ((0.0, 1e5),)


@dataclass(frozen=True, slots=True)
class OrientedPrecision:
    """AP of oriented boxes at IoU 0.5 as the DOTA devkit computes it, in its two ways."""

    eleven_point: float
    """The mean of the precision at recall 0, 0.1, ... 1 (VOC 2007), which the devkit's evaluation prints."""
    area: float
    """The area below the falling envelope of the precision (VOC 2012)."""


def average_precision(results: Sequence[SceneResult]) -> tuple[float, float]:
    """Return AP at IoU 0.5 and AP over IoU 0.5 to 0.95 by pycocotools, both 0 where nothing was found.

    NaN where there is no object to find.
    """
    table = precision_table(results)
    return float(table[0].mean()), float(table.mean())


def area_precision(results: Sequence[SceneResult]) -> float:
    """Return AP at IoU 0.5 of horizontal boxes by VOC 2012: the area below the precision at every recall reached.

    For what differs by less than a step between COCO's 101 recalls, which may be a whole point. NaN where there is no
    object to find.
    """
    objects = sum(int((~result.ignored).sum()) for result in results)
    if not objects:
        return float("nan")
    scores, right, _ = verdicts(results)
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    return area_below(hits / objects, hits / np.arange(1, len(hits) + 1))


def precision_table(
    results: Sequence[SceneResult], sizes: Sequence[tuple[float, float]] = ANY_SIZE
) -> NDArray[np.float64]:
    """Return precision by pycocotools (10, 101, S): at IoU 0.5, 0.55, ... 0.95, at `RECALLS`, per range of size.

    `sizes` are ranges of the longer side in metres. Objects outside of a range, and what is found there without
    matching one inside, take no part in it. Zero where nothing was found, NaN where there is no object to find.
    """
    empty = np.full((10, len(RECALLS), len(sizes)), np.nan)
    if not any(len(result.truth) and not result.ignored.all() for result in results):
        return empty
    labels, found = _coco(results)
    if not found.anns:
        there = _truth_m(results)
        empty[:, :, [bool(((there >= low) & (there <= high)).any()) for low, high in sizes]] = 0
        return empty
    with redirect_stdout(StringIO()):
        run = COCOeval(labels, found, "bbox")
        run.params.maxDets = [1, 100, MOST_DETECTIONS]
        run.params.areaRng, run.params.areaRngLbl = [list(each) for each in sizes], [f"{each}" for each in sizes]
        run.evaluate()
        run.accumulate()
    precision = np.asarray(run.eval["precision"][:, :, 0, :, -1], np.float64)
    return np.where(precision < 0, np.nan, precision)


def _truth_m(results: Sequence[SceneResult]) -> NDArray[np.float64]:
    return np.concatenate([result.truth_m[~result.ignored] for result in results])


def _coco(results: Sequence[SceneResult]) -> tuple[COCO, COCO]:
    """Labels and detections for pycocotools; its `area`, which only picks a range of size, is the side in metres."""
    truth: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    sides: list[float] = []
    for image, result in enumerate(results, 1):
        for box, ignored, side in zip(result.truth, result.ignored, result.truth_m, strict=True):
            about = {"id": len(truth) + 1, "iscrowd": int(ignored), "area": float(side)}
            truth.append({**about, "image_id": image, "category_id": 1, "bbox": _xywh(box)})
        for box, score in zip(result.found, result.scores, strict=True):
            found.append({"image_id": image, "category_id": 1, "bbox": _xywh(box), "score": float(score)})
        sides += result.found_m.tolist()
    with redirect_stdout(StringIO()):
        labels: Any = COCO()  # pycocotools types its parameters as paths of files
        labels.dataset = {
            "info": {},
            "images": [{"id": image} for image in range(1, len(results) + 1)],
            "categories": [{"id": 1, "name": "object"}],
            "annotations": truth,
        }
        labels.createIndex()
        seen: Any = labels.loadRes(found) if found else COCO()
    for number, side in enumerate(sides, 1):
        seen.anns[number]["area"] = side
    return labels, seen


def _xywh(box: NDArray[np.float64]) -> list[float]:
    x0, y0, x1, y1 = box.tolist()
    return [x0, y0, x1 - x0, y1 - y0]


def oriented_precision(results: Sequence[SceneResult]) -> OrientedPrecision | None:
    """Return AP of oriented boxes at IoU 0.5 by DOTA's protocol; None where no label is oriented.

    By falling score, a detection belongs to the label that it overlaps most, taken or not. With an IoU above 0.5 it is
    right the first time, wrong on a label that is taken, and neither on a difficult one; else it is wrong. Difficult
    are ignored labels and horizontal ones. https://github.com/CAPTAIN-WHU/DOTA_devkit, dota_evaluation_task1.py.
    """
    objects = sum(int((result.exact & ~result.ignored).sum()) for result in results)
    if not objects:
        return None
    scores = np.concatenate([result.scores for result in results])
    verdict = np.concatenate([_dota_verdicts(result) for result in results])
    verdict = verdict[np.argsort(-scores, kind="stable")]
    right, wrong = np.cumsum(verdict == 1), np.cumsum(verdict == 0)
    recall, precision = right / objects, right / np.maximum(right + wrong, 1e-16)
    return OrientedPrecision(eleven_point(recall, precision), area_below(recall, precision))


def _dota_verdicts(result: SceneResult) -> NDArray[np.int8]:
    """Per detection 1 right, 0 wrong, -1 neither."""
    verdict = np.zeros(len(result.scores), np.int8)
    if not len(result.truth):
        return verdict
    overlap = oriented_iou(result.found_obb, result.truth_obb)
    difficult = result.ignored | ~result.exact
    taken = np.zeros(len(difficult), bool)
    for row in np.argsort(-result.scores, kind="stable"):
        best = int(overlap[row].argmax())
        if overlap[row, best] <= 0.5:
            continue
        verdict[row] = -1 if difficult[best] else not taken[best]
        taken[best] = True
    return verdict


def eleven_point(recall: NDArray[np.float64], precision: NDArray[np.float64]) -> float:
    """Return AP by VOC 2007 from precision (N,) at rising recall (N,).

    >>> round(eleven_point(np.array([0.5, 0.5, 1.0]), np.array([1.0, 0.5, 2 / 3])), 4)
    0.8485
    """
    reached = [precision[recall >= level] for level in np.arange(0.0, 1.1, 0.1)]
    return sum(float(each.max()) if len(each) else 0.0 for each in reached) / 11


def area_below(recall: NDArray[np.float64], precision: NDArray[np.float64]) -> float:
    """Return AP by VOC 2012 from precision (N,) at rising recall (N,).

    >>> round(area_below(np.array([0.5, 0.5, 1.0]), np.array([1.0, 0.5, 2 / 3])), 4)
    0.8333
    """
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * envelope))
