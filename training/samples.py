"""Sample predictions as one picture: what the network finds on a few crops, over what the labels say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..detector.boxes import corners
from ..detector.decode import Decoder
from ..detector.detections import Detections
from ..detector.errors import OutputError
from ..detector.opencv import cv2
from ..detector.weights import WeightRecord
from .tileset import TileSet

Pixels = NDArray[np.uint8]
SAMPLES = 8
SHOWN_SCORE = 0.25
TRUTH, FOUND, UNSURE = (255, 255, 255), (255, 140, 0), (90, 90, 90)
"""RGB."""


class Samples:
    """Crops of a tile set and a decoder for what a network says about them."""

    def __init__(self, tiles: TileSet, keys: Sequence[tuple[int, int]], record: WeightRecord) -> None:
        """Take `keys` (tile index, draw number) of the tiles; the record says what the network's columns are."""
        self.items = [tiles[key] for key in keys]
        self.labels = tiles.tree.labels
        self.decoder = Decoder(record, min_score=SHOWN_SCORE)

    def write(self, network: nn.Module, path: Path, *, title: str) -> None:
        """Write the crops in rows of four; `OutputError` where the file cannot be written.

        Labels are white, with a stroke along the length axis where the angle is exact, ground that is left aside is
        grey, what the network finds is orange with its score.
        """
        drawn = [self._drawn(network, item) for item in self.items]
        said = f"{title}: white = label, orange = found (score {SHOWN_SCORE} or more), grey = left aside"
        _write_sheet(drawn, path, said)

    @torch.no_grad()
    def _drawn(self, network: nn.Module, item: dict[str, Any]) -> Pixels:
        parameter = next(network.parameters())
        image = item["image"][None].to(parameter.device, parameter.dtype) / 255
        raw = network(image)[0].float().cpu().numpy()[0]
        size = image.shape[-1]
        return draw_objects(item, self.labels, self.decoder(raw, size, size))


def write_crops(tiles: TileSet, keys: Sequence[tuple[int, int]], path: Path) -> None:
    """Write the crops of `keys` as they are learnt from, with their labels; `OutputError` where that cannot be."""
    drawn = [draw_objects(tiles[key], tiles.tree.labels) for key in keys]
    _write_sheet(
        drawn, path, "crops as they are learnt from: white = label, with its axis where exact, grey = left aside"
    )


def _write_sheet(drawn: Sequence[Pixels], path: Path, caption: str) -> None:
    """Crops in rows of four under a line of text."""
    filled = [*drawn, *[np.full_like(drawn[0], 20)] * (-len(drawn) % 4)]
    rows = [np.hstack(filled[start : start + 4]) for start in range(0, len(filled), 4)]
    strip = np.full((26, rows[0].shape[1], 3), 20, np.uint8)
    cv2.putText(strip, caption, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
    sheet = cv2.cvtColor(np.vstack([strip, *rows]), cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), sheet, [cv2.IMWRITE_JPEG_QUALITY, 88]):
        raise OutputError(f"cannot write {path}")


def draw_objects(item: dict[str, Any], labels: Sequence[str], found: Detections | None = None) -> Pixels:
    """Return the crop of an item of a `TileSet` with its labels, and with detections, drawn on it."""
    canvas: Pixels = np.ascontiguousarray(item["image"].numpy().transpose(1, 2, 0))
    for x0, y0, x1, y1 in item["ignore"].numpy():
        cv2.rectangle(canvas, (int(x0), int(y0)), (int(x1), int(y1)), UNSURE, 1)
    for row, *box, exact in item["objects"].numpy():
        _box(canvas, np.array(box, np.float32), TRUTH, axis=bool(exact))
        if found is None:
            _text(canvas, labels[int(row)], np.array(box, np.float32), TRUTH)
    if found is not None:
        for row in range(len(found)):
            _box(canvas, found.boxes[row], FOUND, axis=True)
            text = f"{found.nodes[int(found.label[row])]} {float(found.score[row]):.2f}"
            _text(canvas, text, found.boxes[row], FOUND)
    return canvas


def _box(canvas: Pixels, box: NDArray[np.float32], colour: tuple[int, int, int], *, axis: bool) -> None:
    points = corners(box[None])[0]
    cv2.polylines(canvas, [np.round(points * 16).astype(np.int32)], isClosed=True, color=colour, lineType=16, shift=4)
    if axis:
        front = (points[0] + points[3]) / 2
        ends = [tuple(int(value) for value in np.round(point * 16)) for point in (box[:2], front)]
        cv2.line(canvas, ends[0], ends[1], colour, 1, 16, 4)


def _text(canvas: Pixels, text: str, box: NDArray[np.float32], colour: tuple[int, int, int]) -> None:
    """Text over the top of a box, inside the canvas."""
    left, top = corners(box[None])[0].min(axis=0)
    wide = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)[0][0]
    place = (max(0, min(int(left), canvas.shape[1] - wide - 1)), max(9, int(top) - 3))
    for shade, width in (((0, 0, 0), 2), (colour, 1)):
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, shade, width, cv2.LINE_AA)
