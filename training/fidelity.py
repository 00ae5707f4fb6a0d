"""How far an export is from the network in PyTorch: boxes, scores and average precision on the same tiles."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.annotation import ImageRecord
from ..datasets.generated import cut_generated
from ..datasets.images import read_rgb
from ..datasets.split import split_of
from ..datasets.tiles import INDEX, read_tiles
from ..detector.backend import Backend, Raw
from ..detector.boxes import canonical, corners
from ..detector.decode import Decoder
from ..detector.detector import Detector
from ..detector.errors import DatasetNotFoundError
from ..detector.taxonomy import COUNTED
from ..detector.weights import WeightRecord
from .confusion import covers
from .evaluate import FAINTEST, scene_result
from .precision import average_precision
from .scenes import THRESHOLD, Pair

TILES = 24
"""Tiles that are compared, taken in turns from the folders; a second or two of PyTorch each on a slow machine."""
DRAWN = range(4)
"""Seeds of the drawn tiles that stand in where none are given."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What an export may differ by; AP50 in 0..1."""

    box_shift_px: float
    score_difference: float
    ap50_drop: float


LIMITS: dict[str, Limit] = {
    "onnx": Limit(0.1, 0.002, 0.002),
    # Parameters are rounded to fp16 after batch norms are folded into them. Of some 1500 boxes of three networks the
    # worst was 0.55, 1.24 and 1.19 px off; 95 of 100 within 0.02 in the first, and within 0.031 in the last.
    "openvino": Limit(2.0, 0.03, 0.01),
    "tensorrt": Limit(2.0, 0.03, 0.01),
    "openvino-int8": Limit(float("inf"), float("inf"), 0.02),
}
"""Per form; measured on earlier weights, 1444 boxes: 0.000 px and 0.0000 for ONNX, 0.10 px and 0.009 for OpenVINO.
AP50 over so few tiles moves by some thousandths when a faint box changes place. Of int8 single boxes may lie anywhere
as long as AP50 holds; `hardstand quantise` judges it on scenes."""


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What was compared, and the largest differences.

    Attributes:
        tiles: how many, and `ground` what is on them.
        boxes: anchors that PyTorch scores THRESHOLD or more at a counted node.
        box_shift_px: the largest distance of a corner of these boxes, in pixels.
        box_shift_px_95: the distance that 95 of 100 boxes stay below.
        score_difference: the largest at any node of these boxes.
        ap50_torch, ap50: AP50 over the tiles, mean of the counted nodes that are labelled on them; None without any.
    """

    tiles: int
    ground: str
    boxes: int
    box_shift_px: float
    box_shift_px_95: float
    score_difference: float
    ap50_torch: float | None
    ap50: float | None

    @property
    def ap50_drop(self) -> float:
        """What is lost in AP50; below zero where something is gained."""
        return 0.0 if self.ap50_torch is None or self.ap50 is None else self.ap50_torch - self.ap50

    def objections(self, limit: Limit) -> list[str]:
        """Say what is beyond the limit; empty where nothing is.

        >>> Fidelity(24, "airbus", 90, 0.31, 0.1, 0.0004, 0.98, 0.98).objections(Limit(0.25, 0.01, 0.001))
        ['boxes lie up to 0.31 px apart (limit 0.25)']
        """
        said = []
        if self.box_shift_px > limit.box_shift_px:
            said.append(f"boxes lie up to {self.box_shift_px:.3g} px apart (limit {limit.box_shift_px:g})")
        if self.score_difference > limit.score_difference:
            said.append(f"scores differ by up to {self.score_difference:.3g} (limit {limit.score_difference:g})")
        if self.ap50_drop > limit.ap50_drop:
            said.append(f"AP50 falls by {self.ap50_drop:.4f} (limit {limit.ap50_drop:g})")
        if not self.boxes:
            said.append("the network sees nothing on the tiles, so nothing was compared: give others with --tiles")
        return said

    def as_record(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        rounded = {name: round(value, 5) if isinstance(value, float) else value for name, value in asdict(self).items()}
        return {**rounded, "ap50_drop": round(self.ap50_drop, 5)}


def compare(reference: Backend, export: Backend, record: WeightRecord, tiles: Sequence[ImageRecord]) -> Fidelity:
    """Compare two back ends of one network on tiles at its scale."""
    side = max((max(tile.width, tile.height) for tile in tiles), default=0)
    stride = record.stride
    record = replace(record, tile_px=max(record.tile_px, -(-side // stride) * stride))
    decode = Decoder(record, FAINTEST)
    columns = [4 + column for column, node in enumerate(record.nodes) if node in COUNTED]
    ours, theirs = (_outputs(backend, record, tiles) for backend in (reference, export))
    shifts, scores = [np.zeros(0)], [np.zeros(0)]
    for mine, other in zip(ours, theirs, strict=True):
        sure = np.flatnonzero(mine[columns].max(axis=0) >= THRESHOLD)
        shifts.append(_shift(mine[:, sure], other[:, sure]))
        scores.append(np.abs(mine[4:-1, sure] - other[4:-1, sure]).max(axis=0))
    shift, score = np.concatenate(shifts), np.concatenate(scores)
    seen = [
        [(tile, decode(raw, tile.width, tile.height)) for tile, raw in zip(tiles, raws, strict=True)]
        for raws in (ours, theirs)
    ]
    return Fidelity(
        tiles=len(tiles),
        ground=", ".join(dict.fromkeys(tile.source for tile in tiles)),
        boxes=len(shift),
        box_shift_px=float(shift.max(initial=0)),
        box_shift_px_95=float(np.percentile(shift, 95)) if len(shift) else 0.0,
        score_difference=float(score.max(initial=0)),
        ap50_torch=_ap50(seen[0], record),
        ap50=_ap50(seen[1], record),
    )


def _outputs(backend: Backend, record: WeightRecord, tiles: Sequence[ImageRecord]) -> list[Raw]:
    """One back end after the other: the threads of two that wait for each other's turn would take the processor."""
    padded = Detector(backend, record).padded
    return [backend.infer(padded(read_rgb(tile.path))[None])[0] for tile in tiles]


