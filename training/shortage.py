"""Too little memory, said in one line with what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..detector.errors import ShortMemoryError

_SIGNS = ("out of memory", "can't allocate memory", "cannot allocate memory", "is killed by signal")
"""What PyTorch says on CUDA, MPS and CPUs, and when the system ends a process that reads tiles."""


@contextmanager
def shortage_told(advice: str) -> Iterator[None]:
    """A block whose shortage of memory becomes a `ShortMemoryError` that ends with `advice`."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ShortMemoryError(f"not enough memory: {advice}") from error
    except RuntimeError as error:
        if not any(sign in str(error).lower() for sign in _SIGNS):
            raise
        raise ShortMemoryError(f"not enough memory: {advice}") from error
