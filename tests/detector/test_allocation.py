import ctypes
import platform
import subprocess
import sys
from collections.abc import Callable

import pytest

from hardstand.detector.allocation import (
    ARENA_MAX,
    AT_A_TIME_BYTES,
    LARGE_BYTES,
    MMAP_MAX,
    MMAP_THRESHOLD,
    TOP_PAD,
    TRIM_THRESHOLD,
    keep_freed,
    keep_little,
)

FAULTS = """
import resource
import numpy as np
from hardstand.detector.allocation import keep_freed, keep_little

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        np.ones(8_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_little()
little = faults()
keep_freed()
faults()
print(little, faults())
"""


class Library:
    """A C library that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def mallopt(self, parameter: int, value: int) -> int:
        self.told.append((parameter, value))
        return 1


@pytest.mark.parametrize(
    ("keep", "told"),
    [
        (keep_little, [(MMAP_THRESHOLD, LARGE_BYTES), (ARENA_MAX, 2)]),
        (keep_freed, [(MMAP_MAX, 0), (TRIM_THRESHOLD, -1), (TOP_PAD, AT_A_TIME_BYTES), (ARENA_MAX, 1)]),
    ],
)
def test_glibc_is_told(monkeypatch: pytest.MonkeyPatch, keep: Callable[[], None], told: list[tuple[int, int]]) -> None:
    library = Library()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    keep()
    assert library.told == told


@pytest.mark.parametrize("system", ["linux", "darwin"])
@pytest.mark.parametrize("keep", [keep_little, keep_freed])
def test_another_allocator_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, system: str, keep: Callable[[], None]
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    keep()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_taken_again_without_asking_the_system() -> None:
    run = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    little, freed = map(int, run.stdout.split())
    assert freed < 0.01 * little
