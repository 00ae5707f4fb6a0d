"""Masks in little memory: a survey keeps one for every scene and every pass, and most of them are all True."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FAST = 1


@dataclass(frozen=True, slots=True)
class PackedMask:
    """A mask of any shape, a bit for each value, deflated.

    >>> PackedMask.of(np.array([[True, False, True]])).mask()
    array([[ True, False,  True]])
    """

    shape: tuple[int, ...]
    bits: bytes

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> "PackedMask":
        """The packed form of a mask."""
        return cls(mask.shape, zlib.compress(np.packbits(mask).tobytes(), FAST))

    def mask(self) -> NDArray[np.bool_]:
        """The mask, anew each time."""
        count = int(np.prod(self.shape))
        flat = np.unpackbits(np.frombuffer(zlib.decompress(self.bits), np.uint8), count=count)
        return flat.view(np.bool_).reshape(self.shape)
