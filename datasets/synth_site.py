"""Prepared positions. Launcher sites: a ring of pads around a radar, tracks, horseshoes of earth around the pads.

Aircraft revetments: pads in a row, each behind three banks of earth.
"""

import numpy as np

from ..detector.opencv import cv2
from . import synth_texture as texture
from .synth_ground import Ground, Spot, add_road, lay, mark_free, strip_frame


def add_site(ground: Ground, x: float, y: float, *, pads: int, radius: float) -> list[Spot]:
    """A launcher position: pads on a ring, each with its revetment of earth, radial tracks, a mound for the radar."""
    gsd, rng = ground.gsd, ground.rng
    turn = float(rng.uniform(0, 2 * np.pi))
    surface: texture.Surface = "gravel" if rng.random() < 0.6 else "concrete"
    centre = np.array([x, y])
    spots = [Spot("site", x, y, turn, 26.0, 26.0)]
    for i in range(pads):
        direction = turn + 2 * np.pi * i / pads + float(rng.normal(0, 0.06))
        place = centre + np.array([np.cos(direction), np.sin(direction)]) * radius * float(rng.uniform(0.9, 1.1)) / gsd
        add_road(ground, np.stack([centre, place]), 5.0, "gravel", marked=False)
        spots.append(Spot("pad", float(place[0]), float(place[1]), direction, 30.0, 22.0))
    bermed, level = bool(rng.random() < 0.6), texture.pavement_level(rng)
    for spot in spots:
        _disc_pad(ground, spot, surface, berm=bermed and spot.kind == "pad", level=level)
    ground.spots[:] = [s for s in ground.spots if s.kind != "road" or np.hypot(s.x - x, s.y - y) * gsd > radius * 1.2]
    ground.spots.extend(spots)
    return spots


def _disc_pad(ground: Ground, spot: Spot, surface: texture.Surface, *, berm: bool, level: float) -> None:
    """A levelled pad; with a berm, a horseshoe of earth, open toward the middle of the site."""
    gsd, rng = ground.gsd, ground.rng
    size = int(1.5 * spot.length / gsd)
    piece = texture.pavement(rng, (size, size), surface, gsd, slab_m=3.0, level=level)
    alpha = np.zeros((size, size), np.uint8)
    middle = (size // 2, size // 2)
    axes = (int(spot.length * 0.5 / gsd), int(spot.width * 0.62 / gsd))
    cv2.ellipse(alpha, middle, axes, 0, 0, 360, 255, -1, cv2.LINE_AA)
    if berm:
        piece, share = _horseshoe(ground, spot, piece, axes)
        alpha = np.maximum(alpha, (share * 255).astype(np.uint8))
        fence = tuple(int(a + 2 / gsd) for a in axes)
        at, turn = (int(spot.x), int(spot.y)), float(np.degrees(spot.heading))
        cv2.ellipse(ground.free.view(np.uint8), at, fence, turn, -140, 140, 0, max(2, int(5 / gsd)))
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), max(0.6, 0.4 / gsd)), np.uint8)
    lay(ground, piece, spot.x, spot.y, spot.heading, alpha=alpha)


