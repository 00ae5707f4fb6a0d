"""Where objects stand: never on each other, on a building or in water; and how groups park."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from numpy.random import Generator
from shapely.geometry import Polygon

from hardstand.datasets import synth_tiles
from hardstand.datasets.synth_cover import add_buildings
from hardstand.datasets.synth_ground import Ground, Spot
from hardstand.datasets.synth_groups import alike
from hardstand.datasets.synth_land import add_water
from hardstand.datasets.synth_layout import Plot, park_block, take_position
from hardstand.datasets.synth_lookalikes import add_car_park, add_crosses, add_pier
from hardstand.datasets.synth_mesh import Asset, asset, block
from hardstand.datasets.synth_paint import Paint
from hardstand.datasets.synth_render import Placement, Sun, draw_sun, footprint, paste
from hardstand.datasets.synth_site import add_revetments
from hardstand.datasets.synth_tiles import make_tile

TILTED = Sun(0.3, 0.8, tilt=float(np.radians(25)), lean=1.0)
WHITE = Paint({"body": (0.9, 0.9, 0.9)})


def draw_box(rng: Generator) -> tuple[Asset, Paint]:
    return asset("box", "ad.launcher", block((0, 10), (0, 4), (0, 2), "body")), WHITE


def bare(size: int = 400, sun: Sun = TILTED) -> Ground:
    free = np.ones((size, size), bool)
    return Ground(np.full((size, size, 3), 120, np.uint8), free, free.copy(), 0.5, sun, np.random.default_rng(0))


@pytest.mark.parametrize("seed", range(12))
def test_labelled_objects_never_overlap(seed: int) -> None:
    _, labels = make_tile(seed, size_px=448)
    outlines = [Polygon(label.polygon) for label in labels]
    assert all(one.intersection(other).area < 0.5 for one, other in combinations(outlines, 2))


def test_what_leans_keeps_clear_of_its_neighbour() -> None:
    tall = asset("tall", "fw", block((0, 8), (0, 8), (0, 20), "body"), label_height=20.0)
    plot = Plot.of(np.ones((200, 200), bool), 0.5, np.random.default_rng(0), TILTED)
    assert plot.put(tall, WHITE, 60, 60, 0.0)
    dx, dy = TILTED.lean_per_metre() * 20 / 0.5  # where its roof is drawn
    assert not plot.put(draw_box(plot.rng)[0], WHITE, 60 + dx, 60 + dy, 0.0)
    assert plot.put(draw_box(plot.rng)[0], WHITE, 60 - 2 * dx, 60 - 2 * dy, 0.0)


def test_crosses_of_closed_pavement_are_paint_and_no_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, painted = bare(), bare()
    add_crosses(painted, np.random.default_rng(5))
    assert (painted.pixels != plain.pixels).any()
    np.testing.assert_array_equal(painted.free, plain.free)
    field = np.full((320, 320, 3), 110, np.uint8)
    tiles = {}
    for share in (0.0, 1.0):
        monkeypatch.setattr(synth_tiles, "CROSSES", share)
        tiles[share] = make_tile(3, background=field, free_mask=np.ones((320, 320), bool))
    assert (tiles[0.0][0] != tiles[1.0][0]).any()
    for one, other in zip(tiles[0.0][1], tiles[1.0][1], strict=True):
        assert one.node == other.node
        np.testing.assert_array_equal(one.polygon, other.polygon)


def test_crosses_need_a_free_place() -> None:
    ground = bare()
    ground.free[:] = False
    add_crosses(ground, np.random.default_rng(5))
    assert (ground.pixels == 120).all()


def test_nothing_stands_in_water() -> None:
    for seed in range(4):
        ground = bare()
        ground.rng = np.random.default_rng(seed)
        add_water(ground)
        changed = np.abs(ground.pixels.astype(int) - 120).max(axis=2) > 40
        assert changed.any()
        assert not ground.free[changed].any()


def test_nothing_stands_on_a_building_or_where_it_leans_to() -> None:
    ground = bare()
    add_buildings(ground, [(200.0, 200.0, 0.0, 40.0, 20.0, 12.0)])
    assert not ground.free[182:218, 162:238].any()
    dx, dy = TILTED.lean_per_metre() * 12 / 0.5
    assert not ground.free[round(200 + dy), round(238 + dx)]
    assert ground.free[100, 100]
    x, y = np.rint((200, 200) + TILTED.shadow_per_metre() * 12 / 0.5).astype(int)
    assert ground.shade[y, x] == 255


def test_nothing_stands_on_a_pier_or_among_parked_cars() -> None:
    ground = bare()
    add_pier(ground, 200, 200, 0.5)
    assert not ground.free[200, 200]
    add_car_park(ground, Spot("yard", 60, 60, 0.0, 40, 40))
    assert not ground.free[60, 60]
    assert np.ptp(ground.pixels[30:90, 30:90]) > 100  # cars and bays


def test_a_block_fills_its_spot_row_by_row() -> None:
    ground = bare()
    plot = Plot.of(ground.free, 0.5, np.random.default_rng(1), ground.sun)
    done = park_block(plot, Spot("yard", 200, 200, 0.0, 80, 50), draw_box, gap=1.0, aisle=4.0)
    rows = {round(each.y / 14) for each in plot.placed}
    assert done == len(plot.placed) > 20
    assert len(rows) >= 3
    assert all(115 < each.x < 285 for each in plot.placed)


def test_a_field_position_has_its_launchers_in_pairs_on_a_line() -> None:
    ground = bare(1200)
    plot = Plot.of(ground.free, 0.5, np.random.default_rng(1), ground.sun)
    assert take_position(plot, 600, 600, 0.0, draw_box, draw_box, 6) == 6
    launchers = np.array([(each.x, each.y) for each in plot.placed[:6]])
    near = np.sort(np.hypot(*(launchers[:, None] - launchers[None]).T), axis=1)[:, 1]
    assert (near * 0.5 < 50).all()
    assert np.ptp(launchers[:, 0]) > 2 * np.ptp(launchers[:, 1])


def test_revetments_are_free_inside_and_walled_at_the_back() -> None:
    ground = bare(600)
    spots = add_revetments(ground, 300, 300, 0.0, count=3, size_m=28.0)
    assert len(spots) == 3
    for spot in spots:
        out = np.array([np.cos(spot.heading), np.sin(spot.heading)])
        x, y = np.rint((spot.x, spot.y) - out * (14 + 2.5) / 0.5).astype(int)
        assert ground.free[int(spot.y), int(spot.x)]
        assert not ground.free[y, x]


def test_an_object_in_the_shade_of_the_ground_is_dark() -> None:
    ground = np.full((100, 100, 3), 60, np.uint8)
    shade = np.zeros((100, 100), np.uint8)
    shade[:, :50] = 255
    box = draw_box(np.random.default_rng(0))[0]
    pair = [Placement(box, 25.0, 50.0, 0.0, WHITE), Placement(box, 75.0, 50.0, 0.0, WHITE)]
    image, _ = paste(ground, 0.5, pair, Sun(1.6, 1.0), np.random.default_rng(0), shade=shade)
    assert image[48:52, 72:78].mean() > 1.5 * image[48:52, 22:28].mean()


def test_suns_are_such_as_satellites_meet() -> None:
    suns = [draw_sun(np.random.default_rng(seed)) for seed in range(400)]
    tilts = np.degrees([sun.tilt for sun in suns])
    assert tilts.max() <= 25
    assert (tilts > 15).mean() > 0.05
    assert all(20 <= np.degrees(sun.elevation) <= 70 for sun in suns)


def test_footprint_has_a_margin() -> None:
    box = draw_box(np.random.default_rng(0))[0]
    assert np.ptp(footprint(box, 50, 50, 0.0, 0.5, 1.0), axis=0).tolist() == [24, 12]


def test_a_unit_has_one_coat_with_all_that_it_is_made_of() -> None:
    rng = np.random.default_rng(0)
    again = alike(lambda rng: (draw_box(rng)[0], replace(WHITE, camo=0.7, gloss=0.5)), rng)
    first, second = again(rng)[1], again(rng)[1]
    assert (first.camo, first.gloss) == (second.camo, second.gloss) == (0.7, 0.5)
    assert 0 < abs(first.of("body") / second.of("body") - 1).max() < 0.5
