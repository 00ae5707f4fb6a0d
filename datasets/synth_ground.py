"""Procedural ground: fields, runways, taxiways, aprons and roads, and where things may stand.

A `Ground` is painted step by step; every step keeps the mask of free places true. Spots say where objects park.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2
from . import synth_texture as texture
from .synth_render import Sun

Pixels = NDArray[np.uint8]
SpotKind = Literal["apron", "pad", "site", "road", "yard", "revetment", "store"]
_MARK = {"white": (226, 226, 220), "yellow": (206, 168, 66)}


@dataclass(frozen=True, slots=True)
class Spot:
    """A place to park: its middle in pixels, the direction of its long side, its size in metres."""

    kind: SpotKind
    x: float
    y: float
    heading: float
    length: float
    width: float


@dataclass(slots=True)
class Ground:
    """Ground being painted. pixels: (H, W, 3) RGB; free: (H, W) bool, True where an object may stand.

    bare: (H, W) bool, True where nothing was laid or built: trees and houses go there. shade: (H, W) uint8, how
    much of the sun trees and buildings take from what stands there. snow: whether snow lies.
    """

    pixels: Pixels
    free: NDArray[np.bool_]
    bare: NDArray[np.bool_]
    gsd: float
    sun: Sun
    rng: Generator
    spots: list[Spot] = field(default_factory=list)
    snow: bool = False
    shade: Pixels = field(init=False)

    def __post_init__(self) -> None:
        """Bare ground has no shade."""
        self.shade = np.zeros(self.free.shape, np.uint8)

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height in metres."""
        return self.pixels.shape[1] * self.gsd, self.pixels.shape[0] * self.gsd


def open_ground(rng: Generator, shape: tuple[int, int], gsd: float, sun: Sun, *, climate: str | None = None) -> Ground:
    """Bare ground of a climate, or of one or two drawn ones that meet along a wavy border."""
    names = list(texture.CLIMATES)
    first = climate or names[int(rng.choice(len(names), p=[0.3, 0.2, 0.17, 0.13, 0.08, 0.12]))]
    pixels = texture.field(rng, shape, first, gsd)
    if climate is None and first != "snow" and rng.random() < 0.4:
        free = [name for name in names if name != "snow"]
        other = texture.field(rng, shape, free[int(rng.integers(len(free)))], gsd)
        border = texture.noise(rng, shape, (150 / gsd, 20 / gsd, 4 / gsd), (1.0, 0.25, 0.15)) - float(
            rng.uniform(0, 1.2)
        )
        share = (border * 2.5 + 0.5).clip(0, 1)[..., None]
        pixels = (pixels + (other.astype(np.float32) - pixels) * share).astype(np.uint8)
    return Ground(pixels, np.ones(shape, bool), np.ones(shape, bool), gsd, sun, rng, snow=first == "snow")


def strip_frame(x: float, y: float, heading: float, size_px: tuple[int, int]) -> NDArray[np.float64]:
    """Affine matrix (2, 3) from an upright piece (length along its columns) to the image, its middle at x, y."""
    c, s = np.cos(heading), np.sin(heading)
    turn = np.array([[c, -s], [s, c]])
    middle = np.array([size_px[0] / 2, size_px[1] / 2])
    return np.column_stack([turn, np.array([x, y]) - turn @ middle])


