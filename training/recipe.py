"""What a training run is made of, as TOML: checked when read, so that a run that starts is a run that is meant."""

import math
import tomllib
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ..detector.errors import MissingFileError, RecipeError
from ..detector.taxonomy import COUNTED, NODES, children, root
from ..detector.weights import find_weights, read_record
from .fit import Schedule
from .look import Augmentation
from .loss import Gains
from .network import FAMILIES, SIZES, kind_of
from .tileset import CropRange

STRIDE_PX = 32


@dataclass(frozen=True, slots=True)
class SetShare:
    """One folder of tiles and its share of the crops."""

    folder: str
    """Below the folder of tiles that the run is given, or an absolute path."""
    share: float
    share_end: float | None = None
    """Share at the end of the run; it moves there step by step. None: as at the start. So a run can begin with much
    that is synthetic and end with more that is real."""
    empty_share: float = 0.15
    """Of the crops from this folder, how many start from a tile without objects."""
    negatives: tuple[str, ...] = ()
    """Nodes that do not occur in the set, whatever its labels tell: neither its ground nor its objects are of them."""
    scale: tuple[float, ...] = ()
    """Smallest and largest scale of its crops, where they are not those of [crop]. Narrow where the set's metres are
    true, because types of one shape differ in size alone; wide where they are guessed. A folder may be named twice."""
    around: tuple[str, ...] = ()
    """Taxonomy nodes: only tiles with an object of one of them are taken, and crops lie near those. For what is rare;
    name the folder a second time for all of it."""

    def __post_init__(self) -> None:
        """Raise `RecipeError` for shares and scales that are none, and for nodes that are not in the taxonomy."""
        shares = (self.share, self.share if self.share_end is None else self.share_end)
        if min(shares) < 0 or max(shares) <= 0:
            raise RecipeError(
                f"set {self.folder!r}: share {self.share} and share_end {self.share_end}: must be above 0"
            )
        if not 0 <= self.empty_share <= 1:
            raise RecipeError(f"set {self.folder!r}: empty_share {self.empty_share} is not from 0 to 1")
        for key, nodes in (("negatives", self.negatives), ("around", self.around)):
            unknown = [node for node in nodes if node not in NODES]
            if unknown:
                raise RecipeError(f"set {self.folder!r}: {key} not in the taxonomy: {', '.join(unknown)}")
        if self.scale and (len(self.scale) != 2 or not 0 < self.scale[0] <= self.scale[1]):
            raise RecipeError(f"set {self.folder!r}: scale {list(self.scale)} is not [low, high] with 0 < low <= high")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training run."""

    name: str
    nodes: tuple[str, ...]
    """In a file, those of the weight file in `start` where they are left out, and then its family and size as well."""
    sets: tuple[SetShare, ...]
    schedule: Schedule
    crop: CropRange
    augmentation: Augmentation = field(default_factory=Augmentation)
    gains: Gains = field(default_factory=Gains)
    family: str = "yolo11"
    size: str = "n"
    device: str = "auto"
    """auto (CUDA, else Apple's, else the CPU), cpu, mps, cuda or cuda:1. Under torchrun every process has a GPU."""
    gsd_m: float = 0.5
    tile_px: int = 1024
    """Size of the tiles that the finished network is run on."""
    largest_object_m: float = 75.0
    start: str = ""
    """Weights to start from: a shipped name, a weight file, or an ultralytics checkpoint; empty: random parameters."""
    trust_pickle: bool = False
    role_threshold: float = 0.2
    """Score from which a role, a node right below a counted one, is reported. Training targets are overlaps, so that
    even a sure role scores 0.6 to 0.9."""
    type_threshold: float = 0.3
    """The same of the nodes below roles."""
    thresholds: dict[str, float] = field(default_factory=dict)
    """Score from which one node is reported, where it differs; for a counted node, from which it is seen at all."""
    not_measured: tuple[str, ...] = ()
    """What nobody measured about the network, in sentences; goes into the weight file."""

    @property
    def all_thresholds(self) -> dict[str, float]:
        """The score from which each node is reported, counted ones where the recipe has one for them."""
        above = {below: node for node in self.nodes for below in children(node, self.nodes)}
        deep = {
            node: self.role_threshold if parent in COUNTED else self.type_threshold for node, parent in above.items()
        }
        return deep | self.thresholds

    def __post_init__(self) -> None:
        """Raise `RecipeError` for what would fail, or mean nothing, once the run is under way."""
        for problem in self._problems():
            raise RecipeError(f"recipe {self.name!r}: {problem}")

    def _problems(self) -> list[str]:
        unknown = [node for node in (*self.nodes, *self.thresholds) if node not in NODES]
        if unknown:
            return [f"nodes not in the taxonomy: {', '.join(unknown)}"]
        rootless = [node for node in self.nodes if root(node) not in COUNTED or root(node) not in self.nodes]
        strange = [node for node in self.thresholds if node not in self.nodes]
        known = (("family", self.family, FAMILIES), ("size", self.size, SIZES))
        checks = (
            (not self.nodes, f"no nodes; name at least one of {', '.join(COUNTED)}"),
            (bool(rootless), f"nodes without their counted root ({', '.join(COUNTED)}): {', '.join(rootless)}"),
            (bool(strange), f"[thresholds] of nodes that the network has not: {', '.join(strange)}"),
            (not self.sets, "no [[sets]]; name at least one folder of tiles"),
            *((value not in of, f"{key} {value!r} is not one of {', '.join(of)}") for key, value, of in known),
            (not (self.gsd_m > 0 and self.largest_object_m > 0), "gsd_m and largest_object_m must be above 0"),
            (self.tile_px <= 0 or self.tile_px % STRIDE_PX > 0, f"tile_px {self.tile_px}: a multiple of {STRIDE_PX}"),
            (not self.name or "/" in self.name, "a name is wanted that can be that of a file"),
            (sum(each.share for each in self.sets) == 0, "the shares of the start add up to 0"),
            (sum(each.share_end != 0 for each in self.sets) == 0, "the shares of the end add up to 0"),
        )
        return [problem for wrong, problem in checks if wrong]


def as_plain(recipe: Recipe) -> dict[str, Any]:
    """Return every value of a recipe, also those by default, as JSON has them; no limit of time is None."""
    plain = asdict(recipe)
    if math.isinf(recipe.schedule.minutes):
        plain["schedule"]["minutes"] = None
    return plain


PARTS: dict[str, type] = {"schedule": Schedule, "crop": CropRange, "augmentation": Augmentation, "gains": Gains}
"""Tables of a recipe, and what they are read as."""


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a TOML file; `RecipeError` names an unknown or missing key and lists the known ones."""
    if not path.is_file():
        raise MissingFileError(f"recipe {path} does not exist")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not TOML: {error}") from error
    rows = raw.get("sets", [])
    if not isinstance(rows, list):
        raise RecipeError(f"{path}: sets are written as [[sets]], one table each")
    raw["sets"] = [_made(SetShare, row, f"{path} [[sets]]") for row in rows]
    wanted = {name: kind for name, kind in PARTS.items() if name in raw or name in ("schedule", "crop")}
    raw |= {name: _made(kind, raw.get(name, {}), f"{path} [{name}]") for name, kind in wanted.items()}
    recipe: Recipe = _made(Recipe, {**_inherited(raw), **raw}, str(path))
    return recipe


def _inherited(raw: dict[str, Any]) -> dict[str, Any]:
    """What a recipe without nodes takes over from the weight file that it starts from."""
    start = raw.get("start")
    if "nodes" in raw or not isinstance(start, str) or Path(start).suffix not in ("", ".safetensors") or not start:
        return {}
    record = read_record(find_weights(start))
    family, size = kind_of(record.architecture)
    return {"nodes": record.nodes, "family": family, "size": size}


def _made(kind: type, values: Any, where: str) -> Any:  # noqa: ANN401 - an instance of `kind`, from TOML
    if not isinstance(values, dict):
        raise RecipeError(f"{where}: a table is wanted, not {values!r}")
    known = {item.name: item for item in fields(kind)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise RecipeError(f"{where}: unknown key {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    missing = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING and n not in values]
    if missing:
        raise RecipeError(f"{where}: missing key {', '.join(missing)}")
    hints = get_type_hints(kind)
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    for key, value in plain.items():
        if not _fits(value, hints[key]):
            raise RecipeError(f"{where}: {key} = {values[key]!r} is not of the kind {_name(hints[key])}")
    try:
        return kind(**plain)
    except RecipeError as error:
        raise RecipeError(str(error) if where in str(error) else f"{where}: {error}") from error


def _fits(value: Any, hint: Any) -> bool:  # noqa: ANN401 - from TOML, against an annotation
    parts = get_args(hint)
    if get_origin(hint) is Literal:
        return isinstance(value, str)
    if type(None) in parts:
        return value is None or _fits(value, parts[0])
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_fits(each, parts[0]) for each in value)
    if get_origin(hint) is dict:
        return isinstance(value, dict) and all(_fits(each, parts[1]) for each in value.values())
    if hint in (int, float):
        return isinstance(value, int if hint is int else int | float) and not isinstance(value, bool)
    return isinstance(value, hint)


def _name(hint: Any) -> str:  # noqa: ANN401 - an annotation
    kinds = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    parts = [each for each in get_args(hint) if each not in (type(None), Ellipsis)]
    if get_origin(hint) is tuple:
        return f"list of {_name(parts[0])}"
    if get_origin(hint) is dict:
        return f"table of {_name(parts[1])}"
    return kinds.get(hint, "") or _name(parts[0])
