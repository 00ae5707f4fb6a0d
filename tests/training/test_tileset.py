import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from hardstand.datasets.tiles import read_tiles
from hardstand.detector.boxes import corners
from hardstand.training.look import overhead_look
from hardstand.training.tileset import CropRange, TileSet, collate, crop_matrix, inside_share, tile_entry, turned
from hardstand.training.tree import node_tree

NODES = ("fw", "heli", "ad.launcher")


def _folder(root: Path, objects: list[list[object]], size: int = 200) -> Path:
    (root / "images").mkdir(parents=True)
    cv2.imwrite(str(root / "images" / "a.jpg"), np.full((size, size, 3), 90, np.uint8))
    row = {
        "file": "images/a.jpg",
        "source": "s",
        "group": "g",
        "width": size,
        "height": size,
        "gsd": 0.5,
        "exhaustive": ["fw"],
        "objects": objects,
    }
    (root / "index.jsonl").write_text(json.dumps(row) + "\n")
    return root


def test_objects_move_with_their_pixels() -> None:
    rng = np.random.default_rng(3)
    boxes = np.column_stack(
        (rng.uniform(60, 140, (5, 2)), rng.uniform(8, 40, (5, 2)), rng.uniform(-0.7, 2.3, 5))
    ).astype(np.float32)
    matrix = np.array([[0.6, -0.8, 5], [0.8, 0.6, -7]]) * 1.1
    moved = turned(boxes, np.ones(5, bool), matrix)
    expected = corners(boxes) @ matrix[:, :2].T + matrix[:, 2]
    for ours, theirs in zip(corners(moved), expected, strict=True):
        assert min(np.abs(np.roll(ours, shift, axis=0) - theirs).max() for shift in range(4)) < 1e-3


def test_horizontal_boxes_swap_sides_on_a_quarter_turn_and_stay_horizontal() -> None:
    matrix = np.array([[0.0, -1, 100], [1, 0, 0]])
    moved = turned(np.array([[30, 40, 20, 8, 0]], np.float32), np.zeros(1, bool), matrix)
    assert moved[0].tolist() == [60, 30, 8, 20, 0]


def test_only_exact_labels_are_turned_freely(tmp_path: Path) -> None:
    crop = CropRange(64)
    flat = tile_entry(read_tiles(_folder(tmp_path / "h", [["fw", 100, 100, 30, 20, 0, 0, 0]]))[0])
    free = tile_entry(read_tiles(_folder(tmp_path / "o", [["fw", 100, 100, 30, 20, 0.4, 1, 0]]))[0])
    turns = [crop_matrix(flat, (200, 200), crop, np.random.default_rng(i))[:, :2] for i in range(20)]
    assert all(min(abs(m[0, 0]), abs(m[0, 1])) < 1e-9 for m in turns)
    turns = [crop_matrix(free, (200, 200), crop, np.random.default_rng(i))[:, :2] for i in range(20)]
    assert any(min(abs(m[0, 0]), abs(m[0, 1])) > 0.1 for m in turns)


def test_share_inside() -> None:
    boxes = np.array([[0, 50, 20, 20, 0], [50, 50, 20, 20, 0], [-30, 50, 20, 20, 0]], np.float32)
    assert inside_share(boxes, 100).tolist() == pytest.approx([0.5, 1, 0])


def test_items_are_repeatable_and_name_what_is_unsure(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "t", [["fw", 100, 100, 30, 20, 0.4, 1, 0], ["heli", 20, 20, 20, 20, 0, 0, 1]])
    tiles = TileSet(
        [tile_entry(record) for record in read_tiles(folder)],
        node_tree(NODES),
        crop=CropRange(128),
        look=overhead_look(),
        gsd_m=0.5,
    )
    one, two = tiles[0, 5], tiles[0, 5]
    assert all(bool((one[key] == two[key]).all()) for key in one)
    assert one["image"].shape == (3, 128, 128)
    assert one["background"].tolist() == [1, 0, 0]
    batch = collate([tiles[0, i] for i in range(8)])
    assert batch["objects"].shape[1] == 8
    assert set(batch["objects"][:, 1].tolist()) <= {0.0}
    assert len(batch["ignore"]) > 0
