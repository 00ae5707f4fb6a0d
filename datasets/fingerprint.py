"""Images that look alike: a difference hash, and which of many hashes are near each other.

The hash is the sign of the horizontal gradient of a 17 x 16 px grey copy of what is inside the frame (N. Krawetz,
"Kind of Like That", 2013, https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html). It finds
the same image at another size, compression or padding, not a shifted or turned crop of it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2

__all__ = ["THUMBNAIL", "difference_hash", "near_pairs"]

THUMBNAIL = (136, 128)
"""Width and height of the grey copy that is looked at; its frame without content is cut off before it is hashed."""
HASHED = (17, 16)
BITS_APART = 40
"""Copies at 60 % of the size and JPEG quality 70 are 1 to 19 bits apart, others over 60 (real samples)."""
FLAT = 3.0
"""Standard deviation in grey levels below which an image shows nothing that could be compared."""
EVEN = 8
"""Grey levels between the darkest and the brightest pixel of a row or column that is frame: black bars, no data."""
BLOCK = 256

Hash = NDArray[np.uint64]


def difference_hash(grey: NDArray[np.uint8]) -> Hash | None:
    """256 bits as (4,) uint64 of a grey thumbnail (128, 136); None where it is nearly flat, or mostly frame."""
    rows, columns = (np.flatnonzero(np.ptp(grey, axis=axis) > EVEN) for axis in (1, 0))
    if len(rows) < grey.shape[0] / 4 or len(columns) < grey.shape[1] / 4:
        return None
    content = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    small = np.asarray(cv2.resize(content, HASHED, interpolation=cv2.INTER_AREA), dtype=np.int16)
    if small.std() < FLAT:
        return None
    return np.packbits(small[:, 1:] > small[:, :-1]).view(np.uint64)


def near_pairs(hashes: Sequence[Hash | None]) -> Iterator[tuple[int, int]]:
    """Positions (i, j), i below j, of hashes that differ in at most 40 of their 256 bits, in order."""
    kept = np.array([number for number, each in enumerate(hashes) if each is not None], dtype=np.intp)
    if not len(kept):
        return
    bits = np.stack([each for each in hashes if each is not None])
    for start in range(0, len(kept), BLOCK):
        apart = np.bitwise_count(bits[start : start + BLOCK, None] ^ bits[None, start:]).sum(axis=2, dtype=np.int32)
        for row, column in np.argwhere(apart <= BITS_APART):
            if row < column:
                yield int(kept[start + row]), int(kept[start + column])
