"""A contact sheet: pieces of images with their labels drawn, all at one scale, to look at before anything is trained.

Every node gets its turn: the pieces are centred on objects, node by node, and on images without objects. A line
shows the length axis of an oriented box; an ignore region is grey.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import OutputError
from ..detector.opencv import cv2
from ..detector.taxonomy import NODES, is_a
from .annotation import Annotation, ImageRecord
from .images import read_bgr

__all__ = ["Sheet", "write_preview"]

COLOURS = {"fw": (40, 190, 255), "heli": (255, 225, 60), "ad": (200, 95, 255)}
OTHER, IGNORED, INK, PAPER = (140, 220, 140), (170, 170, 170), (245, 245, 245), (26, 20, 16)
STRIP_PX = 18

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is on a sheet: `count` pieces of `size_m` metres, each `cell_px` wide, `columns` in a row.

    node: only pieces centred on this node or one below it. seed: another number shows other pieces.
    """

    count: int = 24
    columns: int = 6
    cell_px: int = 256
    size_m: float = 120.0
    node: str | None = None
    seed: int = 0


def write_preview(
    records: Sequence[ImageRecord],
    path: Path,
    sheet: Sheet = Sheet(),
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> int:
    """Write the contact sheet as PNG or JPEG and return the number of pieces; 0, and no file, where there are none.

    DatasetNotFoundError for an image that cannot be read; OutputError where the file cannot be written.
    """
    chosen = _chosen(records, sheet)
    if not chosen:
        return 0
    cells = []
    for number, (record, item) in enumerate(chosen, start=1):
        cells.append(_cell(record, item, sheet))
        progress(number, len(chosen))
    columns = min(sheet.columns, len(cells))
    cells += [np.full_like(cells[0], PAPER)] * (-len(cells) % columns)
    picture = np.vstack([np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)])
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg") or not cv2.imwrite(str(path), picture):
        raise OutputError(f"{path} cannot be written: a folder that exists, and a name that ends with .png or .jpg")
    return len(chosen)


def _chosen(records: Sequence[ImageRecord], sheet: Sheet) -> list[tuple[ImageRecord, Annotation | None]]:
    draw = random.Random(sheet.seed)
    objects: dict[str, list[tuple[ImageRecord, Annotation | None]]] = defaultdict(list)
    for record in records:
        for item in record.annotations:
            if sheet.node is None or is_a(item.node, sheet.node):
                objects[item.node].append((record, item))
        if not record.annotations and sheet.node is None:
            objects[""].append((record, None))
    piles = [objects[node] for node in (*NODES, "") if node in objects]
    for pile in piles:
        draw.shuffle(pile)
    return list(_in_turn(piles))[: sheet.count]


def _in_turn(
    piles: list[list[tuple[ImageRecord, Annotation | None]]],
) -> Iterator[tuple[ImageRecord, Annotation | None]]:
    while piles:
        piles = [pile for pile in piles if pile]
        for pile in piles:
            yield pile.pop()


def _cell(record: ImageRecord, item: Annotation | None, sheet: Sheet) -> Picture:
    """A piece of the image around the object, or of its middle, resampled, with every label that touches it."""
    size, half = np.array([record.width, record.height]), sheet.size_m / record.gsd / 2
    centre = size / 2 if item is None else item.polygon.mean(axis=0)
    centre = np.where(size < 2 * half, size / 2, np.clip(centre, half, np.maximum(half, size - half)))
    scale = sheet.cell_px * record.gsd / sheet.size_m
    offset = sheet.cell_px / 2 - scale * centre
    corner = np.maximum(centre - half - 2, 0).astype(int)
    (left, top), (right, bottom) = corner, (centre + half + 2).astype(int)
    pixels = read_bgr(record.path)[top:bottom, left:right]
    if scale < 1:  # reduced first: warping alone would leave out pixels
        small = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    turn = np.hstack([np.eye(2) * max(scale, 1), (offset + scale * corner)[:, None]])
    cell = cv2.warpAffine(pixels, turn, (sheet.cell_px, sheet.cell_px), borderValue=PAPER)
    for each in record.annotations:
        _draw(cell, each, each.polygon * scale + offset)
    return np.vstack([_strip(record, item, sheet.cell_px), np.asarray(cell, dtype=np.uint8)])


def _draw(cell: "cv2.typing.MatLike", item: Annotation, polygon: NDArray[np.float64]) -> None:
    colour = IGNORED if item.ignore else COLOURS.get(item.node.split(".")[0], OTHER)
    corners = np.round(polygon * 8).astype(np.int32)
    cv2.polylines(cell, [corners.reshape(-1, 1, 2)], True, colour, 1, cv2.LINE_AA, shift=3)
    if item.oriented:
        ends = np.round([polygon[[3, 0]].mean(axis=0) * 8, polygon[[1, 2]].mean(axis=0) * 8]).astype(np.int32)
        cv2.polylines(cell, [ends.reshape(-1, 1, 2)], False, colour, 1, cv2.LINE_AA, shift=3)


def _strip(record: ImageRecord, item: Annotation | None, width: int) -> Picture:
    strip = np.full((STRIP_PX, width, 3), PAPER, np.uint8)
    text = f"{'no objects' if item is None else item.node}  {record.path.stem}"
    cv2.putText(strip, text[: width // 7], (3, STRIP_PX - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1, cv2.LINE_AA)
    return strip
