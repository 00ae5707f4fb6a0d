"""Warnings of a library kept back where an error of our own says it, or nothing need be said."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_FILTERS = threading.RLock()


@contextmanager
def without_warning(category: type[Warning]) -> Iterator[None]:
    """Within it, warnings of this category are not given.

    Warning filters belong to the whole process: of two threads that change and restore them at the same time, one sees
    what the other has restored. So one thread at a time is within, and it should not stay long. A library that changes
    them itself, as rasterio does in `rasterize`, is called within, too.
    """
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore", category)
        yield
