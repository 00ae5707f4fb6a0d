"""One synthetic training tile from a seed: ground (or a given background), objects as people park them, the sensor."""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from . import synth_ground as ground_
from .annotation import Annotation
from .synth_aircraft import draw_aircraft
from .synth_ground import Ground, Spot
from .synth_helicopters import draw_helicopter
from .synth_launchers import draw_launcher
from .synth_layout import Draw, Plot, drive_column, man_site, park_row, scatter
from .synth_mesh import Asset
from .synth_paint import Paint, aircraft_paint, vehicle_paint
from .synth_render import Sun, draw_sun, paste, sensor
from .synth_trucks import command_post, draw_confuser

Pixels = NDArray[np.uint8]
CONFUSERS_ONLY = 0.08
"""Share of tiles in which nothing that is drawn is a target."""


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
    free_mask: (H, W) bool, True where objects may stand on it; without it, anywhere. Objects that are drawn but not
    labelled are lorries, radars, artillery and the like. ValueError for a mask of another size than the background.
    """
    rng = np.random.default_rng([0x5A11, seed])
    sun = draw_sun(rng)
    if background is None:
        ground = _scenery(rng, size_px, gsd, sun)
    else:
        ground = _real(background, free_mask, gsd, sun, rng)
    plot = Plot.of(ground.free, gsd, rng)
    _populate(plot, ground.spots, targets=rng.random() >= CONFUSERS_ONLY)
    pixels, labels = paste(ground.pixels, gsd, plot.placed, ground.sun, rng)
    return (sensor(pixels, rng) if background is None else _light_sensor(pixels, rng)), labels


def _light_sensor(pixels: Pixels, rng: Generator) -> Pixels:
    """A real background went through its sensor already: only a trace of blur and noise over seam and object alike."""
    soft = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.25, 0.55)))
    noisy = soft + rng.normal(0, float(rng.uniform(0.5, 2.5)), (*pixels.shape[:2], 1)).astype(np.float32)
    return np.asarray(noisy.clip(0, 255), np.uint8)


def _real(background: Pixels, free_mask: NDArray[np.bool_] | None, gsd: float, sun: Sun, rng: Generator) -> Ground:
    shape = background.shape[:2]
    free = np.ones(shape, bool) if free_mask is None else free_mask.astype(bool)
    if free.shape != shape:
        raise ValueError(f"free_mask is {free.shape}, the background is {shape}")
    level = float(np.median(np.square(background[free].astype(np.float32) / 255))) if free.any() else 0.2
    gain = float(np.clip(level / 0.2, 0.7, 1.9) * rng.uniform(0.85, 1.2))
    lit = Sun(sun.azimuth, sun.elevation, sun.tilt, sun.lean, sun.sky, gain)
    ground = Ground(background.copy(), free, gsd, lit, rng)
    height, width = shape
    for _ in range(14):
        kind = str(rng.choice(["apron", "yard", "road", "pad"]))
        long, wide = rng.uniform(60, 200), rng.uniform(15, 70)
        x, y, turn = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, 2 * np.pi)
        if kind == "pad":
            ground.spots += _ring(rng, x, y, gsd)
        else:
            ground.spots.append(Spot(kind, x, y, turn, long, 8.0 if kind == "road" else wide))  # type: ignore[arg-type]
    return ground


def _ring(rng: Generator, x: float, y: float, gsd: float) -> list[Spot]:
    spots = [Spot("site", x, y, 0.0, 26, 26)]
    count, radius, turn = int(rng.integers(3, 8)), rng.uniform(30, 90), rng.uniform(0, 2 * np.pi)
    for i in range(count):
        direction = turn + 2 * np.pi * i / count
        spots.append(
            Spot("pad", x + np.cos(direction) * radius / gsd, y + np.sin(direction) * radius / gsd, direction, 30, 22)
        )
    return spots


def _scenery(rng: Generator, size: int, gsd: float, sun: Sun) -> Ground:
    """Ground of one of four kinds: air base, launcher site, garrison, open country with roads."""
    ground = ground_.open_ground(rng, (size, size), gsd, sun)
    kind = rng.choice(["base", "site", "garrison", "country"], p=[0.4, 0.25, 0.2, 0.15])
    heading = float(rng.uniform(0, np.pi))
    extent = size * gsd
    if kind == "base":
        _base(ground, heading, extent)
    if kind in ("site", "country") or rng.random() < 0.4:
        for _ in range(int(rng.integers(1, 3))):
            _through_road(ground, rng, size)
    if kind == "site" or rng.random() < 0.15:
        x, y = rng.uniform(0.25, 0.75, 2) * size
        ground_.add_site(
            ground, float(x), float(y), pads=int(rng.integers(3, 9)), radius=float(rng.uniform(45, 0.33 * extent))
        )
    if kind == "garrison":
        for _ in range(int(rng.integers(2, 5))):
            x, y = rng.uniform(0.1, 0.9, 2) * size
            spot = Spot(
                "yard",
                float(x),
                float(y),
                heading + float(rng.choice([0, np.pi / 2])),
                float(rng.uniform(50, 160)),
                float(rng.uniform(20, 60)),
            )
            ground_.add_apron(ground, spot, rng.choice(["concrete", "asphalt", "gravel"]))
    if kind == "garrison" or rng.random() < 0.4:
        _houses(ground, heading, size, int(rng.integers(2, 12)))
    if rng.random() < 0.7:
        _grove(ground, size, int(rng.integers(10, 160)))
    return ground


def _base(ground: Ground, heading: float, extent: float) -> None:
    rng, gsd = ground.rng, ground.gsd
    size = extent / gsd
    middle = rng.uniform(0.35, 0.65, 2) * size
    across = np.array([-np.sin(heading), np.cos(heading)])
    if rng.random() < 0.4:
        x, y = middle + across * rng.uniform(0.2, 0.4) * size
        ground_.add_runway(ground, Spot("road", float(x), float(y), heading, 1.6 * extent, float(rng.uniform(40, 60))))
    wide = float(rng.uniform(60, 0.55 * extent))
    spot = Spot("apron", float(middle[0]), float(middle[1]), heading, float(rng.uniform(0.6, 1.4) * extent), wide)
    ground_.add_apron(ground, spot)
    x, y = middle - across * (wide / 2 + 15) / gsd
    ground_.add_apron(ground, Spot("apron", float(x), float(y), heading, 1.5 * extent, 22.0), "asphalt")
    ground.spots.pop()


def _through_road(ground: Ground, rng: Generator, size: int) -> None:
    turn = rng.uniform(0, np.pi)
    middle = rng.uniform(0.1, 0.9, 2) * size
    along = np.array([np.cos(turn), np.sin(turn)])
    bend = np.array([np.cos(turn + 0.3), np.sin(turn + 0.3)])
    points = np.stack([middle - along * size, middle, middle + bend * size])
    marked = rng.random() < 0.5
    ground_.add_road(
        ground,
        points,
        float(rng.uniform(5, 10)),
        "asphalt" if marked else rng.choice(["asphalt", "gravel"]),
        marked=marked,
    )


def _houses(ground: Ground, heading: float, size: int, count: int) -> None:
    rng = ground.rng
    taken = np.zeros(ground.free.shape, np.uint8)
    for s in ground.spots:
        box = cv2.boxPoints(((s.x, s.y), (s.length / ground.gsd, s.width / ground.gsd), np.degrees(s.heading)))
        cv2.fillPoly(taken, [np.rint(box).astype(np.int32)], 1)
    places = []
    for _ in range(count * 4):
        x, y = rng.uniform(0.02, 0.98, 2) * size
        long, wide = float(rng.uniform(12, 70)), float(rng.uniform(8, 22))
        angle = heading + float(rng.choice([0, np.pi / 2]))
        box = cv2.boxPoints(((x, y), ((long + 8) / ground.gsd, (wide + 8) / ground.gsd), np.degrees(angle)))
        mask = np.zeros_like(taken)
        cv2.fillPoly(mask, [np.rint(box).astype(np.int32)], 1)
        if not (mask & taken).any() and len(places) < count:
            taken |= mask
            places.append((float(x), float(y), angle, long, wide, float(rng.uniform(3, 12))))
    ground_.add_buildings(ground, places)


def _grove(ground: Ground, size: int, count: int) -> None:
    rng = ground.rng
    hubs = rng.uniform(0, 1, (int(rng.integers(1, 6)), 2)) * size
    centres = hubs[rng.integers(len(hubs), size=count)] + rng.normal(0, 0.09 * size, (count, 2))
    radii = rng.uniform(1.2, 4.2, count)
    paved = np.zeros(ground.free.shape, np.uint8)
    for s in ground.spots:
        box = cv2.boxPoints(
            ((s.x, s.y), ((s.length + 6) / ground.gsd, (s.width + 6) / ground.gsd), np.degrees(s.heading))
        )
        cv2.fillPoly(paved, [np.rint(box).astype(np.int32)], 1)
    inside = ((centres >= 0) & (centres < size)).all(axis=1)
    centres, radii = centres[inside], radii[inside]
    at = centres.astype(int)
    clear = (paved[at[:, 1], at[:, 0]] == 0) & ground.free[at[:, 1], at[:, 0]]
    if clear.any():
        ground_.add_trees(ground, centres[clear], radii[clear])


def vehicles(*, military: bool, mixed: float = 0.3) -> Draw:
    """Confusers; `mixed` of them wear the other side's paint."""

    def draw(rng: Generator) -> tuple[Asset, Paint]:
        return draw_confuser(rng, military=military), vehicle_paint(rng, military=military ^ bool(rng.random() < mixed))

    return draw


