"""What a detector takes for aircraft or launchers and is neither: round piers, car parks, painted aircraft, crosses
that close a runway, signs.

Nothing here is annotated.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2
from . import synth_texture as texture
from .synth_airframes import JETS
from .synth_cover import mark_built, roof_tone
from .synth_ground import Ground, Spot, lay, mark_free
from .synth_mesh import Asset, Facet, asset, block, moved, tube, turned
from .synth_paint import CIVIL, Paint, vehicle_paint
from .synth_render import Placement, paste

_FINE = 3
"""Samples per pixel and axis that small painted things are drawn at."""
_SILHOUETTES = tuple(j for j in JETS if j.name in ("su27", "mig29", "f16", "su25", "tu22m", "b2", "f15"))


def pier(rng: Generator) -> Asset:
    """A round terminal: a disc of a roof with rings on it, bridges like wings and tails around it, a way to it."""
    radius, high = float(rng.uniform(14, 34)), float(rng.uniform(6, 11))
    facets = tube((0, 0, 0), (0, 0, high), radius, "body", cap="load", sides=28)
    for share in rng.uniform(0.15, 0.85, int(rng.integers(1, 4))):
        facets += tube((0, 0, high), (0, 0, high + 0.6), radius * float(share), "metal", cap="body", sides=24)
    arm: list[Facet] = block((radius * 0.95, radius + 22), (-1.6, 1.6), (3.5, 6.5), "load")
    arm += block((radius + 20, radius + 26), (-2.4, 2.4), (3.0, 6.5), "body")
    for direction in 2 * np.pi * np.arange(int(rng.integers(3, 9))) / 8:
        facets += turned(arm, float(direction + rng.normal(0, 0.12)))
    facets += moved(block((-90.0, -radius * 0.9), (-6.0, 6.0), (0.0, 6.0), "load"))
    return asset("pier", None, facets)


def add_pier(ground: Ground, x: float, y: float, heading: float) -> None:
    """A round pier at a place in pixels; nothing stands on it or right at it."""
    rng = ground.rng
    built = pier(rng)
    tones = {**vehicle_paint(rng, military=False).colours, "load": roof_tone(rng), "body": roof_tone(rng)}
    paint = Paint(tones, snow=float(rng.uniform(0.3, 1.0)) if ground.snow else 0.0)
    placement = Placement(built, x, y, heading, paint)
    ground.pixels, _ = paste(ground.pixels, ground.gsd, [placement], ground.sun, rng)
    mark_built(ground, placement)


def add_car_park(ground: Ground, spot: Spot) -> None:
    """A car park full of cars in painted bays, each with its shadow; nothing else stands there."""
    gsd, rng, sun = ground.gsd, ground.rng, ground.sun
    scale = _FINE / gsd
    rows, columns = int(spot.width / gsd), int(spot.length / gsd)
    piece = texture.pavement(rng, (rows, columns), "asphalt" if rng.random() < 0.7 else "concrete", gsd)
    fine = np.asarray(cv2.resize(piece, (columns * _FINE, rows * _FINE), interpolation=cv2.INTER_LINEAR), np.uint8)
    reach = sun.shadow_per_metre() * 1.3 * scale
    c, s = np.cos(-spot.heading), np.sin(-spot.heading)
    shift = np.rint(np.array([[c, -s], [s, c]]) @ reach).astype(int)
    taken = float(rng.uniform(0.35, 0.95))
    for top in np.arange(0.5, spot.width - 5, 16.2):
        for lane in (top, top + 5.1):
            for left in np.arange(0.5, spot.length - 3, 2.6):
                line = (int(left * scale), int(lane * scale)), (int(left * scale), int((lane + 5) * scale))
                cv2.line(fine, *line, (205, 205, 200), 1)
                if rng.random() < taken:
                    _car(fine, float(left), float(lane), scale, shift, rng)
    small = cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA)
    lay(ground, np.asarray(small, np.uint8), spot.x, spot.y, spot.heading)
    mark_free(ground, spot, False)


def _car(
    fine: NDArray[np.uint8], left: float, top: float, scale: float, shift: NDArray[np.int_], rng: Generator
) -> None:
    long, wide = rng.uniform(3.8, 4.9), rng.uniform(1.65, 1.95)
    x0, y0 = left + (2.6 - wide) / 2 + rng.normal(0, 0.08), top + (5 - long) / 2 + rng.normal(0, 0.15)
    corner = np.array([int(x0 * scale), int(y0 * scale)])
    size = np.array([int(wide * scale), int(long * scale)])
    colour = np.sqrt(np.asarray(CIVIL[int(rng.integers(len(CIVIL)))])) * 255 * rng.uniform(0.7, 1.1)
    shadow = fine[
        max(0, corner[1] + shift[1]) : corner[1] + shift[1] + size[1],
        max(0, corner[0] + shift[0]) : corner[0] + shift[0] + size[0],
    ]
    shadow[:] = shadow // 2  # fmt: skip
    tone = tuple(float(v) for v in colour.clip(20, 250))
    cv2.rectangle(fine, corner.tolist(), (corner + size).tolist(), tone, -1)
    for share, deep in ((0.25, 0.14), (0.72, 0.1)):
        y = int(corner[1] + share * size[1])
        glass = (corner[0] + 1, y), (corner[0] + size[0] - 1, y + max(1, int(deep * size[1])))
        cv2.rectangle(fine, *glass, (38, 44, 52), -1)


def add_painted_aircraft(ground: Ground, x: float, y: float, heading: float) -> None:
    """An aircraft that is paint on the ground, or the mark of one: filled or in outline, without shadow or shading."""
    gsd, rng = ground.gsd, ground.rng
    shape = _SILHOUETTES[int(rng.integers(len(_SILHOUETTES)))]
    size = int(1.2 * max(shape.length, shape.span) / gsd)
    fine = np.zeros((size * _FINE, size * _FINE), np.uint8)
    strength = int(rng.integers(40, 170))
    body = ((0.0, 0.02), (0.12, 0.12), (0.9, 0.12), (1.0, 0.03))
    for outline in (shape.wing, shape.tail, body):
        for side in (1.0, -1.0):
            metres = [((0.5 - along) * shape.length, side * out * shape.span / 2) for along, out in outline]
            if metres:
                points = np.rint((np.array(metres) / gsd + size / 2) * _FINE).astype(np.int32)
                cv2.fillPoly(fine, [points], strength)
    if rng.random() < 0.4:
        rim = cv2.erode(fine, np.ones((2 * _FINE + 1,) * 2, np.uint8))
        fine = np.asarray(cv2.subtract(fine, rim), np.uint8)
    worn = texture.noise(rng, (fine.shape[0], fine.shape[1]), (2.0 * _FINE / gsd,), (0.25,)) + 1
    faded = (fine * worn.clip(0.3, 1.5)).clip(0, 255).astype(np.uint8)
    alpha = cv2.resize(faded, (size, size), interpolation=cv2.INTER_AREA)
    tone = ((225, 225, 220), (205, 170, 60), (52, 54, 56), (70, 84, 62), (150, 150, 150))[int(rng.integers(5))]
    piece = np.full((size, size, 3), tone, np.uint8)
    lay(ground, piece, x, y, heading, alpha=np.asarray(alpha, np.uint8))


def add_crosses(ground: Ground, rng: Generator) -> None:
    """Crosses that close a runway or a taxiway, one or a row of them: white, yellow, orange, or faded to dark paint.

    Closed pavement is marked so (ICAO Annex 14, chapter 7). Arms: 7 to 45 m long, a thirteenth to a fifth as wide.
    Half of them are fresh paint. They begin at a free place. What is random is drawn with `rng`, not with the ground's.
    """
    gsd = ground.gsd
    free = np.argwhere(ground.free[::4, ::4]) * 4
    if not len(free):
        return
    y, x = (float(v) for v in free[int(rng.integers(len(free)))])
    long = float(np.exp(rng.uniform(np.log(7), np.log(45))))
    fresh = bool(rng.random() < 0.5)
    wide = long * float(rng.uniform(1 / 13, 1 / 5))
    size = int(1.1 * long / gsd)
    fine = np.zeros((size * _FINE, size * _FINE), np.uint8)
    middle = size * _FINE // 2
    half = float(np.radians(rng.choice([45.0, 45.0, 45.0, 38.0, 30.0])))
    for turn in (half, -half):
        reach = np.array([np.cos(turn), np.sin(turn)]) * (long / 2 / gsd * _FINE)
        ends = [tuple(int(v) for v in np.rint(middle + sense * reach)) for sense in (1, -1)]
        cv2.line(
            fine, ends[0], ends[1], 255 if fresh else int(rng.integers(90, 250)), max(1, round(wide / gsd * _FINE))
        )
    worn = texture.noise(rng, (fine.shape[0], fine.shape[1]), (1.5 * _FINE / gsd,), (0.2,)) + 1
    faded = fine if fresh else (fine * worn.clip(0.3, 1.3)).clip(0, 255).astype(np.uint8)
    alpha = np.asarray(cv2.resize(faded, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    tone = np.array(((228, 228, 222), (214, 176, 64), (216, 140, 84), (70, 68, 62))[int(rng.integers(4))])
    piece = np.full((size, size, 3), (tone * rng.uniform(0.75, 1.05)).clip(0, 255), np.uint8)
    heading, step = float(rng.uniform(0, np.pi)), float(rng.uniform(1.4, 6)) * long / gsd
    for number in range(int(rng.integers(1, 6))):
        at = x + np.cos(heading) * step * number, y + np.sin(heading) * step * number
        lay(ground, piece, float(at[0]), float(at[1]), heading, alpha=alpha)


def sign(rng: Generator) -> Asset:
    """A taxiway sign: an upright board, yellow, black or red, on its slab."""
    half = float(rng.uniform(0.7, 2.2))
    face = str(rng.choice(["yellow", "dark", "red"]))
    facets = block((-0.7, 0.7), (-half - 0.4, half + 0.4), (0.0, 0.1), "concrete")
    facets += block((-0.14, 0.14), (-half, half), (0.15, 1.1), face)
    return asset("sign", None, facets)
