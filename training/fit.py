"""Fitting a network to tiles: one plain loop, resumable, the same on a CPU and on one GPU."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from .network import Network
from .tileset import TileSet, collate

logger = logging.getLogger(__name__)

Batch = dict[str, torch.Tensor]
Criterion = Callable[[Any, Batch], tuple[torch.Tensor, Batch]]
CriterionOf = Callable[[nn.Module], Criterion]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast a network learns."""

    steps: int
    batch: int = 16
    rate: float = 0.002
    """Peak learning rate of AdamW."""
    warm_up_steps: int = 100
    final_rate_share: float = 0.02
    weight_decay: float = 0.01
    average: float = 0.999
    """Decay of the moving average of the parameters, which is what is kept."""
    frozen_layers: int = 0
    seed: int = 0
    minutes: float = math.inf
    """The run ends on its own schedule: when time is short, the rate falls with the time instead of the steps."""
    workers: int = 1


def progress_of(step: int, started: float, schedule: Schedule) -> float:
    """Return the share of the schedule that is done, by steps or by minutes, whichever is further."""
    return min(1.0, max(step / schedule.steps, (time.monotonic() - started) / 60 / schedule.minutes))


def rate_at(step: int, share: float, schedule: Schedule) -> float:
    """Return the learning rate: linear warm-up, then a half cosine down to the final share.

    >>> round(rate_at(1000, 1.0, Schedule(steps=1000, rate=1.0, final_rate_share=0.02)), 3)
    0.02
    """
    warm = min(1.0, (step + 1) / schedule.warm_up_steps)
    fall = schedule.final_rate_share + (1 - schedule.final_rate_share) * (1 + math.cos(math.pi * share)) / 2
    return schedule.rate * warm * fall


class Draws(torch.utils.data.Sampler[list[tuple[int, int]]]):
    """Endless batches of (tile, draw number): tiles drawn by weight, every draw with a number of its own."""

    def __init__(self, weights: Sequence[float], *, batch: int, seed: int, start: int) -> None:
        self.weights = np.asarray(weights, np.float64) / np.sum(weights)
        self.batch, self.seed, self.start = batch, seed, start

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        step = self.start
        while True:
            rng = np.random.default_rng((self.seed, step))
            tiles = rng.choice(len(self.weights), self.batch, p=self.weights)
            yield [(int(tile), step * self.batch + i) for i, tile in enumerate(tiles)]
            step += 1


def parameter_groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Return AdamW groups: weights with decay; biases and batch norms without."""
    trained = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    return [
        {"params": [value for _, value in trained if value.ndim > 1], "weight_decay": decay},
        {"params": [value for _, value in trained if value.ndim <= 1], "weight_decay": 0.0},
    ]


def freeze(model: Network, layers: int) -> None:
    """Hold the first `layers` layers of an ultralytics model, and everything that only follows from data shapes."""
    for index, layer in enumerate(model.model):
        for parameter in layer.parameters():
            parameter.requires_grad = index >= layers
    for name, parameter in model.named_parameters():
        if ".dfl" in name:
            parameter.requires_grad = False


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move `average` towards `model`: floating tensors by 1 - decay, counters copied."""
    own = model.state_dict()
    for name, value in average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(own[name].detach().to(value.dtype), 1 - decay)
        else:
            value.copy_(own[name])


def fit(
    model: Network, tiles: TileSet, weights: Sequence[float], criterion_of: CriterionOf, schedule: Schedule, out: Path
) -> nn.Module:
    """Train `model` and return the average of its parameters over the last steps.

    Every 500 steps `out/last.pt` holds what is needed to go on; a run found there is continued. `weights` says how
    often each tile is drawn.
    """
    torch.manual_seed(schedule.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model.to(device, memory_format=torch.channels_last).train()
    freeze(model, schedule.frozen_layers)
    optimiser = torch.optim.AdamW(parameter_groups(model, schedule.weight_decay), lr=schedule.rate, betas=(0.9, 0.99))
    average: Network = deepcopy(model).eval()
    step, spent = _resume(out / "last.pt", model, average, optimiser)
    criterion = criterion_of(model)
    loader = torch.utils.data.DataLoader(
        tiles,
        batch_sampler=Draws(weights, batch=schedule.batch, seed=schedule.seed, start=step),
        collate_fn=collate,
        num_workers=schedule.workers,
        prefetch_factor=4 if schedule.workers else None,
        multiprocessing_context="fork" if schedule.workers else None,
        pin_memory=device.type == "cuda",
    )
    started = time.monotonic() - spent
    shown: dict[str, float] = {}
    for batch in loader:
        share = progress_of(step, started, schedule)
        if share >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, share, schedule)
        parts = _step(model, batch, criterion, optimiser, device)
        follow(average, model, min(schedule.average, (1 + step) / (10 + step)))
        shown = {name: 0.98 * shown.get(name, value) + 0.02 * value for name, value in parts.items()}
        step += 1
        if step % 50 == 0:
            minutes = (time.monotonic() - started) / 60
            logger.info(
                "step %d, %.1f min, %.0f %%: %s",
                step,
                minutes,
                100 * share,
                ", ".join(f"{name} {value:.3f}" for name, value in shown.items()),
            )
        if step % 500 == 0:
            _save(out / "last.pt", model, average, optimiser, step, time.monotonic() - started)
    _save(out / "last.pt", model, average, optimiser, step, time.monotonic() - started)
    result: nn.Module = average
    return result


def _step(
    model: nn.Module,
    batch: dict[str, torch.Tensor],
    criterion: Criterion,
    optimiser: torch.optim.Optimizer,
    device: torch.device,
) -> dict[str, float]:
    images = batch["image"].to(device, non_blocking=True).to(torch.float32, memory_format=torch.channels_last) / 255
    with torch.autocast(device.type, torch.bfloat16) if _fast_bf16(device) else nullcontext():
        predictions = model(images)
    loss, parts = criterion(predictions, batch)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 10.0)
    optimiser.step()
    return {name: float(value) for name, value in parts.items()}


def _fast_bf16(device: torch.device) -> bool:
    """Bf16 pays on GPUs and on CPUs with AMX tiles; elsewhere it is slower than fp32."""
    return device.type == "cuda" or torch.cpu._is_amx_tile_supported()


def _resume(path: Path, model: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer) -> tuple[int, float]:
    if not path.is_file():
        return 0, 0.0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    logger.info("going on at step %d of %s", state["step"], path)
    return int(state["step"]), float(state["seconds"])


def _save(
    path: Path, model: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer, step: int, seconds: float
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(
        {
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
            "step": step,
            "seconds": seconds,
        },
        part,
    )
    part.replace(path)
