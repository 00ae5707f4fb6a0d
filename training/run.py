"""A training run from a recipe: tiles in, averaged parameters out."""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..datasets.split import Split, split_of
from ..datasets.tiles import read_tiles, read_weights
from ..detector.allocation import keep_freed
from ..detector.errors import DatasetNotFoundError, OutputError
from ..detector.opencv import cv2
from ..detector.taxonomy import ancestors, is_a
from ..detector.weights import find_weights
from .checkpoint import LAST
from .diary import Diary
from .draws import Draws, DrawWeights
from .fit import fit
from .look import overhead_look
from .loss import TreeLoss
from .network import Network, build_network, settle_batch_norm, start_from
from .place import taken_place
from .recipe import Recipe, SetShare, as_plain
from .release import record_of
from .samples import SAMPLES, Samples, write_crops
from .tileset import CropRange, TileEntry, TileSet, collate, tile_entry
from .tree import NodeTree, node_tree
from .watch import LogLines, Watch

logger = logging.getLogger(__name__)
SETTLE_BATCHES = 12
RECIPE = "recipe.json"
CROPS = 16


def training_tiles(recipe: Recipe, tiles: Path) -> tuple[list[TileEntry], DrawWeights]:
    """Return the training tiles of the recipe's sets, and how often each is drawn; held-back groups are left out.

    The recipe says what share of the crops a set has; inside it, tiles are drawn by the weights of its index, so that
    rare classes are seen. An index without weights means all alike.
    """
    entries: list[TileEntry] = []
    start: list[float] = []
    end: list[float] = []
    for share in recipe.sets:
        own, rarity = _of_set(recipe, share, tiles, "train")
        if not own:
            near = f" with an object of {', '.join(share.around)}" if share.around else ""
            raise DatasetNotFoundError(f"{tiles / share.folder} has no tile{near} outside the held-back groups")
        filled = [bool((~entry.ignore).any()) for entry in own]
        entries += own
        weights = np.array(_draw_weights(share, filled, rarity))
        start += list(share.share * weights)
        end += list((share.share if share.share_end is None else share.share_end) * weights)
        logger.info(
            "%s: %d tiles, %d with objects, %d objects",
            share.folder,
            len(own),
            sum(filled),
            sum(len(entry.nodes) for entry in own),
        )
    return entries, DrawWeights.of(start, end)


def _of_set(recipe: Recipe, share: SetShare, tiles: Path, split: Split) -> tuple[list[TileEntry], list[float]]:
    """The tiles of a set that lie in a split, and how rare what is on them is."""
    folder = tiles / share.folder
    pairs = zip(map(tile_entry, read_tiles(folder)), read_weights(folder), strict=True)
    kept = [(entry, rarity) for entry, rarity in pairs if split_of(entry.source, entry.group) == split]
    taken = [(_within(entry, share, recipe.nodes), rarity) for entry, rarity in kept]
    near = [(entry, rarity) for entry, rarity in taken if entry.around is None or len(entry.around)]
    return [entry for entry, _ in near], [rarity for _, rarity in near]


def _within(entry: TileEntry, share: SetShare, nodes: Sequence[str]) -> TileEntry:
    """Return the entry as the run takes it: objects that the network has a node for, the set's negatives and scale."""
    has = np.array([any(node in nodes for node in ancestors(label)) for label in entry.nodes], bool)
    kept = tuple(node for node, keep in zip(entry.nodes, has, strict=True) if keep)
    wanted = [row for row, label in enumerate(kept) if any(is_a(label, node) for node in share.around)]
    return replace(
        entry,
        exhaustive=(*entry.exhaustive, *share.negatives),
        absent=share.negatives,
        nodes=kept,
        boxes=entry.boxes[has],
        exact=entry.exact[has],
        ignore=entry.ignore[has],
        scale=(share.scale[0], share.scale[1]) if share.scale else None,
        around=np.array(wanted, np.intp) if share.around else None,
    )


def _draw_weights(share: SetShare, filled: Sequence[bool], rarity: Sequence[float]) -> list[float]:
    """Weights within a set, which add up to 1."""
    with_objects = sum(each for each, is_filled in zip(rarity, filled, strict=True) if is_filled)
    empty = len(filled) - sum(filled)
    empty_share = share.empty_share if with_objects and empty else float(empty > 0)
    per_filled = (1 - empty_share) / max(with_objects, 1e-9)
    per_empty = empty_share / max(empty, 1)
    return [per_filled * each if is_filled else per_empty for each, is_filled in zip(rarity, filled, strict=True)]


