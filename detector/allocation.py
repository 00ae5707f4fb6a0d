"""What glibc does with memory that is freed: kept for the next tile or step, or given back to the system."""

import ctypes
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -2, -3, -4, -8
"""Parameters of mallopt(3)."""
LARGE_BYTES = 1_048_576
"""Glibc begins with 128 KiB, raises it to 32 MB once such a block was freed, and keeps what it then frees. Below it lie
decoded blocks of 512 px, which would be fresh pages each time: a tile took three times as long to read."""
AT_A_TIME_BYTES = 1 << 28


def keep_little() -> None:
    """Give large blocks back to the system when they are freed. Does nothing where the allocator is another one.

    For a run over scenes, which allocates and frees a few megabytes per tile, in several threads. `hardstand bench
    SCENE --precision P` on a scene of 8000 x 8000 px, by the limit in KiB: the peak of `detect` is 414 (128), 425
    (1024) and 440 MB (4096) in int8, and 493, 502 and 519 MB in float32; reading takes 1.0, 0.4 and 0.3 s.
    """
    _tell((MMAP_THRESHOLD, LARGE_BYTES), (ARENA_MAX, 2))


def keep_freed() -> None:
    """Keep what is freed for what comes next. Does nothing where the allocator is another one.

    For training on a CPU: a step allocates and frees hundreds of tensors of up to a hundred megabytes, and pages that
    come from the system are cleared one by one.
    """
    _tell((MMAP_MAX, 0), (TRIM_THRESHOLD, -1), (TOP_PAD, AT_A_TIME_BYTES), (ARENA_MAX, 1))


def _tell(*settings: tuple[int, int]) -> None:
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in settings:
            mallopt(parameter, value)
