"""Memory that glibc would keep: a run allocates and frees a few megabytes per tile, in several threads."""

import ctypes
import sys

ARENA_MAX, MMAP_THRESHOLD = -8, -3
"""Parameters of mallopt(3)."""
ARENAS = 2
LARGE_BYTES = 131_072
"""What glibc begins with; it raises this to 32 MB once such a block was freed, and keeps what it then frees."""


def keep_little() -> None:
    """Give large blocks back to the system when they are freed. Does nothing where the allocator is another one.

    Measured on a scene of 8000 x 8000 px: the peak of `detect` falls from 514 to 481 MB in int8, and from 543 to 522 MB
    in float32.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(ARENA_MAX, ARENAS)
