"""Aerial Airport: 600 px images with DOTA text, one class, every box axis-aligned; some parked rows unlabelled.

The set tells no ground sampling distance and its zoom varies: geometric mean of 1.0 m and what the aircraft say
(`scale.gsd_from_aircraft`), within 0.5 to 2 m. Fields of light aircraft only come out too coarse. Every image is its
own group.
"""

from functools import partial
from pathlib import Path

from .annotation import Annotation, ImageRecord, horizontal
from .dota_text import parse_lines
from .images import list_images
from .labels import meaning_of
from .records import gathered, parsed, record_of
from .scale import gsd_from_aircraft

__all__ = ["read"]

SOURCE = "aerial_airport"
NOMINAL_GSD_M = 1.0
GSD_LIMITS_M = (0.5, 2.0)


def read(root: Path) -> list[ImageRecord]:
    """One record per image of `images/`, sorted by name, labels from `labelTxt/`.

    DatasetNotFoundError where a label file is missing.
    """
    return gathered(partial(_record, root), list_images(root / "images"))


def _record(root: Path, path: Path) -> ImageRecord:
    annotations = parsed(root / "labelTxt" / f"{path.stem}.txt", _annotations)
    gsd = gsd_from_aircraft(annotations, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M)
    return record_of(path, annotations, source=SOURCE, gsd=gsd, group=path.stem)


def _annotations(text: str) -> list[Annotation]:
    return [
        horizontal(meaning_of(SOURCE, line.label).node, (*line.polygon.min(axis=0), *line.polygon.max(axis=0)))
        for line in parse_lines(text)
    ]
