"""Tiles: coverage, the edge rule, the index."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardstand.datasets.annotation import Annotation, ImageRecord, horizontal, oriented
from hardstand.datasets.cutting import Cut, cut_tiles, starts
from hardstand.datasets.images import read_rgb
from hardstand.datasets.tiles import clip_to, scaled
from hardstand.detector.errors import DatasetNotFoundError

ImageWriter = Callable[..., Path]


@given(st.integers(1, 5000), st.integers(16, 900), st.data())
def test_starts_cover_the_length(length: int, tile: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(max(1, tile // 2), tile))
    found = starts(length, tile, stride)
    assert list(found) == sorted(set(found))
    if length > tile * 9 // 8:
        assert found[0] == 0
        assert found[-1] + tile == length
        assert max(np.diff(found)) <= stride
    else:
        assert len(found) == 1
        assert 0 <= found[0] <= max(0, length - tile)


def test_strides_are_checked() -> None:
    with pytest.raises(ValueError, match="stride 800"):
        starts(2000, 768, 800)


def clipped(item: Annotation, left: int = 0) -> list[Annotation]:
    return list(clip_to([item], left=left, top=0, width=100, height=100))


@pytest.mark.parametrize(("left", "kept", "ignore"), [(0, 1, False), (23, 1, False), (27, 1, True), (30, 1, True)])
def test_horizontal_objects_at_an_edge(left: int, kept: int, ignore: bool) -> None:
    found = clipped(horizontal("fw", (-0.0 + 15, 10, 45, 40)), left=left)  # 30 px wide; 8 px cut at left = 23
    assert len(found) == kept
    assert found[0].ignore is ignore
    assert found[0].bounds[0] == max(0, 15 - left)


def test_objects_outside_or_with_a_sliver_inside_are_left_out() -> None:
    assert clipped(horizontal("fw", (10, 10, 40, 40)), left=50) == []
    assert clipped(horizontal("fw", (10, 10, 40.5, 40)), left=40) == []


def test_oriented_objects_stay_whole_when_kept_and_become_boxes_when_not() -> None:
    item = oriented("fw", (10, 50, 30, 10, np.pi / 2))
    (kept,) = clipped(item, left=7)
    assert kept.oriented
    assert kept.length_px == pytest.approx(30)
    (cut,) = clipped(item, left=10)
    assert (cut.oriented, cut.ignore, cut.bounds) == (False, True, (0, 35, 5, 65))


def test_ignore_stays_ignore() -> None:
    assert clipped(horizontal("fw", (10, 10, 40, 40), ignore=True))[0].ignore


def test_scaling_moves_corners() -> None:
    assert scaled(horizontal("fw", (10, 20, 30, 40)), 2, 0.5).bounds == (20, 10, 60, 20)


def record(path: Path, *items: Annotation, gsd: float) -> ImageRecord:
    return ImageRecord(path, 100, 60, gsd, "here", "airbus", frozenset({"fw"}), items)


def test_a_folder_of_tiles(tmp_path: Path, write_image: ImageWriter) -> None:
    path = write_image("a.png", 100, 60, grey=90)
    plane = oriented("fw", (50, 30, 20, 10, 0.3))
    objects = (plane, horizontal("heli", (0, 0, 10, 8)), horizontal("civ.car", (5, 5, 9, 9)))
    assert cut_tiles([record(path, *objects, gsd=1.0)], tmp_path / "out", Cut(tile_px=256, stride_px=200)) == 1
    (line,) = [json.loads(text) for text in (tmp_path / "out" / "index.jsonl").read_text().splitlines()]
    assert (line["width"], line["height"], line["gsd"]) == (200, 120, 0.5)
    assert (line["source"], line["group"], line["exhaustive"]) == ("airbus", "here", ["fw"])
    assert line["objects"] == [["fw", 100, 60, 40, 20, 0.3, 1, 0], ["heli", 10, 8, 20, 16, 0, 0, 0]]
    pixels = read_rgb(tmp_path / "out" / line["file"])
    assert pixels.shape == (120, 200, 3)
    assert abs(float(pixels.mean()) - 90) < 2


def test_larger_images_are_cut_and_shrunk(tmp_path: Path, write_image: ImageWriter) -> None:
    path = write_image("a.png", 100, 60)
    item = horizontal("fw", (60, 10, 80, 30))
    assert cut_tiles([record(path, item, gsd=0.25)], tmp_path / "out", Cut(tile_px=32, stride_px=24)) == 2
    lines = [json.loads(text) for text in (tmp_path / "out" / "index.jsonl").read_text().splitlines()]
    assert [line["file"] for line in lines] == ["images/a_0_0.jpg", "images/a_18_0.jpg"]
    assert lines[0]["objects"] == [["fw", 31, 10, 2, 10, 0.0, 0, 1]]  # 2 of 10 px inside
    assert lines[1]["objects"] == [["fw", 17, 10, 10, 10, 0.0, 0, 0]]


def test_a_missing_image_stops_the_cutting_without_an_index(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"gone\.png"):
        cut_tiles([record(tmp_path / "gone.png", gsd=1.0)], tmp_path / "out")
    assert not (tmp_path / "out" / "index.jsonl").exists()
