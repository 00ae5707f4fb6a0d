"""Ground sampling distance from the objects themselves, for sets that do not tell it.

An estimate, not a measurement: it leans on the usual size of what is labelled, and is blended with what the set
says of itself. An image of fighters only comes out too coarse by up to the square root of two.
"""

from collections.abc import Sequence

import numpy as np

from ..detector.taxonomy import NODES
from .annotation import Annotation

__all__ = ["gsd_from_aircraft", "gsd_from_cars", "gsd_from_known", "gsd_from_types"]

LARGE_AIRCRAFT_M = 36.0  # the 75th percentile of sqrt(length x span) at airports: the narrow-body airliner
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
