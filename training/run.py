"""A training run from a recipe: tiles in, averaged parameters out."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..datasets.split import split_of
from ..datasets.tiles import read_tiles, read_weights
from ..detector.errors import DatasetNotFoundError
from ..detector.opencv import cv2
from ..detector.taxonomy import ancestors
from .fit import fit
from .look import overhead_look
from .loss import TreeLoss
from .network import build_network, settle_batch_norm, start_from
from .recipe import Recipe, SetShare
from .tileset import TileEntry, TileSet, collate, tile_entry
from .tree import NodeTree, node_tree

logger = logging.getLogger(__name__)
SETTLE_BATCHES = 12


def training_tiles(recipe: Recipe, tiles: Path) -> tuple[list[TileEntry], list[float]]:
    """Return the training tiles of the recipe's sets, and how often each is drawn; held-back groups are left out.

    The recipe says what share of the crops a set has; inside it, tiles are drawn by the weights of its index, so that
    rare classes are seen. An index without weights means all alike.
    """
    entries: list[TileEntry] = []
    weights: list[float] = []
    for share in recipe.sets:
        folder = tiles / share.folder
        rows = [
            (_within(tile_entry(record), share, recipe.nodes), weight)
            for record, weight in zip(read_tiles(folder), read_weights(folder), strict=True)
            if split_of(record.source, record.group) == "train"
        ]
        own = [entry for entry, _ in rows]
        filled = [bool((~entry.ignore).any()) for entry in own]
        if not own:
            raise DatasetNotFoundError(f"{folder} has no tile outside the held-back groups")
        entries += own
        weights += _draw_weights(share, filled, [weight for _, weight in rows])
        logger.info(
            "%s: %d tiles, %d with objects, %d objects",
            share.folder,
            len(own),
            sum(filled),
            sum(len(entry.nodes) for entry in own),
        )
    return entries, weights


def _within(entry: TileEntry, share: SetShare, nodes: Sequence[str]) -> TileEntry:
    """Return the entry with the objects that the network has a node for, and the set's negatives as known ground."""
    has = np.array([any(node in nodes for node in ancestors(label)) for label in entry.nodes], bool)
    return replace(
        entry,
        exhaustive=(*entry.exhaustive, *share.negatives),
        nodes=tuple(node for node, keep in zip(entry.nodes, has, strict=True) if keep),
        boxes=entry.boxes[has],
        exact=entry.exact[has],
        ignore=entry.ignore[has],
    )


def _draw_weights(share: SetShare, filled: Sequence[bool], balance: Sequence[float]) -> list[float]:
    """Return each tile's share of all crops: the set's, split by `empty_share`, then in proportion to `balance`."""
    tiles = list(zip(filled, balance, strict=True))
    with_objects = sum(weight for is_filled, weight in tiles if is_filled)
    empty = sum(weight for is_filled, weight in tiles if not is_filled)
    empty_share = share.empty_share if with_objects and empty else float(empty > 0)
    per_filled = share.share * (1 - empty_share) / (with_objects or 1)
    per_empty = share.share * empty_share / (empty or 1)
    return [weight * (per_filled if is_filled else per_empty) for is_filled, weight in tiles]


def train(recipe: Recipe, tiles: Path, out: Path) -> tuple[nn.Module, NodeTree]:
    """Run the recipe on the tile folders below `tiles`, with progress and checkpoints in `out`; return the network."""
    cv2.setNumThreads(0)
    tree = node_tree(recipe.nodes)
    entries, weights = training_tiles(recipe, tiles)
    tile_set = TileSet(entries, tree, crop=recipe.crop, look=overhead_look(), seed=recipe.schedule.seed)
    model = build_network(recipe.size, len(recipe.nodes))
    if recipe.start:
        copied = start_from(model, Path(recipe.start), trust_pickle=recipe.trust_pickle)
        logger.info("%d tensors from %s", copied, recipe.start)
        if not recipe.start.endswith(".safetensors"):
            settle_batch_norm(model, some_batches(tile_set, weights))
    return fit(
        model, tile_set, weights, lambda network: TreeLoss(network, tree, recipe.gains), recipe.schedule, out
    ), tree


def some_batches(tiles: TileSet, weights: Sequence[float]) -> list[torch.Tensor]:
    """Return a few batches of float images (8, 3, S, S), drawn as training draws them."""
    rng = np.random.default_rng(0)
    share = np.asarray(weights) / np.sum(weights)
    rows = rng.choice(len(share), (SETTLE_BATCHES, 8), p=share)
    batches = [collate([tiles[int(tile), i] for i, tile in enumerate(batch)]) for batch in rows]
    return [batch["image"].float() / 255 for batch in batches]