def lay(
    ground: Ground, piece: Pixels, x: float, y: float, heading: float, *, alpha: NDArray[np.uint8] | None = None
) -> None:
    """Lay an upright piece onto the ground with its middle at x, y (pixels) and its columns along `heading`."""
    rows, columns = piece.shape[:2]
    matrix = strip_frame(x, y, heading, (columns, rows))
    corners = np.array([[0, 0, 1], [columns, 0, 1], [columns, rows, 1], [0, rows, 1]]) @ matrix.T
    height, width = ground.free.shape
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, (width, height))
    if right <= left or bottom <= top:
        return
    if ground.snow:
        piece = _snowed(piece, ground.rng, ground.gsd)
    matrix[:, 2] -= (left, top)
    size = (int(right - left), int(bottom - top))
    cover = np.full((rows, columns), 255, np.uint8) if alpha is None else alpha
    moved = cv2.warpAffine(piece, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(cover, matrix, size, flags=cv2.INTER_LINEAR)
    area = (slice(top, bottom), slice(left, right))
    share = mask.astype(np.uint16)[..., None]
    blended = (moved.astype(np.uint16) * share + ground.pixels[area].astype(np.uint16) * (255 - share) + 127) // 255
    ground.pixels[area] = blended.astype(np.uint8)
    ground.bare[area] &= mask == 0


def _snowed(piece: Pixels, rng: Generator, gsd: float) -> Pixels:
    """A piece from which the snow was swept in part: patches and drifts are left."""
    shape = (piece.shape[0], piece.shape[1])
    drift = texture.noise(rng, shape, (30 / gsd, 6 / gsd, 1.5 / gsd), (0.6, 0.4, 0.2)) + float(rng.uniform(-1.2, 0.5))
    share = (drift * 1.5 + 0.3).clip(0.04, 0.9)[..., None]
    return np.asarray(piece * (1 - share) + np.float32(214) * share, np.uint8)


def mark_free(ground: Ground, spot: Spot, value: bool) -> None:
    """Set the free mask over a spot's rectangle, which is no longer bare."""
    box = cv2.boxPoints(
        ((spot.x, spot.y), (spot.length / ground.gsd, spot.width / ground.gsd), np.degrees(spot.heading))
    )
    corners = [np.rint(box).astype(np.int32)]
    cv2.fillPoly(ground.free.view(np.uint8), corners, int(value))
    cv2.fillPoly(ground.bare.view(np.uint8), corners, 0)


def add_runway(ground: Ground, spot: Spot) -> None:
    """A runway with centre line, edge lines, threshold bars and rubber; nothing parks on it."""
    gsd, rng = ground.gsd, ground.rng
    length, width = int(spot.length / gsd), int(spot.width / gsd)
    piece = texture.pavement(rng, (width, length), "asphalt" if rng.random() < 0.5 else "concrete", gsd, slab_m=7.5)
    rubber = np.exp(-np.square((np.arange(width) - width / 2) / (width * 0.14))).astype(np.float32)
    along = np.zeros(length, np.float32)
    for end in (0.12, 0.88):
        along += np.exp(-np.square((np.arange(length) - end * length) / (0.07 * length)))
    piece = (piece * (1 - 0.4 * rubber[:, None, None] * along[None, :, None])).astype(np.uint8)
    middle, thick = width // 2, max(1, round(0.9 / gsd))
    for start in range(int(60 / gsd), length - int(60 / gsd), int(50 / gsd)):
        cv2.rectangle(
            piece, (start, middle - thick // 2), (start + int(30 / gsd), middle + thick // 2), _MARK["white"], -1
        )
    for y in (int(2 / gsd), width - int(2 / gsd)):
        cv2.line(piece, (0, y), (length, y), _MARK["white"], thick)
    for x in (int(6 / gsd), length - int(36 / gsd)):
        for k in range(int(width * 0.1), int(width * 0.9), max(3, int(3.6 / gsd))):
            cv2.rectangle(piece, (x, k), (x + int(30 / gsd), k + max(1, int(1.8 / gsd))), _MARK["white"], -1)
    lay(ground, piece, spot.x, spot.y, spot.heading)
    mark_free(ground, spot, False)


def add_apron(ground: Ground, spot: Spot, surface: texture.Surface | None = None) -> None:
    """A paved area with shoulders, lead-in lines and lights; it becomes an apron to park on."""
    gsd, rng = ground.gsd, ground.rng
    rows, columns = max(8, int(spot.width / gsd)), max(8, int(spot.length / gsd))
    kind: texture.Surface = surface or ("concrete" if rng.random() < 0.75 else "asphalt")
    piece = texture.pavement(rng, (rows, columns), kind, gsd, slab_m=float(rng.choice([4.0, 6.0, 7.5])))
    if kind != "gravel" and rng.random() < 0.8:
        colour, thick = _MARK["yellow" if rng.random() < 0.7 else "white"], 1 if gsd >= 0.3 else 2
        y = int(rows * rng.uniform(0.4, 0.6))
        cv2.line(piece, (0, y), (columns, y), colour, thick, cv2.LINE_AA)
        step = int(rng.uniform(25, 60) / gsd)
        curved, bend = bool(rng.random() < 0.6), int(min(step * 0.6, y * 0.6))
        for x in range(step // 2, columns, step) if spot.width > 35 else ():
            if curved:
                cv2.ellipse(piece, (x, y - bend), (bend, bend), 0, 0, 90, colour, thick, cv2.LINE_AA)
                cv2.line(piece, (x + bend, y - bend), (x + bend, rows // 8), colour, thick, cv2.LINE_AA)
            else:
                cv2.line(piece, (x, y), (x + step // 4, rows // 8), colour, thick, cv2.LINE_AA)
    _wear_around(ground, spot)
    edge = np.minimum.outer(_to_edge(rows), _to_edge(columns)) * gsd
    ragged = texture.noise(rng, (rows, columns), (4 / gsd, 1.5 / gsd), (0.25, 0.2)).clip(0, 1)
    ragged *= 0.0 if kind == "concrete" else 0.8
    lay(ground, piece, spot.x, spot.y, spot.heading, alpha=((edge >= ragged) * 255).astype(np.uint8))
    mark_free(ground, spot, True)
    ground.spots.append(spot)


def _to_edge(length: int) -> NDArray[np.int_]:
    """Pixels to the nearer end, for each of `length`."""
    return np.minimum(np.arange(length), np.arange(length)[::-1])


def _wear_around(ground: Ground, spot: Spot) -> None:
    """A strip of trodden, dusty ground around pavement, strong at its edge and gone 5 m away."""
    gsd, rng = ground.gsd, ground.rng
    rows, columns = (int((side + 10) / gsd) for side in (spot.width, spot.length))
    edge = np.minimum.outer(_to_edge(rows), _to_edge(columns)) * np.float32(gsd / 5)
    patchy = 1 + texture.noise(rng, (rows, columns), (20 / gsd, 4 / gsd), (0.5, 0.3))
    share = (edge.clip(0, 1) ** 2 * patchy.clip(0, 2) * float(rng.uniform(30, 130))).clip(0, 255)
    tone = np.asarray(texture.CLIMATES["soil" if rng.random() < 0.4 else "dry"][1]) * rng.uniform(0.85, 1.1)
    piece = np.full((rows, columns, 3), tone, np.uint8)
    lay(ground, piece, spot.x, spot.y, spot.heading, alpha=share.astype(np.uint8))


def add_road(
    ground: Ground, points: NDArray[np.float64], width: float, surface: texture.Surface, *, marked: bool
) -> None:
    """A road along points (n, 2) in pixels, `width` metres wide; long straight pieces become road spots."""
    gsd, rng = ground.gsd, ground.rng
    level = texture.pavement_level(rng)
    for start, end in pairwise(points):
        step = end - start
        length = float(np.hypot(*step))
        heading = float(np.arctan2(step[1], step[0]))
        shape = (max(3, int(width / gsd)), max(3, int(length + width / gsd)))
        piece = texture.pavement(rng, shape, surface, gsd, level=level)
        if marked and gsd <= 0.6:
            for x in range(0, shape[1], int(12 / gsd)):
                cv2.line(piece, (x, shape[0] // 2), (x + int(5 / gsd), shape[0] // 2), (196, 196, 190), 1)
        alpha = np.full(shape, 255, np.uint8)
        ragged = texture.noise(rng, (shape[0], shape[1]), (3 / gsd,), (0.5,))
        edge = np.minimum(np.arange(shape[0]), np.arange(shape[0])[::-1])[:, None]
        alpha[edge < (ragged.clip(0, 1.5) / gsd * (1.0 if surface == "gravel" else 0.25))] = 0
        middle = (start + end) / 2
        lay(ground, piece, float(middle[0]), float(middle[1]), heading, alpha=alpha)
        spot = Spot("road", float(middle[0]), float(middle[1]), heading, length * gsd, width)
        mark_free(ground, spot, True)
        if length * gsd > 40:
            ground.spots.append(spot)
