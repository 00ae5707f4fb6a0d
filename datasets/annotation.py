"""What every reader returns: images with their annotated objects, in one frame and one set of nodes.

Pixel frame: x right, y down, continuous, half-open boxes; (0, 0) is the top left corner of the top left pixel.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Annotation", "ImageRecord", "horizontal", "oriented"]


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """One object of an image.

    node: taxonomy node id.
    polygon: (4, 2) float64 image pixels. Where `oriented`, an exact rectangle whose first edge lies along the
        length axis (nose-tail); else a horizontal box from the top left corner clockwise on screen.
    ignore: the object is neither truth nor background: it must not be trained on or counted.
    difficult: the set calls the object hard to make out. truncated: the image, or the set's own tiling, cuts it off.
        Both only report: an object that must not be used for it is `ignore` as well.
    visible: share of the object, 0 to 1, that its image shows; 1 where the set does not say.
    """

    node: str
    polygon: NDArray[np.float64]
    oriented: bool
    ignore: bool = False
    difficult: bool = False
    truncated: bool = False
    visible: float = 1.0

    def __post_init__(self) -> None:
        """Check the values; ValueError where the polygon is not four finite points, or `visible` is no share."""
        if not 0 <= self.visible <= 1:
            raise ValueError(f"visible of {self.node} is {self.visible}, not from 0 to 1")
        polygon = np.array(self.polygon, dtype=np.float64)
        if polygon.shape != (4, 2) or not math.isfinite(polygon.sum()):
            raise ValueError(f"polygon of {self.node} is not four finite points: {self.polygon!r}")
        polygon.setflags(write=False)
        object.__setattr__(self, "polygon", polygon)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the polygon, pixels."""
        (xa, ya), (xb, yb), (xc, yc), (xd, yd) = self.polygon.tolist()
        return min(xa, xb, xc, xd), min(ya, yb, yc, yd), max(xa, xb, xc, xd), max(ya, yb, yc, yd)

    @property
    def centre(self) -> tuple[float, float]:
        """x, y of the middle of the corners, pixels."""
        (xa, ya), (xb, yb), (xc, yc), (xd, yd) = self.polygon.tolist()
        return (xa + xb + xc + xd) / 4, (ya + yb + yc + yd) / 4

    @property
    def length_px(self) -> float:
        """Length along the first edge: the object's length where `oriented`, the box width where not."""
        return math.dist(*self.polygon[:2].tolist())

    @property
    def width_px(self) -> float:
        """Length of the second edge: the object's width where `oriented`, the box height where not."""
        return math.dist(*self.polygon[1:3].tolist())

    @property
    def angle(self) -> float:
        """Direction of the first edge in radians from +x toward +y, modulo pi in [-pi/4, 3 pi/4)."""
        dx, dy = self.polygon[1] - self.polygon[0]
        return float((np.arctan2(dy, dx) + np.pi / 4) % np.pi - np.pi / 4)


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One image and everything labelled in it.

    path: image file. width, height: pixels. gsd: metres per pixel, measured or estimated by the reader.
    group: place; images of one group must stay on one side of a split. source: data set name.
    exhaustive: nodes of which every instance in the image is labelled; for any other node a bare spot proves nothing.
    cut: labels as the set has them that the reader clipped to the image or left out, to be reported and not used.
    """

    path: Path
    width: int
    height: int
    gsd: float
    group: str
    source: str
    exhaustive: frozenset[str]
    annotations: tuple[Annotation, ...] = field(default=())
    cut: tuple[Annotation, ...] = field(default=())

    def __post_init__(self) -> None:
        """Check sizes; ValueError where they are not positive."""
        if self.width <= 0 or self.height <= 0:
            raise ValueError(f"{self.path}: size {self.width} x {self.height} is not positive")
        if not (np.isfinite(self.gsd) and self.gsd > 0):
            raise ValueError(f"{self.path}: gsd {self.gsd} is not positive")
        object.__setattr__(self, "exhaustive", frozenset(self.exhaustive))
        object.__setattr__(self, "annotations", tuple(self.annotations))
        object.__setattr__(self, "cut", tuple(self.cut))


def horizontal(
    node: str, box: Iterable[float], *, ignore: bool = False, difficult: bool = False, truncated: bool = False
) -> Annotation:
    """Annotation of an axis-aligned box (x0, y0, x1, y1) in pixels, corners in any order."""
    xa, ya, xb, yb = map(float, box)
    x0, x1 = (xb, xa) if xb < xa else (xa, xb)  # min and max would lose a NaN
    y0, y1 = (yb, ya) if yb < ya else (ya, yb)
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    return Annotation(node, corners, oriented=False, ignore=ignore, difficult=difficult, truncated=truncated)


def oriented(
    node: str,
    box: Iterable[float],
    *,
    ignore: bool = False,
    difficult: bool = False,
    truncated: bool = False,
    visible: float = 1.0,
) -> Annotation:
    """Annotation of an exact oriented box (cx, cy, length, width, angle in radians), pixels."""
    cx, cy, length, width, angle = (float(value) for value in box)
    along = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    across = np.array([-np.sin(angle), np.cos(angle)]) * width / 2
    corners = np.array([-along - across, along - across, along + across, -along + across]) + (cx, cy)
    return Annotation(
        node, corners, oriented=True, ignore=ignore, difficult=difficult, truncated=truncated, visible=visible
    )
