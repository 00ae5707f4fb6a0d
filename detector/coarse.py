"""The coarse look: the same network on coarser pixels, to say where a scene is worth a close one."""

from dataclasses import replace

from .detector import Detector

COARSER = 2.0
"""The coarse look has this many times the network's metres per pixel: a quarter of its pixels. At 2.5 times its
metres aircraft are lost that this look sees (`tests/benchmarks/screening.py lost`)."""
SCREEN_SCORE = 0.015
"""Boxes of the coarse look count from this score on where the record of the weights does not say: below the highest
at which no held-back aircraft of Airbus and HRPlanes (`dev` places) is passed over that a lower score would catch."""
NEAR_M = 10.0
"""A coarse box may be this far from its object, along both axes: it is placed coarsely."""
SEEN_M = 30.0
"""What is this close to a coarse box, along both axes, is nearly always seen with it (`inference/cover.py`)."""


def coarse_detector(detector: Detector, *, min_score: float | None = None) -> Detector:
    """The same network for a coarse look: it takes a scene of COARSER times its metres per pixel for one of its own.

    It reports all boxes from `min_score` on, by default the record's `screen_score`, without the record's thresholds.
    It shares the back end of the given one: not for two streams at a time.
    """
    score = min_score or detector.record.screen_score or SCREEN_SCORE
    record = replace(detector.record, gsd_m=COARSER * detector.gsd, thresholds={})
    return Detector(detector.backend, record, min_score=score)
