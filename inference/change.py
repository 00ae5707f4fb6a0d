"""Change: what differs between two passes over a site, and whether that is more than noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .counts import INTERVAL, Estimate, quantile
from .passes import Pass

COMPARABLE_WITHIN = 0.05
"""Two passes compare where each saw no more than this share of the site that the other did not see."""


@dataclass(frozen=True, slots=True)
class Change:
    """The difference in the number of objects of a node between two passes over one site."""

    node: str
    since: Pass
    """The earlier pass."""
    now: Pass
    """The later pass."""
    direct: bool
    """True where `since` is the pass just before; False where passes between were skipped as not comparable."""
    comparable: bool
    """False where the two passes saw different parts of the site: then the difference says nothing about the site."""
    difference: int
    """Count (the median) now minus count then."""
    low: int
    high: int
    """The ends of the 90 % interval of the difference, in objects."""

    @property
    def more_than_noise(self) -> bool:
        """True where the passes compare and the interval excludes no change at all."""
        return self.comparable and (self.low > 0 or self.high < 0)


def comparable(one: Pass, other: Pass) -> bool:
    """True where two passes over the same site were seen and saw the same of it, within 5 points of coverage.

    What counts is the area that both saw, not the two percentages: the two halves of a site do not compare.
    """
    if not (one.seen and other.seen):
        return False
    common = float((one.points & other.points).mean())
    return max(one.coverage, other.coverage) - common <= COMPARABLE_WITHIN + 1e-9


def baseline(passes: Sequence[Pass], index: int) -> Pass | None:
    """The pass that pass `index` of a series (in order of time) is to be compared with, or None.

    That is the latest earlier pass that compares; where none does, the latest earlier pass that saw the site at all.
    Only passes with a time have a before. None as well where pass `index` did not see the site.
    """
    now = passes[index]
    if now.time is None or not now.seen:
        return None
    before = [one for one in passes[:index] if one.time is not None and one.seen]
    return next((one for one in reversed(before) if comparable(one, now)), before[-1] if before else None)


def changes(passes: Sequence[Pass], index: int) -> dict[str, Change]:
    """The change of every node at pass `index` of a series (in order of time) since its `baseline`; {} without one."""
    since = baseline(passes, index)
    if since is None:
        return {}
    return between(since, passes[index], direct=since is passes[index - 1])


def overall(passes: Sequence[Pass]) -> dict[str, Change]:
    """The change over a series (in order of time): from its earliest to its latest pass that compare; {} without two.

    Passes that saw the whole site come first: a pair of them is taken before any pair with a partial pass.
    """
    dated = [one for one in passes if one.time is not None and one.seen]
    for candidates in ([one for one in dated if not one.partial], dated):
        for start, first in enumerate(candidates):
            for last in reversed(candidates[start + 1 :]):
                if comparable(first, last):
                    return between(first, last, direct=len(passes) == 2)
    return {}


def between(since: Pass, now: Pass, *, direct: bool = True) -> dict[str, Change]:
    """The change of every node that both passes have a count of.

    The interval takes the two counts as independent. Objects missed or invented at both dates make the true noise
    smaller than that, not larger.
    """
    compare = comparable(since, now)
    result = {}
    for node, later in now.counts.items():
        earlier = since.counts.get(node)
        if earlier is not None:
            low, high = difference_interval(earlier.estimate, later.estimate)
            difference = later.median - earlier.median
            result[node] = Change(node, since, now, direct, compare, difference, low, high)
    return result


def difference_interval(earlier: Estimate, later: Estimate) -> tuple[int, int]:
    """The 90 % interval of later minus earlier, in objects; the low end takes the lower bound of the later count."""
    tail = (1 - INTERVAL) / 2
    low = quantile(np.convolve(later.lower, earlier.upper[::-1]), tail) - (len(earlier.upper) - 1)
    high = quantile(np.convolve(later.upper, earlier.lower[::-1]), 1 - tail) - (len(earlier.lower) - 1)
    return low, high
