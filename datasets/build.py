"""All folders of training tiles from one folder of public sets, as the recipe `small` wants them."""

import random
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from . import airbus
from .bases import Base, free_ground, load_bases
from .composites import cut_composites
from .cutouts import Split, load_cutouts
from .generated import cut_generated
from .split import split_of
from .tiles import cut_tiles

__all__ = ["FOLDERS", "build_tiles"]

FOLDERS = {
    "airbus": "airbus_aircraft",
    "hrplanes": "hrplanesv2",
    "aerial_airport": "aerial_airport",
    "simd": "simd",
    "nwpu": "nwpu_vhr10",
    "dota": "dota_samples",
    "dior": "dior_negatives",
}
"""Reader and the folder of its set."""
ASSETS = "airbase_assets"
GSD_M, TILE_PX, STRIDE_PX = 0.5, 768, 640
COMPOSITES, GENERATED_DRAWN, GENERATED_REAL, HELD_BACK = 1300, 1050, 1220, 300


def build_tiles(data: Path, out: Path, *, progress: Callable[[str], None], sets: tuple[str, ...] = ()) -> None:
    """Write one folder of tiles per set below `out`, and say each when it is done.

    `sets` limits it to some; the folders are the readers' names, `composites`, `generated`, and both again with
    `_holdout` for held-back cut-outs and bases. Raises `DatasetNotFoundError` for a set that is not below `data`.
    """
    wanted = sets or (*FOLDERS, "composites", "composites_holdout", "generated", "generated_holdout")
    for name in wanted:
        progress(f"{name}: {_build(name, data, out / name)} tiles")


def _build(name: str, data: Path, out: Path) -> int:
    kind = name.removesuffix("_holdout")
    split: Split = "holdout" if name.endswith("_holdout") else "train"
    if kind == "composites":
        return _composites(data, out, split)
    if kind == "generated":
        return _generated(data, out, split)
    records = import_module(f".{name}", __package__).read(data / FOLDERS[name])
    return cut_tiles(records, out, gsd=GSD_M, tile_px=TILE_PX, stride_px=STRIDE_PX)


def _composites(data: Path, out: Path, split: Split) -> int:
    assets = data / ASSETS
    grounds: list[Base] = list(load_bases(assets / "empty_bases", split=split)) * 12
    if split == "train":
        records = [item for item in airbus.read(data / FOLDERS["airbus"]) if split_of("airbus", item.group) == "train"]
        free = list(free_ground(records))
        random.Random(0).shuffle(free)
        grounds += free[:96]
    seeds = range(20000, 20000 + COMPOSITES) if split == "train" else range(100000, 100000 + HELD_BACK)
    return cut_composites(seeds, out, bases=grounds, cutouts=load_cutouts(assets / "cutouts", split=split))


def _generated(data: Path, out: Path, split: Split) -> int:
    bases = data / ASSETS / "empty_bases"
    if split == "holdout":
        return cut_generated([(seed, bases) for seed in range(200000, 200000 + HELD_BACK)], out, split=split)
    drawn = [(seed, None) for seed in range(GENERATED_DRAWN)]
    return cut_generated([*drawn, *((seed, bases) for seed in range(10000, 10000 + GENERATED_REAL))], out)
