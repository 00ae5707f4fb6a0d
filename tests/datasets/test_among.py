"""Cut-outs among real aircraft: what stands there keeps its label and its room, in the sharpness of the tile."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from hardstand.datasets.among import cut_among, make_among
from hardstand.datasets.annotation import ImageRecord, horizontal, oriented
from hardstand.datasets.build import build_tiles
from hardstand.datasets.cutouts import CutOut
from hardstand.datasets.cutting import Cut
from hardstand.datasets.synth_cutouts import drawn_cutout
from hardstand.datasets.tiles import read_tiles
from hardstand.detector.errors import DatasetNotFoundError
from hardstand.detector.taxonomy import NODES

ImageWriter = Callable[..., Path]


@pytest.fixture
def tile(write_image: ImageWriter) -> ImageRecord:
    """Bare ground of 150 by 120 m, an airliner labelled on its left half."""
    path = write_image("images/1.jpg", 300, 240, grey=110)
    airliner = horizontal("fw.airliner", (10, 20, 140, 220))
    return ImageRecord(
        path, 300, 240, 0.5, group="SUV", source="hrplanes", exhaustive=frozenset({"fw"}), annotations=(airliner,)
    )


@pytest.fixture
def dart() -> CutOut:
    """12 by 16 m."""
    rgba = np.dstack([np.full((80, 60, 3), 220), np.ones((80, 60))]).astype(np.float32)
    return CutOut("dart", "fw.combat.mig29", rgba, 0.2)


def test_what_stands_on_a_tile_keeps_its_label_and_nothing_is_laid_on_it(tile: ImageRecord, dart: CutOut) -> None:
    laid = 0
    for seed in range(12):
        made, below = make_among(seed, tiles=[tile], kinds=[[dart]])
        assert below is tile
        assert made.annotations[0] is tile.annotations[0]
        assert made.group == "SUV"
        for item in made.annotations[1:]:
            laid += 1
            assert item.node == "fw.combat.mig29"
            assert item.oriented or item.ignore, "cut by the edge of the tile"
            assert item.polygon[:, 0].min() >= 139, "the airliner ends at 140"
    assert laid > 12


def test_drawn_aircraft_stand_beside_cut_outs(tile: ImageRecord, dart: CutOut) -> None:
    light = replace(dart, node="fw.light")
    made = [make_among(seed, tiles=[tile], kinds=[[dart], [light]])[0] for seed in range(6)]
    assert {item.node for each in made for item in each.annotations} == {"fw.airliner", "fw.combat.mig29", "fw.light"}


def test_a_drawn_cutout_has_the_size_of_its_type() -> None:
    drawn = [drawn_cutout(np.random.default_rng(seed)) for seed in range(8)]
    assert len({each.node for each in drawn}) > 4
    for each in drawn:
        rgb, alpha = each.rgba[..., :3], each.rgba[..., 3:]
        assert (rgb <= 255 * alpha + 1e-3).all(), "premultiplied"
        for size in NODES[each.node].sizes:
            assert each.length_m == pytest.approx(size.length_m, rel=0.12)


def test_one_seed_gives_one_tile(tile: ImageRecord, dart: CutOut) -> None:
    (first, _), (again, _), (other, _) = (make_among(seed, tiles=[tile], kinds=[[dart]]) for seed in (3, 3, 4))
    assert np.array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, other.pixels)


def test_a_tile_without_room_stays_as_it_is(tile: ImageRecord, dart: CutOut) -> None:
    full = replace(tile, annotations=(horizontal("fw.airliner", (0, 0, 300, 240)),))
    made, _ = make_among(1, tiles=[full], kinds=[[dart]])
    assert made.annotations == full.annotations


def test_rows_do_not_go_on_over_what_is_no_open_ground(write_image: ImageWriter, dart: CutOut) -> None:
    rough = np.random.default_rng(0).integers(0, 255, (240, 300, 3)).astype(np.uint8)
    rough[:, :100] = 110  # an apron of 50 m beside houses
    path = write_image("images/2.jpg", 300, 240)
    cv2.imwrite(str(path), rough)
    tile = ImageRecord(path, 300, 240, 0.5, group="SUV", source="hrplanes", exhaustive=frozenset({"fw"}))
    laid = [item for seed in range(30) for item in make_among(seed, tiles=[tile], kinds=[[dart]])[0].annotations]
    assert len(laid) > 30
    assert max(item.centre[0] for item in laid) < 100


def test_nothing_to_lay_or_nowhere_is_an_error(tile: ImageRecord, dart: CutOut) -> None:
    for tiles, cutouts in (([], [dart]), ([tile], [])):
        with pytest.raises(ValueError, match="at least one"):
            make_among(1, tiles=tiles, kinds=[cutouts])


def test_the_folder_says_what_is_below_and_what_is_exhaustive_there(
    tile: ImageRecord, dart: CutOut, tmp_path: Path
) -> None:
    assert cut_among([1, 2, 3], tmp_path / "among", tiles=[tile], kinds=[[dart]]) == 3
    read = read_tiles(tmp_path / "among")
    assert {(each.source, each.group, each.exhaustive) for each in read} == {
        ("among", "hrplanes/SUV", frozenset({"fw"}))
    }
    assert all(each.annotations[0].node == "fw.airliner" for each in read)


def test_tiles_that_are_labelled_anew_are_laid_on_anew(tile: ImageRecord, dart: CutOut, tmp_path: Path) -> None:
    turned = replace(tile, annotations=(oriented("fw.airliner", (75, 120, 180, 130, 1.5)),))
    made = []
    for below in (tile, turned, turned):
        cut_among(range(2), tmp_path, tiles=[below], kinds=[[dart]])
        first = read_tiles(tmp_path)[0]
        made.append((first.annotations[0].oriented, first.path.stat().st_mtime_ns))
    assert [is_oriented for is_oriented, _ in made] == [False, True, True]
    assert made[1] == made[2], "those that are there are kept"


def test_tiles_of_airports_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match="airbus, hrplanes, aerial_airport first"):
        build_tiles(tmp_path, tmp_path / "tiles", Cut(), say=print, track=lambda _: nullcontext(print), sets=("among",))
