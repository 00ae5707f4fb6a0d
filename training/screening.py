"""From which score on the coarse look suspects something: so that held-back aircraft are not passed over.

The margin: seven tenths of the highest score at which as few are passed over as may be.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..datasets.annotation import ImageRecord
from ..detector.coarse import SEEN_M
from ..detector.detections import Detections
from .evaluate import matches, scene_result
from .scenes import THRESHOLD

SETS = ("airbus", "hrplanes")
"""Whole airports and air bases. Light aircraft, of 10 m, are too small for a coarse look: sets of them would only lower
the score until everything is suspected."""
LADDER = (0.3, 0.2, 0.14, 0.1, 0.07, 0.05, 0.04, 0.03, 0.02, 0.014, 0.01, 0.007, 0.005)
"""Scores that are tried. Detections have to go down to the last."""
MOST_LOST = 0.002
"""At most this share of the aircraft may be passed over beyond those that no score on the ladder catches."""
MARGIN = 0.7

Pairs = Sequence[tuple[ImageRecord, Detections]]


def screen_score(cues: NDArray[np.float64]) -> float:
    """The score for the record of a network for the coarse look, from the `aircraft_cues` of all sets."""
    return round(MARGIN * highest_score(cues), 4)


def highest_score(cues: NDArray[np.float64]) -> float:
    """The highest of LADDER that keeps all but MOST_LOST of the aircraft, of which `cues` (N,) are the best scores.

    >>> highest_score(np.array([0.0, 0.035, 0.3, 0.8]))
    0.03
    """
    never = (cues < LADDER[-1]).sum()
    lost = ((score, (cues < score).sum() - never) for score in LADDER)
    return next(score for score, more in lost if more <= MOST_LOST * len(cues))


def aircraft_cues(full: Pairs, coarse: Pairs) -> NDArray[np.float64]:
    """The best coarse score (N,) within SEEN_M of each aircraft that was found in full and is labelled; 0 without.

    `full` is what a detector finds on images, `coarse` what a look sees on the same. The score may be that of a
    neighbour: what is run then shows both.
    """
    cues: list[float] = []
    for (record, found), (_, seen) in zip(full, coarse, strict=True):
        result = scene_result(record, found, "fw")
        right = result.found[(matches(result) == 1) & (result.scores >= THRESHOLD)]
        centres = (right[:, :2] + right[:, 2:]) / 2 * record.gsd
        places = seen.boxes[:, :2].astype(np.float64) * seen.gsd
        for centre in centres:
            near = (np.abs(places - centre) <= SEEN_M).all(axis=1)
            cues.append(float(seen.score[near].max(initial=0.0)))
    return np.array(cues)
