"""Training tiles from disk: an index, JPEGs, and random crops of them with their objects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import cos, log, pi, sin
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.annotation import ImageRecord
from ..detector.boxes import canonical, corners
from ..detector.errors import DatasetNotFoundError, RecipeError
from ..detector.opencv import cv2
from .marks import crossed
from .tree import NodeTree

Pixels = NDArray[np.uint8]
KEEP_SHARE = 0.7
"""An object cut by the crop counts when at least this share of its box is inside; less is ground about which nothing
is said. Cut objects keep their whole box."""
GONE_SHARE = 0.02
Rotation = Literal["any", "quarter", "none"]


@dataclass(frozen=True, slots=True, eq=False)
class TileEntry:
    """A tile on disk and its objects as arrays."""

    path: Path
    source: str
    group: str
    gsd: float
    exhaustive: tuple[str, ...]
    nodes: tuple[str, ...]
    boxes: NDArray[np.float32]
    """(M, 5) centre x, centre y, length, width, angle in pixels; horizontal labels: width, height on the image, 0."""
    exact: NDArray[np.bool_]
    ignore: NDArray[np.bool_]
    absent: tuple[str, ...] = ()
    """Nodes of which no object is, though labels that are less deep do not say so."""
    scale: tuple[float, float] | None = None
    """Smallest and largest scale of its crops around the true ground sampling distance; None: those of the run."""
    around: NDArray[np.intp] | None = None
    """(K,) the objects that crops are centred near; None: any."""

    @property
    def turnable(self) -> NDArray[np.bool_]:
        """(M,) boxes that any rotation leaves meaningful: exact ones, and regions to ignore."""
        return self.exact | self.ignore


def tile_entry(record: ImageRecord) -> TileEntry:
    """Return the record of a tile as arrays."""
    items = record.annotations
    rows = [
        (*item.polygon.mean(0), item.length_px, item.width_px, item.angle if item.oriented else 0) for item in items
    ]
    return TileEntry(
        path=record.path,
        source=record.source,
        group=record.group,
        gsd=record.gsd,
        exhaustive=tuple(sorted(record.exhaustive)),
        nodes=tuple(item.node for item in items),
        boxes=np.array(rows, np.float32).reshape(-1, 5),
        exact=np.array([item.oriented for item in items], bool),
        ignore=np.array([item.ignore for item in items], bool),
    )


@dataclass(frozen=True, slots=True)
class CropRange:
    """How much a random crop may differ from the tile as it lies."""

    size_px: int
    scale_low: float = 0.8
    """Smallest and largest scale around the true ground sampling distance."""
    scale_high: float = 1.25
    rotation: Rotation = "any"
    """`any` where every label is exact; where one is horizontal, and with `quarter`, quarter turns and flips. `none`:
    as the tile lies."""
    mosaic: float = 0.0
    """Share of the crops that are four smaller ones of tiles that label the same nodes in full."""

    def __post_init__(self) -> None:
        """Raise `RecipeError` for a size that the network cannot take, and for ranges that are none."""
        step = 64 if self.mosaic else 32
        if self.size_px <= 0 or self.size_px % step:
            raise RecipeError(
                f"crop size_px {self.size_px} is no multiple of {step}, as the network or a mosaic wants it"
            )
        if not 0 < self.scale_low <= self.scale_high:
            raise RecipeError(f"crop scale_low {self.scale_low} and scale_high {self.scale_high}: 0 < low <= high")
        if self.rotation not in get_args(Rotation):
            raise RecipeError(f"crop rotation {self.rotation!r} is not one of {', '.join(get_args(Rotation))}")
        if not 0 <= self.mosaic <= 1:
            raise RecipeError(f"crop mosaic {self.mosaic} is not from 0 to 1")


def crop_matrix(
    entry: TileEntry, shape: tuple[int, int], crop: CropRange, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a random (2, 3) affine from the tile (height, width) to the crop.

    Any rotation where every label is exact; quarter turns where one is horizontal, whose corners would inflate
    (design, decision 1). Three crops of four are centred near an object where the tile has one.
    """
    height, width = shape
    angle, flip = _turn(entry, crop.rotation, rng)
    scale = float(np.exp(rng.uniform(log(crop.scale_low), log(crop.scale_high))))
    turn = scale * np.array([[cos(angle) * flip, -sin(angle)], [sin(angle) * flip, cos(angle)]])
    reach = 0.38 * crop.size_px / scale
    centres = entry.boxes[:, :2] if entry.around is None else entry.boxes[entry.around, :2]
    if len(centres) and rng.random() < 0.75:
        focus = centres[rng.integers(len(centres))] + rng.uniform(-reach, reach, 2)
    else:
        focus = rng.uniform(0, 1, 2) * (width, height)
    margin = np.minimum(0.5 * crop.size_px / scale, np.array([width, height]) / 2)
    focus = np.clip(focus, margin, np.array([width, height]) - margin)
    return np.hstack((turn, (crop.size_px / 2 - turn @ focus)[:, None]))


