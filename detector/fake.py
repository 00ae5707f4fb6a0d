"""A detector for tests that knows the truth by paint, and the brush for it.

Objects are solid oriented rectangles in one colour per node. `PaintDetector` finds connected areas of a colour in a
tile and boxes them. Like a network it sees a fragment where a tile cuts an object, and reports it as an object; so the
whole way from pixels to counts is testable without weights.
"""

from collections.abc import Iterable, Iterator
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .boxes import canonical
from .detections import Detections, path_scores
from .errors import LabelError

Pixels = NDArray[np.uint8]

PAINTED = (
    "fw",
    "fw.combat",
    "fw.attack",
    "fw.bomber",
    "fw.transport",
    "fw.isr",
    "fw.airliner",
    "fw.light",
    "fw.combat.su27fam",
    "fw.combat.mig29",
    "fw.combat.mig31",
    "fw.attack.su24",
    "fw.attack.su25",
    "fw.bomber.tu22m",
    "fw.bomber.tu95",
    "fw.bomber.tu160",
    "fw.transport.il76",
    "fw.isr.a50",
    "heli",
    "ad.launcher",
)
"""The nodes that have a colour."""

_LEVELS = (20, 130, 240)
_COLOURS = [colour for colour in product(_LEVELS, repeat=3) if len(set(colour)) > 1]
COLOURS = {node: np.array(colour, dtype=np.uint8) for node, colour in zip(PAINTED, _COLOURS, strict=False)}
"""RGB of each node; no grey, so any grey is background. Colours differ by 110 or more in some channel."""

_NEAR = 40  # a pixel belongs to a colour when every channel is this close: edges of a resampled object do not
_SMALLEST_PX = 6  # areas below this many pixels are specks, not objects


def paint(pixels: Pixels, box: ArrayLike, node: str) -> None:
    """Paint the oriented box (cx, cy, length, width, angle) into `pixels` (H, W, 3), in place.

    A pixel is painted when its centre is inside. What lies outside of the array is cut off.

    Raises:
        LabelError: the node has no colour.
    """
    if node not in COLOURS:
        raise LabelError(f"no paint for node {node!r}: expected one of {', '.join(PAINTED)}")
    cx, cy, length, width, angle = (float(value) for value in np.asarray(box, dtype=np.float64))
    reach = np.hypot(length, width) / 2
    left, right = (int(np.clip(x, 0, pixels.shape[1])) for x in (cx - reach, cx + reach + 1))
    top, bottom = (int(np.clip(y, 0, pixels.shape[0])) for y in (cy - reach, cy + reach + 1))
    dx = np.arange(left, right)[None, :] + 0.5 - cx
    dy = np.arange(top, bottom)[:, None] + 0.5 - cy
    along = np.abs(dx * np.cos(angle) + dy * np.sin(angle)) <= length / 2
    across = np.abs(dy * np.cos(angle) - dx * np.sin(angle)) <= width / 2
    pixels[top:bottom, left:right][along & across] = COLOURS[node]


class PaintDetector:
    """A `TileDetector` that finds painted objects; deterministic, without weights.

    The longer side of what it sees is the length. Objects of one colour that touch are one object to it. Every object
    has the same score and probability.
    """

    def __init__(
        self, *, gsd: float = 0.5, tile_px: int = 1024, largest_object_m: float = 75.0, score: float = 0.9
    ) -> None:
        """State the frame in which tiles are seen: metres per pixel, tile side in pixels, largest object in metres."""
        self.nodes: tuple[str, ...] = PAINTED
        self.gsd = gsd
        self.tile_px = tile_px
        self.largest_object_m = largest_object_m
        self.score = score

    def prepare(self, height: int, width: int, tiles: int) -> None:
        """Nothing: all sizes are alike."""

    def stream(self, tiles: Iterable[Pixels]) -> Iterator[Detections]:
        """The detections of each tile (H, W, 3) uint8, in order, in pixels of the tile."""
        for tile in tiles:
            yield self._see(tile)

    def _see(self, tile: Pixels) -> Detections:
        if max(tile.shape[:2]) > self.tile_px:
            raise ValueError(f"a tile is {tile.shape[1]} x {tile.shape[0]} px, expected at most {self.tile_px}")
        seen = [(node, box) for node in self.nodes for box in _areas(tile, COLOURS[node])]
        if not seen:
            return Detections.empty(self.nodes, self.gsd)
        return Detections(
            self.nodes,
            canonical([box for _, box in seen]),
            np.stack([path_scores(self.nodes, node, self.score) for node, _ in seen]),
            np.array([self.nodes.index(node) for node, _ in seen], dtype=np.intp),
            np.full(len(seen), self.score, dtype=np.float32),
            self.gsd,
        )


def _areas(tile: Pixels, colour: Pixels) -> Iterator[tuple[float, float, float, float, float]]:
    """Boxes of the connected areas of a colour."""
    from .opencv import cv2  # noqa: PLC0415  # heavy, and only this test helper needs it here

    near = np.abs(tile.astype(np.int16) - colour.astype(np.int16)) <= _NEAR
    ink = np.logical_and.reduce(near, axis=2, dtype=np.bool_)
    if not ink.any():
        return
    count, marks, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    for mark in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[mark])
        if area < _SMALLEST_PX:
            continue
        rows, columns = np.nonzero(marks[top : top + height, left : left + width] == mark)
        points = np.stack([columns + left + 0.5, rows + top + 0.5], axis=1).astype(np.float32)
        (cx, cy), (side, other), degrees = cv2.minAreaRect(points)
        angle = np.radians(degrees) if side >= other else np.radians(degrees + 90)
        yield cx, cy, max(side, other) + 1, min(side, other) + 1, float(angle)
