"""Objects of a kind that a set does not label at all, found on its images by a network and confirmed by eye.

`found.csv`: set, image (file name without its ending), taxonomy node, and oriented boxes as `x:y:length:width:degrees`:
the middle in ten-thousandths of the image's width and height, the sides in those of its width, so that they fit the
image at any size. The boxes are the network's, looked at one by one (by the eyes of a model that sees images); what it
did not find is not in the table, so nothing is exhaustive by it.
"""

from collections.abc import Mapping
from functools import cache
from math import radians

from .annotation import Annotation, oriented
from .tables import rows_of

__all__ = ["found"]

SHARE = 10000


def found(source: str, image: str, *, width: int, height: int) -> list[Annotation]:
    """The objects of an image of the size in pixels that are not in the set's labels; `image` is without its ending."""
    return [
        oriented(node, (x * width, y * height, length * width, across * width, angle))
        for node, (x, y, length, across, angle) in _objects().get((source, image), ())
    ]


@cache
def _objects() -> Mapping[tuple[str, str], list[tuple[str, tuple[float, ...]]]]:
    """Node and box, the angle in radians and all else in shares of the image, of the objects of every image."""
    objects: dict[tuple[str, str], list[tuple[str, tuple[float, ...]]]] = {}
    for row in rows_of("found.csv"):
        for box in row["boxes"].split():
            *lengths, degrees = (float(part) for part in box.split(":"))
            shares = (*(length / SHARE for length in lengths), radians(degrees))
            objects.setdefault((row["set"], row["image"]), []).append((row["node"], shares))
    return objects
