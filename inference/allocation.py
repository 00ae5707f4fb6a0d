"""Memory that glibc would keep: a run allocates and frees a few megabytes per tile, in several threads."""

import ctypes
import sys

ARENA_MAX, MMAP_THRESHOLD = -8, -3
"""Parameters of mallopt(3)."""
ARENAS = 2
LARGE_BYTES = 1_048_576
"""Glibc begins with 128 KiB, raises it to 32 MB once such a block was freed, and keeps what it then frees. Below it lie
decoded blocks of 512 px, which would be fresh pages each time: a tile took three times as long to read."""


def keep_little() -> None:
    """Give large blocks back to the system when they are freed. Does nothing where the allocator is another one.

    `hardstand bench SCENE --precision P` on a scene of 8000 x 8000 px, by the limit in KiB: the peak of `detect` is 414
    (128), 425 (1024) and 440 MB (4096) in int8, and 493, 502 and 519 MB in float32; reading takes 1.0, 0.4 and 0.3 s.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(ARENA_MAX, ARENAS)
