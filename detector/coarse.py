"""The coarse look: the same network on coarser pixels, to say where a scene is worth a close one."""

from dataclasses import replace

from .detector import Detector

COARSER = 2.0
"""The coarse look has this many times the network's metres per pixel: a quarter of its pixels. The shipped network
sees every single aircraft at twice its metres per pixel; at three times it misses one of seven of those that stand
alone (`tests/benchmarks/screening.py`)."""
SCREEN_SCORE = 0.01
"""Boxes of the coarse look count from this score on where the record of the weights does not say."""


def coarse_detector(detector: Detector) -> Detector:
    """The same network for a coarse look: it takes a scene of COARSER times its metres per pixel for one of its own.

    It reports all boxes from the record's `screen_score` on, without the record's thresholds. It shares the back end of
    the given one: not for two streams at a time.
    """
    score = SCREEN_SCORE if detector.record.screen_score is None else detector.record.screen_score
    record = replace(detector.record, gsd_m=COARSER * detector.gsd, thresholds={})
    return Detector(detector.backend, record, min_score=score)
