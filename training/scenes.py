"""Held-back scenes through a detector: what weights.md and the calibration are measured on."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..datasets.annotation import ImageRecord
from ..datasets.catalogue import public_sets, read_below
from ..datasets.images import read_scaled
from ..datasets.split import Split, split_of
from ..datasets.tiles import read_tiles
from ..detector.detections import Detections
from ..detector.detector import COARSEST, Detector
from ..detector.errors import DatasetNotFoundError
from ..detector.weights import WeightRecord

Engine = Callable[[Path | NDArray[np.uint8], float, Detector], Detections]
"""Image file or pixels, their metres per pixel and a detector in, merged detections out. It is handed in: the training
room does not know the inference room."""
Pair = tuple[ImageRecord, Detections]
"""An image with its labels, and what was found on it."""

THRESHOLD = 0.25
"""Score at which recall, precision, false alarms and types are stated."""
REPORT_SCORE = 0.05
"""Detections from this score on are reported, and calibrated."""
MEASURED = ("airbus", "hrplanes", "aerial_airport", "simd", "nwpu", "dota")
"""Real sets of which places are held back (`datasets.split`)."""
LAUNCHER_FREE = ("airbus", "simd", "aerial_airport")
"""Real sets on whose ground no launcher stands: everything called one is a false alarm."""
WHOLE = "real scenes"
"""Name of all whole images together, where figures are per set."""
HELD_TILES = ("composites_holdout", "generated_holdout")
"""Folders of tiles with exact labels of held-back cut-outs and bases."""


class Interval(Protocol):
    """A count: what is told, what is expected, and the ends of its interval."""

    @property
    def median(self) -> int:
        """The count that is told, in whole objects."""
        ...

    @property
    def expected(self) -> float:
        """Objects expected."""
        ...

    @property
    def low(self) -> int:
        """The low end of the 90 % interval."""
        ...

    @property
    def high(self) -> int:
        """The high end of the 90 % interval."""
        ...


Counting = Callable[[Detections, WeightRecord, float], Mapping[str, Interval]]
"""Detections of an image, the record of their network and the metres per pixel of the image in, a count per node out.
Handed in like the engine, so that what is measured is what users get."""


def present(data: Path) -> tuple[str, ...]:
    """Return which of the measured sets lie below a folder, in their order.

    DatasetNotFoundError where none does.
    """
    folders = {each.name: each.folders for each in public_sets()}
    found = tuple(name for name in MEASURED if any((data / folder).is_dir() for folder in folders[name]))
    if not found:
        raise DatasetNotFoundError(
            f"{data} holds none of the sets with held-back places: {', '.join(MEASURED)}; a folder each, named as "
            "`hardstand datasets list` says"
        )
    return found


def held_back(data: Path, source: str, split: Split) -> list[ImageRecord]:
    """Return the records of one set in one split."""
    records = read_below(data, source)
    return [record for record in records if split_of(source, record.group) == split]


def whole_image(engine: Engine, record: ImageRecord, detector: Detector) -> Detections:
    """Return the merged detections of one image.

    An image coarser than scenes may be (some of HRPlanes, by the estimate of their scale) is enlarged first.
    """
    if record.gsd <= COARSEST * detector.gsd:
        return engine(record.path, record.gsd, detector)
    factor = record.gsd / detector.gsd
    return engine(read_scaled(record.path, factor), detector.gsd, detector)


def run_records(engine: Engine, detector: Detector, records: Sequence[ImageRecord]) -> list[Pair]:
    """Return images with their detections, each run as a whole scene."""
    return [(record, whole_image(engine, record, detector)) for record in records]


def run_tiles(detector: Detector, folder: Path) -> list[Pair]:
    """Return the tiles of a folder, brought to the network's scale, with their detections."""
    records = read_tiles(folder)
    pixels = (read_scaled(record.path, record.gsd / detector.gsd) for record in records)
    return list(zip(records, detector.stream(pixels), strict=True))
