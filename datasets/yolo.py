"""YOLO text of a user's own labels: horizontal boxes, oriented boxes and polygons, all as shares of the image.

Found in one folder: `data.yaml` with `names` (or `classes.txt`, a name per line), images at any depth, and for each a
text file: the same path with the last folder `images` replaced by `labels`, or beside the image. An image without
objects has an empty one. A line is `class cx cy w h`, `class x1 y1 x2 y2 x3 y3 x4 y4` (oriented), or a longer polygon.
"""

import re
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import DatasetNotFoundError, LabelError
from .annotation import Annotation, ImageRecord, horizontal
from .images import image_size
from .own import ImageIndex, OwnLabels, outline, own_record, rectangle
from .records import gathered

__all__ = ["class_names", "parse_names", "read"]

NAMES = re.compile(r"^names:[ \t]*(\[[^\]]*\]|\{[^}]*\})?[^\n]*\n?((?:[ \t]*(?:-|\d+[ \t]*:)[^\n]*\n?)*)", re.MULTILINE)
SLACK = 0.05
"""Coordinates this far outside of the image are drawn a little over its border; farther ones are no shares of it."""


def read(root: Path, own: OwnLabels) -> list[ImageRecord]:
    """One record per image below the folder, sorted by path.

    DatasetNotFoundError without class names, images or a label file; LabelError for a broken line or unknown class.
    """
    names = class_names(root)
    index = ImageIndex(root)
    return gathered(lambda path: own_record(path, _objects(path, names, own), index=index, own=own), index.paths)


def class_names(root: Path) -> dict[int, str]:
    """Names of the classes by number, from `data.yaml` (or another .yaml with names) or `classes.txt`."""
    for path in sorted(root.glob("*.y*ml"), key=lambda path: (path.stem != "data", path.name)):
        names = parse_names(path.read_text(encoding="utf-8"))
        if names:
            return names
    table = root / "classes.txt"
    if table.is_file():
        lines = table.read_text(encoding="utf-8").splitlines()
        return {number: line.strip() for number, line in enumerate(lines) if line.strip()}
    raise DatasetNotFoundError(f"no class names in {root}: data.yaml with names, or classes.txt with a name per line")


def parse_names(text: str) -> dict[int, str]:
    """The `names` of a data.yaml, by number: a list or a mapping, in one line or one per line; empty without any.

    >>> parse_names("names: [plane, 'big plane']"), parse_names("names:\\n  0: plane # big\\n  7: heli\\nnc: 2")
    ({0: 'plane', 1: 'big plane'}, {0: 'plane', 7: 'heli'})
    """
    found = NAMES.search(text)
    if not found:
        return {}
    if found[1]:
        entries = [entry.strip() for entry in found[1][1:-1].split(",") if entry.strip()]
    else:
        lines = (re.sub(r"\s#.*", "", line).strip() for line in found[2].splitlines())
        entries = [line.removeprefix("-").strip() for line in lines if line]
    names: dict[int, str] = {}
    for position, entry in enumerate(entries):
        keyed = re.match(r"(\d+)\s*:\s*(.+)", entry)
        number, name = (int(keyed[1]), keyed[2]) if keyed else (position, entry)
        names[number] = name.strip().strip("'\"")
    return names


def _label_file(path: Path) -> Path:
    parts = list(path.parts)
    places = [place for place, part in enumerate(parts[:-1]) if part == "images"]
    if places:
        parts[places[-1]] = "labels"
    return Path(*parts).with_suffix(".txt")


def _objects(path: Path, names: dict[int, str], own: OwnLabels) -> list[Annotation]:
    labels = _label_file(path)
    if not labels.is_file():
        raise DatasetNotFoundError(f"no label file {labels} for {path.name}: an image without objects has an empty one")
    size = image_size(path)
    found: list[Annotation] = []
    for number, line in enumerate(labels.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{labels}, line {number}"
        label, shares = _numbers(line, names, where)
        found += own.drawn(label, str(labels), partial(_annotation, shares=shares, size=size))
    return found


def _numbers(line: str, names: dict[int, str], where: str) -> tuple[str, NDArray[np.float64]]:
    words = line.split()
    try:
        number, shares = int(words[0]), np.array([float(word) for word in words[1:]])
    except ValueError as error:
        raise LabelError(f"{where}: a class number and shares of the image expected, found {line!r}") from error
    if len(shares) != 4 and (len(shares) < 6 or len(shares) % 2):
        raise LabelError(f"{where}: {len(shares)} numbers after the class; 4 for a box, 8 for an oriented box")
    if not np.isfinite(shares).all() or shares.min() < -SLACK or shares.max() > 1 + SLACK:
        raise LabelError(f"{where}: coordinates are shares of the image from 0 to 1, found {line!r}")
    if number not in names:
        raise LabelError(f"{where}: class {number} has no name: there are {', '.join(map(str, sorted(names)))}")
    return names[number], shares


def _annotation(node: str, shares: NDArray[np.float64], size: tuple[int, int]) -> Annotation:
    if len(shares) == 4:
        centre, half = shares[:2] * size, shares[2:] * size / 2
        return horizontal(node, (*(centre - half), *(centre + half)))
    points = shares.reshape(-1, 2) * size
    return rectangle(node, points) if len(points) == 4 else outline(node, points)
