import json
from pathlib import Path

import cv2
import numpy as np
import torch

from hardstand.detector.weights import read_record
from hardstand.training.commands import fit_recipe, self_label
from hardstand.training.weights_page import page

RECIPE = """
name = "tiny"
nodes = ["fw", "heli", "ad.launcher"]
tile_px = 64
largest_object_m = 10.0
[crop]
size_px = 64
[schedule]
steps = {steps}
batch = 2
workers = 0
[[sets]]
folder = "a"
share = 1.0
"""


def _tiles(root: Path) -> Path:
    (root / "a" / "images").mkdir(parents=True)
    lines = []
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 255, (96, 96, 3), np.uint8)
        cv2.imwrite(str(root / "a" / "images" / f"{number}.jpg"), pixels)
        objects = [["fw", 48, 48, 30, 20, 0, 0, 0], ["heli", 20, 20, 12, 12, 0.3, 1, 0]]
        line = {"file": f"images/{number}.jpg", "source": "a", "group": "g", "width": 96, "height": 96, "gsd": 0.5}
        lines.append(json.dumps({**line, "exhaustive": ["fw"], "objects": objects}))
    (root / "a" / "index.jsonl").write_text("\n".join(lines) + "\n")
    return root


def _trained(tmp_path: Path, tiles: Path, out: str, steps: int) -> Path:
    recipe = tmp_path / f"{out}-{steps}.toml"
    recipe.write_text(RECIPE.format(steps=steps))
    return fit_recipe(recipe, tiles, tmp_path / out, resume=True)


def test_a_recipe_becomes_a_weight_file_that_labels_and_has_a_page(tmp_path: Path) -> None:
    tiles = _tiles(tmp_path / "tiles")
    weights = _trained(tmp_path, tiles, "out", 2)
    record = read_record(weights)
    assert record.data[0]["set"] == "a"
    assert record.data[0]["objects"] == 6
    before = (tiles / "a" / "index.jsonl").read_text()
    turned, horizontal = self_label(weights, tiles / "a")
    assert (turned, horizontal) == (0, 3)
    assert [json.loads(line)["objects"] for line in before.splitlines()] == [
        json.loads(line)["objects"] for line in (tiles / "a" / "index.jsonl").read_text().splitlines()
    ]
    text = page([record])
    assert "## tiny" in text
    assert "| a | 3 | 6 | not stated |" in text


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    tiles = _tiles(tmp_path / "tiles")
    _trained(tmp_path, tiles, "out", 2)
    _trained(tmp_path, tiles, "out", 4)
    state = torch.load(tmp_path / "out" / "last.pt", weights_only=True)
    assert state["step"] == 4
    assert not list(tmp_path.glob("out/*.part"))
