"""Aircraft harvested from labelled tiles: found nose first under a loose label, in the colours that they had there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hardstand.datasets.annotation import ImageRecord, oriented
from hardstand.datasets.harvest import HARVESTED, fit, harvest, outlines
from hardstand.datasets.images import write_jpeg
from hardstand.datasets.synth_cutouts import drawn_outline
from hardstand.detector.opencv import cv2
from hardstand.detector.taxonomy import NODES

GSD = 0.5
C17 = "fw.transport.c17"
MIDDLE = (200.0, 180.0)


def on_ground(angle: float) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A dark C-17 of true size, nose at `angle`, on light ground with a little noise."""
    shape = drawn_outline(C17)
    height, width = shape.shape
    scale = 0.2 / GSD
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.array([[cos, -sin], [sin, cos]])
    shift = np.array(MIDDLE) - 0.5 - turn @ np.array([(width - 1) / 2, (height - 1) / 2])
    cover = cv2.warpAffine(cv2.GaussianBlur(shape, (0, 0), 1.0), np.column_stack([turn, shift]), (400, 360))[..., None]
    ground = 170 + np.random.default_rng(1).normal(0, 3, (360, 400, 1))
    return np.asarray(ground * (1 - cover) + np.array([60.0, 70.0, 90.0]) * cover, np.uint8)


@pytest.mark.parametrize("degrees", [20, 200, 290])
def test_a_label_without_a_nose_and_a_little_off_is_fitted(degrees: int) -> None:
    angle = float(np.radians(degrees))
    label = oriented(C17, (MIDDLE[0] + 2, MIDDLE[1] - 1, 100.0, 98.0, angle + 0.06))
    place = fit(on_ground(angle), label, drawn_outline(C17), gsd=GSD)
    assert np.hypot(place.x - MIDDLE[0], place.y - MIDDLE[1]) < 1.5
    assert np.cos(place.angle - angle) > 0.999
    assert place.scale == pytest.approx(1 / GSD, rel=0.05)
    assert place.clear > 1.2


def tile_of(tmp_path: Path) -> ImageRecord:
    write_jpeg(tmp_path / "base.jpg", on_ground(0.5))
    label = oriented(C17, (*MIDDLE, 106.0, 103.6, 0.5))
    return ImageRecord(
        path=tmp_path / "base.jpg", source="hrplanes", group="DT4", width=400, height=360, gsd=GSD,
        annotations=(label,), exhaustive=frozenset({"fw"}),
    )  # fmt: skip


def test_what_is_cut_has_true_size_its_colours_and_the_nose_to_the_right(tmp_path: Path) -> None:
    (cut,) = harvest([tile_of(tmp_path)], {C17: drawn_outline(C17)})
    size = NODES[C17].sizes[0]
    assert cut.node == C17
    assert cut.length_m == pytest.approx(size.length_m, rel=0.04)
    assert cut.width_m == pytest.approx(size.width_m, rel=0.04)
    solid = cut.rgba[..., 3] > 0.95
    assert np.median(cut.rgba[solid][:, :3], axis=0) == pytest.approx([60, 70, 90], abs=8)
    height, width = cut.rgba.shape[:2]
    assert solid[height // 2, int(0.97 * width)]  # the nose reaches the end; the tail plane is wider than the nose
    assert solid[:, : width // 6].sum() > solid[:, -width // 6 :].sum()


def test_a_cutout_of_a_soft_picture_says_so_and_has_as_soft_a_rim(tmp_path: Path) -> None:
    tile = tile_of(tmp_path)
    (sharp,) = harvest([tile], {C17: drawn_outline(C17)})
    write_jpeg(tile.path, np.asarray(cv2.GaussianBlur(on_ground(0.5), (0, 0), 1.6), np.uint8))
    (soft,) = harvest([tile], {C17: drawn_outline(C17)})
    assert sharp.blur_m < 0.6
    assert soft.blur_m == pytest.approx(1.6 * GSD, rel=0.25)
    steepest = [np.abs(np.diff(each.rgba[..., 3], axis=0)).max() for each in (sharp, soft)]
    assert steepest[1] < 0.7 * steepest[0]


def test_cut_ignored_hidden_or_horizontal_aircraft_and_other_types_are_left(tmp_path: Path) -> None:
    tile = tile_of(tmp_path)
    (whole,) = tile.annotations
    at_edge = oriented(C17, (50.0, 180.0, 106.0, 103.6, 0.0))
    for item in (replace(whole, ignore=True), replace(whole, visible=0.6), replace(whole, oriented=False), at_edge):
        assert not list(harvest([replace(tile, annotations=(item,))], {C17: drawn_outline(C17)}))
    assert not list(harvest([tile], {"fw.isr.p3": drawn_outline("fw.isr.p3")}))


def test_what_fits_both_ways_is_left(tmp_path: Path) -> None:
    tile = tile_of(tmp_path)
    write_jpeg(tile.path, np.full((360, 400, 3), 120, np.uint8))
    assert not list(harvest([tile], {C17: drawn_outline(C17)}))


def test_every_type_has_an_outline_of_its_size_and_no_other_is_drawn() -> None:
    for node, shape in outlines(()).items():
        sizes = NODES[node].sizes
        assert any(shape.shape[1] * 0.2 == pytest.approx(size.length_m, rel=0.06) for size in sizes), node
    assert set(outlines(())) == set(HARVESTED)
    with pytest.raises(ValueError, match=r"no aircraft is drawn for fw\.x"):
        drawn_outline("fw.x")
