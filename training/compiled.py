"""A network compiled by PyTorch for the shapes of its batches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from ..detector.errors import MissingDependencyError


def compiled(model: nn.Module) -> Callable[[torch.Tensor], Any]:
    """The network's forward pass with its backward pass, compiled at the first batch, in place of `model`.

    The parameters stay those of `model`, and the arithmetic the same but for the order of sums.
    """
    return torch.compile(model, dynamic=False)


@contextmanager
def compiler_told() -> Iterator[None]:
    """A block in which compiling that fails, most often for want of a C++ compiler, is a `MissingDependencyError`."""
    try:
        yield
    except RuntimeError as error:
        from torch._dynamo.exc import TorchDynamoException  # noqa: PLC0415  # takes seconds to import

        if not isinstance(error, TorchDynamoException):
            raise
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise MissingDependencyError(
            f"the network cannot be compiled here: {reason}; install a C++ compiler, "
            "or leave `compile` out of [schedule] in the recipe"
        ) from error
