"""Training tiles from disk: an index, JPEGs, and random crops of them with their objects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, log, pi, sin
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.annotation import ImageRecord
from ..detector.boxes import canonical, corners
from ..detector.errors import DatasetNotFoundError
from ..detector.opencv import cv2
from .tree import NodeTree

Pixels = NDArray[np.uint8]
KEEP_SHARE = 0.7
"""An object cut by the crop counts when at least this share of its box is inside; less is ground about which nothing
is said. Cut objects keep their whole box."""
GONE_SHARE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class TileEntry:
    """A tile on disk and its objects as arrays."""

    path: Path
    source: str
    group: str
    exhaustive: tuple[str, ...]
    nodes: tuple[str, ...]
    boxes: NDArray[np.float32]
    """(M, 5) centre x, centre y, length, width, angle in pixels; horizontal labels: width, height on the image, 0."""
    exact: NDArray[np.bool_]
    ignore: NDArray[np.bool_]

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
    scale_high: float = 1.25


def crop_matrix(
    entry: TileEntry, shape: tuple[int, int], crop: CropRange, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a random (2, 3) affine from the tile (height, width) to the crop.

    Any rotation where every label is exact; quarter turns where one is horizontal, whose corners would inflate
    (design, decision 1). Three crops of four are centred near an object where the tile has one.
    """
    height, width = shape
    angle = rng.uniform(0, 2 * pi) if bool(entry.turnable.all()) else rng.integers(4) * pi / 2
    scale = float(np.exp(rng.uniform(log(crop.scale_low), log(crop.scale_high))))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    turn = scale * np.array([[cos(angle) * flip, -sin(angle)], [sin(angle) * flip, cos(angle)]])
    reach = 0.38 * crop.size_px / scale
    if len(entry.boxes) and rng.random() < 0.75:
        focus = entry.boxes[rng.integers(len(entry.boxes)), :2] + rng.uniform(-reach, reach, 2)
    else:
        focus = rng.uniform(0, 1, 2) * (width, height)
    margin = np.minimum(0.5 * crop.size_px / scale, np.array([width, height]) / 2)
    focus = np.clip(focus, margin, np.array([width, height]) - margin)
    return np.hstack((turn, (crop.size_px / 2 - turn @ focus)[:, None]))


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


class TileSet(torch.utils.data.Dataset[dict[str, Any]]):
    """Random crops of tiles as the criterion wants them; item i is drawn anew, from a seed of epoch and i."""

    def __init__(
        self,
        entries: Sequence[TileEntry],
        tree: NodeTree,
        *,
        crop: CropRange,
        look: Callable[[Pixels, int], Pixels],
        seed: int = 0,
    ) -> None:
        self.entries = list(entries)
        self.tree, self.crop, self.look, self.seed = tree, crop, look, seed
        self.columns = [np.array([tree.column(node) for node in entry.nodes], np.int64) for entry in self.entries]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Any]:
        """Return the crop for (tile index, draw number): image (3, S, S) uint8 RGB, objects, ignore, background."""
        index, draw = key
        entry = self.entries[index]
        rng = np.random.default_rng((self.seed, draw))
        pixels = cv2.imread(str(entry.path), cv2.IMREAD_COLOR_RGB)
        if pixels is None:
            raise DatasetNotFoundError(f"tile {entry.path} cannot be read; make the tiles again")
        size = self.crop.size_px
        matrix = crop_matrix(entry, pixels.shape[:2], self.crop, rng)
        shrinks = abs(np.linalg.det(matrix[:, :2])) < 0.8
        fill = rng.choice([0, 114, int(pixels.mean())])
        crop = cv2.warpAffine(
            pixels,
            matrix,
            (size, size),
            flags=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(int(fill),) * 3,
        )
        crop = self.look(np.ascontiguousarray(crop, np.uint8), int(rng.integers(2**31)))
        boxes = turned(entry.boxes, entry.turnable, matrix)
        share = inside_share(boxes, size)
        keep = (share >= KEEP_SHARE) & ~entry.ignore
        unsure = (share > GONE_SHARE) & ~keep
        points = corners(boxes[unsure])
        return {
            "image": torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1))),
            "objects": torch.from_numpy(
                np.column_stack((self.columns[index][keep], boxes[keep], entry.exact[keep]))
                .astype(np.float32)
                .reshape(-1, 7)
            ),
            "ignore": torch.from_numpy(
                np.concatenate((points.min(1), points.max(1)), 1).astype(np.float32).reshape(-1, 4)
            ),
            "background": self.tree.background(entry.exhaustive),
        }


def collate(items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Return one batch: images (B, 3, S, S) uint8, and objects and ignore rows with the image number in front."""

    def numbered(key: str) -> torch.Tensor:
        rows = [torch.cat((torch.full((len(item[key]), 1), float(i)), item[key]), 1) for i, item in enumerate(items)]
        return torch.cat(rows)

    return {
        "image": torch.stack([item["image"] for item in items]),
        "objects": numbered("objects"),
        "ignore": numbered("ignore"),
        "background": torch.stack([item["background"] for item in items]),
    }
