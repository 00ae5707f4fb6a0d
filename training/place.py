"""Where a training process runs: its device, and which of how many processes it is.

One process without further ado; several where torchrun started them, which tells each by environment variables:
https://docs.pytorch.org/docs/stable/elastic/run.html
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn

from ..detector.errors import RecipeError
from ..detector.torch_backend import pick_device

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """One of `world` processes, counted from 0, and its device."""

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0


def leads() -> bool:
    """Whether this process is the one that writes and prints: the only one, or the first that torchrun started."""
    return _number("RANK", 0) == 0


@contextmanager
def taken_place(device: str) -> Iterator[Place]:
    """The place of this process, with the others joined while the block runs; `RecipeError` for an unusable device.

    Under torchrun, "auto" and "cuda" are the GPU of this process's local rank, and gradients travel by NCCL; on other
    devices by gloo.
    """
    world, rank = _number("WORLD_SIZE", 1), _number("RANK", 0)
    chosen = _usable(device, local_rank=_number("LOCAL_RANK", 0) if world > 1 else None)
    if world == 1:
        if chosen.type == "cuda" and torch.cuda.device_count() > 1:
            logger.info("%d GPUs are here, one is used; torchrun starts a process for each", torch.cuda.device_count())
        yield Place(chosen)
        return
    distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield Place(chosen, rank, world)
    finally:
        distributed.destroy_process_group()


def _number(variable: str, missing: int) -> int:
    return int(os.environ.get(variable, missing))


def _usable(device: str, *, local_rank: int | None) -> torch.device:
    picked = pick_device(device)
    if picked == "cuda" and local_rank is not None:
        picked = f"cuda:{local_rank}"
    try:
        chosen = torch.device(picked)
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise RecipeError(
            f"device {device!r} cannot be used here ({reason}); auto, cpu, mps, cuda or cuda:1"
        ) from error
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    return chosen


def summed(value: torch.Tensor) -> torch.Tensor:
    """Return the sum over all processes; of one process, the value itself."""
    if not distributed.is_initialized():
        return value
    total = value.detach().clone()
    distributed.all_reduce(total)
    return total


def processes() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def of_the_leader(value: float) -> float:
    """Return what the first process says, in all of them."""
    if not distributed.is_initialized():
        return value
    said = [value]
    distributed.broadcast_object_list(said, src=0)
    return said[0]


@torch.no_grad()
def aligned(module: nn.Module) -> None:
    """Give every process the parameters and buffers of the first."""
    if distributed.is_initialized():
        for value in module.state_dict().values():
            distributed.broadcast(value, src=0)


@torch.no_grad()
def average_gradients(module: nn.Module) -> None:
    """Replace the gradients by their mean over the processes; a parameter without one counts as zero.

    PyTorch's DistributedDataParallel would do it while the gradients are still being made, but it fails where an output
    takes no part in the loss, as angles do in a batch without exact labels.
    """
    if not distributed.is_initialized():
        return
    trained = [value for value in module.parameters() if value.requires_grad]
    flat = torch.cat([(torch.zeros_like(v) if v.grad is None else v.grad).reshape(-1) for v in trained])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for value, gradient in zip(trained, flat.split([value.numel() for value in trained]), strict=True):
        value.grad = gradient.view(value.shape)
