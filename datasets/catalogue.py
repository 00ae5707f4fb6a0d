"""What can be read: the public sets, with where to get them by hand, and the formats of a user's own labels."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

from ..detector.errors import DatasetNotFoundError, HardstandError, LabelError
from .annotation import ImageRecord
from .coco import is_coco
from .geojson import is_geojson
from .labels import spelling
from .labelstudio import is_labelstudio
from .own import OwnLabels
from .records import parsed
from .tables import rows_of
from .tiles import INDEX, read_tiles

__all__ = [
    "OWN_FORMATS",
    "TILES",
    "PublicSet",
    "labelled_in_full",
    "labels_of",
    "open_set",
    "public_sets",
    "read_below",
    "read_set",
    "recognise",
]

OWN_FORMATS = {
    "coco": "COCO JSON: boxes, polygons",
    "yolo": "YOLO text with data.yaml: boxes, oriented boxes, polygons",
    "voc": "Pascal VOC XML, and roLabelImg",
    "geojson": "GeoJSON over GeoTIFF, as QGIS writes it",
    "cvat": "CVAT for images 1.1: boxes, turned boxes, polygons",
    "labelstudio": "Label Studio JSON: rectangles, polygons",
}
"""Module and what it reads, of the formats for labels of one's own."""
TILES = "tiles"
"""The name under which a folder of training tiles is read."""


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A public set: its reader's name, what it is, and where people get it. Hardstand downloads nothing.

    folders: names under which the set is found unpacked. images, objects: as its authors state them, None where they
    do not. gsd_m: metres per pixel in words.
    """

    name: str
    folders: tuple[str, ...]
    title: str
    images: int | None
    objects: int | None
    labels: str
    gsd_m: str
    licence: str
    get: str

    @property
    def amount(self) -> str:
        """Images and objects in words."""
        return f"{self.images or 'unknown'} images, {self.objects or 'unknown'} objects"

    @property
    def scale(self) -> str:
        """Metres per pixel in words."""
        return f"{self.gsd_m} m per pixel" if self.gsd_m[0].isdigit() else f"scale {self.gsd_m}"


def public_sets() -> tuple[PublicSet, ...]:
    """Every public set that has a reader, in the order of `catalogue.csv`."""
    return tuple(
        PublicSet(
            name=row["set"],
            folders=tuple(row["folders"].split()),
            title=row["title"],
            images=int(row["images"]) if row["images"] else None,
            objects=int(row["objects"]) if row["objects"] else None,
            labels=row["labels"],
            gsd_m=row["gsd_m"],
            licence=row["licence"],
            get=row["get"],
        )
        for row in rows_of("catalogue.csv")
    )


def labels_of(name: str) -> Iterator[tuple[str, str, str]]:
    """Label, flag and node of every label of a public set, as in `labels.csv`."""
    return ((row["label"], row["flag"], row["node"]) for row in rows_of("labels.csv") if _is_of(row, name))


def labelled_in_full(name: str) -> Iterator[str]:
    """The nodes of which a public set, or a part of it that is then named, labels every instance."""
    for row in rows_of("exhaustive.csv"):
        part = row["set"].partition("/")[2]
        if _is_of(row, name) and row["node"]:
            yield f"{row['node']} (in {part})" if part else row["node"]


def _is_of(row: dict[str, str], name: str) -> bool:
    return row["set"].partition("/")[0] == name


def read_set(name: str, root: Path, own: OwnLabels) -> list[ImageRecord]:
    """The records of the set or format `name` in the folder `root`; `own` is for the formats of own labels.

    DatasetNotFoundError for an unknown name or a folder that does not hold the set; LabelError as the readers say.
    """
    if name == TILES:
        return read_tiles(root)
    known = [each.name for each in public_sets()]
    if name not in (*known, *OWN_FORMATS):
        raise DatasetNotFoundError(f"no set or format {name!r}: there are {', '.join((*OWN_FORMATS, *known, TILES))}")
    read = import_module(f".{name}", __package__).read
    try:
        records: list[ImageRecord] = read(root, own) if name in OWN_FORMATS else read(root)
    except HardstandError:
        raise
    except OSError as error:
        raise DatasetNotFoundError(f"{error.filename or root} cannot be read: {error.strerror or error}") from error
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        what = f"{type(error).__name__} {error}"
        raise LabelError(f"the labels in {root} are not in the form of {name}, or are damaged ({what})") from error
    return records


def open_set(root: Path, name: str | None, own: OwnLabels) -> tuple[str, list[ImageRecord]]:
    """The name of what a folder holds, recognised where `name` is None, and its records.

    DatasetNotFoundError where there is no such folder; else errors as of both.
    """
    if not root.is_dir():
        what = "is a file" if root.is_file() else "is not there"
        raise DatasetNotFoundError(f"{root} {what}: give the folder that holds images and labels")
    found = name or recognise(root)
    return found, read_set(found, root, own)


def read_below(data: Path, name: str) -> list[ImageRecord]:
    """The records of the public set `name`, which lies in `data` under one of the names of its folder.

    DatasetNotFoundError where it does not.
    """
    folders = [folder for each in public_sets() if each.name == name for folder in each.folders] or [name]
    found = next((data / folder for folder in folders if (data / folder).is_dir()), data / folders[0])
    return read_set(name, found, OwnLabels())


def recognise(root: Path) -> str:
    """The name for `read_set` of what a folder holds: tiles, a public set by its name, own labels by their files.

    DatasetNotFoundError where that is not one thing.
    """
    if (root / INDEX).is_file():
        return TILES
    folders = {spelling(folder): each.name for each in public_sets() for folder in each.folders}
    if named := folders.get(spelling(root.resolve().name)):
        return named
    below = sorted(path.name for path in root.iterdir() if path.is_dir() and spelling(path.name) in folders)
    if below:
        raise DatasetNotFoundError(f"{root} is a folder of sets: give one of them, as {root / below[0]}")
    found = sorted(set(_formats(root)))
    if len(found) != 1:
        seen = f"could be {' or '.join(found)}" if found else "holds no labels that are known"
        raise DatasetNotFoundError(f"{root} {seen}: say what it is with --set NAME, see `hardstand datasets list`")
    return found[0]


def _formats(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*")):
        kind = path.suffix.lower()
        if kind in (".json", ".geojson"):
            content = parsed(path, json.loads)
            tests = {"coco": is_coco, "geojson": is_geojson, "labelstudio": is_labelstudio}
            yield from (name for name, fits in tests.items() if fits(content))
        elif kind == ".xml":
            yield from _xml_format(path)
        elif path.name in ("data.yaml", "classes.txt"):
            yield "yolo"


def _xml_format(path: Path) -> Iterator[str]:
    try:
        _, first = next(ET.iterparse(path, events=("start",)))
    except (ET.ParseError, StopIteration):
        return
    if first.tag in ("annotation", "annotations"):
        yield "voc" if first.tag == "annotation" else "cvat"
