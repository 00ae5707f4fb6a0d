import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from hardstand.datasets.tiles import read_tiles
from hardstand.detector.boxes import corners
from hardstand.training.look import Augmentation, overhead_look
from hardstand.training.tileset import (
    CropRange,
    Piece,
    TileSet,
    collate,
    crop_matrix,
    inside_share,
    joined,
    tile_entry,
    turned,
    warped,
)
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


def test_crops_lie_near_the_objects_that_they_are_to_lie_around(tmp_path: Path) -> None:
    rows: list[list[object]] = [["fw", 100, 100, 30, 20, 0.4, 1, 0], ["heli", 900, 900, 20, 20, 0.1, 1, 0]]
    entry = tile_entry(read_tiles(_folder(tmp_path / "t", rows))[0])
    entry = replace(entry, around=np.array([1]))

    def middle(seed: int) -> float:
        matrix = crop_matrix(entry, (1000, 1000), CropRange(128), np.random.default_rng(seed))
        return float(np.linalg.solve(matrix[:, :2], 64 - matrix[:, 2]).max())

    near = np.mean([middle(seed) > 800 for seed in range(60)])
    assert near > 0.7  # three of four, and some of those that lie anywhere


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


@pytest.mark.parametrize("scale", [0.3, 0.75, 1.0, 1.6])
@pytest.mark.parametrize("quarter", range(4))
@pytest.mark.parametrize("flip", [1, -1])
def test_pixels_lie_where_their_boxes_lie(scale: float, quarter: int, flip: int) -> None:
    pixels = np.zeros((200, 160, 3), np.uint8)
    pixels[40:90, 30:120] = 255
    cos, sin = round(np.cos(quarter * np.pi / 2)), round(np.sin(quarter * np.pi / 2))
    turn = scale * np.array([[cos * flip, -sin], [sin * flip, cos]])
    matrix = np.hstack((turn, (np.array([160, 160]) - turn @ (80, 100))[:, None]))
    crop = warped(pixels, matrix, 320, 0)
    box = turned(np.array([[75, 65, 90, 50, 0]], np.float32), np.zeros(1, bool), matrix)[0]
    weight = crop[..., 0].astype(float)
    rows, columns = np.mgrid[:320, :320] + 0.5
    centre = [(weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()]
    assert centre == pytest.approx(box[:2].tolist(), abs=0.08)
    assert weight.sum() / 255 == pytest.approx(box[2] * box[3], rel=0.02)


def test_a_tile_of_another_scale_is_brought_to_that_of_the_network(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "t", [["fw", 100, 100, 30, 20, 0.0, 1, 0]])
    entries = [tile_entry(record) for record in read_tiles(folder)]
    crop = CropRange(128, 1.0, 1.0, "none")
    for gsd_m, length in ((0.5, 30), (0.25, 60), (1.0, 15)):
        tiles = TileSet(entries, node_tree(NODES), crop=crop, look=lambda pixels, _: pixels, gsd_m=gsd_m)
        assert tiles[0, 0]["objects"][0, 3] == pytest.approx(length)


def test_a_set_may_have_a_scale_of_its_own(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "t", [["fw", 100, 100, 30, 20, 0.0, 1, 0]])
    entries = [replace(tile_entry(record), scale=(0.5, 0.5)) for record in read_tiles(folder)]
    tiles = TileSet(entries, node_tree(NODES), crop=CropRange(128), look=lambda pixels, _: pixels, gsd_m=0.5)
    assert [float(tiles[0, draw]["objects"][0, 3]) for draw in range(3)] == pytest.approx([15] * 3)


def test_four_pieces_are_joined_with_their_objects_in_place() -> None:
    pieces = [
        Piece(
            np.full((32, 32, 3), shade, np.uint8),
            np.array([[shade, 10, 12, 5, 4, 0.1, 1]], np.float32),
            np.array([[0, 0, 32, 8]], np.float32),
        )
        for shade in range(4)
    ]
    whole = joined(pieces)
    assert whole.pixels[[0, 0, 63, 63], [0, 63, 0, 63], 0].tolist() == [0, 1, 2, 3]
    assert whole.objects[:, 1:3].tolist() == [[10, 12], [42, 12], [10, 44], [42, 44]]
    assert whole.objects[:, [0, 3, 6]].tolist() == [[shade, 5, 1] for shade in range(4)]
    assert whole.ignore.tolist() == [[0, 0, 32, 8], [32, 0, 64, 8], [0, 32, 32, 40], [32, 32, 64, 40]]


def test_a_mosaic_keeps_what_is_unsure_inside_its_piece(tmp_path: Path) -> None:
    objects = [["fw", x, y, 40, 30, 0.3, 1, 0] for x in range(30, 200, 60) for y in range(30, 200, 60)]
    tiles = TileSet(
        [tile_entry(record) for record in read_tiles(_folder(tmp_path / "t", [list(row) for row in objects]))],
        node_tree(NODES),
        crop=CropRange(128, mosaic=1.0),
        look=lambda pixels, _: pixels,
        gsd_m=0.5,
    )
    unsure = np.concatenate([tiles[0, draw]["ignore"].numpy() for draw in range(8)])
    assert len(unsure) > 8
    assert ((unsure[:, 0] // 64.001 == unsure[:, 2] // 64.001) | (unsure[:, 0] == 64)).all()
    assert set(tiles[0, 0]) == {"image", "objects", "ignore", "background", "absent"}


@pytest.mark.parametrize(
    "name", ["haze", "cloud_shadow", "snow", "blur", "jpeg", "colour_cast", "noise", "light", "grey"]
)
def test_each_look_changes_pixels_alone_and_the_same_way_for_a_seed(name: str) -> None:
    nothing = dict.fromkeys(Augmentation.__dataclass_fields__, 0.0)
    pixels = np.random.default_rng(0).integers(60, 160, (64, 64, 3), np.uint8)
    still = overhead_look(Augmentation(**nothing))
    assert (still(pixels, 3) == pixels).all()
    look = overhead_look(Augmentation(**{**nothing, name: 1.0}))
    changed = look(pixels, 3)
    assert changed.shape == pixels.shape
    assert changed.dtype == np.uint8
    assert (changed != pixels).mean() > 0.2
    assert (look(pixels, 3) == changed).all()
    mean = float(pixels.mean())
    if name in ("haze", "snow"):
        assert changed.mean() > mean
    if name == "cloud_shadow":
        assert changed.mean() < mean
