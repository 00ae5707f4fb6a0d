"""How good detections are on whole scenes after merging, against horizontal or oriented labels."""

from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from ..datasets.annotation import Annotation, ImageRecord
from ..detector.boxes import envelope, from_corners
from ..detector.detections import Detections
from ..detector.taxonomy import is_a, shape_of

MOST_DETECTIONS = 3000
"""Detections per scene that take part; the COCO default of 100 would cut crowded scenes."""


@dataclass(frozen=True, slots=True, eq=False)
class SceneResult:
    """One scene for the evaluation of one node: what was found and what is there, as x0, y0, x1, y1 in pixels."""

    name: str
    found: NDArray[np.float64]
    """(N, 4) horizontal boxes by shape."""
    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.float64]
    """(M, 4) labelled boxes."""
    ignored: NDArray[np.bool_]
    """(M,) True: finding it is neither right nor wrong."""
    area_km2: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one node on one set."""

    scenes: int
    objects: int
    ap50: float
    ap50_95: float
    recall_at_threshold: float
    precision_at_threshold: float
    count_error_percent: float
    """Mean over scenes with objects of |expected count - true count| / true count."""
    count_bias_percent: float
    """(Sum of expected counts - sum of true counts) / sum of true counts."""
    false_alarms_per_km2: float

    def rounded(self) -> dict[str, float]:
        """Return the figures as plain numbers with four decimals."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def scene_result(record: ImageRecord, detections: Detections, node: str) -> SceneResult:
    """Return what was found and what is there of `node` and below in one image, in the image's pixels.

    Detections are on square pixels of their own GSD and are scaled by the ratio to the record's GSD.
    """
    scale = detections.gsd / record.gsd
    found = detections.select(detections.at(node))
    boxes = envelope(found.boxes, shape_of(node)).astype(np.float64) * scale
    objects = [item for item in record.annotations if is_a(item.node, node)]
    truth = truth_boxes(objects, node)
    limits = np.array([record.width, record.height] * 2, np.float64)
    return SceneResult(
        name=record.path.name,
        found=np.clip(boxes, 0, limits),
        scores=found.score.astype(np.float64),
        probabilities=found.probability.astype(np.float64),
        truth=np.clip(truth, 0, limits),
        ignored=np.array([item.ignore for item in objects], bool),
        area_km2=record.width * record.height * record.gsd**2 / 1e6,
    )


def truth_boxes(objects: Sequence[Annotation], node: str) -> NDArray[np.float64]:
    """Return (M, 4) horizontal boxes of labels: as they are drawn, or around the shape of the node in an exact box."""
    rows = [
        envelope(from_corners(item.polygon[None]), shape_of(node))[0] if item.oriented else item.bounds
        for item in objects
    ]
    return np.array(rows, np.float64).reshape(-1, 4)


def _coco(results: Sequence[SceneResult]) -> tuple[COCO, COCO]:
    truth: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for image, result in enumerate(results, 1):
        for box, ignored in zip(result.truth, result.ignored, strict=True):
            x, y, w, h = float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])
            truth.append(
                {
                    "id": len(truth) + 1,
                    "image_id": image,
                    "category_id": 1,
                    "bbox": [x, y, w, h],
                    "area": w * h,
                    "iscrowd": int(ignored),
                }
            )
        for box, score in zip(result.found, result.scores, strict=True):
            x, y, w, h = float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])
            found.append({"image_id": image, "category_id": 1, "bbox": [x, y, w, h], "score": float(score)})
    with redirect_stdout(StringIO()):
        labels: Any = COCO()  # pycocotools types its parameters as paths of files
        labels.dataset = {
            "info": {},
            "images": [{"id": image} for image in range(1, len(results) + 1)],
            "categories": [{"id": 1, "name": "object"}],
            "annotations": truth,
        }
        labels.createIndex()
        return labels, labels.loadRes(found) if found else COCO()


def average_precision(results: Sequence[SceneResult]) -> tuple[float, float]:
    """Return AP at IoU 0.5 and AP over IoU 0.5 to 0.95 by pycocotools, both 0 where nothing was found.

    NaN where there is no object to find.
    """
    if not any(len(result.truth) and not result.ignored.all() for result in results):
        return float("nan"), float("nan")
    labels, found = _coco(results)
    if not found.anns:
        return 0.0, 0.0
    with redirect_stdout(StringIO()):
        run = COCOeval(labels, found, "bbox")
        run.params.maxDets = [1, 100, MOST_DETECTIONS]
        run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][:, :, 0, 0, -1]
    return float(precision[0].mean()), float(precision.mean())


def matches(result: SceneResult, iou: float = 0.5) -> NDArray[np.int8]:
    """Return per detection 1 right, 0 wrong, -1 neither (on an ignored object), by falling score, each object once."""
    order = np.argsort(-result.scores, kind="stable")
    overlap = box_iou(result.found, result.truth)
    taken = np.zeros(len(result.truth), bool)
    verdict = np.zeros(len(result.found), np.int8)
    for row in order:
        free = np.where(taken, -1.0, overlap[row]) if len(result.truth) else np.empty(0)
        best = int(free.argmax()) if len(free) else -1
        if best >= 0 and free[best] >= iou:
            verdict[row] = -1 if result.ignored[best] else 1
            taken[best] = not result.ignored[best]
    return verdict


def box_iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, M) intersection over union of horizontal boxes x0, y0, x1, y1."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1) for boxes in (a, b)]
    return np.asarray(both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-9), np.float64)


def figures(results: Sequence[SceneResult], *, threshold: float) -> Figures:
    """Return the figures of one node; counts and recall at score `threshold`, AP over all scores."""
    ap50, ap = average_precision(results)
    right = wrong = objects = 0
    errors, expected_sum = [], 0.0
    for result in results:
        verdict, sure = matches(result), result.scores >= threshold
        there = int((~result.ignored).sum())
        right += int(((verdict == 1) & sure).sum())
        wrong += int(((verdict == 0) & sure).sum())
        objects += there
        expected = float(result.probabilities[verdict >= 0].sum())
        expected_sum += expected
        if there:
            errors.append(abs(expected - there) / there)
    area = sum(result.area_km2 for result in results)
    return Figures(
        scenes=len(results),
        objects=objects,
        ap50=ap50,
        ap50_95=ap,
        recall_at_threshold=right / objects if objects else float("nan"),
        precision_at_threshold=right / (right + wrong) if right + wrong else float("nan"),
        count_error_percent=100 * float(np.mean(errors)) if errors else float("nan"),
        count_bias_percent=100 * (expected_sum - objects) / objects if objects else float("nan"),
        false_alarms_per_km2=wrong / area if area else float("nan"),
    )


def verdicts(results: Iterable[SceneResult]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scores of all judged detections and whether each was right (0 or 1), for calibration."""
    scores, right = [np.empty(0)], [np.empty(0)]
    for result in results:
        verdict = matches(result)
        scores.append(result.scores[verdict >= 0])
        right.append((verdict[verdict >= 0] == 1).astype(np.float64))
    return np.concatenate(scores), np.concatenate(right)
