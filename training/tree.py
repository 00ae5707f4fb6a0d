"""The taxonomy as tensors: what one label says about every node of a network."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..detector.errors import LabelError
from ..detector.taxonomy import ancestors, is_a, root, shape_of


@dataclass(frozen=True, slots=True, eq=False)
class NodeTree:
    """Lookup tables for the K nodes of a network; made by `node_tree`."""

    nodes: tuple[str, ...]
    path: torch.Tensor
    """(K, K) float, row = labelled node, column = node: 1 where the column is the row's node or an ancestor of it."""
    known: torch.Tensor
    """(K, K) float: 0 where the column is strictly below the row (the label does not tell), else 1."""
    root: torch.Tensor
    """(K,) long: column of the counted root (fw, heli, ad.launcher) of each node."""
    ellipse: torch.Tensor
    """(K,) bool: horizontal boxes of this node are envelopes of the ellipse."""
    diamond: torch.Tensor
    """(K,) bool: horizontal boxes of this node are envelopes of the diamond."""

    def column(self, label: str) -> int:
        """Column of the deepest node of the network that `label` is or lies below.

        Raises `LabelError` when the network has neither the label nor any ancestor of it.
        """
        for node in reversed(ancestors(label)):
            if node in self.nodes:
                return self.nodes.index(node)
        raise LabelError(f"label {label!r} has no node or ancestor among the network's nodes: {', '.join(self.nodes)}")

    def background(self, exhaustive: Sequence[str]) -> torch.Tensor:
        """(K,) float weight of empty ground: 1 for nodes of the roots that the image's set labels exhaustively."""
        return torch.tensor([float(any(is_a(node, known) for known in exhaustive)) for node in self.nodes])

    def to(self, device: torch.device) -> "NodeTree":
        """Return the same tables on `device`."""
        return NodeTree(
            self.nodes,
            *(table.to(device) for table in (self.path, self.known, self.root, self.ellipse, self.diamond)),
        )


def node_tree(nodes: Sequence[str]) -> NodeTree:
    """Return the tables for `nodes`, in that column order; every counted root used must be among them."""
    columns = tuple(nodes)
    shapes = [shape_of(node) for node in columns]
    return NodeTree(
        nodes=columns,
        path=torch.tensor([[float(is_a(row, column)) for column in columns] for row in columns]),
        known=torch.tensor([[float(row == col or not is_a(col, row)) for col in columns] for row in columns]),
        root=torch.tensor([columns.index(root(node)) for node in columns]),
        ellipse=torch.tensor([shape == "ellipse" for shape in shapes]),
        diamond=torch.tensor([shape == "diamond" for shape in shapes]),
    )
