"""The tables that ship with this room, as rows."""

import csv
from importlib.resources import files

__all__ = ["rows_of"]


def rows_of(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file of this package, by column name; FileNotFoundError where there is none of that name."""
    text = files("hardstand.datasets").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
