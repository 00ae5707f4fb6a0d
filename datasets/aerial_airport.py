"""Aerial Airport: 600 px images with DOTA text, one class, every box axis-aligned; some parked rows unlabelled.

What many of the aircraft are was told by eye (`named`), and what was seen beside the labels is added (`found`). The
set tells no ground sampling distance and its zoom varies: it is estimated per image from the named aircraft
(`scale.gsd_from_named`), nominal 1.3 m and within 0.3 to 2.6 m. Every image is its own group.
"""

from functools import partial
from pathlib import Path

from .annotation import Annotation, ImageRecord, horizontal
from .dota_text import parse_lines
from .found import found
from .images import image_size, list_images
from .labels import meaning_of
from .named import named
from .records import gathered, parsed, record_of
from .scale import gsd_of_image

__all__ = ["read"]

SOURCE = "aerial_airport"
NOMINAL_GSD_M = 1.3
GSD_LIMITS_M = (0.3, 2.6)
GSD_SPREAD = 0.45


def read(root: Path) -> list[ImageRecord]:
    """One record per image of `images/`, sorted by name, labels from `labelTxt/`.

    DatasetNotFoundError where a label file is missing.
    """
    return gathered(partial(_record, root), list_images(root / "images"))


def _record(root: Path, path: Path) -> ImageRecord:
    size = image_size(path)
    labels = parsed(root / "labelTxt" / f"{path.stem}.txt", _annotations)
    aircraft = named(SOURCE, path.stem, labels, width=size[0], height=size[1])
    gsd = gsd_of_image(aircraft, size, nominal=NOMINAL_GSD_M, spread=GSD_SPREAD, limits=GSD_LIMITS_M)
    seen = [*aircraft, *found(SOURCE, path.stem, width=size[0], height=size[1])]
    return record_of(path, seen, source=SOURCE, gsd=gsd, group=path.stem, size=size)


def _annotations(text: str) -> list[Annotation]:
    return [
        horizontal(meaning_of(SOURCE, line.label).node, (*line.polygon.min(axis=0), *line.polygon.max(axis=0)))
        for line in parse_lines(text)
    ]
