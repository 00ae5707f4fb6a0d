"""The coarse look: the same network on coarser pixels, to say where a scene is worth a close one."""

from dataclasses import replace

from .detector import Detector

COARSER = 2.0
"""The coarse look has this many times the network's metres per pixel: a quarter of its pixels. Of the
912 aircraft of the `dev` places, each as if it stood alone, the shipped network misses 1 at twice its metres per pixel,
3 at 2.5 times and 15 at three times (score 0.005; `tests/benchmarks/screening.py`)."""
SCREEN_SCORE = 0.015
"""Boxes of the coarse look count from this score on where the record of the weights does not say: half of the highest
at which no held-back aircraft of Airbus and HRPlanes (`dev` places) is passed over that a lower score would catch."""
NEAR_M = 10.0
"""A coarse box this close to an object, along both axes, speaks for it: it is placed coarsely."""


def coarse_detector(detector: Detector, *, min_score: float | None = None) -> Detector:
    """The same network for a coarse look: it takes a scene of COARSER times its metres per pixel for one of its own.

    It reports all boxes from `min_score` on, by default the record's `screen_score`, without the record's thresholds.
    It shares the back end of the given one: not for two streams at a time.
    """
    score = min_score or detector.record.screen_score or SCREEN_SCORE
    record = replace(detector.record, gsd_m=COARSER * detector.gsd, thresholds={})
    return Detector(detector.backend, record, min_score=score)