def _shift(ours: Raw, theirs: Raw) -> NDArray[np.float64]:
    """The largest distance (N,) between corners of the same anchors; nose and tail are not told apart."""
    first, second = (corners(canonical(raw[[0, 1, 2, 3, -1]].T)).astype(np.float64) for raw in (ours, theirs))
    turned = np.roll(second, 2, axis=1)
    apart = [np.hypot(*np.moveaxis(first - other, 2, 0)).max(axis=1, initial=0) for other in (second, turned)]
    return np.asarray(np.minimum(*apart), np.float64)


def _ap50(pairs: Sequence[Pair], record: WeightRecord) -> float | None:
    found = [
        average_precision([scene_result(*pair, node) for pair in pairs if covers(pair[0], node)])[0]
        for node in record.nodes
        if node in COUNTED
    ]
    known = [value for value in found if not isnan(value)]
    return sum(known) / len(known) if known else None


def tiles_to_compare(tiles: Path) -> list[ImageRecord]:
    """Return tiles with objects from a folder of tiles or from the folders in it, in turns; held-back ones if any.

    DatasetNotFoundError where there is none.
    """
    folders = [tiles] if (tiles / INDEX).is_file() else sorted(path.parent for path in tiles.glob(f"*/{INDEX}"))
    every = [_with_objects(folder) for folder in folders]
    chosen = [held or others for held, others in every if held] or [others for _, others in every]
    turns = range(max((len(records) for records in chosen), default=0))
    drawn = [records[turn] for turn in turns for records in chosen if turn < len(records)][:TILES]
    if not drawn:
        raise DatasetNotFoundError(f"{tiles} has no tiles with objects; make them with: hardstand datasets tile")
    return drawn


def _with_objects(folder: Path) -> tuple[list[ImageRecord], list[ImageRecord]]:
    """Held-back tiles and others, far apart in the index so that they show many places."""
    records = [each for each in read_tiles(folder) if any(not item.ignore for item in each.annotations)]
    records = records[:: max(1, len(records) // (4 * TILES))]
    made = folder.name.endswith("_holdout")
    held = [each for each in records if made or split_of(each.source, each.group) != "train"]
    return held, [each for each in records if each not in held]


def drawn_tiles(folder: Path) -> list[ImageRecord]:
    """Return tiles that the generator draws into a folder: objects on drawn ground."""
    cut_generated(DRAWN, [], folder)
    return read_tiles(folder)