def launchers(rng: Generator) -> tuple[Asset, Paint]:
    """A launcher in a paint that the confusers wear too."""
    return draw_launcher(rng), vehicle_paint(rng, military=rng.random() < 0.95)


def helicopters(rng: Generator) -> tuple[Asset, Paint]:
    """A helicopter, military or gaudy."""
    return draw_helicopter(rng), aircraft_paint(rng, "helicopter" if rng.random() < 0.75 else "gaudy")


def aircraft(largest_m: float) -> Draw:
    """Aircraft of up to `largest_m`."""

    def draw(rng: Generator) -> tuple[Asset, Paint]:
        asset, kind = draw_aircraft(rng, largest_m=largest_m)
        return asset, aircraft_paint(rng, kind)

    return draw


def posts(rng: Generator) -> tuple[Asset, Paint]:
    """A command post or a radar."""
    return command_post(rng), vehicle_paint(rng, military=True)


def alike(draw: Draw, rng: Generator) -> Draw:
    """Draws one object over and over, each in a fresh coat: a unit has one type."""
    first, _ = draw(rng)
    coats: dict[str, Draw] = {"seed": draw}

    def again(rng: Generator) -> tuple[Asset, Paint]:
        other, paint = coats["seed"](rng)
        return (first if first.node else other), paint

    return again


