"""Detections: what was seen in one tile or one scene, as values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .taxonomy import ancestors, is_a, root

Box = tuple[float, float, float, float, float]
NO_FLOORS: Mapping[str, float] = MappingProxyType({})
"""Scores from which counted nodes count, where all do (`Detections.reaching`)."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One object: its reported node, its box (cx, cy, length, width in pixels, angle in radians), its size in metres.

    `score` is the network's raw score for the counted node above `node`; `probability` is the calibrated one.
    """

    node: str
    score: float
    probability: float
    length_m: float
    width_m: float
    box: Box


@dataclass(frozen=True, slots=True)
class Detections:
    """N objects with K scores each.

    Attributes:
        nodes: the K taxonomy nodes that the columns of `scores` stand for.
        boxes: (N, 5) float32: cx, cy, length, width in pixels of `gsd`, angle in radians (see `boxes`).
        scores: (N, K) float32, raw scores in 0..1.
        label: (N,) intp, the column of the reported node.
        probability: (N,) float32, calibrated probability to be an object of the counted node above the label.
        gsd: metres per pixel of the frame of `boxes`.

    Iterating gives `Detection` records.

    Raises:
        ValueError: an array has another shape or dtype, a label is no column, or the GSD is not positive.
    """

    nodes: tuple[str, ...]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    label: NDArray[np.intp]
    probability: NDArray[np.float32]
    gsd: float

    def __post_init__(self) -> None:
        """Check the shapes and dtypes against each other."""
        count = len(self.boxes)
        for name, shape, dtype in (
            ("boxes", (count, 5), np.float32),
            ("scores", (count, len(self.nodes)), np.float32),
            ("label", (count,), np.intp),
            ("probability", (count,), np.float32),
        ):
            array = getattr(self, name)
            if array.shape != shape or array.dtype != dtype:
                raise ValueError(
                    f"{name} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape} "
                    f"for {count} boxes and {len(self.nodes)} nodes"
                )
        if count and not (self.label.min() >= 0 and self.label.max() < len(self.nodes)):
            raise ValueError(f"label has values up to {self.label.max()}, expected columns of {len(self.nodes)} nodes")
        if not self.gsd > 0:
            raise ValueError(f"gsd is {self.gsd}, expected metres per pixel above 0")

    @classmethod
    def empty(cls, nodes: Sequence[str], gsd: float) -> "Detections":
        """No objects, in the frame of these nodes and this GSD."""
        return cls(
            tuple(nodes),
            np.zeros((0, 5), np.float32),
            np.zeros((0, len(nodes)), np.float32),
            np.zeros(0, np.intp),
            np.zeros(0, np.float32),
            gsd,
        )

    @staticmethod
    def concatenate(parts: "Sequence[Detections]") -> "Detections":
        """All objects of the parts, in their order; the parts share nodes and GSD.

        Raises:
            ValueError: no parts, or parts of different nodes or GSD.
        """
        if not parts:
            raise ValueError("nothing to concatenate: use Detections.empty(nodes, gsd)")
        first = parts[0]
        if any((part.nodes, part.gsd) != (first.nodes, first.gsd) for part in parts):
            raise ValueError("detections of different nodes or GSD cannot be concatenated")
        return Detections(
            first.nodes,
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.label for part in parts]),
            np.concatenate([part.probability for part in parts]),
            first.gsd,
        )

    def __len__(self) -> int:
        """The number of objects."""
        return len(self.boxes)

    def __iter__(self) -> Iterator[Detection]:
        """One record per object, in order."""
        numbers = np.stack([self.score, self.probability, self.length_m, self.width_m], axis=1)
        rows = zip(self.labels, numbers.tolist(), self.boxes.tolist(), strict=True)
        for node, (score, probability, length_m, width_m), box in rows:
            yield Detection(node, score, probability, length_m, width_m, cast(Box, tuple(box)))

    @property
    def labels(self) -> tuple[str, ...]:
        """The reported node of each object."""
        return tuple(self.nodes[column] for column in self.label.tolist())

    @property
    def length_m(self) -> NDArray[np.float32]:
        """Lengths (N,) in metres."""
        return self.boxes[:, 2] * np.float32(self.gsd)

    @property
    def width_m(self) -> NDArray[np.float32]:
        """Widths (N,) in metres: wingspan, rotor diameter or body width."""
        return self.boxes[:, 3] * np.float32(self.gsd)

    @property
    def score(self) -> NDArray[np.float32]:
        """Raw scores (N,) at the counted node above each label."""
        return self.scores[np.arange(len(self)), root_columns(self.nodes)[self.label]]

    def reaching(self, floors: Mapping[str, float]) -> NDArray[np.bool_]:
        """Mask (N,) of the objects whose score is at least the floor of its node; a node without one has none."""
        floor = np.array([floors.get(node, 0.0) for node in self.nodes], np.float32)
        return self.score >= floor[root_columns(self.nodes)[self.label]]

    def select(self, which: ArrayLike) -> "Detections":
        """The objects of a boolean mask (N,) or of indices, in that order."""
        rows = np.asarray(which)
        if rows.dtype != np.bool_:
            rows = rows.astype(np.intp)
        return replace(
            self,
            boxes=self.boxes[rows],
            scores=self.scores[rows],
            label=self.label[rows],
            probability=self.probability[rows],
        )

    def translated(self, dx: float, dy: float) -> "Detections":
        """The same objects, moved by pixels."""
        return replace(self, boxes=self.boxes + np.array([dx, dy, 0, 0, 0], np.float32))

    def at(self, node: str) -> NDArray[np.bool_]:
        """Mask (N,) of the objects that are reported at `node` or below it; an unknown node is a LabelError."""
        below = np.array([is_a(label, node) for label in self.nodes], dtype=np.bool_)
        return below[self.label]


def root_columns(nodes: Sequence[str]) -> NDArray[np.intp]:
    """For each of K nodes, the column of the counted node above it; of itself where that is not among `nodes`.

    >>> root_columns(["fw", "fw.isr", "heli.attack"]).tolist()
    [0, 0, 2]
    """
    return _root_columns(tuple(nodes))


@lru_cache(maxsize=16)  # the nodes of a network are the same for every tile, and paths are work on strings
def _root_columns(nodes: tuple[str, ...]) -> NDArray[np.intp]:
    columns = [nodes.index(root(node)) if root(node) in nodes else k for k, node in enumerate(nodes)]
    result = np.array(columns, dtype=np.intp)
    result.setflags(write=False)
    return result


def path_scores(nodes: Sequence[str], node: str, score: float) -> NDArray[np.float32]:
    """Scores (K,) of an object that is certainly `node`: `score` for it and its ancestors, zero elsewhere.

    >>> path_scores(["fw", "fw.isr", "heli"], "fw.isr", 0.5).tolist()
    [0.5, 0.5, 0.0]
    """
    path = ancestors(node)
    return np.array([score if other in path else 0.0 for other in nodes], dtype=np.float32)
