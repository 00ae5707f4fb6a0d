"""What a training run is made of, as TOML: checked when read, so that a run that starts is a run that is meant."""

import tomllib
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..detector.errors import MissingFileError, RecipeError
from ..detector.taxonomy import NODES
from .fit import Schedule
from .loss import Gains
from .tileset import CropRange


@dataclass(frozen=True, slots=True)
class SetShare:
    """One folder of tiles and its share of the crops."""

    folder: str
    share: float
    empty_share: float = 0.15
    """Of the crops from this folder, how many start from a tile without objects."""
    negatives: tuple[str, ...] = ()
    """Counted nodes that the set does not label because they do not occur there: trained as background too."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training run."""

    name: str
    nodes: tuple[str, ...]
    sets: tuple[SetShare, ...]
    schedule: Schedule
    crop: CropRange
    gains: Gains = field(default_factory=Gains)
    size: str = "n"
    gsd_m: float = 0.5
    tile_px: int = 1024
    """Size of the tiles that the finished network is run on."""
    largest_object_m: float = 75.0
    start: str = ""
    """Checkpoint to start from; empty for random parameters."""
    trust_pickle: bool = False
    deep_threshold: float = 0.3
    """Score from which a role or type is reported rather than its parent. Training targets are overlaps, so that even a
    sure type scores 0.6 to 0.9."""
    thresholds: dict[str, float] = field(default_factory=dict)
    """Score from which one node is reported, where it differs; for a counted node, from which it is seen at all."""
    not_measured: tuple[str, ...] = ()
    """What nobody measured about the network, in sentences; goes into the weight file."""

    def __post_init__(self) -> None:
        """Raise `RecipeError` for nodes that the taxonomy does not have, and for a run without sets."""
        unknown = [node for node in self.nodes if node not in NODES]
        if unknown:
            raise RecipeError(f"recipe {self.name!r}: nodes not in the taxonomy: {', '.join(unknown)}")
        if not self.sets:
            raise RecipeError(f"recipe {self.name!r}: no [[sets]]; name at least one folder of tiles")
        if self.size not in ("n", "s", "m", "l", "x"):
            raise RecipeError(f"recipe {self.name!r}: size {self.size!r} is not one of n, s, m, l, x")


def _checked(kind: type, values: dict[str, Any], where: str) -> dict[str, Any]:
    known = {item.name: item for item in fields(kind)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise RecipeError(f"{where}: unknown key {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    missing = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING and n not in values]
    if missing:
        raise RecipeError(f"{where}: missing key {', '.join(missing)}")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a TOML file; `RecipeError` names an unknown or missing key and lists the known ones."""
    if not path.is_file():
        raise MissingFileError(f"recipe {path} does not exist")
    try:
        raw = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path} is not TOML: {error}") from error
    try:
        sets = tuple(SetShare(**_checked(SetShare, row, f"{path} [[sets]]")) for row in raw.pop("sets", []))
        schedule = Schedule(**_checked(Schedule, raw.pop("schedule", {}), f"{path} [schedule]"))
        crop = CropRange(**_checked(CropRange, raw.pop("crop", {}), f"{path} [crop]"))
        gains = Gains(**_checked(Gains, raw.pop("gains", {}), f"{path} [gains]"))
        parts = {"sets": sets, "schedule": schedule, "crop": crop, "gains": gains}
        return Recipe(**_checked(Recipe, {**raw, **parts}, str(path)))
    except TypeError as error:
        raise RecipeError(f"{path}: {error}") from error
