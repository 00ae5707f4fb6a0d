import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from hardstand.detector.errors import LabelError
from hardstand.detector.weights import read_record
from hardstand.training.commands import fit_recipe, self_label
from hardstand.training.recipe import read_recipe
from hardstand.training.run import training_tiles
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
    return fit_recipe(recipe, tiles, tmp_path / out)


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


def _index(folder: Path, tiles: list[tuple[list[str], float | None]]) -> None:
    """An index of tiles with objects of the nodes, and weights where they are not None."""
    folder.mkdir(parents=True)
    rows: list[dict[str, object]] = []
    for number, (nodes, weight) in enumerate(tiles):
        tile: dict[str, object] = {"file": f"images/{number}.jpg", "source": "a", "group": "g", "exhaustive": ["fw"]}
        tile |= {"width": 96, "height": 96, "gsd": 0.5}
        tile["objects"] = [[node, 48, 48, 30, 20, 0, 0, 0] for node in nodes]
        rows.append(tile if weight is None else {**tile, "weight": weight})
    (folder / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_tiles_are_drawn_by_the_weights_of_their_index_inside_the_share_of_their_set(tmp_path: Path) -> None:
    _index(tmp_path / "a", [(["fw"], 1.0), (["heli"], 2.5), (["fw"], 1.0), ([], 1.0), ([], 1.0)])
    _index(tmp_path / "b", [(["fw"], None), (["heli"], None), ([], None)])  # of a release before the weights
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE.format(steps=1) + 'empty_share = 0.1\n[[sets]]\nfolder = "b"\nshare = 0.5\n')
    entries, weights = training_tiles(read_recipe(recipe), tmp_path)
    assert [entry.nodes for entry in entries[:2]] == [("fw",), ("heli",)]
    assert weights[:5] == pytest.approx([0.2, 0.5, 0.2, 0.05, 0.05])  # 1 : 2.5 : 1 of 0.9; two of 0.1
    assert weights[5:] == pytest.approx([0.2125, 0.2125, 0.075])  # alike; 15 % from empty tiles by default
    assert sum(weights) == pytest.approx(1.5)


def test_a_torn_index_is_named(tmp_path: Path) -> None:
    _index(tmp_path / "a", [(["fw"], 1.0)])
    index = tmp_path / "a" / "index.jsonl"
    index.write_text(index.read_text()[:-20])
    (tmp_path / "r.toml").write_text(RECIPE.format(steps=1))
    with pytest.raises(LabelError, match=r"index\.jsonl, line 1: .*make the tiles again"):
        training_tiles(read_recipe(tmp_path / "r.toml"), tmp_path)
