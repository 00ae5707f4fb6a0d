"""A scene's objects are named by what stands around them in the scene, wherever its tiles end."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.detector import Detector, WeightRecord
from hardstand.inference import array_scene, detect

Pixels = NDArray[np.uint8]
NODES = ("fw", "fw.bomber", "fw.airliner", "heli", "ad.launcher")
SURE, EITHER = 250, 240
SCORES = {SURE: (0.9, 0.8, 0.1, 0, 0), EITHER: (0.9, 0.4, 0.5, 0, 0)}


class Spots:
    """A back end that sees an aircraft of 40 by 36 px on every red spot: red tells its scores, green which one."""

    batch_size = 1

    def prepare(self, height: int, width: int, batches: int) -> None: ...

    def infer(self, batch: Pixels) -> NDArray[np.float32]:
        spots = np.unique(batch[batch[..., 2] == 0], axis=0)
        seen = np.zeros((1, 10, len(spots) + 1), np.float32)
        for k, spot in enumerate(spots):
            _, rows, columns = np.nonzero((batch == spot).all(axis=3))
            seen[0, :, k] = (columns.mean() + 0.5, rows.mean() + 0.5, 40, 36, *SCORES[int(spot[0])], 0)
        return seen

    def stream(self, batches: Iterable[Pixels]) -> Iterator[NDArray[np.float32]]:
        return map(self.infer, batches)


def row_at(*places_px: int) -> Pixels:
    """Bombers in a row, and one at the end that is either."""
    pixels = np.full((160, 1400, 3), 90, np.uint8)
    for k, x in enumerate(places_px):
        pixels[76:84, x - 4 : x + 4] = (EITHER if x == places_px[-1] else SURE, 10 + k, 0)
    return pixels


@pytest.mark.parametrize(("x", "name"), [(340, "fw.bomber"), (1100, "fw.airliner")])
def test_neighbours_in_other_tiles_are_company(x: int, name: str) -> None:
    record = WeightRecord(
        name="spots", architecture={}, nodes=NODES, gsd_m=0.5, tile_px=192, largest_object_m=20.0, licence="none",
        created="2026-01-01", thresholds={"fw.bomber": 0.3, "fw.airliner": 0.3},
    )  # fmt: skip
    detector = Detector(Spots(), record)
    (alone,) = detector.detect_tiles([row_at(96)[:, :192]])
    assert alone.labels == ("fw.airliner",)
    with array_scene(row_at(50, 110, 170, x), gsd=0.5) as scene:
        found = detect(scene, detector).detections
    order = np.argsort(found.boxes[:, 0])
    assert [found.labels[k] for k in order] == [*["fw.bomber"] * 3, name]