def _populate(plot: Plot, spots: list[Spot], *, targets: bool) -> None:
    rng = plot.rng
    military, civil = vehicles(military=True), vehicles(military=False)
    pads = [s for s in spots if s.kind in ("pad", "site")]
    if pads:
        man_site(plot, pads, launchers if targets and rng.random() < 0.8 else military, posts)
    for spot in spots:
        if spot.kind == "apron" and rng.random() < 0.9:
            _fill_apron(plot, spot, targets=targets)
        elif spot.kind == "yard":
            draw = launchers if targets and rng.random() < 0.35 else (military if rng.random() < 0.6 else civil)
            park_row(plot, spot, draw, int(rng.integers(2, 14)), gap=float(rng.uniform(0.6, 3.5)))
        elif spot.kind == "road" and rng.random() < 0.7:
            draw = launchers if targets and rng.random() < 0.3 else (military if rng.random() < 0.5 else civil)
            drive_column(plot, spot, draw, int(rng.integers(1, 8)), gap=float(rng.uniform(4, 60)))
    if targets:
        scatter(plot, launchers, int(rng.integers(0, 5)))
        scatter(plot, helicopters, int(rng.integers(0, 3)))
    scatter(plot, military, int(rng.integers(1, 7)))
    scatter(plot, civil, int(rng.integers(1, 8)))


def _fill_apron(plot: Plot, spot: Spot, *, targets: bool) -> None:
    rng = plot.rng
    kinds: list[tuple[Draw, float]] = [(vehicles(military=True), 2.0), (vehicles(military=False), 2.0)]
    if targets:
        kinds = [
            (aircraft(float(rng.choice([25, 45, 80]))), 6.0),
            (helicopters, 3.0),
            (launchers, 1.5),
            *kinds[: int(rng.integers(0, 3))],
        ]
    for _ in range(int(rng.integers(1, 4))):
        draw, gap = kinds[int(rng.integers(len(kinds)))]
        lane = Spot(spot.kind, spot.x, spot.y, spot.heading, spot.length, spot.width)
        slant = float(rng.choice([0.0, 0.0, 0.5, -0.6, np.pi]))
        if rng.random() < 0.5:
            draw = alike(draw, rng)
        park_row(plot, lane, draw, int(rng.integers(2, 14)), gap=gap * float(rng.uniform(0.7, 2.5)), slant=slant)
