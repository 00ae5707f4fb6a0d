"""Counts: how many objects of a class there were, with an interval that knows what the detector misses and invents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..detector.detections import NO_FLOORS, Detections
from ..detector.taxonomy import COUNTED, NODES, ancestors, is_a
from ..detector.weights import probability_at

CERTAIN = 0.5
"""From this probability on, a detection is one that the tables list and the pictures draw; below, it only adds its
share to the expected count."""
INTERVAL = 0.90
"""The share of the distribution between the low and the high end of every interval: 5 % are below, 5 % above."""
MIN_RECALL = 0.1
"""A recall below this says that the class cannot be counted; the correction stops here, at ten times the detections."""

Curves = Mapping[str, Mapping[str, Sequence[float]]]
"""Calibration per node, as in the record of a weight file."""
UNCALIBRATED: Curves = MappingProxyType({})
NO_DOUBT: Mapping[str, float] = MappingProxyType({})

TAIL = 28.0
"""Distributions end where what is left is below exp(-TAIL)."""
TRUSTED_RECALL = 0.5
"""A recall below this was measured where the class is hard to see; elsewhere it may be anything from there to 1."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number of objects nobody saw directly: a middle and a mean, and two distributions that bound it.

    `lower` and `upper` are probabilities of 0, 1, 2, ... objects, float64, each summing to 1. The low end of an
    interval comes from `lower`, the high end from `upper`, which also says that none found does not prove none there.
    With certain detections that all look alike it is the exact (Clopper-Pearson) interval for the number of objects.
    """

    expected: float
    """Objects expected: the sum of the probabilities, divided by the recall of what looks like these."""
    median: int
    """The whole number that the true one is as likely to be below as above."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    @property
    def low(self) -> int:
        """The low end of the 90 % interval, in objects."""
        return quantile(self.lower, (1 - INTERVAL) / 2)

    @property
    def high(self) -> int:
        """The high end of the 90 % interval, in objects."""
        return quantile(self.upper, (1 + INTERVAL) / 2)


@dataclass(frozen=True, slots=True)
class Count:
    """How many objects of one node, all below it included, one pass over one site shows."""

    node: str
    detections: int
    """Boxes with a probability of at least 0.5."""
    estimate: Estimate

    @property
    def expected(self) -> float:
        """Objects expected; not a whole number. For sums over sites and dates."""
        return self.estimate.expected

    @property
    def median(self) -> int:
        """The count that is told: the whole number that is as likely too high as too low."""
        return self.estimate.median

    @property
    def low(self) -> int:
        """The low end of the 90 % interval, in objects."""
        return self.estimate.low

    @property
    def high(self) -> int:
        """The high end of the 90 % interval, in objects."""
        return self.estimate.high


