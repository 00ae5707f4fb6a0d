"""All folders of training tiles from one folder of public sets, as the recipe `small` wants them."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from ..detector.errors import DatasetNotFoundError
from . import airbus
from .among import cut_among
from .bases import Base, free_ground, load_bases
from .catalogue import public_sets, read_below
from .composites import REPAINTED, cut_composites
from .cutouts import Split, load_cutouts
from .cutting import Cut, cut_tiles
from .generated import cut_generated
from .harvest import harvest, outlines
from .split import split_of
from .swing import with_swung
from .synth_cutouts import drawn_cutout
from .tiles import read_tiles

__all__ = ["build_tiles"]

ASSETS, AIRBUS = "airbase_assets", "airbus_aircraft"
COMPOSITES, GENERATED_DRAWN, GENERATED_REAL, HELD_BACK = 2600, 500, 700, 300
AMONG, AMONG_DRAWN = 2400, 240
AIRPORTS = ("airbus", "hrplanes", "aerial_airport")
"""Sets whose tiles get cut-outs among their own aircraft."""


def build_tiles(
    data: Path,
    out: Path,
    cut: Cut,
    *,
    say: Callable[[str], None],
    track: Callable[[str], AbstractContextManager[Callable[[int, int], None]]],
    sets: tuple[str, ...] = (),
) -> None:
    """Write one folder of tiles per set below `out`, and say each when it is done.

    sets: readers' names, `composites`, `generated`, and both again with `_holdout` for held-back cut-outs and bases;
    without any, all that `data` has. `among`, cut-outs among the aircraft of tiles that lie below `out` already, is
    made when it is named. Composites and generated scenes have a scale and size of their own; to train on, spread
    wings that swing stand at more positions than were cut out. track: opens
    a progress bar for a name. DatasetNotFoundError for a set that is not below `data`.
    """
    for name in sets or _present(data):
        count = _build(name, data, out / name, cut, track)
        why = "" if count else f", as no object is of {', '.join(cut.nodes)}, and empty ground is not learnt from"
        say(f"{name}: {count} {'tile' if count == 1 else 'tiles'}{why}")


def _present(data: Path) -> tuple[str, ...]:
    names = tuple(each.name for each in public_sets() if any((data / folder).is_dir() for folder in each.folders))
    made = ("composites", "composites_holdout", "generated", "generated_holdout")
    found = (*names, *(made if (data / ASSETS).is_dir() else ()))
    if not found:
        raise DatasetNotFoundError(f"no set in {data}: a folder each, named as `hardstand datasets list` says")
    return found


def _build(
    name: str,
    data: Path,
    out: Path,
    cut: Cut,
    track: Callable[[str], AbstractContextManager[Callable[[int, int], None]]],
) -> int:
    kind = name.removesuffix("_holdout")
    split: Split = "holdout" if name.endswith("_holdout") else "train"
    if name == "among":
        with track(f"drawing {name}") as advance:
            return _among(data, out, advance)
    if kind in ("composites", "generated"):
        with track(f"drawing {name}") as advance:
            return (_composites if kind == "composites" else _generated)(data, out, split, advance)
    records = read_below(data, name)
    with track(f"cutting {name}") as advance:
        return cut_tiles(records, out, cut, progress=advance)


def _composites(data: Path, out: Path, split: Split, progress: Callable[[int, int], None]) -> int:
    assets = data / ASSETS
    grounds: list[Base] = list(load_bases(assets / "empty_bases", split=split)) * 12
    if split == "train":
        records = [item for item in airbus.read(data / AIRBUS) if split_of("airbus", item.group) == "train"]
        free = list(free_ground(records))
        random.Random(0).shuffle(free)
        grounds += free[:96]
    seeds = range(30000, 30000 + COMPOSITES) if split == "train" else range(100000, 100000 + HELD_BACK)
    cutouts = load_cutouts(assets / "cutouts", split=split)
    cutouts = with_swung(cutouts) if split == "train" else cutouts
    repaint = REPAINTED if split == "train" else 0.0  # measured on aircraft as they are
    return cut_composites(seeds, out, bases=grounds, cutouts=cutouts, repaint=repaint, progress=progress)


def _among(data: Path, out: Path, progress: Callable[[int, int], None]) -> int:
    below = [read_tiles(out.parent / name) for name in AIRPORTS if (out.parent / name).is_dir()]
    tiles = [
        tile for each in below for tile in each if tile.annotations and split_of(tile.source, tile.group) == "train"
    ]
    if not tiles:
        raise DatasetNotFoundError(
            f"no tiles with aircraft in {out.parent}: make those of {', '.join(AIRPORTS)} first, and self-label them"
        )
    cutouts = load_cutouts(data / ASSETS / "cutouts", split="train")
    harvested = list(harvest(tiles, outlines(cutouts)))
    drawn = [drawn_cutout(np.random.default_rng(70000 + number)) for number in range(AMONG_DRAWN)]
    kinds = [with_swung(cutouts), harvested, drawn]
    seeds = range(60000, 60000 + AMONG)
    return cut_among(seeds, out, tiles=tiles, kinds=kinds, repaint=REPAINTED, progress=progress)


def _generated(data: Path, out: Path, split: Split, progress: Callable[[int, int], None]) -> int:
    bases = load_bases(data / ASSETS / "empty_bases", split=split)
    drawn, real = range(5000, 5000 + GENERATED_DRAWN), range(15000, 15000 + GENERATED_REAL)
    if split == "holdout":
        drawn, real = range(0), range(200000, 200000 + HELD_BACK)
    return cut_generated(drawn, real, out, bases=bases, progress=progress)
