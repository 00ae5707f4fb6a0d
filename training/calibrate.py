"""Scores become probabilities: how often a detection with this score was right on held-back scenes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .evaluate import SceneResult, verdicts

KNOTS = 64


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
    values = np.clip([level[rows].mean() for rows in bins], 0.001, 0.995)
    unique, first = np.unique(np.round(knots, 6), return_index=True)
    return unique.astype(np.float64), values[first].astype(np.float64)


def calibration(results: Sequence[SceneResult]) -> tuple[dict[str, list[float]], float]:
    """Return the calibration table of one node and its recall over all reported detections, from held-back scenes."""
    scores, right = verdicts(results)
    knots, values = monotone_fit(scores, right)
    objects = sum(int((~result.ignored).sum()) for result in results)
    table = {"score": [round(float(v), 5) for v in knots], "probability": [round(float(v), 5) for v in values]}
    return table, round(float(right.sum() / objects), 4) if objects else 1.0
