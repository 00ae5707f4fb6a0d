"""CORS-ADD: patches of satellite scenes with DOTA text, one class of aircraft, oriented boxes.

Layout: `images/` with `labelTxt/`, `labels/` or `annotations/` beside it, at the top or in a folder per split. How the
set writes its class is not known for certain, so that any one spelling is taken, and two are an error. The patches of a
scene overlap: those whose names differ in trailing numbers only (`scene_512_1024`, `scene__1__0___512`) are one group.

The scale is mixed and told nowhere: estimated from the aircraft (`scale.gsd_from_aircraft`, nominal 0.7 m, within 0.3
to 3 m). `single_class` reads any set of this form.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..detector.errors import LabelError
from .annotation import Annotation, ImageRecord
from .dota_text import annotation_of, parse_lines
from .images import labelled_folders, list_images
from .labels import meaning_of, spelling
from .records import gathered, parsed, record_of
from .scale import gsd_from_aircraft

__all__ = ["read", "scene_of", "single_class"]

SOURCE = "cors_add"
LABEL = "aircraft"
NOMINAL_GSD_M = 0.7
GSD_LIMITS_M = (0.3, 3.0)
LABEL_FOLDERS = ("labelTxt", "labels", "annotations")


def read(root: Path) -> list[ImageRecord]:
    """One record per image, by folder and name.

    DatasetNotFoundError without images and labels, or where a label file is missing; LabelError for a second class.
    """
    return single_class(root, source=SOURCE)


def single_class(root: Path, *, source: str) -> list[ImageRecord]:
    """The records of a set of aircraft in the form of CORS-ADD, whatever it calls them; errors as for `read`."""
    found: list[ImageRecord] = []
    seen: set[str] = set()
    parse = partial(_annotations, source=source, seen=seen)
    for images, labels in labelled_folders(root, LABEL_FOLDERS):
        found += gathered(partial(_record, labels=labels, parse=parse, source=source), list_images(images))
    return found


def _record(path: Path, *, labels: Path, parse: Callable[[str], list[Annotation]], source: str) -> ImageRecord:
    annotations = parsed(labels / f"{path.stem}.txt", parse)
    gsd = gsd_from_aircraft(annotations, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M)
    return record_of(path, annotations, source=source, gsd=gsd, group=scene_of(path.stem))


def _annotations(text: str, *, source: str, seen: set[str]) -> list[Annotation]:
    """The aircraft of one text; the class it uses joins those `seen` so far."""
    lines = list(parse_lines(text))
    seen |= {spelling(line.label) for line in lines}
    if len(seen) > 1:
        raise LabelError(f"{source} has one class, but its labels have {', '.join(sorted(seen))}")
    node = meaning_of(source, LABEL).node
    return [annotation_of(line, node) for line in lines]


def scene_of(stem: str) -> str:
    """The scene of a patch: its name without two or more trailing numbers, else the whole name.

    >>> scene_of("dubai_512_1024"), scene_of("P0032__1__824___0"), scene_of("img_17")
    ('dubai', 'P0032', 'img_17')
    """
    match = re.fullmatch(r"(.+?)(?:_+\d+){2,}", stem)
    return match[1] if match else stem
