"""Ground sampling distance from the objects themselves, for sets that do not tell it.

An estimate, not a measurement: it leans on the usual size of what is labelled, and is blended with what the set
says of itself. An image of fighters only comes out too coarse by up to the square root of two.
"""

from collections.abc import Sequence
from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..detector.taxonomy import NODES, ancestors
from .annotation import Annotation

__all__ = [
    "gsd_from_aircraft",
    "gsd_from_cars",
    "gsd_from_known",
    "gsd_from_named",
    "gsd_from_types",
    "gsd_of_image",
    "uncut",
]

LARGE_AIRCRAFT_M = 36.0  # the 75th percentile of sqrt(length x span) at airports: the narrow-body airliner
TURNED = 0.9  # side of the box around a diamond of side 1, the mean over all headings: 4 / pi * sin(pi / 4)
EDGE_PX = 1.5  # a box that ends nearer to the image's edge may be cut
CAR_LENGTH_M = 4.4  # median length of the cars drawn, boxes of slanted cars included


def _sides_px(objects: Sequence[Annotation]) -> list[float]:
    return [float(np.sqrt(item.length_px * item.width_px)) for item in objects if not item.ignore]


def gsd_from_aircraft(aircraft: Sequence[Annotation], *, nominal: float, limits: tuple[float, float]) -> float:
    """Metres per pixel of an image: the geometric mean of `nominal` and 36 m / 75th percentile of the aircraft sizes.

    Size of an aircraft: sqrt(box width x height). Clipped to `limits`. Without aircraft: `nominal`.
    """
    sides = [side for side in _sides_px(aircraft) if side > 0]
    if not sides:
        return nominal
    seen = LARGE_AIRCRAFT_M / float(np.percentile(sides, 75))
    return float(np.clip(np.sqrt(nominal * seen), *limits))


def gsd_from_known(
    objects: Sequence[tuple[Annotation, float]], *, nominal: float, limits: tuple[float, float]
) -> float:
    """Metres per pixel from objects with a usual size in metres each: geometric mean of `nominal` and the median.

    Clipped to `limits`. Without objects: `nominal`.
    """
    ratios = [size_m / side for item, size_m in objects for side in _sides_px([item]) if side > 0]
    if not ratios:
        return nominal
    return float(np.clip(np.sqrt(nominal * float(np.median(ratios))), *limits))


def gsd_from_cars(cars: Sequence[Annotation], *, limits: tuple[float, float]) -> float | None:
    """Metres per pixel from cars (4.4 m over the median longer side), clipped to `limits`; None for fewer than 3."""
    sides = [max(item.length_px, item.width_px) for item in cars if not item.ignore]
    if len(sides) < 3:
        return None
    return float(np.clip(CAR_LENGTH_M / float(np.median(sides)), *limits))


def gsd_from_types(aircraft: Sequence[Annotation], *, limits: tuple[float, float]) -> float | None:
    """Metres per pixel from whole aircraft of known types: the median of the type's longer side over the box's.

    Only oriented boxes count (a horizontal one around a slanted aircraft is too long), and only nodes whose own size
    the taxonomy knows; where it has several, their mean. Clipped to `limits`; None without such aircraft.
    """
    ratios = []
    for item in aircraft:
        sizes = [max(size.length_m, size.width_m) for size in NODES[item.node].sizes if not size.example]
        side = max(item.length_px, item.width_px)
        if sizes and side > 0 and item.oriented and not (item.ignore or item.truncated):
            ratios.append(float(np.mean(sizes)) / side)
    return float(np.clip(np.median(ratios), *limits)) if ratios else None


class _Usual(NamedTuple):
    """What sqrt(box width x height) usually is, in metres, the deviation of its logarithm, and the share of such."""

    size_m: float
    spread: float
    share: float = 1.0


