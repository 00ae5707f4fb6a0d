"""Held-back scenes through a detector: what weights.md and the calibration are measured on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..datasets.annotation import ImageRecord
from ..datasets.catalogue import read_below
from ..datasets.images import read_rgb
from ..datasets.split import Split, split_of
from ..datasets.tiles import read_tiles
from ..detector.boxes import oriented_iou
from ..detector.detections import Detections
from ..detector.detector import COARSEST, Detector
from ..detector.opencv import cv2
from ..detector.taxonomy import is_a
from .evaluate import Figures, SceneResult, figures, scene_result
from .tileset import TileEntry, tile_entry

Engine = Callable[[Path | NDArray[np.uint8], float, Detector], Detections]
"""Image file or pixels, their metres per pixel and a detector in, merged detections out. It is handed in: the training
room does not know the inference room."""

THRESHOLD = 0.25
MEASURED: Mapping[str, tuple[str, ...]] = {
    "airbus": ("fw",),
    "hrplanes": ("fw",),
    "aerial_airport": ("fw",),
    "simd": ("fw", "heli"),
    "nwpu": ("fw",),
}
"""Real sets and the nodes that each labels exhaustively."""
LAUNCHER_FREE = ("airbus", "simd", "aerial_airport")
"""Real sets on whose ground no launcher stands: everything called one is a false alarm."""


class TileRunner(Protocol):
    """What the held-back tiles need of a detector."""

    def detect_tiles(self, tiles: list[np.ndarray]) -> list[Detections]:
        """Return the detections of each tile."""
        ...


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
    pixels = cv2.resize(read_rgb(record.path), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return engine(np.asarray(pixels, np.uint8), detector.gsd, detector)


def run_sets(
    engine: Engine,
    detector: Detector,
    data: Path,
    split: Split,
    *,
    sets: Iterable[str],
    progress: Callable[[str], None],
) -> dict[str, list[tuple[ImageRecord, Detections]]]:
    """Return every held-back image of the sets with its detections."""
    found: dict[str, list[tuple[ImageRecord, Detections]]] = {}
    for source in sets:
        found[source] = [(record, whole_image(engine, record, detector)) for record in held_back(data, source, split)]
        progress(f"{source}: {len(found[source])} images")
    return found


def of_node(pairs: Iterable[tuple[ImageRecord, Detections]], node: str) -> list[SceneResult]:
    """Return the results of one node."""
    return [scene_result(record, detections, node) for record, detections in pairs]


def set_figures(found: Mapping[str, list[tuple[ImageRecord, Detections]]]) -> dict[str, dict[str, float]]:
    """Return the figures per "set node" that the set labels exhaustively, and launcher false alarms on real ground."""
    rows: dict[str, dict[str, float]] = {}
    for source, pairs in found.items():
        for node in MEASURED.get(source, ()):
            rows[f"{source} {node}"] = figures(of_node(pairs, node), threshold=THRESHOLD).rounded()
    grounds = [pair for source in LAUNCHER_FREE for pair in found.get(source, [])]
    if grounds:
        alarms: Figures = figures(of_node(grounds, "ad.launcher"), threshold=THRESHOLD)
        area = sum(result.area_km2 for result in of_node(grounds, "ad.launcher"))
        rows["real ground ad.launcher"] = {
            "scenes": alarms.scenes,
            "area_km2": round(area, 2),
            "false_alarms_per_km2": round(alarms.false_alarms_per_km2, 3),
        }
    return rows


@dataclass(frozen=True, slots=True)
class TypeScore:
    """How objects of one labelled node fared on tiles with exact boxes."""

    objects: int
    found: int
    """With an oriented box of IoU 0.5 or more and the right counted root."""
    right: int
    """Found, and reported at the label's node or below."""
    consistent: int
    """Found, and reported at the label's node, below it, or at one of its ancestors: not wrong, maybe not deep."""
    angle_error_deg: float
    """Median over the found."""
    length_error_percent: float
    width_error_percent: float


def tile_scores(runner: TileRunner, folder: Path) -> dict[str, TypeScore]:
    """Return the scores per labelled node on a folder of tiles with exact labels, and over all per counted root."""
    rows: dict[str, list[tuple[bool, bool, bool, float, float, float]]] = {}
    for record in read_tiles(folder):
        for node, row in _tile_rows(runner, tile_entry(record)):
            rows.setdefault(node, []).append(row)
    return {node: _score(values) for node, values in sorted(rows.items())}


def _tile_rows(runner: TileRunner, entry: TileEntry) -> list[tuple[str, tuple[bool, bool, bool, float, float, float]]]:
    pixels = read_rgb(entry.path)
    found = runner.detect_tiles([pixels])[0]
    found = found.select(found.score >= THRESHOLD)
    use = entry.exact & ~entry.ignore
    boxes = entry.boxes[use]
    nodes = [node for node, keep in zip(entry.nodes, use, strict=True) if keep]
    overlap = oriented_iou(boxes, found.boxes) if len(boxes) and len(found) else np.zeros((len(boxes), len(found)))
    out = []
    for row, node in enumerate(nodes):
        best = int(overlap[row].argmax()) if overlap.shape[1] else -1
        if best < 0 or overlap[row, best] < 0.5:
            out.append((node, (False, False, False, np.nan, np.nan, np.nan)))
            continue
        label = found.labels[best]
        miss = abs((found.boxes[best, 4] - boxes[row, 4] + np.pi / 2) % np.pi - np.pi / 2)
        sizes = np.abs(found.boxes[best, 2:4] / boxes[row, 2:4] - 1) * 100
        below, above = is_a(label, node), is_a(node, label)
        out.append((node, (True, below, below or above, float(np.degrees(miss)), float(sizes[0]), float(sizes[1]))))
    return out


def _score(values: list[tuple[bool, bool, bool, float, float, float]]) -> TypeScore:
    table = np.array(values, np.float64)
    found = table[table[:, 0] > 0]
    middle = np.median(found[:, 3:], axis=0) if len(found) else np.full(3, np.nan)
    return TypeScore(
        objects=len(table),
        found=len(found),
        right=int(table[:, 1].sum()),
        consistent=int(table[:, 2].sum()),
        angle_error_deg=round(float(middle[0]), 2),
        length_error_percent=round(float(middle[1]), 2),
        width_error_percent=round(float(middle[2]), 2),
    )
