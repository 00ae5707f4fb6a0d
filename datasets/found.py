"""Objects of a kind that a set does not label at all, or left out of its labels, found on its images by eye.

`found.csv`: set, image (file name without its ending), taxonomy node, whether the boxes are the `whole` of it, whether
they are `ignored`, and oriented boxes as `x:y:length:width:degrees`: the middle in ten-thousandths of the image's width
and height, the sides in those of its width, so that they fit the image at any size. The eyes are those of models that
see images.

Helicopters: on HRPlanes each image was searched, each find looked at once more, enlarged; where one stayed doubtful, or
was cut, the boxes are not the whole. On Aerial Airport what a network suggested was looked at, on places to train on
alone. Boxes that a network found too are the network's; all others were measured by eye.

Aircraft: where a network suggested one and there was no label, it was looked at, and its box is the network's. Those
that are doubtful, or mostly cut off, or badly framed, are ignored: neither objects nor background. On places held back
doubtful ones are not here, and all others are ignored, for what neither the labels nor the network have is not there to
be missed.
"""

from collections.abc import Mapping
from functools import cache
from math import radians

from .annotation import Annotation, oriented
from .tables import rows_of

__all__ = ["found", "is_whole"]

SHARE = 10000


def found(source: str, image: str, *, width: int, height: int) -> list[Annotation]:
    """The objects of an image of the size in pixels that are not in the set's labels; `image` is without its ending."""
    return [
        oriented(node, (x * width, y * height, length * width, across * width, angle), ignore=ignored)
        for node, ignored, (x, y, length, across, angle) in _objects().get((source, image), ())
    ]


def is_whole(source: str, image: str, node: str) -> bool:
    """Whether `found` has all objects of a node on an image, so that bare ground is known to show none."""
    return (source, image, node) in _whole()


@cache
def _whole() -> frozenset[tuple[str, str, str]]:
    return frozenset((row["set"], row["image"], row["node"]) for row in rows_of("found.csv") if row["whole"] == "yes")


@cache
def _objects() -> Mapping[tuple[str, str], list[tuple[str, bool, tuple[float, ...]]]]:
    """Node, whether ignored, and box, the angle in radians and all else in shares of the image, for every image."""
    objects: dict[tuple[str, str], list[tuple[str, bool, tuple[float, ...]]]] = {}
    for row in rows_of("found.csv"):
        for box in row["boxes"].split():
            *lengths, degrees = (float(part) for part in box.split(":"))
            shares = (*(length / SHARE for length in lengths), radians(degrees))
            objects.setdefault((row["set"], row["image"]), []).append((row["node"], row["ignored"] == "yes", shares))
    return objects
