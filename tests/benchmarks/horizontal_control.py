"""The control for the oriented network: a plain horizontal one on the same crops, same start, same number of steps.

    python tests/benchmarks/horizontal_control.py train RECIPE.toml TILES OUT [STEPS]
    python tests/benchmarks/horizontal_control.py score OUT AIRBUS_FOLDER

The second prints AP50 of aircraft over whole held-back Airbus scenes, tiles joined as the engine joins them.
"""

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torchvision
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.loss import v8DetectionLoss

from hardstand.datasets import airbus
from hardstand.datasets.images import read_rgb
from hardstand.datasets.split import split_of
from hardstand.detector.boxes import envelope
from hardstand.detector.detections import Detections
from hardstand.inference.tiles import plan_tiles
from hardstand.training.evaluate import scene_result
from hardstand.training.figures import figures
from hardstand.training.fit import fit
from hardstand.training.network import Network, settle_batch_norm, start_from
from hardstand.training.recipe import read_recipe
from hardstand.training.run import some_batches, tile_set_of, training_tiles
from hardstand.training.tree import NodeTree, node_tree

CLASSES = ("fw", "heli")


class PlainLoss:
    """Ultralytics' own criterion for horizontal boxes, fed from the oriented tiles by shape."""

    def __init__(self, model: torch.nn.Module, tree: NodeTree) -> None:
        self.loss = v8DetectionLoss(model)
        self.tree = tree

    def __call__(
        self, preds: dict[str, Any], batch: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        size = batch["image"].shape[-1]
        rows = batch["objects"]
        roots = np.array([self.tree.nodes[self.tree.root[int(c)]] for c in rows[:, 1]])
        keep = np.isin(roots, CLASSES)
        rows, roots = rows[torch.from_numpy(keep)], roots[keep]
        boxes = rows[:, 2:7].numpy()
        shapes = np.where(roots == "heli", "ellipse", "diamond")
        outlines = np.where(rows[:, 7:8].numpy() > 0, envelope(boxes, shapes), envelope(boxes, "rectangle"))
        low, high = np.clip(outlines[:, :2], 0, size), np.clip(outlines[:, 2:], 0, size)
        plain = {
            "batch_idx": rows[:, 0],
            "cls": torch.tensor([float(CLASSES.index(r)) for r in roots]),
            "bboxes": torch.from_numpy(np.concatenate(((low + high) / 2, high - low), 1).astype(np.float32) / size),
        }
        preds = {k: v.float() if torch.is_tensor(v) else [f.float() for f in v] for k, v in preds.items()}
        loss, parts = self.loss(preds, plain)
        return loss.sum(), parts


def train(recipe_path: str, tiles: str, out: str, steps: str = "0") -> None:
    """Train the control and write OUT/average.pt."""
    cv2.setNumThreads(0)
    recipe = read_recipe(Path(recipe_path))
    if int(steps):
        recipe = replace(recipe, schedule=replace(recipe.schedule, steps=int(steps)))
    tree = node_tree(recipe.nodes)
    entries, weights = training_tiles(recipe, Path(tiles))
    tile_set = tile_set_of(recipe, entries, tree)
    model = plain_network()
    start_from(model, Path(recipe.start), trust_pickle=recipe.trust_pickle)
    settle_batch_norm(model, some_batches(tile_set, weights))
    average = fit(model, tile_set, weights, lambda network: PlainLoss(network, tree), recipe.schedule, Path(out))
    torch.save(average.state_dict(), Path(out) / "average.pt")


def plain_network() -> Network:
    """Return an untrained horizontal YOLO11n."""
    model: Network = DetectionModel("yolo11n.yaml", nc=len(CLASSES), verbose=False)
    model.args = get_cfg()
    return model


@torch.no_grad()
def score(out: str, airbus_folder: str) -> None:
    """Print AP50 on the held-back Airbus scenes: tiles of 1024 px, owned cores, suppression at IoU 0.6."""
    model = plain_network()
    model.load_state_dict(torch.load(Path(out) / "average.pt", weights_only=True))
    model.eval().to(memory_format=torch.channels_last)
    results = []
    for record in airbus.read(Path(airbus_folder)):
        if split_of("airbus", record.group) != "test":
            continue
        boxes, scores = scene_boxes(model, read_rgb(record.path))
        none = Detections.empty(CLASSES, record.gsd)
        flat = np.column_stack(((boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2], np.zeros(len(boxes))))
        result = scene_result(record, none, "fw")
        results.append(replace(result, found=boxes, found_obb=flat, scores=scores, probabilities=scores))
    print(json.dumps(figures(results, threshold=0.25).rounded()))


def scene_boxes(model: Network, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x0, y0, x1, y1 and scores of aircraft of one scene."""
    parts = [np.empty((0, 5))]
    for tile in plan_tiles(pixels.shape[1], pixels.shape[0], tile_px=1024, overlap_px=150):
        crop = np.full((1024, 1024, 3), 114, np.uint8)
        crop[: tile.height, : tile.width] = pixels[tile.top : tile.bottom, tile.left : tile.right]
        image = torch.from_numpy(crop).permute(2, 0, 1)[None].float().to(memory_format=torch.channels_last) / 255
        raw = model(image)[0][0].T.numpy()
        raw = raw[raw[:, 4] >= 0.01]
        centre, half = raw[:, :2] + (tile.left, tile.top), raw[:, 2:4] / 2
        owned = tile.owns(centre[:, 0], centre[:, 1])
        parts.append(np.concatenate((centre - half, centre + half, raw[:, 4:5]), 1)[owned])
    found = torch.from_numpy(np.concatenate(parts)).float()
    kept = torchvision.ops.nms(found[:, :4], found[:, 4], 0.6).numpy()
    return found[kept, :4].double().numpy(), found[kept, 4].double().numpy()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if sys.argv[1] == "train":
        train(*sys.argv[2:])
    else:
        score(*sys.argv[2:])
