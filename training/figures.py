"""The figures of one node over many scenes, whole or by scale and by size."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite

import numpy as np

from .evaluate import SceneResult, found_objects, matches
from .precision import average_precision, oriented_precision, precision_table

GSD_EDGES_M = (0.3, 0.6, 1.0, 1.5)
"""Between ranges of scale, metres per pixel; above the last, a network of 0.5 m refuses imagery but is measured."""
SIZE_EDGES_M = (10.0, 15.0, 25.0, 40.0)
"""Between ranges of size, by the longer side: light and helicopters, small fighters, fighters, medium, large."""
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class SceneCount:
    """The count of one node in one image: what is there, and what would be said."""

    scene: str
    true: int
    expected: float
    median: int
    low: int
    high: int


Counts = Sequence[SceneCount | None]


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one node on one set; NaN where there is nothing to say it of."""

    scenes: int
    objects: int
    ap50: float
    ap50_95: float
    ap_oriented_voc07: float
    """Of oriented labels, by DOTA's protocol, at eleven points of recall."""
    ap_oriented: float
    """The same as the area below the curve."""
    recall_at_threshold: float
    precision_at_threshold: float
    count_error: float
    """Mean over scenes of |count - true count|, in objects; the count is the median, as users read it."""
    count_error_percent: float
    """Mean over scenes with objects of |count - true count| / true count."""
    count_bias_percent: float
    """(Sum of expected counts - sum of true counts) / sum of true counts."""
    counts_in_interval: float
    """Share of the scenes whose true count lies in the 90 % interval."""
    false_alarms_per_km2: float
    area_km2: float

    def rounded(self) -> dict[str, float | None]:
        """Return the figures as JSON values with four decimals; None for NaN."""
        return {name: plain(value) for name, value in asdict(self).items()}


def plain(value: float) -> float | None:
    """Return a figure as a JSON value with four decimals; None for NaN."""
    return round(value, 4) if isfinite(value) else None


def figures(results: Sequence[SceneResult], counts: Counts = (), *, threshold: float) -> Figures:
    """Return the figures of one node; recall, precision and false alarms at score `threshold`, AP over all scores.

    `counts` are those of the same scenes, None where the true count is not known.
    """
    ap50, ap = average_precision(results)
    exact = oriented_precision(results)
    right = wrong = objects = 0
    for result in results:
        verdict, sure = matches(result), result.scores >= threshold
        right += int(((verdict == 1) & sure).sum())
        wrong += int(((verdict == 0) & sure).sum())
        objects += int((~result.ignored).sum())
    area = sum(result.area_km2 for result in results)
    return Figures(
        scenes=len(results),
        objects=objects,
        ap50=ap50,
        ap50_95=ap,
        ap_oriented_voc07=exact.eleven_point if exact else NAN,
        ap_oriented=exact.area if exact else NAN,
        recall_at_threshold=right / objects if objects else NAN,
        precision_at_threshold=right / (right + wrong) if right + wrong else NAN,
        **_count_figures([each for each in counts if each is not None]),
        false_alarms_per_km2=wrong / area if area else NAN,
        area_km2=area,
    )


def _count_figures(counts: Sequence[SceneCount]) -> Mapping[str, float]:
    misses = [abs(each.median - each.true) for each in counts]
    shares = [miss / each.true for miss, each in zip(misses, counts, strict=True) if each.true]
    there, said = sum(each.true for each in counts), sum(each.expected for each in counts)
    return {
        "count_error": float(np.mean(misses)) if misses else NAN,
        "count_error_percent": 100 * float(np.mean(shares)) if shares else NAN,
        "count_bias_percent": 100 * (said - there) / there if there else NAN,
        "counts_in_interval": float(np.mean([each.low <= each.true <= each.high for each in counts]))
        if counts
        else NAN,
    }


def by_gsd(
    results: Sequence[SceneResult], counts: Counts = (), *, threshold: float
) -> dict[str, dict[str, float | None]]:
    """Return the figures per range of scale that scenes with objects fall into, finest first; `counts` as `figures`.

    Without those of oriented boxes: sets with horizontal labels would weigh in as false alarms.
    """
    rows = {}
    for low, high in ranges(GSD_EDGES_M):
        inside = [row for row, result in enumerate(results) if low <= result.gsd < high]
        own = [counts[row] for row in inside] if counts else ()
        row = figures([results[row] for row in inside], own, threshold=threshold)
        if row.objects:
            rows[range_name(low, high)] = replace(row, ap_oriented=NAN, ap_oriented_voc07=NAN).rounded()
    return rows


def by_size(results: Sequence[SceneResult], *, threshold: float) -> dict[str, dict[str, float | None]]:
    """Return objects, AP50 and recall per range of the longer side in metres, smallest first."""
    table = precision_table(results, ranges(SIZE_EDGES_M))[0].mean(axis=0)
    there = np.concatenate([np.empty(0), *(result.truth_m[~result.ignored] for result in results)])
    found = np.concatenate(
        [np.empty(0, bool), *(found_objects(each, threshold=threshold)[~each.ignored] for each in results)]
    )
    rows: dict[str, dict[str, float | None]] = {}
    for (low, high), ap50 in zip(ranges(SIZE_EDGES_M), table, strict=True):
        inside = (there >= low) & (there < high)
        if inside.any():
            recall = float(found[inside].mean())
            rows[range_name(low, high)] = {
                "objects": int(inside.sum()), "ap50": plain(ap50), "recall_at_threshold": plain(recall)
            }  # fmt: skip
    return rows


def ranges(edges: Sequence[float]) -> list[tuple[float, float]]:
    """Return the ranges (low, high) between edges, from 0 up.

    >>> ranges((0.3, 1.0))
    [(0.0, 0.3), (0.3, 1.0), (1.0, 100000.0)]
    """
    return list(zip((0.0, *edges), (*edges, 1e5), strict=True))


def range_name(low: float, high: float) -> str:
    """Return a range of metres in words.

    >>> range_name(0, 10), range_name(0.3, 0.6), range_name(40, 1e5)
    ('under 10 m', '0.3 to 0.6 m', '40 m and more')
    """
    if low == 0:
        return f"under {high:g} m"
    return f"{low:g} m and more" if high >= 1e5 else f"{low:g} to {high:g} m"
