"""One synthetic training tile from a seed: ground (or a given background), objects as people park them, the sensor."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .annotation import Annotation
from .softness import softness
from .synth_backdrop import line_direction, matched, open_places
from .synth_ground import Ground, Spot, SpotKind
from .synth_groups import aircraft, alike, helicopters, launchers, posts, signs, snowed, vehicles
from .synth_hiding import covers
from .synth_layout import Draw, Plot, drive_column, man_site, park_block, park_row, scatter, take_position
from .synth_lookalikes import add_crosses
from .synth_render import Sun, draw_sun, paste, sensor
from .synth_scenery import draw_scenery

Pixels = NDArray[np.uint8]
CONFUSERS_ONLY = 0.08
"""Share of tiles in which nothing that is drawn is a target."""
CROSSES = 0.15
"""Share of tiles with the crosses of closed pavement."""


def make_tile(
    seed: int,
    *,
    size_px: int = 768,
    gsd: float = 0.5,
    background: Pixels | None = None,
    free_mask: NDArray[np.bool_] | None = None,
) -> tuple[Pixels, list[Annotation]]:
    """A tile (H, W, 3) uint8 RGB with the labels of its launchers, helicopters and aircraft; same seed, same tile.

    background: a real tile of known GSD without targets, used instead of drawn ground (its size is kept).
    free_mask: (H, W) bool, True where objects may stand on it; without it, where the background is smooth. What is
    drawn but not labelled: lorries, radars, artillery, stores. Some objects are hidden in part, by nets, shelters and
    trees: labels say what share is visible, and under 40 % are to be ignored. ValueError for a mask of another size.
    """
    rng = np.random.default_rng([0x5A11, seed])
    sun = draw_sun(rng)
    given = None if background is None else _real(background, free_mask, gsd, sun, rng)
    ground = given or draw_scenery(rng, size_px, gsd, sun)
    painted = np.random.default_rng([0xC105, seed])
    if painted.random() < CROSSES:
        add_crosses(ground, painted)
    plot = Plot.of(ground.free, gsd, rng, ground.sun)
    _populate(plot, ground.spots, targets=bool(rng.random() >= CONFUSERS_ONLY))
    hiding = covers(plot.placed, ground.bare if background is None else None, gsd, rng)
    standing = [*plot.placed, *hiding]
    if ground.snow:
        standing = [snowed(each, rng) for each in standing]
    pixels, labels = paste(ground.pixels, gsd, standing, ground.sun, rng, shade=ground.shade)
    if background is None:
        return sensor(pixels, rng), labels
    return _light_sensor(_as_soft(pixels, background), rng), labels


def _as_soft(pixels: Pixels, background: Pixels) -> Pixels:
    """The pixels with all that differs from the background as soft as that is, which may be an enlarged image.

    What is drawn has soft edges of its own, of 0.3 px; they stay, as outlines are rounder than painted edges.
    """
    sigma_px = softness(background)
    changed = (pixels != background).any(axis=2).astype(np.float32)
    cover = cv2.GaussianBlur(changed, (0, 0), sigma_px)[..., None]
    drawn = cv2.GaussianBlur(pixels * changed[..., None], (0, 0), sigma_px)
    return np.asarray((background * (1 - cover) + drawn + 0.5).clip(0, 255), np.uint8)


def _light_sensor(pixels: Pixels, rng: Generator) -> Pixels:
    """A real background went through its sensor already: a trace of blur, noise and JPEG over seam and object alike."""
    soft = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.3, 0.6)))
    noise = rng.normal(0, float(rng.uniform(0.5, 2.5)), (257, 263)).astype(np.float32)
    rows, columns = pixels.shape[:2]
    tiled = np.tile(noise, (rows // 257 + 1, columns // 263 + 1))[:rows, :columns, None]
    noisy = (soft + tiled).clip(0, 255).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(80, 98))])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def _real(background: Pixels, free_mask: NDArray[np.bool_] | None, gsd: float, sun: Sun, rng: Generator) -> Ground:
    """A real tile as ground, with spots at random open places, turned as the lines of the image run there."""
    height, width = background.shape[:2]
    free = open_places(background, gsd) if free_mask is None else free_mask.astype(bool)
    if free.shape != (height, width):
        raise ValueError(f"free_mask is {free.shape}, the background is {(height, width)}")
    ground = Ground(background.copy(), free, free.copy(), gsd, matched(sun, background, free, rng), rng)
    where = np.argwhere(free[::4, ::4]) * 4
    kinds: tuple[SpotKind, ...] = ("apron", "apron", "apron", "yard", "yard", "road", "road", "pad", "pad", "store")
    for _ in range(14 if len(where) else 0):
        y, x = (float(v) for v in where[int(rng.integers(len(where)))])
        kind = kinds[int(rng.integers(len(kinds)))]
        turn = line_direction(background, x, y, int(30 / gsd)) + float(rng.choice([0, 0, 0, np.pi / 2]))
        long, wide = float(rng.uniform(60, 200)), float(rng.uniform(15, 70))
        if kind == "pad":
            ground.spots += _ring(rng, x, y, gsd)
        else:
            ground.spots.append(Spot(kind, x, y, turn, long, 8.0 if kind == "road" else wide))
    return ground


def _ring(rng: Generator, x: float, y: float, gsd: float) -> list[Spot]:
    spots = [Spot("site", x, y, 0.0, 26.0, 26.0)]
    count, radius, turn = int(rng.integers(3, 8)), rng.uniform(30, 90) / gsd, rng.uniform(0, 2 * np.pi)
    for direction in turn + 2 * np.pi * np.arange(count) / count:
        at = (float(x + np.cos(direction) * radius), float(y + np.sin(direction) * radius))
        spots.append(Spot("pad", *at, float(direction), 30.0, 22.0))
    return spots


def _populate(plot: Plot, spots: list[Spot], *, targets: bool) -> None:
    rng = plot.rng
    pads = [s for s in spots if s.kind in ("pad", "site")]
    if pads:
        man_site(plot, pads, launchers if targets and rng.random() < 0.8 else vehicles(military=True), posts)
    for spot in spots:
        if spot.kind == "apron" and rng.random() < 0.9:
            for _ in range(int(rng.integers(1, 4))):
                _fill_row(plot, spot, targets=targets, shares=(0.42, 0.24, 0.06))
            scatter(plot, signs, int(rng.integers(0, 4)))
        elif spot.kind == "yard":
            _fill_row(plot, spot, targets=targets, shares=(0.02, 0.12, 0.3))
        elif spot.kind == "store":
            _fill_block(plot, spot, targets=targets)
        elif spot.kind == "revetment" and targets and rng.random() < 0.7:
            asset, paint = aircraft(spot.length * 0.95)(rng)
            plot.put(asset, paint, spot.x, spot.y, spot.heading + float(rng.normal(0, 0.03)), margin=0.2)
        elif spot.kind == "road" and rng.random() < 0.7:
            draw = launchers if targets and rng.random() < 0.3 else vehicles(military=bool(rng.random() < 0.5))
            drive_column(plot, spot, draw, int(rng.integers(1, 8)), gap=float(rng.uniform(4, 60)))
    if rng.random() < 0.15:
        x, y = (float(v) for v in rng.uniform(0.15, 0.85, 2) * plot.free.shape[::-1])
        draw = launchers if targets else vehicles(military=True)
        take_position(plot, x, y, float(rng.uniform(0, 2 * np.pi)), alike(draw, rng), posts, int(rng.integers(2, 9)))
    if targets:
        scatter(plot, launchers, int(rng.integers(0, 5)))
        scatter(plot, helicopters, int(rng.integers(0, 4)))
        scatter(plot, aircraft(float(rng.choice([25, 45, 80]))), int(rng.integers(0, 3)))
    scatter(plot, vehicles(military=True), int(rng.integers(1, 7)))
    scatter(plot, vehicles(military=False), int(rng.integers(1, 8)))


def _fill_row(plot: Plot, spot: Spot, *, targets: bool, shares: tuple[float, float, float]) -> None:
    """One row on a spot: aircraft, helicopters or launchers with these shares, else vehicles."""
    rng = plot.rng
    pick = float(rng.random()) if targets else 1.0
    draw: Draw = vehicles(military=bool(rng.random() < 0.5))
    gap = 1.5
    if pick < shares[0]:
        draw, gap = aircraft(float(rng.choice([25, 45, 80, 80]))), 5.0
    elif pick < shares[0] + shares[1]:
        draw, gap = helicopters, 3.0
    elif pick < sum(shares):
        draw = launchers
    if rng.random() < 0.5:
        draw = alike(draw, rng)
    if spot.kind == "yard" and rng.random() < 0.4:
        park_block(plot, spot, draw, gap=gap, aisle=float(rng.uniform(2, 9)))
        return
    slant = float(rng.choice([0.0, 0.0, 0.5, -0.6, np.pi]))
    park_row(plot, spot, draw, int(rng.integers(2, 12)), gap=gap * float(rng.uniform(0.5, 2.5)), slant=slant)


def _fill_block(plot: Plot, spot: Spot, *, targets: bool) -> None:
    """A boneyard: one or two types, dense, slanted, row by row; without targets, a park of vehicles."""
    rng = plot.rng
    slant = float(rng.choice([0.0, 0.6, 0.9]))
    if not targets or rng.random() < 0.25:
        park_block(plot, spot, alike(vehicles(military=True), rng), gap=0.8, aisle=float(rng.uniform(2, 8)))
        return
    draw = alike(helicopters if rng.random() < 0.2 else aircraft(float(rng.choice([25, 45, 60]))), rng)
    park_block(plot, spot, draw, gap=float(rng.uniform(0.5, 4)), aisle=float(rng.uniform(1, 12)), slant=slant)