def _turn(entry: TileEntry, rotation: Rotation, rng: np.random.Generator) -> tuple[float, float]:
    """Angle in radians and flip, 1 or -1."""
    if rotation == "none":
        return 0.0, 1.0
    free = rotation == "any" and bool(entry.turnable.all())
    angle = rng.uniform(0, 2 * pi) if free else rng.integers(4) * pi / 2
    return float(angle), -1.0 if rng.random() < 0.5 else 1.0


def warped(pixels: Pixels, matrix: NDArray[np.float64], size_px: int, fill: int) -> Pixels:
    """Return the square crop of the tile under a similarity `matrix`; `fill` is the grey beyond the tile.

    `matrix` maps continuous coordinates, as those of boxes, in which the first pixel's centre is at 0.5. A tile that
    becomes clearly smaller is shrunk by area first, because warping alone would leave out pixels.
    """
    turn, shift = matrix[:, :2], matrix[:, 2]
    scale = float(np.sqrt(abs(np.linalg.det(turn))))
    if scale < 0.9:
        height, width = pixels.shape[:2]
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), np.uint8)
        turn = turn * (width / small[0], height / small[1])
    of_centres = np.hstack((turn, (turn @ (0.5, 0.5) + shift - 0.5)[:, None]))
    crop = cv2.warpAffine(
        pixels,
        of_centres,
        (size_px, size_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(fill,) * 3,
    )
    return np.asarray(crop, np.uint8)


def turned(boxes: NDArray[np.float32], exact: NDArray[np.bool_], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return boxes under a similarity `matrix`; horizontal rows stay horizontal and need quarter turns."""
    out = boxes.astype(np.float64)
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    out[:, :2] = boxes[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    out[:, 2:4] *= scale
    axis = np.stack((np.cos(boxes[:, 4]), np.sin(boxes[:, 4])), 1) @ matrix[:, :2].T
    out[:, 4] = np.arctan2(axis[:, 1], axis[:, 0])
    swapped = ~exact & (abs(matrix[0, 1]) > abs(matrix[0, 0]))
    out[swapped, 2], out[swapped, 3] = out[swapped, 3].copy(), out[swapped, 2].copy()
    out[~exact, 4] = 0
    turned_boxes: NDArray[np.float32] = canonical(out.astype(np.float32))
    turned_boxes[~exact] = out[~exact]
    return turned_boxes


def inside_share(boxes: NDArray[np.float32], size_px: int) -> NDArray[np.float64]:
    """Return (M,) the share of each box's envelope that lies inside the square crop."""
    points = corners(boxes)
    low, high = points.min(1), points.max(1)
    full = np.prod(np.maximum(high - low, 1e-6), axis=1)
    cut = np.prod(np.clip(high, 0, size_px) - np.clip(low, 0, size_px), axis=1)
    return np.asarray(cut / full, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A crop: pixels (S, S, 3), what counts on it, and the ground about which nothing is said."""

    pixels: Pixels
    objects: NDArray[np.float32]
    """(M, 7) row of the label in the tree, centre x, centre y, length, width, angle, exact."""
    ignore: NDArray[np.float32]
    """(I, 4) x0, y0, x1, y1."""

    @property
    def taken(self) -> NDArray[np.float32]:
        """(M + I, 4) the ground of the objects, and that about which nothing is said."""
        points = corners(self.objects[:, 1:6])
        return np.concatenate((np.concatenate((points.min(1), points.max(1)), 1), self.ignore))

    def moved(self, right: int, down: int) -> "Piece":
        """Return the piece with its objects where they are once its pixels lie further right and down."""
        objects = self.objects + np.array([0, right, down, 0, 0, 0, 0], np.float32)
        return Piece(self.pixels, objects, self.ignore + np.array([right, down, right, down], np.float32))


def joined(pieces: Sequence[Piece]) -> Piece:
    """Return four pieces of one size as one: top left, top right, bottom left, bottom right.

    Ultralytics' mosaic cannot be used: its labels are polygons without the flags and the length axis that ours have,
    it scales tiles away from their ground sampling distance, and it does not say what it cut.
    """
    half = len(pieces[0].pixels)
    placed = [piece.moved((place % 2) * half, (place // 2) * half) for place, piece in enumerate(pieces)]
    rows = [np.hstack([piece.pixels for piece in placed[start : start + 2]]) for start in (0, 2)]
    return Piece(
        np.vstack(rows), np.concatenate([each.objects for each in placed]), np.concatenate([p.ignore for p in placed])
    )


class TileSet(torch.utils.data.Dataset[dict[str, Any]]):
    """Random crops of tiles as the criterion wants them; item i is drawn anew, from a seed of epoch and i."""

    def __init__(
        self,
        entries: Sequence[TileEntry],
        tree: NodeTree,
        *,
        crop: CropRange,
        look: Callable[[Pixels, int], Pixels],
        gsd_m: float,
        crosses: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.entries = list(entries)
        self.tree, self.crop, self.look, self.gsd_m, self.seed = tree, crop, look, gsd_m, seed
        self.crosses = crosses
        self.rows = [np.array([tree.row(node) for node in entry.nodes], np.int64) for entry in self.entries]
        self.alike: dict[tuple[tuple[str, ...], ...], list[int]] = {}
        for index, entry in enumerate(self.entries):
            self.alike.setdefault((entry.exhaustive, entry.absent), []).append(index)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Any]:
        """Return the crop for (tile index, draw number): image (3, S, S) uint8 RGB, its objects and ground."""
        index, draw = key
        rng = np.random.default_rng((self.seed, draw))
        exhaustive, absent = self.entries[index].exhaustive, self.entries[index].absent
        if self.crop.mosaic and rng.random() < self.crop.mosaic:
            others = rng.choice(self.alike[exhaustive, absent], 3)
            quarter = replace(self.crop, size_px=self.crop.size_px // 2, mosaic=0.0)
            piece = joined([self._piece(int(each), quarter, rng) for each in (index, *others)])
        else:
            piece = self._piece(index, self.crop, rng)
        pixels = piece.pixels
        if self.crosses and rng.random() < self.crosses:
            pixels = crossed(pixels, piece.taken, self.gsd_m, rng)
        pixels = self.look(pixels, int(rng.integers(2**31)))
        return {
            "image": torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))),
            "objects": torch.from_numpy(piece.objects),
            "ignore": torch.from_numpy(piece.ignore),
            "background": self.tree.within(exhaustive),
            "absent": self.tree.within(absent),
        }

    def _piece(self, index: int, crop: CropRange, rng: np.random.Generator) -> Piece:
        entry = self.entries[index]
        pixels = cv2.imread(str(entry.path), cv2.IMREAD_COLOR_RGB)
        if pixels is None:
            raise DatasetNotFoundError(f"tile {entry.path} cannot be read; make the tiles again")
        low, high = entry.scale or (crop.scale_low, crop.scale_high)
        true = entry.gsd / self.gsd_m
        crop = replace(crop, scale_low=low * true, scale_high=high * true)
        matrix = crop_matrix(entry, pixels.shape[:2], crop, rng)
        fill = int(rng.choice([0, 114, int(pixels.mean())]))
        boxes = turned(entry.boxes, entry.turnable, matrix)
        share = inside_share(boxes, crop.size_px)
        keep = (share >= KEEP_SHARE) & ~entry.ignore
        unsure = (share > GONE_SHARE) & ~keep
        points = corners(boxes[unsure])
        return Piece(
            warped(np.asarray(pixels, np.uint8), matrix, crop.size_px, fill),
            np.column_stack((self.rows[index][keep], boxes[keep], entry.exact[keep])).astype(np.float32).reshape(-1, 7),
            np.concatenate((points.min(1), points.max(1)), 1).astype(np.float32).reshape(-1, 4).clip(0, crop.size_px),
        )


def collate(items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Return one batch: images (B, 3, S, S) uint8, and objects and ignore rows with the image number in front.

    And (B, K): what weight empty ground has, and which nodes no object is of.
    """

    def numbered(key: str) -> torch.Tensor:
        rows = [torch.cat((torch.full((len(item[key]), 1), float(i)), item[key]), 1) for i, item in enumerate(items)]
        return torch.cat(rows)

    return {
        "image": torch.stack([item["image"] for item in items]),
        "objects": numbered("objects"),
        "ignore": numbered("ignore"),
        "background": torch.stack([item["background"] for item in items]),
        "absent": torch.stack([item["absent"] for item in items]),
    }
