"""A run of three steps for `test_place`: python together.py OUT, alone or as one of two processes."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from hardstand.training import fit as fitting
from hardstand.training.draws import DrawWeights
from hardstand.training.fit import Schedule, fit
from hardstand.training.loss import TreeLoss
from hardstand.training.network import build_network
from hardstand.training.place import taken_place
from hardstand.training.tileset import CropRange, Piece, TileEntry, TileSet
from hardstand.training.tree import node_tree
from hardstand.training.watch import Standing

NODES = ("fw", "heli")


class Drawn(TileSet):
    """Crops without files: one object each, exact on even tiles."""

    def _piece(self, index: int, crop: CropRange, rng: np.random.Generator) -> Piece:
        pixels = rng.integers(0, 255, (crop.size_px, crop.size_px, 3), np.uint8)
        objects = np.array([[index % 2, 30 + index, 32, 28, 20, 0.3 * (index % 2 == 0), index % 2 == 0]], np.float32)
        return Piece(pixels, objects, np.zeros((0, 4), np.float32))


class Signature:
    """A watch that leaves the number of the process that wrote."""

    def __init__(self, out: Path, rank: int) -> None:
        self.path = out / f"written-by-{rank}"

    def begun(self, step: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def told(self, standing: Standing) -> None:
        assert standing.parts["box"] > 0

    def saved(self, step: int, average: nn.Module) -> None:
        self.path.touch()


def run(out: Path) -> None:
    tree = node_tree(NODES)
    entry = TileEntry(
        Path(), "s", "g", 0.5, NODES, (), np.zeros((0, 5), np.float32), np.zeros(0, np.bool_), np.zeros(0, np.bool_)
    )
    tiles = Drawn([entry] * 4, tree, crop=CropRange(64), look=lambda pixels, _: pixels, gsd_m=0.5)
    torch.manual_seed(0)
    model = build_network("n", len(NODES))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):  # its statistics are those of a process's own crops
            module.eval()
            vars(module)["train"] = lambda mode=True: None
    fitting.fast_bf16 = lambda device: False
    schedule = Schedule(steps=3, batch=4, workers=0, warm_up_steps=1, rate=1e-4)
    with taken_place("cpu") as place:
        watches = [Signature(out, place.rank)]
        fit(model, tiles, DrawWeights.of([1, 1, 1, 1]), lambda m: TreeLoss(m, tree), schedule, out, place, watches)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
