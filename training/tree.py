"""The taxonomy as tensors: what one label says about every node of a network."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..detector.errors import LabelError
from ..detector.taxonomy import NODES, ancestors, is_a, lookalikes, root, shape_of


@dataclass(frozen=True, slots=True, eq=False)
class NodeTree:
    """Lookup tables for the K nodes of a network and the R labels that it can learn from; made by `node_tree`."""

    nodes: tuple[str, ...]
    labels: tuple[str, ...]
    """The R nodes of the taxonomy that a label may name: those of the network first, then all that lie below one."""
    path: torch.Tensor
    """(R, K) float, row = label, column = node: 1 where the column is the label or an ancestor of it."""
    known: torch.Tensor
    """(R, K) float: 0 where the label does not tell, else 1. It does not tell what lies below it; a type that the
    network lacks is none of those that it has, but for its look-alikes, and "other" may be any of them."""
    root: torch.Tensor
    """(R,) long: column of the counted root (fw, heli, ad.launcher) of each label."""
    ellipse: torch.Tensor
    """(R,) bool: horizontal boxes of this label are envelopes of the ellipse."""
    diamond: torch.Tensor
    """(R,) bool: horizontal boxes of this label are envelopes of the diamond."""

    def row(self, label: str) -> int:
        """Row of a label.

        Raises `LabelError` when the network has neither the label nor any ancestor of it.
        """
        if label not in self.labels:
            raise LabelError(
                f"label {label!r} has no node or ancestor among the network's nodes: {', '.join(self.nodes)}"
            )
        return self.labels.index(label)

    def within(self, branches: Sequence[str]) -> torch.Tensor:
        """(K,) float: 1 for nodes that are one of `branches` or lie below one, else 0."""
        return torch.tensor([float(any(is_a(node, top) for top in branches)) for node in self.nodes])

    def to(self, device: torch.device) -> "NodeTree":
        """Return the same tables on `device`."""
        return NodeTree(
            self.nodes,
            self.labels,
            *(table.to(device) for table in (self.path, self.known, self.root, self.ellipse, self.diamond)),
        )


def node_tree(nodes: Sequence[str]) -> NodeTree:
    """Return the tables for `nodes`, in that column order; every counted root used must be among them."""
    columns = tuple(nodes)
    below = [label for label in NODES if label not in columns and any(node in columns for node in ancestors(label))]
    labels = (*columns, *below)
    shapes = [shape_of(label) for label in labels]
    return NodeTree(
        nodes=columns,
        labels=labels,
        path=torch.tensor([[float(is_a(label, column)) for column in columns] for label in labels]),
        known=torch.tensor([[float(_tells(label, column, columns)) for column in columns] for label in labels]),
        root=torch.tensor([columns.index(root(label)) for label in labels]),
        ellipse=torch.tensor([shape == "ellipse" for shape in shapes]),
        diamond=torch.tensor([shape == "diamond" for shape in shapes]),
    )


def _tells(label: str, column: str, columns: Sequence[str]) -> bool:
    """Whether a label says if its object is of a node of the network."""
    if is_a(label, column):
        return True
    nearest = next(node for node in reversed(ancestors(label)) if node in columns)
    if not is_a(column, nearest):
        return True
    if is_a(column, label) or label.endswith(".other"):
        return False
    kinds = (kind for kind in NODES if is_a(kind, label))
    return not any(is_a(alike.node, column) for kind in kinds for alike in lookalikes(kind))
