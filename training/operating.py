"""What a score is worth where a class is hard to see: objects found and false alarms from each of some scores on."""

from collections.abc import Sequence
from math import ceil, floor

from .evaluate import SceneResult, found_objects, matches
from .figures import plain

SCORES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5)
"""The lowest two only `--min-score` reports."""

AIM_PER_KM2 = 1.0
"""There is a row for the lowest score with fewer false alarms on real ground than this, too."""
STEP = 1e-4
"""What that score is a multiple of; one of float32 just below a multiple is taken for it."""


def operating_points(
    objects: Sequence[SceneResult], grounds: Sequence[SceneResult]
) -> dict[str, dict[str, float | None]]:
    """Return recall and false alarms per km2 from each of `SCORES` and the score of AIM_PER_KM2 on, lowest first.

    `objects` are images with labels, `grounds` images of real ground on which none of the class stands: whatever is
    found there is a false alarm, also on an object that a label tells to ignore. None where there is nothing to say it
    of.
    """
    rows: dict[str, dict[str, float | None]] = {}
    there = sum(int((~each.ignored).sum()) for each in objects)
    for score in sorted({*SCORES, _allowed(grounds)}):
        found = sum(int(found_objects(each, threshold=score)[~each.ignored].sum()) for each in objects)
        wrong = sum(_wrong(each, score) for each in objects)
        alarms = sum(int((each.scores >= score).sum()) for each in grounds)
        rows[f"{score:g}"] = {
            "objects": there,
            "recall": plain(found / there) if there else None,
            "false_alarms_per_km2": _per_area(wrong, objects),
            "false_alarms_per_km2_of_real_ground": _per_area(alarms, grounds),
            "real_ground_km2": plain(sum(each.area_km2 for each in grounds)),
        }
    return rows


def _allowed(grounds: Sequence[SceneResult]) -> float:
    """The lowest score of `SCORES` or above it with fewer false alarms per km2 than AIM_PER_KM2."""
    most = max(0, ceil(AIM_PER_KM2 * sum(each.area_km2 for each in grounds)) - 1)
    alarms = sorted((float(score) for each in grounds for score in each.scores), reverse=True)
    return (
        SCORES[0] if len(alarms) <= most else max(SCORES[0], round((floor(alarms[most] / STEP + 0.01) + 1) * STEP, 4))
    )


def _wrong(result: SceneResult, score: float) -> int:
    return int(((matches(result) == 0) & (result.scores >= score)).sum())


def _per_area(number: int, results: Sequence[SceneResult]) -> float | None:
    area = sum(each.area_km2 for each in results)
    return plain(number / area) if area else None