def _horseshoe(
    ground: Ground, spot: Spot, piece: texture.Pixels, axes: tuple[int, int]
) -> tuple[texture.Pixels, texture.Floats]:
    """The piece with a bank of earth around it, sunlit on one flank, and the share that the bank covers."""
    thick, middle = max(2, int(4.5 / ground.gsd)), (piece.shape[1] // 2, piece.shape[0] // 2)
    ring = np.zeros(piece.shape[:2], np.float32)
    cv2.ellipse(ring, middle, (axes[0] + thick // 2, axes[1] + thick // 2), 0, -140, 140, 1.0, thick, cv2.LINE_AA)
    return _banked(ground, spot, piece, ring, thick)


def _banked(
    ground: Ground, spot: Spot, piece: texture.Pixels, ring: texture.Floats, thick: int
) -> tuple[texture.Pixels, texture.Floats]:
    """The piece with a bank of earth, `thick` pixels wide, where `ring` is 1."""
    gsd, rng, sun = ground.gsd, ground.rng, ground.sun
    shape = (piece.shape[0], piece.shape[1])
    bank = np.asarray(cv2.GaussianBlur(ring, (0, 0), thick / 3.0), np.float32)
    bank *= 1 + 0.25 * texture.noise(rng, shape, (4 / gsd, 1.5 / gsd), (0.6, 0.3))
    light = sun.azimuth - spot.heading
    east, south = (cv2.Sobel(bank, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    slope = (east * np.cos(light) + south * np.sin(light)) * (2.2 / gsd) / np.tan(sun.elevation)
    earth = texture.field(rng, shape, "soil" if rng.random() < 0.5 else "dry", gsd).astype(np.float32)
    lit = np.asarray(earth * (1 + slope).clip(0.45, 1.35)[..., None]).clip(0, 255)
    share = (bank * 1.8).clip(0, 1)
    mixed = piece * (1 - share[..., None]) + lit * share[..., None]
    return mixed.astype(np.uint8), share


def add_revetments(ground: Ground, x: float, y: float, heading: float, *, count: int, size_m: float) -> list[Spot]:
    """Pads of `size_m` metres for one aircraft each, in a row along `heading`, open to one side; their spots."""
    gsd, rng = ground.gsd, ground.rng
    along = np.array([np.cos(heading), np.sin(heading)])
    opening = heading + np.pi / 2
    out = np.array([-along[1], along[0]])
    surface: texture.Surface = "concrete" if rng.random() < 0.7 else "asphalt"
    level, pitch = texture.pavement_level(rng), size_m + float(rng.uniform(12, 30))
    road = np.array([x, y]) + out * (size_m * 0.5 + 14) / gsd
    ends = np.stack([road - along * (count * pitch / 2) / gsd, road + along * (count * pitch / 2) / gsd])
    add_road(ground, ends, 14.0, surface, marked=False)
    spots = []
    for number in range(count):
        place = np.array([x, y]) + along * (number - (count - 1) / 2) * pitch / gsd
        spot = Spot("revetment", float(place[0]), float(place[1]), opening, size_m, size_m)
        _walled_pad(ground, spot, surface, level)
        way = np.stack([place + out * size_m * 0.3 / gsd, place + out * (size_m * 0.5 + 14) / gsd])
        add_road(ground, way, 12.0, surface, marked=False)
        spots.append(spot)
    ground.spots[:] = [
        s for s in ground.spots if s.kind != "road" or np.hypot(s.x - x, s.y - y) * gsd > count * pitch / 2
    ]
    ground.spots.extend(spots)
    return spots


def _walled_pad(ground: Ground, spot: Spot, surface: texture.Surface, level: float) -> None:
    """A square pad with banks at the back and both flanks; its nose side, along the spot's heading, is open."""
    gsd = ground.gsd
    inner, thick = int(spot.length / gsd), max(2, int(5.0 / gsd))
    size = inner + 4 * thick
    piece = texture.pavement(ground.rng, (size, size), surface, gsd, level=level)
    low, high = 2 * thick, 2 * thick + inner
    alpha = np.zeros((size, size), np.uint8)
    alpha[low:high, low:high] = 255
    wall = np.array([(high, low - thick // 2), (low - thick // 2, low - thick // 2),
                     (low - thick // 2, high + thick // 2), (high, high + thick // 2)], np.int32)  # fmt: skip
    ring = np.zeros((size, size), np.float32)
    cv2.polylines(ring, [wall], False, 1.0, thick, cv2.LINE_AA)
    piece, share = _banked(ground, spot, piece, ring, thick)
    alpha = np.maximum(alpha, (share * 255).astype(np.uint8))
    lay(ground, piece, spot.x, spot.y, spot.heading, alpha=np.asarray(cv2.GaussianBlur(alpha, (0, 0), 0.8), np.uint8))
    mark_free(ground, Spot(spot.kind, spot.x, spot.y, spot.heading, spot.length, spot.width), True)
    turn = strip_frame(spot.x, spot.y, spot.heading, (size, size))
    fence = np.rint(wall @ turn[:, :2].T + turn[:, 2]).astype(np.int32)
    cv2.polylines(ground.free.view(np.uint8), [fence], False, 0, thick + 2)
