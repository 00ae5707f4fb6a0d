"""Images that look alike: a difference hash, and which of many hashes are near each other.

The hash is the sign of the horizontal gradient of a 17 x 16 px grey copy (N. Krawetz, "Kind of Like That", 2013,
https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html). It finds the same image at another
size or compression, not a shifted or turned crop of it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["THUMBNAIL", "difference_hash", "near_pairs"]

THUMBNAIL = (17, 16)
"""Width and height of the copy that is hashed."""
BITS_APART = 40
"""Copies at 60 % of the size and JPEG quality 70 are 2 to 30 bits apart, other images over 100 (real samples)."""
FLAT = 3.0
"""Standard deviation in grey levels below which an image shows nothing that could be compared."""
BLOCK = 256

Hash = NDArray[np.uint64]


def difference_hash(grey: NDArray[np.uint8]) -> Hash | None:
    """256 bits as (4,) uint64 of a (16, 17) grey thumbnail; None where it is nearly flat."""
    if grey.std() < FLAT:
        return None
    rising = grey[:, 1:].astype(np.int16) > grey[:, :-1]
    return np.packbits(rising).view(np.uint64)


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
