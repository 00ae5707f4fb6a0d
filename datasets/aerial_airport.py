"""Aerial Airport: 600 px images with DOTA text, one class, every box axis-aligned; some parked rows unlabelled.

The set tells no ground sampling distance and its zoom varies: geometric mean of 1.0 m and what the aircraft say
(`scale.gsd_from_aircraft`), within 0.5 to 2 m. Fields of light aircraft only come out too coarse. Every image is its
own group.
"""

from pathlib import Path

from ..detector.errors import DatasetNotFoundError
from .annotation import Annotation, ImageRecord, horizontal
from .dota import parse_lines
from .images import image_size, list_images
from .labels import exhaustive_in, meaning_of
from .scale import gsd_from_aircraft

__all__ = ["read"]

SOURCE = "aerial_airport"
NOMINAL_GSD_M = 1.0
GSD_LIMITS_M = (0.5, 2.0)


def read(root: Path) -> list[ImageRecord]:
    """One record per image of `images/`, sorted by name, labels from `labelTxt/`.

    DatasetNotFoundError where a label file is missing.
    """
    return [_record(root, path) for path in list_images(root / "images")]


def _record(root: Path, path: Path) -> ImageRecord:
    labels = root / "labelTxt" / f"{path.stem}.txt"
    if not labels.is_file():
        raise DatasetNotFoundError(f"no label file {labels} for {path.name}")
    annotations: list[Annotation] = []
    for line in parse_lines(labels.read_text(encoding="utf-8")):
        box = (*line.polygon.min(axis=0), *line.polygon.max(axis=0))
        annotations.append(horizontal(meaning_of(SOURCE, line.label).node, box))
    width, height = image_size(path)
    return ImageRecord(
        path=path,
        width=width,
        height=height,
        gsd=gsd_from_aircraft(annotations, nominal=NOMINAL_GSD_M, limits=GSD_LIMITS_M),
        group=path.stem,
        source=SOURCE,
        exhaustive=exhaustive_in(SOURCE),
        annotations=tuple(annotations),
    )
