"""The tree of classes: nodes, ancestors, shapes, sizes, look-alikes, and the deepest node that scores support.

Node ids are stable dotted strings; a label may point to any node. The tree and the sizes are data, in
`taxonomy.csv`: one row per node, and more rows where a node covers several airframes. An `example` row gives the size
of one member of a mixed node ("other transport"), which says nothing about what else the node holds. `lookalikes.csv`
lists the groups that imagery from above does not tell apart, a row per group and member.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import LabelError

Shape = Literal["diamond", "ellipse", "rectangle"]

COUNTED = ("fw", "heli", "ad.launcher")
"""The nodes that are counted; every detection belongs to exactly one of them."""

DEFAULT_THRESHOLD = 0.5
"""Score from which a node is reported, where a weight record states no threshold for it."""


@dataclass(frozen=True, slots=True)
class Size:
    """Length and width (wingspan, rotor diameter) in metres; `swept_width_m` for wings swept back or folded."""

    length_m: float
    width_m: float
    swept_width_m: float | None
    example: bool
    source: str


@dataclass(frozen=True, slots=True)
class Node:
    """One class: its dotted id, its name for people, and the sizes that are known for it."""

    id: str
    name: str
    sizes: tuple[Size, ...]


class Lookalike(NamedTuple):
    """A member of a group that cannot be told apart: its node, and which airframe or vehicle of the node is meant."""

    node: str
    what: str


def _rows(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _size(row: Mapping[str, str]) -> Size | None:
    if not row["length_m"]:
        return None
    swept = float(row["swept_width_m"]) if row["swept_width_m"] else None
    return Size(float(row["length_m"]), float(row["width_m"]), swept, row["example"] == "1", row["source"])


def _read() -> Mapping[str, Node]:
    names: dict[str, str] = {}
    sizes: dict[str, list[Size]] = {}
    for row in _rows("taxonomy.csv"):
        names.setdefault(row["node"], row["name"])
        size = _size(row)
        sizes.setdefault(row["node"], []).extend([size] if size else [])
    return MappingProxyType({id: Node(id, name, tuple(sizes[id])) for id, name in names.items()})


NODES: Mapping[str, Node] = _read()
"""Every node of the tree by its id, parents before children. The first row of a node in the file gives its name."""

_LOOKALIKES = tuple((row["group"], Lookalike(row["node"], row["what"])) for row in _rows("lookalikes.csv"))


def _known(id: str) -> str:
    if id not in NODES:
        raise LabelError(f"unknown node {id!r}: it is not in the taxonomy (detector/taxonomy.csv)")
    return id


def parent(id: str) -> str | None:
    """The node one step up, or None for a root.

    >>> parent("fw.bomber.tu95"), parent("fw"), parent("ctx.helipad")
    ('fw.bomber', None, None)
    """
    above = _known(id).rpartition(".")[0]
    return above if above in NODES else None


def ancestors(id: str) -> tuple[str, ...]:
    """The path from the root to the node, root first, the node itself last.

    >>> ancestors("fw.bomber.tu95")
    ('fw', 'fw.bomber', 'fw.bomber.tu95')
    """
    above = parent(id)
    return (id,) if above is None else (*ancestors(above), id)


def is_a(id: str, node: str) -> bool:
    """True where `id` is `node` or below it.

    >>> is_a("fw.bomber.tu95", "fw"), is_a("fw", "fw.bomber")
    (True, False)
    """
    return _known(node) in ancestors(id)


def root(id: str) -> str:
    """The counted node (`COUNTED`) that holds `id`, else the top of its path.

    >>> root("fw.isr.a50"), root("ad.launcher.long.s400"), root("ad.radar")
    ('fw', 'ad.launcher', 'ad')
    """
    path = ancestors(id)
    return next((node for node in path if node in COUNTED), path[0])


def children(id: str, among: Collection[str]) -> tuple[str, ...]:
    """The nodes of `among` whose nearest ancestor in `among` is `id`, in the order of `among`.

    >>> children("fw", ["fw", "fw.bomber.tu95", "fw.isr", "fw.isr.a50", "heli"])
    ('fw.bomber.tu95', 'fw.isr')
    """
    _known(id)
    return tuple(node for node in among if _nearest(node, among) == id)


def _nearest(id: str, among: Collection[str]) -> str | None:
    return next((node for node in reversed(ancestors(id)[:-1]) if node in among), None)


def shape_of(id: str) -> Shape:
    """The outline that a horizontal label of the node is drawn around: fixed wing, rotor disc, or body."""
    shapes: dict[str, Shape] = {"fw": "diamond", "heli": "ellipse"}
    return shapes.get(ancestors(id)[0], "rectangle")


def fits(id: str, length_m: float, width_m: float, tolerance: float = 0.2) -> bool:
    """True where the size is within `tolerance` (a share) of a size of the node; True where none is known.

    Only sizes of the node itself count, and no `example` rows. A width between the swept and the spread wing fits.

    >>> fits("fw.bomber.tu95", 47.0, 50.0), fits("fw.bomber.tu95", 30.0, 30.0), fits("fw", 12.0, 9.0)
    (True, False, True)
    >>> fits("fw.bomber.tu22m", 42.0, 24.0)
    True
    """
    sizes = _own_sizes(id)
    return not sizes or any(_within(size, length_m, width_m, tolerance) for size in sizes)


def size_objection(id: str, length_m: float, width_m: float, tolerance: float = 0.2) -> str | None:
    """Why an object of that size cannot be the node, in words; None where it `fits`.

    >>> size_objection("fw.transport.il76", 73, 69)
    'a box of 73 m by 69 m cannot be: Il-76 (46.6 m by 50.5 m)'
    """
    if fits(id, length_m, width_m, tolerance):
        return None
    known = " or ".join(f"{size.length_m:g} m by {size.width_m:g} m" for size in _own_sizes(id))
    return f"a box of {length_m:.0f} m by {width_m:.0f} m cannot be: {NODES[id].name} ({known})"


def is_wider_than_long(id: str) -> bool:
    """True where every known size of the node, wings swept too, has more width than length.

    The longer side of an oriented box of such an object is its span, not its length.

    >>> is_wider_than_long("fw.bomber.b2"), is_wider_than_long("fw.bomber.tu160"), is_wider_than_long("fw")
    (True, False, False)
    """
    sizes = _own_sizes(id)
    return bool(sizes) and all((size.swept_width_m or size.width_m) > size.length_m for size in sizes)


def _own_sizes(id: str) -> list[Size]:
    return [size for size in NODES[_known(id)].sizes if not size.example]


def lookalikes(id: str) -> tuple[Lookalike, ...]:
    """What the node cannot be told from in imagery from above, group by group; empty where nothing is listed.

    >>> [other.what for other in lookalikes("fw.transport.il76")]
    ['Il-78', 'A-50', 'KJ-2000']
    """
    groups = {group for group, member in _LOOKALIKES if member.node == _known(id)}
    return tuple(member for group, member in _LOOKALIKES if group in groups and member.node != id)


def _within(size: Size, length_m: float, width_m: float, tolerance: float) -> bool:
    narrowest = size.width_m if size.swept_width_m is None else size.swept_width_m
    length_fits = size.length_m * (1 - tolerance) <= length_m <= size.length_m * (1 + tolerance)
    return length_fits and narrowest * (1 - tolerance) <= width_m <= size.width_m * (1 + tolerance)


def deepest(
    scores: NDArray[np.float32],
    nodes: Sequence[str],
    thresholds: Mapping[str, float],
    worth: NDArray[np.float32] | None = None,
) -> NDArray[np.intp]:
    """The column of the node that each row of `scores` (N, K) supports; shape (N,).

    Starts at the best counted node (ties: the order of `COUNTED`) and goes down while the score of a child reaches its
    threshold; a node without one has `DEFAULT_THRESHOLD`. Of several such children it takes the one that is worth most,
    by `worth` (N, K) where it is given, else by score (ties: the order of `nodes`).

    Raises:
        LabelError: a node is not in the taxonomy, or no counted node is among `nodes`.

    >>> deepest(np.array([[0.9, 0.1, 0.8, 0.6], [0.3, 0.4, 0.9, 0.9]]), ["fw", "heli", "fw.isr", "fw.isr.a50"],
    ...         {"fw.isr": 0.5, "fw.isr.a50": 0.7}).tolist()
    [2, 1]
    """
    starts, ladder = _descent(tuple(nodes))
    if not starts.size:
        raise LabelError(f"no counted node ({', '.join(COUNTED)}) among the nodes {', '.join(nodes) or '(none)'}")
    if not len(scores):
        return np.zeros(0, dtype=np.intp)
    valued = scores if worth is None else worth
    limit = np.array([thresholds.get(node, DEFAULT_THRESHOLD) for node in nodes])
    reached: NDArray[np.intp] = starts[scores[:, starts].argmax(axis=1)]
    for column, below in ladder:
        here = np.flatnonzero(reached == column)
        if here.size:
            reach = scores[np.ix_(here, below)] >= limit[below]
            best = below[np.where(reach, valued[np.ix_(here, below)], -1).argmax(axis=1)]
            down = reach.any(axis=1)
            reached[here[down]] = best[down]
    return reached


@lru_cache(maxsize=16)  # the nodes of a network are the same for every tile, and paths are work on strings
def _descent(nodes: tuple[str, ...]) -> tuple[NDArray[np.intp], tuple[tuple[int, NDArray[np.intp]], ...]]:
    """The columns of the counted nodes, and the column of each node that has children with theirs, upper ones first."""
    column = {_known(node): k for k, node in enumerate(nodes)}
    starts = np.array([column[node] for node in COUNTED if node in column], dtype=np.intp)
    downward = sorted(nodes, key=lambda node: node.count("."))
    below = {node: np.array([column[child] for child in children(node, nodes)], dtype=np.intp) for node in downward}
    return starts, tuple((column[node], columns) for node, columns in below.items() if columns.size)