def train(
    recipe: Recipe,
    tiles: Path,
    out: Path,
    *,
    resume: bool = True,
    tensorboard: bool = False,
    watches: Iterable[Watch] = (LogLines(),),
) -> tuple[nn.Module, NodeTree]:
    """Run the recipe on the tile folders below `tiles`, with progress and checkpoints in `out`; return the network.

    A run found in `out` is continued with `resume`, and an `OutputError` without. Under torchrun every process calls
    this; the first writes.
    """
    found = (out / LAST).is_file()
    if found and not resume:
        raise OutputError(f"{out} holds a run already: go on with --resume, or start afresh with another --out")
    cv2.setNumThreads(0)
    tree = node_tree(recipe.nodes)
    with taken_place(recipe.device) as place:
        if place.device.type == "cpu":
            keep_freed()
        entries, weights = training_tiles(recipe, tiles)
        tile_set = tile_set_of(recipe, entries, tree)
        torch.manual_seed(recipe.schedule.seed)
        model = build_network(recipe.size, len(recipe.nodes), recipe.family)
        if recipe.start and not found:
            begin_from(recipe, model, tile_set, weights)
        told = list(watches)
        if place.leads:
            _note_recipe(recipe, out)
            write_crops(tile_set, first_draws(recipe, weights, CROPS), out / "crops.jpg")
            told.append(Diary(out, _samples(recipe, model, tiles, tile_set, weights), tensorboard=tensorboard))
        average = fit(
            model, tile_set, weights, lambda net: TreeLoss(net, tree, recipe.gains), recipe.schedule, out, place, told
        )
    return average, tree


def tile_set_of(recipe: Recipe, entries: Sequence[TileEntry], tree: NodeTree) -> TileSet:
    """Return the crops of the tiles as the recipe wants them."""
    look = overhead_look(recipe.augmentation)
    return TileSet(
        entries,
        tree,
        crop=recipe.crop,
        look=look,
        gsd_m=recipe.gsd_m,
        crosses=recipe.augmentation.crosses,
        seed=recipe.schedule.seed,
    )


def begin_from(recipe: Recipe, model: Network, tiles: TileSet, weights: DrawWeights) -> None:
    """Give the network the parameters that the recipe starts from."""
    shipped = recipe.start.endswith(".safetensors") or not Path(recipe.start).suffix
    path = find_weights(recipe.start) if shipped else Path(recipe.start)
    copied = start_from(model, path, trust_pickle=recipe.trust_pickle, nodes=recipe.nodes)
    logger.info("%d of %d tensors from %s", copied, len(model.state_dict()), recipe.start)
    if not shipped:
        settle_batch_norm(model, some_batches(tiles, weights))


def some_batches(tiles: TileSet, weights: DrawWeights) -> list[torch.Tensor]:
    """Return a few batches of float images (8, 3, S, S), drawn as training draws them."""
    rng = np.random.default_rng(0)
    rows = rng.choice(len(weights.start), (SETTLE_BATCHES, 8), p=weights.start)
    batches = [collate([tiles[int(tile), i] for i, tile in enumerate(batch)]) for batch in rows]
    return [batch["image"].float() / 255 for batch in batches]


def first_draws(recipe: Recipe, weights: DrawWeights, count: int) -> list[tuple[int, int]]:
    """Return the first so many draws of a run: tile index and draw number."""
    return next(iter(Draws(weights, batch=count, seed=recipe.schedule.seed, steps=1)))


def _note_recipe(recipe: Recipe, out: Path) -> None:
    """Write the resolved recipe beside the checkpoints; where another one is there, say what has changed since."""
    path, now = out / RECIPE, json.loads(json.dumps(as_plain(recipe)))
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key in now if now[key] != before.get(key)]
        if changed and (out / LAST).is_file():
            logger.warning("the run goes on with other values of %s than it had", ", ".join(changed))
    try:
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def _samples(recipe: Recipe, model: Network, tiles: Path, learnt: TileSet, weights: DrawWeights) -> Samples:
    """Crops of the `dev` places as they are, or where there are none of the training tiles as they are learnt."""
    held = [entry for share in recipe.sets for entry in _of_set(recipe, share, tiles, "dev")[0] if len(entry.nodes)]
    record = record_of(model, recipe)
    if not held:
        return Samples(learnt, first_draws(recipe, weights, SAMPLES), record)
    plain = CropRange(recipe.crop.size_px, 1.0, 1.0, "none")
    seen = TileSet(held, learnt.tree, crop=plain, look=lambda pixels, _: pixels, gsd_m=recipe.gsd_m)
    spread = np.unique(np.linspace(0, len(held) - 1, SAMPLES).round().astype(int))
    return Samples(seen, [(int(index), int(index)) for index in spread], record)
