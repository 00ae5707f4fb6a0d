"""Memory that a process keeps between the steps of a training run on a CPU."""

import ctypes
import platform

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -4, -8
"""Numbers of glibc's settings: https://www.gnu.org/software/libc/manual/html_node/Malloc-Tunable-Parameters.html"""
PAD_BYTES = 1 << 28
"""What is asked of the system at a time."""


def keep_freed_memory() -> bool:
    """Have this process keep what it frees, and use it for the next step; return whether the C library does so.

    A step takes and frees tensors of tens of megabytes. glibc asks the system for each and gives it back, and the
    system clears every page anew: of a training step a third and more. Other C libraries stay as they are.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, -1), (M_TOP_PAD, PAD_BYTES), (M_ARENA_MAX, 1))
    library = ctypes.CDLL(None)
    return all(library.mallopt(setting, value) == 1 for setting, value in settings)
