"""Warnings kept back: by every thread, and for no longer than asked."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from hardstand.detector.quiet import without_warning


class Said(UserWarning):
    pass


def say(times: int) -> None:
    for _ in range(times):
        with without_warning(Said):
            warnings.warn("something known", Said, stacklevel=1)


def test_threads_keep_it_back_at_the_same_time() -> None:
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(say, [2000] * 8))  # a warning is an error in these tests
    assert warnings.filters == before


def test_other_warnings_and_later_ones_are_given() -> None:
    with without_warning(Said), pytest.raises(RuntimeWarning):
        warnings.warn("another", RuntimeWarning, stacklevel=1)
    with pytest.raises(Said):
        warnings.warn("later", Said, stacklevel=1)
