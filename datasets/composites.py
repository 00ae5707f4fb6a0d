"""Composites: real aircraft cut-outs on real ground without aircraft, with exact types and oriented boxes.

Aircraft stand as they park: at the base's parking points in groups of one type and one heading, in rows, and alone.
Everything in a tile has one sun. Boxes come from the extent of the cut-out's alpha: length nose to tail, width wing
tip to wing tip, shadow not included. No helicopter and no launcher is on the tiles.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .annotation import Annotation, oriented
from .bases import Base, Crop, crop_of, open_ground
from .blend import Light, Placement, brightest, draw_light, footprint, lay, sensor
from .cutouts import CutOut
from .images import write_jpeg
from .journal import code_of, make_tiles
from .labels import exhaustive_in
from .repaint import repainted
from .softness import softness
from .tiles import TileLine, clip_to

__all__ = [
    "REPAINTED",
    "Composite",
    "cut_composites",
    "in_new_paint",
    "laid",
    "make_composite",
    "rows_and_singles",
]

SOURCE = "composites"
BIG_LENGTH_M = 30.0
NEIGHBOUR_M = 75.0
EMPTY_SHARE = 0.04
GAP_M = 2.0
SOFTER = (0.95, 1.3)
"""The blur of an aircraft over that of the ground: an outline is rounder than an edge painted on concrete. With 0.8 to
1.1 times the ground's, laid aircraft were sharper by a fifth than real ones (`tests/benchmarks/softness.py`).
"""
REPAINTED = 0.6
"""Share of the groups of aircraft that get new paint in composites to train on."""


class Composite(NamedTuple):
    """Pixels uint8 (H, W, 3) RGB, the annotations in them, and the place, for splits."""

    pixels: NDArray[np.uint8]
    annotations: tuple[Annotation, ...]
    group: str


def make_composite(
    seed: int,
    *,
    bases: Sequence[Base],
    cutouts: Sequence[CutOut],
    gsd: float = 0.5,
    size_px: int = 768,
    repaint: float = 0.0,
) -> Composite:
    """One composite at `gsd` metres per pixel, the same for the same seed and material.

    Up to `size_px` square: a base smaller than that gives a smaller tile. Aircraft cut by the tile edge follow the
    rule of `tiles`. repaint: share of the groups of aircraft that get new paint; with any, most aircraft shine (see
    `Light`). ValueError without bases or cut-outs.
    """
    if not bases or not cutouts:
        raise ValueError("composites need at least one base and one cut-out")
    rng = np.random.default_rng(seed)
    crop = crop_of(bases[int(rng.integers(len(bases)))], rng, gsd=gsd, size_px=size_px)
    light = draw_light(rng)
    wanted = [] if rng.random() < EMPTY_SHARE else list(_wanted(crop, cutouts, rng, gsd))
    if repaint:
        wanted = list(in_new_paint(wanted, repaint, rng))
    canvas = crop.pixels.astype(np.float32)
    taken = np.zeros(canvas.shape[:2], dtype=bool)
    if repaint:
        light = replace(light, bright=brightest(canvas, taken))
    kept = laid(canvas, wanted, light, rng, gsd=gsd, blur_px=softness(crop.pixels), taken=taken)
    return Composite(sensor(canvas, rng), kept, crop.group)


def laid(
    canvas: NDArray[np.float32],
    wanted: list[Placement],
    light: Light,
    rng: np.random.Generator,
    *,
    gsd: float,
    blur_px: float,
    taken: NDArray[np.bool_],
) -> tuple[Annotation, ...]:
    """Lay what is wanted on the canvas, float32 (H, W, 3) RGB 0..255, in place, and return its labels.

    taken: (H, W), where nothing may be laid; what is laid is added to it. blur_px: how soft the ground is, as sigma.
    """
    placed = _without_overlap(wanted, taken, gsd)
    for place in _far_first(placed, light):
        lay(canvas, place, light, rng, gsd=gsd, blur_px=blur_px * float(rng.uniform(*SOFTER)))
    height, width = canvas.shape[:2]
    boxes = [_annotation(place, gsd) for place in placed]
    return tuple(clip_to(boxes, left=0, top=0, width=width, height=height))


def in_new_paint(wanted: list[Placement], share: float, rng: np.random.Generator) -> Iterator[Placement]:
    """The placements; those of one picture in a row are painted alike, a share of such groups anew."""
    before: CutOut | None = None
    painted: CutOut | None = None
    for place in wanted:
        if painted is None or place.cutout is not before:
            before = place.cutout
            painted = repainted(before, rng) if rng.random() < share else before
        yield replace(place, cutout=painted)


def _annotation(place: Placement, gsd: float) -> Annotation:
    length, width = (size * place.size / gsd for size in (place.cutout.length_m, place.cutout.width_m))
    return oriented(place.cutout.node, (place.x, place.y, length, width, place.angle))


def _far_first(placed: list[Placement], light: Light) -> list[Placement]:
    """Placements in the order of falling light, so that no shadow is cast over the top of an aircraft laid before."""
    toward = np.array([np.cos(light.direction), np.sin(light.direction)])
    return sorted(placed, key=lambda place: float(toward @ (place.x, place.y)))


def _without_overlap(wanted: list[Placement], taken: NDArray[np.bool_], gsd: float) -> list[Placement]:
    """The placements, in order, whose outline keeps off what is taken, 2 m from all before, with the centre on the
    tile.
    """
    shape = taken.shape
    gap = np.ones((2 * round(GAP_M / gsd) + 1,) * 2, np.uint8)
    placed = []
    for place in wanted:
        if not (0 <= place.x < shape[1] and 0 <= place.y < shape[0]):
            continue
        left, top, outline = footprint(place, shape, gsd=gsd)
        window = taken[top : top + outline.shape[0], left : left + outline.shape[1]]
        if (window & outline).any():
            continue
        window |= cv2.dilate(outline.astype(np.uint8), gap) > 0
        placed.append(place)
    return placed


def _wanted(crop: Crop, cutouts: Sequence[CutOut], rng: np.random.Generator, gsd: float) -> Iterator[Placement]:
    if len(crop.points) and rng.random() < 0.85:
        yield from _parked(crop, cutouts, rng, gsd)
    free = np.argwhere(open_ground(crop.pixels, gsd=gsd, parking=crop.points))
    yield from rows_and_singles(free, cutouts, rng, gsd, rows=2 if len(crop.points) == 0 else 0)


def rows_and_singles(
    free: NDArray[np.intp],
    cutouts: Sequence[CutOut],
    rng: np.random.Generator,
    gsd: float,
    *,
    rows: int = 0,
    big: float = 0.35,
) -> Iterator[Placement]:
    """One to three rows of one type, and `rows` more, and up to three aircraft alone, from places of `free` (N, 2 y, x)
    on; nothing without places. big: share of the rows that are of large types.
    """
    if len(free) == 0:
        return
    for _ in range(int(rng.integers(1, 4)) + rows):
        y, x = free[int(rng.integers(len(free)))]
        yield from _row(float(x), float(y), _type(cutouts, rng, big=bool(rng.random() < big)), rng, gsd)
    for y, x in free[rng.integers(len(free), size=int(rng.integers(0, 4)))]:
        cutout = _airframes(_type(cutouts, rng, big=bool(rng.random() < 0.5)), rng, count=1)[0]
        yield _placement(cutout, float(x), float(y), float(rng.uniform(0, 2 * np.pi)), rng)


def _type(cutouts: Sequence[CutOut], rng: np.random.Generator, *, big: bool) -> list[CutOut]:
    """All cut-outs of one type, every type of the size class being as likely; of any class where it has none."""
    names = sorted({item.node for item in cutouts if (item.length_m > BIG_LENGTH_M) == big})
    names = names or sorted({item.node for item in cutouts})
    node = names[int(rng.integers(len(names)))]
    return [item for item in cutouts if item.node == node]


def _airframes(kind: list[CutOut], rng: np.random.Generator, *, count: int) -> list[CutOut]:
    """`count` airframes of a type: one picture repeated (a regiment in one paint), or mixed."""
    if rng.random() < 0.5:
        return [kind[int(rng.integers(len(kind)))]] * count
    return [kind[int(index)] for index in rng.integers(len(kind), size=count)]


def _placement(cutout: CutOut, x: float, y: float, angle: float, rng: np.random.Generator) -> Placement:
    return Placement(cutout, x, y, angle, float(rng.uniform(0.96, 1.04)), bool(rng.random() < 0.5))


def _parked(crop: Crop, cutouts: Sequence[CutOut], rng: np.random.Generator, gsd: float) -> Iterator[Placement]:
    """Aircraft at the parking points, group by group: one type, one heading against the line of the points."""
    share = rng.uniform(0.3, 1.0)
    left = list(rng.permutation(len(crop.points)))
    while left:
        start = left[0]
        near = np.hypot(*(crop.points[left] - crop.points[start]).T) <= NEIGHBOUR_M / gsd * rng.uniform(0.6, 2.0)
        group = [index for index, flag in zip(left, near, strict=True) if flag]
        left = [index for index, flag in zip(left, near, strict=True) if not flag]
        kind = _type(cutouts, rng, big=bool(crop.big[start] and rng.random() < 0.6))
        heading = _heading(crop.points[group], rng)
        for index, cutout in zip(group, _airframes(kind, rng, count=len(group)), strict=True):
            if rng.random() < share:
                x, y = crop.points[index] + rng.normal(0, 1.5 / gsd, 2)
                turn = np.pi if rng.random() < 0.06 else 0.0
                yield _placement(cutout, float(x), float(y), heading + turn + rng.normal(0, 0.05), rng)


def _heading(points: NDArray[np.float64], rng: np.random.Generator) -> float:
    """A heading for a group: mostly square to the line of its points or slanted to it, else any."""
    if len(points) < 3 or rng.random() < 0.35:
        return float(rng.uniform(0, 2 * np.pi))
    centred = points - points.mean(axis=0)
    along = np.linalg.svd(centred)[2][0]
    turns = np.array([90, -90, 0, 180, 60, -60, 45, -45, 135, -135])
    return float(np.arctan2(along[1], along[0]) + np.radians(rng.choice(turns)))


def _row(x: float, y: float, kind: list[CutOut], rng: np.random.Generator, gsd: float) -> Iterator[Placement]:
    """A row of one type from a point on: side by side, square or slanted, at 1.1 to 1.9 spans."""
    airframes = _airframes(kind, rng, count=int(rng.integers(1, 9)))
    along = rng.uniform(0, 2 * np.pi)
    slant = np.radians(rng.choice([90.0, 90.0, 90.0, 60.0, 45.0, 30.0]))
    pitch = max(item.width_m for item in airframes) * rng.uniform(1.1, 1.9) / gsd / np.sin(slant) ** 0.5
    for number, cutout in enumerate(airframes):
        spot = (x + np.cos(along) * pitch * number, y + np.sin(along) * pitch * number) + rng.normal(0, 0.8 / gsd, 2)
        yield _placement(cutout, float(spot[0]), float(spot[1]), along + slant + rng.normal(0, 0.04), rng)


def cut_composites(  # noqa: PLR0913
    seeds: Sequence[int],
    out: Path,
    *,
    bases: Sequence[Base],
    cutouts: Sequence[CutOut],
    gsd: float = 0.5,
    size_px: int = 768,
    repaint: float = 0.0,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> int:
    """Write one composite per seed into `out` as a folder of tiles (see `tiles`) and return their number.

    repaint: as of `make_composite`. A run that was stopped goes on where it was (see `journal`).
    """
    state = blake2b(repr((list(seeds), gsd, size_px, repaint)).encode(), digest_size=16)
    state.update(
        code_of("composites.py", "blend.py", "bases.py", "cutouts.py", "repaint.py", "softness.py", "swing.py").encode()
    )
    for base in bases:
        state.update(repr((base, base.path.stat().st_size)).encode())
    for cutout in cutouts:
        state.update(repr((cutout.name, cutout.node, cutout.rgba.shape)).encode())
    made = {"key": state.hexdigest(), "tiles": len(seeds), "gsd": gsd, "size_px": size_px, "repaint": repaint}
    pieces = {f"{seed:06d}": seed for seed in seeds}
    write = partial(_written, out=out, bases=bases, cutouts=cutouts, gsd=gsd, size_px=size_px, repaint=repaint)
    return make_tiles(out, pieces, write, made=made, progress=progress)


def _written(
    seed: int,
    *,
    out: Path,
    bases: Sequence[Base],
    cutouts: Sequence[CutOut],
    gsd: float,
    size_px: int,
    repaint: float,
) -> list[dict[str, Any]]:
    tile = make_composite(seed, bases=bases, cutouts=cutouts, gsd=gsd, size_px=size_px, repaint=repaint)
    name = f"images/composite_{seed:06d}.jpg"
    write_jpeg(out / name, tile.pixels)
    height, width = tile.pixels.shape[:2]
    exhaustive = exhaustive_in(SOURCE)
    return [TileLine(name, SOURCE, tile.group, width, height, gsd, exhaustive, tile.annotations).row()]
