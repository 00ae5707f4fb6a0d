"""What an object is called: the deepest node that its scores support, where siblings contend by what stands around."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .detections import Detections, root_columns
from .taxonomy import COUNTED, children, deepest
from .weights import WeightRecord, probabilities

__all__ = ["in_company", "named"]

COMPANY_M = 200.0
"""What is centred within this of an object stands around it: one apron, and not the one across the runway."""

UNDECIDED = 5.0
"""So many objects of no known role are added to what stands around: three aircraft say little of the fourth."""

ROUNDS = 10
"""Shares around an object and the roles of what stands there follow from each other, and settle within these."""

LEAST = 1e-4


def named(found: Detections, record: WeightRecord) -> Detections:
    """The same objects, each with the name of the deepest node that it supports below its counted node.

    A node is supported by the raw score and its threshold (`taxonomy.deepest`). Of several roles that are, it is the
    one that is likeliest among what stands around (`in_company`): an air base and an airport are not of one mix, and
    neither is that of the images that curves are made from. Of several types of a role it is the most probable one
    (`weights.probabilities`): an A-50 is not also an Il-76.
    """
    nodes = found.nodes
    roots = root_columns(nodes)[found.label]
    judged = found.scores.copy()
    worth = probabilities(record, found.scores)
    real = worth[np.arange(len(found)), roots]
    places_m = found.boxes[:, :2] * found.gsd
    for column, roles in _roles(nodes):
        here = np.flatnonzero(roots == column)
        judged[roots != column, column] = 0
        if len(here) and len(roles) > 1:
            cells = np.ix_(here, roles)
            worth[cells] = in_company(found.scores[cells], places_m[here], real[here])
    return replace(found, label=deepest(judged, nodes, record.thresholds, worth))


def in_company(
    scores: NDArray[np.float32], places_m: NDArray[np.float32], real: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How probable each of K roles (N, K) is for N objects at places (N, 2) in metres, by raw scores (N, K).

    Scores are taken for probabilities where all roles are as frequent, and turned into those at the shares that the
    roles have around each object, itself included: Saerens, Latinne and Decaestecker, "Adjusting the outputs of a
    classifier to new a priori probabilities", Neural Computation 14 (2002), with the shares within COMPANY_M in place
    of one for all, and UNDECIDED objects of even shares added. `real`, (N,), is how probable each object is one at all,
    and what it weighs. Rows add up to 1; an object alone keeps the order of its scores.
    """
    number, roles = scores.shape
    own = scores.astype(np.float64) + LEAST
    own /= own.sum(axis=1, keepdims=True)
    one, other = _pairs(places_m)
    weight = real[other].astype(np.float64)[:, None]
    total = np.bincount(one, weight[:, 0], number)[:, None] + UNDECIDED
    cells = (one[:, None] * roles + np.arange(roles)).ravel()
    probable = own
    for _ in range(ROUNDS):
        around = np.bincount(cells, (weight * probable[other]).ravel(), number * roles).reshape(number, roles)
        probable = own * (around + UNDECIDED / roles) / total
        probable = probable / probable.sum(axis=1, keepdims=True)
    return probable.astype(np.float32)


def _pairs(places_m: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which objects stand within COMPANY_M of which, each of itself too."""
    import shapely  # noqa: PLC0415  # a heavy import, and most networks and images have nothing to contend

    points = np.asarray(shapely.points(places_m.astype(np.float64)))
    one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=COMPANY_M)
    return np.asarray(one, np.intp), np.asarray(other, np.intp)


@lru_cache(maxsize=16)  # the nodes of a network are the same for every tile, and paths are work on strings
def _roles(nodes: tuple[str, ...]) -> tuple[tuple[int, NDArray[np.intp]], ...]:
    """The column of each counted node, and those of the nodes right below it."""
    column = {node: k for k, node in enumerate(nodes)}
    return tuple(
        (column[node], np.array([column[below] for below in children(node, nodes)], np.intp))
        for node in nodes
        if node in COUNTED
    )
