"""A contact sheet: pieces of images with their labels drawn, all at one scale, to look at before anything is trained.

Every node gets its turn: the pieces are centred on objects, node by node, and on images without objects. What a piece
of a node shows already is not shown again for that node. The object's node stands above the piece, in its colour;
objects of other nodes in it carry their names. A line shows the length axis of an oriented box; an ignore region is
grey.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import NamedTuple

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
FONT, LARGE, SMALL = cv2.FONT_HERSHEY_SIMPLEX, 0.4, 0.33
OBJECTS_WIDE = 4
"""Of a piece without a stated width: how many objects of median size it is wide."""
WIDTHS_M = (30.0, 120.0)
SUFFIXES = (".png", ".jpg", ".jpeg")

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is on a sheet: up to `count` pieces of `size_m` metres, each `cell_px` wide, `columns` in a row.

    size_m: None for four times the median object, within 30 to 120 m. node: only pieces centred on this node or one
    below it. seed: another number shows other pieces.
    """

    count: int = 24
    columns: int = 6
    cell_px: int = 256
    size_m: float | None = None
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

    DatasetNotFoundError for an image that cannot be read; OutputError for another ending
    than .png or .jpg; OSError where the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{path} cannot be written: its name must end with {', '.join(SUFFIXES)}")
    size_m = sheet.size_m or _width_m(records, sheet)
    chosen = _chosen(records, sheet, size_m)
    if not chosen:
        return 0
    cells = []
    for number, piece in enumerate(chosen, start=1):
        cells.append(_cell(piece, sheet.cell_px, size_m))
        progress(number, len(chosen))
    columns = min(sheet.columns, len(cells))
    cells += [np.full_like(cells[0], PAPER)] * (-len(cells) % columns)
    picture = np.vstack([np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix.lower(), picture)[1].tobytes())
    return len(chosen)


class _Piece(NamedTuple):
    """A square of an image: its centre in pixels of the image, and the object that it is centred on, if any."""

    record: ImageRecord
    item: Annotation | None
    centre: NDArray[np.float64]


def _width_m(records: Sequence[ImageRecord], sheet: Sheet) -> float:
    shown = [(record, item) for record in records for item in record.annotations if _is_wanted(item, sheet)]
    sides = [max(item.length_px, item.width_px) * record.gsd for record, item in shown]
    return float(np.clip(OBJECTS_WIDE * np.median(sides), *WIDTHS_M)) if sides else WIDTHS_M[1]


def _is_wanted(item: Annotation, sheet: Sheet) -> bool:
    return sheet.node is None or is_a(item.node, sheet.node)


def _chosen(records: Sequence[ImageRecord], sheet: Sheet, size_m: float) -> list[_Piece]:
    draw = random.Random(sheet.seed)
    objects: dict[str, list[tuple[ImageRecord, Annotation | None]]] = defaultdict(list)
    for record in records:
        for item in record.annotations:
            if _is_wanted(item, sheet):
                objects[item.node].append((record, item))
        if not record.annotations and sheet.node is None:
            objects[""].append((record, None))
    piles = [objects[node] for node in (*NODES, "") if node in objects]
    for pile in piles:
        draw.shuffle(pile)
    return list(islice(_in_turn([_pieces(pile, size_m) for pile in piles]), sheet.count))


def _pieces(pile: Sequence[tuple[ImageRecord, Annotation | None]], size_m: float) -> Iterator[_Piece]:
    """A piece for each, but not for what lies in one of those before."""
    shown: dict[Path, list[NDArray[np.float64]]] = defaultdict(list)
    for record, item in pile:
        half = size_m / record.gsd / 2
        size = np.array([record.width, record.height], dtype=np.float64)
        middle = size / 2 if item is None else np.array(item.centre)
        if any((np.abs(middle - centre) < half).all() for centre in shown[record.path]):
            continue
        centre = np.where(size < 2 * half, size / 2, np.clip(middle, half, np.maximum(half, size - half)))
        shown[record.path].append(centre)
        yield _Piece(record, item, centre)


def _in_turn(piles: Iterable[Iterator[_Piece]]) -> Iterator[_Piece]:
    """One of each pile after the other, as long as any has some."""
    for turn in zip_longest(*piles):
        yield from (piece for piece in turn if piece is not None)


def _cell(piece: _Piece, cell_px: int, size_m: float) -> Picture:
    """A piece of the image, resampled, with every label that touches it."""
    record, item, centre = piece
    half, scale = size_m / record.gsd / 2, cell_px * record.gsd / size_m
    offset = cell_px / 2 - scale * centre
    corner = np.maximum(centre - half - 2, 0).astype(int)
    (left, top), (right, bottom) = corner, (centre + half + 2).astype(int)
    pixels = read_bgr(record.path)[top:bottom, left:right]
    if scale < 1:  # reduced first: warping alone would leave out pixels
        small = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    turn = np.hstack([np.eye(2) * max(scale, 1), (offset + scale * corner)[:, None]])
    cell = cv2.warpAffine(pixels, turn, (cell_px, cell_px), borderValue=PAPER)
    for each in record.annotations:
        named = item is None or each.node != item.node
        _draw(cell, each, each.polygon * scale + offset, named=named)
    return np.vstack([_strip(record, item, cell_px), np.asarray(cell, dtype=np.uint8)])


def _colour(item: Annotation) -> tuple[int, int, int]:
    return IGNORED if item.ignore else COLOURS.get(item.node.split(".")[0], OTHER)


def _draw(cell: "cv2.typing.MatLike", item: Annotation, polygon: NDArray[np.float64], *, named: bool) -> None:
    colour = _colour(item)
    corners = np.round(polygon * 8).astype(np.int32)
    cv2.polylines(cell, [corners.reshape(-1, 1, 2)], True, colour, 1, cv2.LINE_AA, shift=3)
    if item.oriented:
        ends = np.round([polygon[[3, 0]].mean(axis=0) * 8, polygon[[1, 2]].mean(axis=0) * 8]).astype(np.int32)
        cv2.polylines(cell, [ends.reshape(-1, 1, 2)], False, colour, 1, cv2.LINE_AA, shift=3)
    name = item.node.rpartition(".")[2]
    left, top = np.round(polygon.min(axis=0)).astype(int).tolist()
    if named and np.ptp(polygon[:, 0]) >= _text_width(name, SMALL):  # narrower ones would hide each other
        cv2.rectangle(cell, (left, top - 10), (left + _text_width(name, SMALL) + 1, top), PAPER, cv2.FILLED)
        cv2.putText(cell, name, (left + 1, top - 2), FONT, SMALL, colour, 1, cv2.LINE_AA)


def _text_width(text: str, scale: float) -> int:
    return cv2.getTextSize(text, FONT, scale, 1)[0][0]


def _strip(record: ImageRecord, item: Annotation | None, width: int) -> Picture:
    """The node and the name of the image; of a name that is too long, its end."""
    strip = np.full((STRIP_PX, width, 3), PAPER, np.uint8)
    node, colour = ("no objects", INK) if item is None else (item.node, _colour(item))
    left = _text_width(node, LARGE) + 12
    name = record.path.stem
    while name and left + _text_width(name, LARGE) > width:
        name = ".." + name.removeprefix("..")[1:] if len(name) > 3 else ""
    cv2.putText(strip, node, (3, STRIP_PX - 5), FONT, LARGE, colour, 1, cv2.LINE_AA)
    cv2.putText(strip, name, (left, STRIP_PX - 5), FONT, LARGE, INK, 1, cv2.LINE_AA)
    return strip