def counted_nodes(nodes: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a network's nodes that are counted: the counted roots and all below them, parents first.

    Roots come in the order of the taxonomy's COUNTED. A root that the network does not know is not there: it was not
    looked for, so it has no count.
    """
    known = set(nodes)
    roots = [node for node in COUNTED if node in known]
    return tuple(node for top in roots for node in NODES if node in known and is_a(node, top))


def count(
    detections: Detections,
    recall: Mapping[str, float],
    calibration: Curves = UNCALIBRATED,
    floors: Mapping[str, float] = NO_FLOORS,
    doubt: Mapping[str, float] = NO_DOUBT,
) -> dict[str, Count]:
    """The count of every counted node of the detections' network, parents first.

    A detection counts at its label and at every node above it, if its score reaches what `floors` says of its counted
    root: how many faint boxes of launchers there are says more about the lorries of a place than about launchers, with
    any calibration. At a counted root it counts with its probability to be real; below with the probability that the
    label is right, by the curve of the node in `calibration`, or without one with its score where that is less than
    what is known of the nodes above. `recall` is the measured share of objects found by what counts, and below a root
    also named right, and `doubt` how doubtful those objects were (see `recall_of_each`). Without a curve or a recall of
    its own a node takes that of the nearest node above it, and 1 where there is none: an object whose type was not
    recognised is then counted above, not missed. What is counted by a recall of its own is never more than what is
    counted above.
    """
    detections = detections.select(detections.reaching(floors))
    counts: dict[str, Count] = {}
    for node in counted_nodes(detections.nodes):
        reported = detections.select(detections.at(node))
        known = next((above for above in _path(node) if above in recall), None)
        certain = int(np.count_nonzero(reported.probability >= CERTAIN))
        share = 1.0 if known is None else recall[known]
        each = None
        if known is not None and known in doubt:
            each = recall_of_each(_probabilities(reported, known, calibration), share, doubt[known])
        found = estimate(_probabilities(reported, node, calibration), share, each)
        above = next((counts[other] for other in _path(node)[1:] if other in counts), None)
        if known == node and above is not None:
            found = _at_most(found, above.estimate)
        counts[node] = Count(node, certain, found)
    return counts


def _path(node: str) -> tuple[str, ...]:
    """The node and those above it up to the counted root, deepest first."""
    path = ancestors(node)[::-1]
    return path[: 1 + next(number for number, above in enumerate(path) if above in COUNTED)]


def _probabilities(reported: Detections, node: str, calibration: Curves) -> NDArray[np.float32]:
    """How probable it is that detections (N,) reported at `node` or below are that: at most to be real at all.

    Below a counted root, without a curve of its own, a node is at most as probable as its score: that it is something
    of the kind does not say that it is this one.
    """
    above = next((level for level in _path(node)[:-1] if level in calibration and level in reported.nodes), None)
    named = reported.probability
    if above is not None:
        named = np.minimum(named, probability_at(calibration[above], reported.scores[:, reported.nodes.index(above)]))
    if above != node and node not in COUNTED and node in reported.nodes:
        named = np.minimum(named, reported.scores[:, reported.nodes.index(node)])
    return named


def _at_most(found: Estimate, above: Estimate) -> Estimate:
    """The estimate of a part of what is counted above: mean, middle and ends are no more than there."""
    return Estimate(
        min(found.expected, above.expected),
        min(found.median, above.median),
        _up_to(found.lower, above.low),
        _up_to(found.upper, above.high),
    )


def _up_to(distribution: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    return np.append(distribution[:most], distribution[most:].sum())


def recall_of_each(probabilities: NDArray[np.floating], recall: float, doubt: float) -> NDArray[np.float64]:
    """The recall of objects that look like each of these detections (N,), at least MIN_RECALL.

    Recall is a mean over what is plain to see and what is not, and a scene has one or the other: nine helicopters that
    nobody could overlook do not stand for four that were. So each real detection brings as many missed ones as it lacks
    in probability, over what those lacked by which `recall` was measured, on average: `doubt`. There the sum is the
    same as by `recall` alone.

    >>> recall_of_each(np.array([1.0, 0.75, 0.5]), 0.8, 0.25).round(2).tolist()
    [1.0, 0.8, 0.67]
    """
    _check_recall(recall)
    if not 0 < doubt <= 1:
        raise ValueError(f"doubt is {doubt}; it must lie above 0 and at most at 1")
    missed = (1 / max(recall, MIN_RECALL) - 1) * (1 - np.asarray(probabilities, dtype=np.float64)) / doubt
    return np.asarray(np.maximum(1 / (1 + missed), MIN_RECALL), np.float64)


def estimate(probabilities: NDArray[np.floating], recall: float, each: NDArray[np.float64] | None = None) -> Estimate:
    """The number of objects behind detections with these probabilities (N,), found by a detector with this recall.

    How many detections are real follows the Poisson binomial distribution. Each real one brings missed ones: failures
    before a success that has the probability `each` (N,), the recall of what looks like it; without it `recall`, the
    same for all, by which T real ones bring NegBin(T, recall). At the upper end one success more is waited for, by
    `recall`: it stands for what looks like nothing that was found. Where all are alike, these two ends are the exact
    (Clopper-Pearson) interval for the total when T is known.

    Where `recall` is below TRUSTED_RECALL, recall is not known, only that it lies between what is said and 1: the upper
    end takes what is said, the lower end 1, and the mean and the middle their geometric mean.

    The middle is the median because no other number is on average as near to the truth; the mean of many faint boxes
    is never quite whole, and wrong by its fraction wherever the objects are clear.

    >>> found = estimate(np.array([1.0, 1.0, 1.0, 1.0]), 0.8)
    >>> round(found.expected, 6), found.median, found.low, found.high
    (5.0, 5, 4, 8)
    >>> estimate(np.array([]), 1.0).high
    0
    """
    _check_recall(recall)
    probable = np.asarray(probabilities, dtype=np.float64)
    measured = max(recall, MIN_RECALL)
    said = np.full(len(probable), measured) if each is None else each
    trusted = measured >= TRUSTED_RECALL
    middle = said if trusted else np.sqrt(said)
    likely = _with_missed(probable, middle)
    lower = likely if trusted else poisson_binomial(probable)
    upper = np.convolve(likely if trusted else _with_missed(probable, said), _before_one(measured))
    return Estimate(float((probable / middle).sum()), quantile(likely, 0.5), lower, upper)


def _check_recall(recall: float) -> None:
    if not 0 <= recall <= 1:
        raise ValueError(f"recall is {recall}; it must lie between 0 and 1")


def poisson_binomial(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distribution of the number of successes of independent trials, (N + 1,), summing to 1.

    >>> poisson_binomial(np.array([0.5, 0.5])).tolist()
    [0.25, 0.5, 0.25]
    """
    distribution = np.zeros(len(probabilities) + 1)
    distribution[0] = 1.0
    for number, probability in enumerate(probabilities, start=1):
        gained = distribution[:number] * probability
        distribution[:number] *= 1 - probability
        distribution[1 : number + 1] += gained
    distribution /= distribution.sum()
    return distribution


def quantile(distribution: NDArray[np.float64], share: float) -> int:
    """The smallest number whose cumulative probability reaches `share`.

    >>> quantile(np.array([0.25, 0.5, 0.25]), 0.05), quantile(np.array([0.25, 0.5, 0.25]), 0.95)
    (0, 2)
    """
    reached = np.cumsum(distribution) >= share - 1e-9
    return int(np.argmax(reached)) if reached.any() else len(distribution) - 1


def _with_missed(probable: NDArray[np.float64], recall: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distribution of real and missed objects together: with `probable` (N,) a real one, and then the failures
    before a success of probability `recall` (N,).

    By the product of what generates each: 1 - p + p r z / (1 - (1 - r) z), on the unit circle.
    """
    if (recall == 1).all():
        return poisson_binomial(probable)
    mean = float((probable / recall).sum())
    variance = max(0.0, float((probable * (2 - recall) / recall**2 - (probable / recall) ** 2).sum()))
    most = mean + 10 * sqrt(variance) + TAIL / -np.log1p(-float(recall.min()) * (1 - 1e-9))
    size = 1 << int(np.ceil(np.log2(most + 2)))
    circle = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    total = np.ones_like(circle)
    for share, hit in zip(probable, recall, strict=True):
        total *= 1 - share + share * hit * circle / (1 - (1 - hit) * circle)
    distribution = np.maximum(np.fft.irfft(total, size), 0)
    return np.asarray(distribution / distribution.sum(), np.float64)


def _before_one(recall: float) -> NDArray[np.float64]:
    """The distribution of failures before the first success."""
    if recall == 1:
        return np.ones(1)
    failures = np.arange(int(np.ceil(-TAIL / np.log(1 - recall))) + 1)
    total = recall * (1 - recall) ** failures
    return np.asarray(total / total.sum(), np.float64)
