"""Scenery for one tile: an air base, a launcher site, a garrison, a boneyard or open country, from a seed."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .synth_cover import add_buildings, add_trees
from .synth_ground import Ground, Spot, add_apron, add_road, add_runway, mark_free, open_ground
from .synth_land import add_parcels, add_tracks, add_water
from .synth_lookalikes import add_car_park, add_painted_aircraft, add_pier
from .synth_render import Sun
from .synth_site import add_revetments, add_site
from .synth_texture import Surface


def draw_scenery(rng: Generator, size: int, gsd: float, sun: Sun) -> Ground:
    """Ground (size x size pixels) of one of five kinds, with its spots."""
    ground = open_ground(rng, (size, size), gsd, sun)
    kind = str(rng.choice(["base", "site", "garrison", "country", "store"], p=[0.38, 0.22, 0.18, 0.16, 0.06]))
    heading = float(rng.uniform(0, np.pi))
    _land(ground, heading, wet=kind in ("country", "garrison"))
    if kind == "base":
        _base(ground, heading)
    if kind in ("site", "country") or (kind == "garrison" and rng.random() < 0.6):
        for _ in range(int(rng.integers(1, 3))):
            _through_road(ground)
    if kind == "site" or (kind == "country" and rng.random() < 0.25):
        x, y = (float(v) for v in rng.uniform(0.25, 0.75, 2) * size)
        add_site(
            ground, x, y, pads=int(rng.integers(3, 9)), radius=float(rng.uniform(45, max(45.0, 0.33 * size * gsd)))
        )
    if kind == "garrison":
        _yards(ground, heading)
    if kind == "store":
        _store(ground, heading)
    if kind in ("base", "garrison"):
        _lookalikes(ground, heading)
    if kind == "garrison" or rng.random() < 0.4:
        add_houses(ground, heading, int(rng.integers(2, 14)))
    if rng.random() < 0.7:
        add_grove(ground, int(rng.integers(10, 200)))
    return ground


def _store(ground: Ground, heading: float) -> None:
    """A field to keep aircraft or vehicles on for years: packed gravel or the bare ground."""
    rng, size = ground.rng, len(ground.free)
    x, y = (float(v) for v in rng.uniform(0.4, 0.6, 2) * size)
    long, wide = (float(v) for v in rng.uniform(0.3, 1.0, 2) * min(260.0, 0.9 * size * ground.gsd))
    spot = Spot("store", x, y, heading, long, wide)
    if rng.random() < 0.5:
        add_apron(ground, spot, "gravel")
    else:
        mark_free(ground, spot, True)
        ground.spots.append(spot)


def _land(ground: Ground, heading: float, *, wet: bool) -> None:
    rng = ground.rng
    if not ground.snow and rng.random() < 0.35:
        add_parcels(ground, heading + float(rng.normal(0, 0.3)), size_m=float(rng.uniform(30, 160)))
    add_tracks(ground, int(rng.integers(2, 14)))
    if wet and rng.random() < 0.3:
        add_water(ground)


def _lookalikes(ground: Ground, heading: float) -> None:
    """What is taken for aircraft or launchers: each on a few tiles."""
    rng, size = ground.rng, len(ground.free)
    if rng.random() < 0.1:
        x, y = (float(v) for v in rng.uniform(0.15, 0.85, 2) * size)
        add_pier(ground, x, y, float(rng.uniform(0, 2 * np.pi)))
    if rng.random() < 0.22:
        turn = heading + float(rng.choice([0, np.pi / 2]))
        long, wide = float(rng.uniform(30, 120)), float(rng.uniform(17, 66))
        away = np.argwhere(_bare(ground, max(long, wide) * 0.6)[::4, ::4])
        if len(away):
            y, x = (float(v) for v in away[int(rng.integers(len(away)))] * 4)
            add_car_park(ground, Spot("yard", x, y, turn, long, wide))
    aprons = [spot for spot in ground.spots if spot.kind in ("apron", "yard")]
    if aprons and rng.random() < 0.2:
        for _ in range(int(rng.integers(1, 5))):
            spot = aprons[int(rng.integers(len(aprons)))]
            reach = np.array([spot.length, spot.width]) * rng.uniform(-0.4, 0.4, 2) / ground.gsd
            c, s = np.cos(spot.heading), np.sin(spot.heading)
            x, y = spot.x + c * reach[0] - s * reach[1], spot.y + s * reach[0] + c * reach[1]
            add_painted_aircraft(ground, float(x), float(y), float(rng.uniform(0, 2 * np.pi)))


def _yards(ground: Ground, heading: float) -> None:
    rng = ground.rng
    kinds: tuple[Surface, ...] = ("concrete", "asphalt", "gravel")
    for _ in range(int(rng.integers(2, 5))):
        x, y = (float(v) for v in rng.uniform(0.1, 0.9, 2) * len(ground.free))
        turn = heading + float(rng.choice([0, np.pi / 2]))
        spot = Spot("yard", x, y, turn, float(rng.uniform(50, 160)), float(rng.uniform(20, 60)))
        add_apron(ground, spot, kinds[int(rng.integers(3))])


def _base(ground: Ground, heading: float) -> None:
    rng, gsd, size = ground.rng, ground.gsd, len(ground.free)
    extent = size * gsd
    middle = rng.uniform(0.35, 0.65, 2) * size
    across = np.array([-np.sin(heading), np.cos(heading)])
    if rng.random() < 0.4:
        x, y = (float(v) for v in middle + across * rng.uniform(0.2, 0.4) * size)
        add_runway(ground, Spot("road", x, y, heading, 1.6 * extent, float(rng.uniform(40, 60))))
    wide = float(rng.uniform(60, max(61.0, 0.55 * extent)))
    long = float(rng.uniform(0.6, 1.4) * extent)
    add_apron(ground, Spot("apron", float(middle[0]), float(middle[1]), heading, long, wide))
    x, y = (float(v) for v in middle - across * (wide / 2 + 15) / gsd)
    add_apron(ground, Spot("apron", x, y, heading, 1.5 * extent, 22.0), "asphalt")
    ground.spots.pop()
    if rng.random() < 0.35:
        side = float(rng.choice([-1.0, 1.0])) * (wide / 2 + rng.uniform(45, 75)) / gsd
        x, y = (float(v) for v in middle + across * side)
        large = float(rng.choice([24.0, 28.0, 56.0]))
        add_revetments(ground, x, y, heading + np.pi * (side > 0), count=int(rng.integers(2, 7)), size_m=large)


def _through_road(ground: Ground) -> None:
    rng, size = ground.rng, len(ground.free)
    turn = rng.uniform(0, np.pi)
    middle = rng.uniform(0.1, 0.9, 2) * size
    along = np.array([np.cos(turn), np.sin(turn)])
    bend = np.array([np.cos(turn + 0.3), np.sin(turn + 0.3)])
    points = np.stack([middle - along * size, middle, middle + bend * size])
    marked = bool(rng.random() < 0.5)
    surface: Surface = "asphalt" if marked or rng.random() < 0.5 else "gravel"
    add_road(ground, points, float(rng.uniform(5, 10)), surface, marked=marked)


def _bare(ground: Ground, margin: float) -> NDArray[np.uint8]:
    """Bare ground at least `margin` metres from anything laid or built, as 0 and 1."""
    size = 2 * int(margin / ground.gsd) + 1
    return np.asarray(cv2.erode(ground.bare.view(np.uint8), np.ones((size, size), np.uint8)), np.uint8)


def add_houses(ground: Ground, heading: float, count: int) -> None:
    """Up to `count` buildings on bare ground, square to `heading`."""
    rng, size = ground.rng, np.array(ground.free.shape[::-1])
    taken = 1 - _bare(ground, 3.0)
    places: list[tuple[float, float, float, float, float, float]] = []
    for _ in range(count * 4):
        x, y = (float(v) for v in rng.uniform(0.02, 0.98, 2) * size)
        long, wide = float(rng.uniform(12, 70)), float(rng.uniform(8, 22))
        angle = heading + float(rng.choice([0, np.pi / 2]))
        sides = ((long + 8) / ground.gsd, (wide + 8) / ground.gsd)
        box = np.rint(cv2.boxPoints(((x, y), sides, float(np.degrees(angle))))).astype(np.int32)
        left, top = np.maximum(box.min(axis=0), 0)
        window = taken[top : box[:, 1].max() + 1, left : box[:, 0].max() + 1]
        mask = np.zeros(window.shape, np.uint8)
        cv2.fillPoly(mask, [(box - (left, top)).astype(np.int32)], 1)
        if len(places) < count and not (mask & window).any():
            window |= mask
            places.append((x, y, angle, long, wide, float(rng.uniform(3, 12))))
    add_buildings(ground, places)


def add_grove(ground: Ground, count: int, *, spread: float = 0.09) -> None:
    """Up to `count` trees around a few middles, off the pavement; `spread` as a share of the image's width."""
    rng, size = ground.rng, np.array(ground.free.shape[::-1])
    hubs = rng.uniform(0, 1, (int(rng.integers(1, 6)), 2)) * size
    centres = hubs[rng.integers(len(hubs), size=count)] + rng.normal(0, spread * size[0], (count, 2))
    radii = rng.uniform(1.2, 4.2, count)
    inside = ((centres >= 0) & (centres < size)).all(axis=1)
    centres, radii = centres[inside], radii[inside]
    at = centres.astype(int)
    clear = _bare(ground, 3.0)[at[:, 1], at[:, 0]] > 0
    if clear.any():
        add_trees(ground, centres[clear], radii[clear])
