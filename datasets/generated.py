"""Folders of generated tiles: drawn launchers, helicopters, aircraft and confusers on drawn or on real empty ground."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .annotation import Annotation
from .bases import base_crop
from .cutouts import Split
from .images import write_jpeg
from .synth_tiles import make_tile
from .tiles import TileLine, clip_to, write_index

__all__ = ["cut_generated"]

SOURCE = "generated"
EXHAUSTIVE = frozenset(("fw", "heli", "ad.launcher"))


def cut_generated(
    grounds: Iterable[tuple[int, Path | None]], out: Path, *, split: Split = "train", size_px: int = 768
) -> int:
    """Write one tile per (seed, ground) into `out` as a folder of tiles (see `tiles`) and return their number.

    Where the ground is a folder of empty bases, the tile stands on a real air base without aircraft, of the given
    split; where it is None, on drawn ground. The group says which: drawn assets come from one generator in any split.
    """
    (out / "images").mkdir(parents=True, exist_ok=True)
    return write_index(out, _lines(grounds, out, split=split, size_px=size_px))


def _lines(grounds: Iterable[tuple[int, Path | None]], out: Path, *, split: Split, size_px: int) -> Iterator[TileLine]:
    for seed, bases in grounds:
        pixels, labels = _tile(seed, bases, split=split, size_px=size_px)
        height, width = pixels.shape[:2]
        group = "drawn" if bases is None else "real"
        name = f"images/generated_{group}_{seed:06d}.jpg"
        write_jpeg(out / name, pixels)
        kept = tuple(clip_to(labels, left=0, top=0, width=width, height=height))
        yield TileLine(name, SOURCE, group, width, height, 0.5, EXHAUSTIVE, kept)


def _tile(seed: int, bases: Path | None, *, split: Split, size_px: int) -> tuple[NDArray[np.uint8], list[Annotation]]:
    if bases is None:
        return make_tile(seed, size_px=size_px)
    background, free = base_crop(seed, split, root=bases, size_px=size_px)
    return make_tile(seed, background=background, free_mask=free)
