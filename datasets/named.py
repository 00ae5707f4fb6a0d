"""What single aircraft of sets with one class are, where that can be told from the picture.

`named.csv`: set, image (file name without its ending), taxonomy node, and the middles of the aircraft as `x:y` in
thousandths of the image's width and height, so that they fit the image at any size. The names are this project's own,
given by eye from the pictures alone (the eyes of models that see images), less deep where there was doubt; what has no
row is not known. They are no ground truth of a data set: see CONTRIBUTING.md for how often two lookers agreed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from math import dist

from .annotation import Annotation
from .tables import rows_of

__all__ = ["named"]

Middle = tuple[float, float]
REACH = 0.25
"""Of the shorter side of a box: how far its middle may be from that of the table."""
ROUNDING = 0.001


def named(source: str, image: str, items: Iterable[Annotation], *, width: int, height: int) -> list[Annotation]:
    """The annotations of an image of the size in pixels, each with its name where the table knows it.

    `image` is the file name without its ending. A box takes the nearest name whose middle is within a quarter of the
    box's shorter side of its own.
    """
    known = [(node, (x * width, y * height)) for node, (x, y) in _names().get((source, image), ())]
    return [_with_name(item, known, ROUNDING * max(width, height)) for item in items]


def _with_name(item: Annotation, known: list[tuple[str, Middle]], rounding_px: float) -> Annotation:
    x0, y0, x1, y1 = item.bounds
    reach = REACH * min(x1 - x0, y1 - y0) + rounding_px
    off, node = min(((dist(middle, item.centre), node) for node, middle in known), default=(reach + 1, ""))
    return replace(item, node=node) if off <= reach else item


@cache
def _names() -> Mapping[tuple[str, str], list[tuple[str, Middle]]]:
    """Node and middle, in shares of the image, of the aircraft of every image."""
    names: dict[tuple[str, str], list[tuple[str, Middle]]] = {}
    for row in rows_of("named.csv"):
        for point in row["points"].split():
            x, y = point.split(":")
            names.setdefault((row["set"], row["image"]), []).append((row["node"], (int(x) / 1000, int(y) / 1000)))
    return names
