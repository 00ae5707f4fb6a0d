from dataclasses import replace

import cv2
import numpy as np
import pytest

from hardstand.datasets.softness import softness
from hardstand.datasets.synth_backdrop import line_direction, open_places
from hardstand.datasets.synth_groups import helicopters, launchers
from hardstand.datasets.synth_hiding import net, shelter
from hardstand.datasets.synth_layout import Plot
from hardstand.datasets.synth_mesh import asset, block
from hardstand.datasets.synth_paint import Paint
from hardstand.datasets.synth_render import Placement, Sun, paste
from hardstand.datasets.synth_tiles import make_tile

BOX = asset("box", None, block((0, 10), (0, 4), (0, 2), "body"))
WHITE = Paint({"body": (0.9, 0.9, 0.9)})


def test_tile_is_reproducible_and_labelled() -> None:
    first, labels = make_tile(3, size_px=384)
    again, labels_again = make_tile(3, size_px=384)
    other, _ = make_tile(4, size_px=384)
    assert first.shape == (384, 384, 3)
    assert first.dtype == np.uint8
    assert (first == again).all()
    assert [label.node for label in labels] == [label.node for label in labels_again]
    assert (first != other).any()


def test_all_kinds_of_target_come_up() -> None:
    nodes = {label.node for seed in range(10) for label in make_tile(seed, size_px=512)[1]}
    assert {"ad.launcher", "heli"} <= nodes
    assert any(node.startswith("fw.") for node in nodes)


def test_objects_stand_only_where_the_mask_is_free() -> None:
    background = np.full((400, 400, 3), 130, np.uint8)
    free = np.zeros((400, 400), bool)
    free[:, 200:] = True
    for seed in range(3):
        _, labels = make_tile(seed, background=background, free_mask=free)
        assert all(label.polygon[:, 0].mean() > 200 for label in labels)


def test_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="free_mask"):
        make_tile(0, background=np.zeros((40, 40, 3), np.uint8), free_mask=np.ones((40, 41), bool))


def test_plot_refuses_overlap_and_outside() -> None:
    plot = Plot.of(np.ones((100, 100), bool), 0.5, np.random.default_rng(0), Sun(0.0, 0.8))
    assert plot.put(BOX, WHITE, 50, 50, 0.0)
    assert not plot.put(BOX, WHITE, 55, 52, 1.0)
    assert not plot.put(BOX, WHITE, 2, 90, 0.0)
    assert plot.put(BOX, WHITE, 50, 70, 0.0)
    assert len(plot.placed) == 2


def test_open_places_are_the_smooth_ones() -> None:
    rng = np.random.default_rng(0)
    image = np.full((200, 200, 3), 120, np.uint8)
    image[:, 100:] = rng.integers(20, 220, (200, 100, 1), dtype=np.uint8)
    mask = open_places(image, 0.5)
    assert mask[:, :80].mean() > 0.95
    assert mask[:, 120:].mean() < 0.3


def test_line_direction_follows_stripes() -> None:
    image = np.full((100, 100, 3), 60, np.uint8)
    image[::8] = 200
    image[1::8] = 200
    assert np.cos(line_direction(image, 50, 50, 30)) ** 2 == pytest.approx(1.0, abs=1e-3)


def test_nets_shelters_and_trees_hide_some_and_what_is_hardly_seen_is_left_aside() -> None:
    labels = [label for seed in range(12) for label in make_tile(seed)[1]]
    hidden = [label for label in labels if label.visible < 0.9]
    assert 0.02 < len(hidden) / len(labels) < 0.3
    assert {label.ignore for label in labels if label.visible < 0.4} == {True}
    assert {label.ignore for label in labels if label.visible > 0.4} == {False}


def test_each_cover_lies_over_a_part_of_its_object() -> None:
    rng = np.random.default_rng(1)
    for number in range(40):
        under, paint = launchers(rng) if number % 2 else helicopters(rng)
        first = Placement(under, 60.0, 60.0, float(rng.uniform(0, 6)), paint)
        for cover in (net(under, rng), shelter(under, rng)):
            above = replace(first, asset=cover)
            sun = Sun(0.0, 0.8)
            _, (label,) = paste(np.full((120, 120, 3), 120, np.uint8), 0.5, [first, above], sun, rng)
            assert label.visible < 0.95
            assert cover.node is None


@pytest.mark.parametrize("size_px", [64, 160, 256])
def test_small_tiles_are_drawn_too(size_px: int) -> None:
    for seed in range(8):
        assert make_tile(seed, size_px=size_px)[0].shape == (size_px, size_px, 3)


@pytest.mark.parametrize(("factor", "sharpest", "softest"), [(1, 0.4, 0.9), (4, 1.4, 2.6)])
def test_what_is_drawn_on_an_enlarged_image_is_as_soft_as_that(factor: int, sharpest: float, softest: float) -> None:
    blocks = np.random.default_rng(0).integers(90, 130, (12, 12, 1)).astype(np.uint8).repeat(3, axis=2)
    small = cv2.resize(blocks, (480 // factor, 480 // factor), interpolation=cv2.INTER_NEAREST)
    background = cv2.resize(small, (480, 480), interpolation=cv2.INTER_CUBIC)
    pixels, labels = make_tile(1, background=np.asarray(background, np.uint8), free_mask=np.ones((480, 480), bool))
    assert labels
    assert sharpest <= softness(pixels) <= softest
