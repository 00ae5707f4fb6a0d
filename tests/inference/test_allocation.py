import ctypes
import sys

import pytest

from hardstand.inference.allocation import ARENA_MAX, ARENAS, LARGE_BYTES, MMAP_THRESHOLD, keep_little


class Library:
    """A C library that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def mallopt(self, parameter: int, value: int) -> int:
        self.told.append((parameter, value))
        return 1


def test_glibc_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    keep_little()
    assert library.told == [(MMAP_THRESHOLD, LARGE_BYTES), (ARENA_MAX, ARENAS)]


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_another_allocator_is_left_alone(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    keep_little()
