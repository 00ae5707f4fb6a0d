"""What every back end does: run a network over batches of tiles."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Raw = NDArray[np.float32]


class Backend(Protocol):
    """Runs one network on one device.

    A batch is uint8 (B, H, W, 3), RGB, with H and W multiples of the network's stride. Its output is float32
    (B, 5 + K, A), one column per anchor: cx, cy, length and width in pixels, K scores in 0..1, angle in radians. This
    is the output of the oriented head of ultralytics in evaluation mode.
    """

    @property
    def batch_size(self) -> int:
        """The number of tiles per batch that suits the device."""
        ...

    def prepare(self, height: int, width: int, batches: int) -> None:
        """Told before a stream: so many batches of tiles of this size come, more than of any other."""
        ...

    def infer(self, batch: Pixels) -> Raw:
        """The output for one batch."""
        ...

    def stream(self, batches: Iterable[Pixels]) -> Iterator[Raw]:
        """The outputs of many batches, in their order; few batches are in work at a time."""
        ...
