"""Which taxonomy node a data set's label means, and of which nodes a data set labels every instance.

Both are data: `labels.csv` (flags: `=` usable at that node, `~` coarse, `N` named hard negative, `I` ignore region, `-`
dropped) and `exhaustive.csv`, after the mapping and exhaustiveness tables of the project's taxonomy reference. A set
that labels nothing exhaustively has one row without a node; parts of a set that differ are listed as `set/part`.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Literal, NamedTuple, cast

from ..detector.errors import LabelError
from .tables import rows_of

__all__ = ["Flag", "Meaning", "exhaustive_in", "meaning_of", "spelling"]

Flag = Literal["=", "~", "N", "I", "-"]


class Meaning(NamedTuple):
    """What a label means: its node (empty where the label is dropped) and how far to trust it."""

    node: str
    flag: Flag


@lru_cache(maxsize=4096)  # a set has few labels and many objects
def spelling(label: str) -> str:
    """The label in lower case with everything but letters and digits deleted, so that spellings collide.

    >>> spelling("Expressway-Service-area") == spelling("expressway_service_area")
    True
    """
    return re.sub(r"[^a-z0-9]", "", label.lower())


@cache
def _meanings() -> Mapping[tuple[str, str], Meaning]:
    return {
        (row["set"], spelling(row["label"])): Meaning(row["node"], cast(Flag, row["flag"]))
        for row in rows_of("labels.csv")
    }


@cache
def _exhaustive() -> Mapping[str, frozenset[str]]:
    nodes: dict[str, set[str]] = defaultdict(set)
    for row in rows_of("exhaustive.csv"):
        nodes[row["set"]].update({row["node"]} - {""})
    return {name: frozenset(values) for name, values in nodes.items()}


def meaning_of(source: str, label: str) -> Meaning:
    """What `label` means in the set `source`, by `spelling`; LabelError where the set has no such label."""
    try:
        return _meanings()[source, spelling(label)]
    except KeyError:
        known = ", ".join(sorted(name for held, name in _meanings() if held == source)) or "no labels at all"
        raise LabelError(f"label {label!r} is not known in {source}: it has {known}") from None


def exhaustive_in(source: str) -> frozenset[str]:
    """Nodes of which the set `source` labels every instance; LabelError where the set is not listed."""
    try:
        return _exhaustive()[source]
    except KeyError:
        raise LabelError(f"no set {source!r} in exhaustive.csv: it has {', '.join(sorted(_exhaustive()))}") from None
