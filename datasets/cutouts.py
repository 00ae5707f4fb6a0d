"""Real aircraft cut out of imagery (PNG with alpha, one folder per type), turned nose to +x and put to scale.

`cutouts.csv` holds, per file, where the nose points in the picture (degrees from +x toward +y; found by mirror
symmetry, checked by eye), the taxonomy node that gives its size, and its split. Held out is the last picture of each
type, or an earlier one where the last is a near duplicate of others.

The text beside a picture, its width in metres, is not used: against the taxonomy it is off by factors of 0.75 to
1.34. The scale is the geometric mean of length in metres / length in pixels and the same of the span (swept where
that fits better).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import DatasetNotFoundError
from ..detector.opencv import cv2
from ..detector.taxonomy import NODES
from .labels import meaning_of
from .tables import rows_of

__all__ = ["CutOut", "Split", "extent", "load_cutouts"]

Split = Literal["train", "holdout"]
GSD_M = 0.2
OPAQUE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """One aircraft seen from above, nose toward +x.

    rgba: (H, W, 4) float32 at `gsd` metres per pixel, RGB in 0..255 premultiplied with alpha in 0..1, cropped to the
    extent of alpha above one half; so length_m and width_m (span) are its sides.
    """

    name: str
    node: str
    rgba: NDArray[np.float32]
    gsd: float
    blur_m: float = 0.0
    """Sigma of the blur that the picture has already, in metres; 0 where it is taken for sharp."""

    @property
    def length_m(self) -> float:
        """Nose to tail in metres."""
        return float(self.rgba.shape[1] * self.gsd)

    @property
    def width_m(self) -> float:
        """Wing tip to wing tip in metres, as the wings stand in the picture."""
        return float(self.rgba.shape[0] * self.gsd)


def load_cutouts(root: Path, *, split: Split) -> tuple[CutOut, ...]:
    """The cut-outs of one split below `root` (folders `a-50` and so on), in the order of `cutouts.csv`.

    DatasetNotFoundError where a file is missing or has no alpha.
    """
    return tuple(_load(root, row) for row in rows_of("cutouts.csv") if row["split"] == split)


def _load(root: Path, row: dict[str, str]) -> CutOut:
    path = root / row["type"] / f"{row['name']}.png"
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    if raw is None or raw.ndim != 3 or raw.shape[2] != 4:
        raise DatasetNotFoundError(f"no cut-out with alpha at {path}: give the folder `cutouts` of the airbase assets")
    rgba = raw[..., [2, 1, 0, 3]].astype(np.float32)
    rgba[..., 3] /= 255
    rgba[..., :3] *= rgba[..., 3:]
    whole = _nose_right(rgba, float(row["nose_deg"]))
    turned = whole[extent(whole[..., 3])]
    factor = _metres_per_pixel(row["sized_as"], turned.shape[1], turned.shape[0]) / GSD_M
    size = (max(1, round(turned.shape[1] * factor)), max(1, round(turned.shape[0] * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(turned, size, interpolation=method), dtype=np.float32)
    return CutOut(row["name"], meaning_of("cutouts", row["type"]).node, small, GSD_M)


def _nose_right(rgba: NDArray[np.float32], nose_deg: float) -> NDArray[np.float32]:
    height, width = rgba.shape[:2]
    side = int(np.hypot(width, height)) + 4
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), nose_deg, 1.0)
    matrix[:, 2] += (side / 2 - width / 2, side / 2 - height / 2)
    return np.asarray(cv2.warpAffine(rgba, matrix, (side, side)), dtype=np.float32)


def extent(alpha: NDArray[np.float32]) -> tuple[slice, slice]:
    """The rows and columns of a cover (H, W) from the first to the last with anything above one half."""
    solid = alpha > OPAQUE
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _metres_per_pixel(node: str, length_px: int, width_px: int) -> float:
    size = NODES[node].sizes[0]
    by_length = size.length_m / length_px
    spans = [span for span in (size.width_m, size.swept_width_m) if span]
    by_span = min((span / width_px for span in spans), key=lambda ratio: abs(np.log(ratio / by_length)))
    return float(np.sqrt(by_length * by_span))