_TYPE_SPREAD = 0.12  # by the heading alone
_UNLIKE = 0.03  # the likelihood of a size that the name does not let expect
_ROLES: dict[str, tuple[_Usual, ...]] = {
    "fw.airliner": (_Usual(33.5, 0.12, 0.6), _Usual(46, 0.12, 0.1), _Usual(58, 0.14, 0.3)),
    "fw.airliner.regional": (_Usual(25, 0.2),),
    "fw.light": (_Usual(11, 0.3),),
    "fw.light.bizjet": (_Usual(17.5, 0.3),),
    "fw.light.turboprop": (_Usual(14.3, 0.2),),
    "fw.light.ga": (_Usual(9.3, 0.2),),
    "fw.light.trainer": (_Usual(9.4, 0.15),),
    "fw.combat": (_Usual(13.5, 0.2),),
    "fw.combat.other": (_Usual(11.5, 0.25),),
    "fw.attack": (_Usual(13.5, 0.3),),
}
"""Of roles whose aircraft are much of a size: what their types in the taxonomy and the commonest others come to.
Airliners: narrow bodies, the few between, wide bodies."""


def gsd_from_named(
    aircraft: Sequence[Annotation], *, nominal: float, spread: float, limits: tuple[float, float]
) -> float | None:
    """Metres per pixel from horizontal boxes around aircraft of known roles and types, seen at one scale.

    The likeliest scale, to 1 %, within `limits`: before anything is seen, its logarithm is `nominal`'s, give or take
    `spread`; each aircraft's size makes scales likelier by which its role or type is of that size. Ignored and
    truncated ones do not count, nor do roles of any size, such as transports; None where no other is left.
    """
    known = [(_usual(item.node), item) for item in aircraft if not (item.ignore or item.truncated)]
    said = [(usual, log(side)) for usual, item in known if usual for side in _sides_px([item]) if side > 0]
    if not said:
        return None
    scales = np.arange(log(limits[0]), log(limits[1]), 0.01)
    belief = -0.5 * ((scales - log(nominal)) / spread) ** 2
    for usual, side in said:
        belief += np.log(sum(_density(each, scales + side) for each in usual) + _UNLIKE)
    return exp(float(scales[belief.argmax()]))


def gsd_of_image(
    aircraft: Sequence[Annotation], size: tuple[int, int], *, nominal: float, spread: float, limits: tuple[float, float]
) -> float:
    """Metres per pixel of an image of width and height `size`, from its aircraft: by names, else by their sizes.

    `gsd_from_named` of those clear of the edges; where that is None, `gsd_from_aircraft` of all.
    """
    told = gsd_from_named(uncut(aircraft, size), nominal=nominal, spread=spread, limits=limits)
    return told or gsd_from_aircraft(aircraft, nominal=nominal, limits=limits)


def _density(usual: _Usual, log_size: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely sizes are, by the logarithms of metres; the factor that all densities share is left out."""
    off = (log_size - log(usual.size_m)) / usual.spread
    return np.asarray(usual.share / usual.spread * np.exp(-0.5 * off**2), np.float64)


def uncut(items: Sequence[Annotation], size: tuple[int, int]) -> list[Annotation]:
    """Those of the horizontal boxes that end clear of the edges of an image of width and height `size`."""
    width, height = size
    bounds = [(item, *item.bounds) for item in items]
    return [
        item
        for item, x0, y0, x1, y1 in bounds
        if x0 >= EDGE_PX and y0 >= EDGE_PX and x1 <= width - EDGE_PX and y1 <= height - EDGE_PX
    ]


def _usual(node: str) -> tuple[_Usual, ...]:
    """The usual box of a type by its size in the taxonomy, else those of its role; none where they are of any size."""
    sizes = [size for size in NODES[node].sizes if not size.example]
    if sizes:
        spans = [span for size in sizes for span in (size.width_m, size.swept_width_m or size.width_m)]
        length = float(np.mean([size.length_m for size in sizes]))
        return (_Usual(TURNED * float(np.sqrt(length * np.mean(spans))), _TYPE_SPREAD),)
    return next((_ROLES[above] for above in reversed(ancestors(node)) if above in _ROLES), ())
