"""Folders of generated tiles: drawn launchers, helicopters, aircraft and confusers on drawn or on real empty ground."""

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from .bases import Base, base_crop
from .images import write_jpeg
from .journal import code_of, make_tiles
from .synth_tiles import make_tile
from .tiles import TileLine, clip_to

__all__ = ["cut_generated"]

SOURCE = "generated"
EXHAUSTIVE = frozenset(("fw", "heli", "ad.launcher"))


def cut_generated(
    drawn: Sequence[int],
    real: Sequence[int],
    out: Path,
    *,
    bases: Sequence[Base] = (),
    gsd: float = 0.5,
    size_px: int = 768,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> int:
    """Write one tile per seed into `out` as a folder of tiles (see `tiles`) and return their number.

    drawn: seeds of tiles on drawn ground. real: seeds of tiles that stand on one of `bases`, air bases without
    aircraft. gsd: metres per pixel. The group says which: drawn assets come from one generator in any split. A run
    that was stopped goes on where it was (see `journal`). ValueError for real tiles without bases.
    """
    if real and not bases:
        raise ValueError("generated tiles on real ground need at least one base")
    pieces: dict[str, tuple[int, Sequence[Base]]] = {f"drawn_{seed:06d}": (seed, ()) for seed in drawn}
    pieces |= {f"real_{seed:06d}": (seed, bases) for seed in real}
    state = blake2b(repr((list(drawn), list(real), gsd, size_px)).encode(), digest_size=16)
    state.update(code_of("synth_*.py", "bases.py", "softness.py").encode())
    for base in bases:
        state.update(repr((base, base.path.stat().st_size)).encode())
    made = {"key": state.hexdigest(), "drawn": len(drawn), "real": len(real), "gsd": gsd, "size_px": size_px}
    return make_tiles(out, pieces, partial(_tile, out=out, gsd=gsd, size_px=size_px), made=made, progress=progress)


def _tile(piece: tuple[int, Sequence[Base]], *, out: Path, gsd: float, size_px: int) -> list[dict[str, Any]]:
    seed, bases = piece
    if bases:
        background, free = base_crop(seed, bases, gsd=gsd, size_px=size_px)
        pixels, labels = make_tile(seed, gsd=gsd, background=background, free_mask=free)
    else:
        pixels, labels = make_tile(seed, gsd=gsd, size_px=size_px)
    group = "real" if bases else "drawn"
    height, width = pixels.shape[:2]
    name = f"images/generated_{group}_{seed:06d}.jpg"
    write_jpeg(out / name, pixels)
    kept = tuple(clip_to(labels, left=0, top=0, width=width, height=height))
    return [TileLine(name, SOURCE, group, width, height, gsd, EXHAUSTIVE, kept).row()]
