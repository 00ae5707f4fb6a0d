"""Cut-outs laid among real aircraft: tiles of labelled airports with other types parked between what stands there.

Types that are known from cut-outs alone stand on empty ground in `composites`, and airliners in real scenes alone; a
network can then tell one from the other by the scene. Here both stand on one apron, in one archive. So do types that
are seen at two or three airports, harvested there (see `harvest`), and drawn aircraft of all types, airliners among
them: being laid on tells nothing of what a thing is.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .annotation import Annotation, ImageRecord
from .bases import open_ground
from .blend import Placement, brightest, draw_light, sensor
from .composites import Composite, in_new_paint, laid, rows_and_singles
from .cutouts import CutOut
from .images import read_rgb, write_jpeg
from .journal import code_of, make_tiles
from .softness import softness
from .tiles import TileLine

__all__ = ["cut_among", "make_among"]

SOURCE = "among"
BIG = 0.6
"""Share of rows that are of large types: those are what scenes teach least."""
TRIES = 4
LEAST_OPEN = 3
"""Of nose, tail and wing tips, how many are on open ground: no row goes on over roofs and parked cars."""


def make_among(
    seed: int,
    *,
    tiles: Sequence[ImageRecord],
    kinds: Sequence[Sequence[CutOut]],
    repaint: float = 0.0,
) -> tuple[Composite, ImageRecord]:
    """One tile of `tiles` with cut-outs on its open ground, and the tile; the same for the same seed and material.

    Rows and single aircraft of the first kind of cut-outs come first, then those of the others, where there is still
    room.

    The labels of the tile stay, and no cut-out is laid over one. A tile without room stays as it is after other tiles
    were tried. repaint: as of `make_composite`. ValueError without tiles or cut-outs.
    """
    if not tiles or not any(kinds):
        raise ValueError("nothing to lay, or nowhere: at least one tile and one cut-out are needed")
    rng = np.random.default_rng(seed)
    left = TRIES
    while True:
        tile = tiles[int(rng.integers(len(tiles)))]
        canvas, added = _filled(tile, kinds, repaint, rng)
        left -= 1
        if added or not left:
            return Composite(sensor(canvas, rng), (*tile.annotations, *added), tile.group), tile


def _filled(
    tile: ImageRecord, kinds: Sequence[Sequence[CutOut]], repaint: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], tuple[Annotation, ...]]:
    """The tile's pixels with aircraft of each kind, one kind after the other, and the labels of these."""
    pixels = read_rgb(tile.path)
    taken = _taken(tile)
    ground = open_ground(pixels, gsd=tile.gsd)
    free = np.argwhere(ground & ~taken)
    groups = [rows_and_singles(free, each, rng, tile.gsd, big=BIG) for each in kinds if each]
    wanted = [place for group in groups for place in group if _stands(place, ground, tile.gsd)]
    if repaint:
        wanted = list(in_new_paint(wanted, repaint, rng))
    canvas = pixels.astype(np.float32)
    blur_px = softness(pixels)
    light = draw_light(rng)
    if repaint:
        light = replace(light, bright=brightest(canvas, taken))
    return canvas, laid(canvas, wanted, light, rng, gsd=tile.gsd, blur_px=blur_px, taken=taken)


def _stands(place: Placement, ground: NDArray[np.bool_], gsd: float) -> bool:
    """Whether the middle and most of nose, tail and wing tips are on open ground; beyond the tile nothing is known."""
    along = np.array([np.cos(place.angle), np.sin(place.angle)]) * place.cutout.length_m * place.size / gsd / 2
    across = np.array([-np.sin(place.angle), np.cos(place.angle)]) * place.cutout.width_m * place.size / gsd / 2
    middle = np.array([place.x, place.y])
    points = np.floor([middle, middle + along, middle - along, middle + across, middle - across]).astype(int)
    limits = np.array([ground.shape[1], ground.shape[0]])
    inside = np.asarray(((points >= 0) & (points < limits)).all(axis=1))
    x, y = np.clip(points, 0, limits - 1).T
    open_there = ground[y, x] | ~inside
    return bool(inside[0] and open_there[0] and open_there[1:].sum() >= LEAST_OPEN)


def _taken(tile: ImageRecord) -> NDArray[np.bool_]:
    """(H, W) where something is labelled."""
    taken = np.zeros((tile.height, tile.width), bool)
    for item in tile.annotations:
        x0, y0, x1, y1 = (round(value) for value in item.bounds)
        taken[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = True
    return taken


def cut_among(
    seeds: Sequence[int],
    out: Path,
    *,
    tiles: Sequence[ImageRecord],
    kinds: Sequence[Sequence[CutOut]],
    repaint: float = 0.0,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> int:
    """Write one such tile per seed into `out` as a folder of tiles (see `tiles`) and return their number.

    Each keeps what is exhaustive of the tile below it; its group is the source and the group of that. A run that was
    stopped goes on where it was (see `journal`).
    """
    state = blake2b(repr((list(seeds), repaint)).encode(), digest_size=16)
    laid_by = (
        "among.py",
        "composites.py",
        "blend.py",
        "bases.py",
        "cutouts.py",
        "repaint.py",
        "softness.py",
        "swing.py",
    )
    state.update(code_of(*laid_by, "harvest.py", "synth_*.py").encode())
    for tile in tiles:
        state.update(repr((tile.path.name, tile.group, tile.gsd)).encode())
        state.update(repr([(item.node, item.ignore, item.polygon.tolist()) for item in tile.annotations]).encode())
    for cutout in (each for kind in kinds for each in kind):
        state.update(repr((cutout.name, cutout.node, cutout.rgba.shape)).encode())
    made = {"key": state.hexdigest(), "tiles": len(seeds), "repaint": repaint}
    write = partial(_written, out=out, tiles=tiles, kinds=kinds, repaint=repaint)
    return make_tiles(out, {f"{seed:06d}": seed for seed in seeds}, write, made=made, progress=progress)


def _written(
    seed: int,
    *,
    out: Path,
    tiles: Sequence[ImageRecord],
    kinds: Sequence[Sequence[CutOut]],
    repaint: float,
) -> list[dict[str, Any]]:
    made, tile = make_among(seed, tiles=tiles, kinds=kinds, repaint=repaint)
    name = f"images/among_{seed:06d}.jpg"
    write_jpeg(out / name, made.pixels)
    height, width = made.pixels.shape[:2]
    place = f"{tile.source}/{made.group}"
    return [TileLine(name, SOURCE, place, width, height, tile.gsd, tile.exhaustive, made.annotations).row()]
