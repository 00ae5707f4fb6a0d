"""Whether a cheaper arithmetic is good enough: average precision per node, beside that of float32, on held-back places.

The rule was set before anything was measured: aircraft on whole real scenes of the `dev` places lose less than half a
point of AP50, and no node more than two. AP50 is the area below the precision at every recall: the 101 recalls of COCO,
which it was measured by at first, make steps that are larger than half a point.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..datasets.annotation import ImageRecord
from ..detector.detections import Detections
from ..detector.taxonomy import is_a
from .evaluate import node_result
from .precision import area_precision

AIRCRAFT_DROP = 0.005
NODE_DROP = 0.02
FEWEST_OBJECTS = 100
"""A node with fewer held-back objects is not judged: one object would be a point or more."""

Pairs = Sequence[tuple[ImageRecord, Detections]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One node: its held-back objects, and AP50 in float32 and in the cheaper arithmetic, in 0..1."""

    objects: int
    fp32: float
    cheaper: float

    @property
    def drop(self) -> float:
        """What is lost, in AP50; below zero where something is gained."""
        return self.fp32 - self.cheaper


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the cheaper arithmetic is accepted, what speaks against it, and the figures behind that."""

    accepted: bool
    objections: tuple[str, ...]
    aircraft: Comparison
    """On whole real scenes, after merging."""
    nodes: Mapping[str, Comparison]
    """On held-back tiles with exact labels: the nodes that are judged."""

    def as_record(self, precision: str) -> dict[str, Any]:
        """The decision as JSON values with four decimals, for a weight file's record; `precision` names its AP50."""
        figures = {node: _rounded(each, precision) for node, each in self.nodes.items()}
        return {
            "accepted": self.accepted,
            "objections": list(self.objections),
            "aircraft": _rounded(self.aircraft, precision),
            "nodes": figures,
        }


def decide(aircraft: Comparison, nodes: Mapping[str, Comparison]) -> Decision:
    """The decision by the rule; nodes of fewer than `FEWEST_OBJECTS` objects are left out.

    Aircraft without a single labelled object cannot be judged, and are an objection.

    >>> decide(Comparison(400, 0.95, 0.947), {"heli": Comparison(500, 0.6, 0.59)}).accepted
    True
    >>> decide(Comparison(400, 0.95, 0.947), {"heli": Comparison(500, 0.6, 0.57)}).objections
    ('heli loses 3.0 points of AP50, more than 2 are too much',)
    """
    judged = {node: each for node, each in nodes.items() if each.objects >= FEWEST_OBJECTS}
    objections = []
    if not aircraft.objects:
        objections.append("no labelled aircraft on the dev places")
    elif round(aircraft.drop, 6) >= AIRCRAFT_DROP:
        limit = f"{100 * AIRCRAFT_DROP:g} or more are too much"
        objections.append(f"aircraft lose {100 * aircraft.drop:.1f} points of AP50, {limit}")
    for node, each in judged.items():
        if round(each.drop, 6) > NODE_DROP:
            limit = f"more than {100 * NODE_DROP:g} are too much"
            objections.append(f"{node} loses {100 * each.drop:.1f} points of AP50, {limit}")
    return Decision(not objections, tuple(objections), aircraft, judged)


def compare(fp32: Pairs, cheaper: Pairs, node: str) -> Comparison:
    """The figures of one node over the same images seen by both arithmetics."""
    results = [[node_result(*pair, node) for pair in pairs] for pairs in (fp32, cheaper)]
    objects = sum(int((~result.ignored).sum()) for result in results[0])
    if not objects:
        return Comparison(0, 0.0, 0.0)
    before, after = (area_precision(each) for each in results)
    return Comparison(objects, before, after)


def labelled_nodes(records: Iterable[ImageRecord], nodes: Sequence[str]) -> tuple[str, ...]:
    """The nodes of a network that some object is labelled at or below, in their order."""
    labels = {item.node for record in records for item in record.annotations if not item.ignore}
    return tuple(node for node in nodes if any(is_a(label, node) for label in labels))


def _rounded(comparison: Comparison, precision: str) -> dict[str, float]:
    return {
        "objects": comparison.objects,
        "fp32": round(comparison.fp32, 4),
        precision: round(comparison.cheaper, 4),
    }
