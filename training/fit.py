"""Fitting a network to tiles: one plain loop, resumable, the same on a CPU, on one GPU and on several."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..detector.errors import RecipeError
from .checkpoint import LAST, Run, load_run, save_run
from .compiled import compiled, compiler_told
from .draws import Draws, DrawWeights
from .network import Network
from .place import Place, aligned, average_gradients, of_the_leader, summed
from .shortage import shortage_told
from .tileset import TileSet, collate
from .watch import ROW_STEPS, Standing, Watch

Batch = dict[str, torch.Tensor]
Criterion = Callable[[Any, Batch], tuple[torch.Tensor, Batch]]
CriterionOf = Callable[[nn.Module], Criterion]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast a network learns."""

    steps: int
    batch: int = 16
    """Crops per step, over all processes together."""
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
    """The run ends on its own schedule: when time is short, the rate falls with the time instead of the steps. Such a
    run cannot be repeated to the bit."""
    workers: int = 1
    """Processes that read and change crops, for each process that trains; 0: it does so itself."""
    compile: bool = False
    """PyTorch compiles the network first: minutes, and a C++ compiler, for steps that take less time."""
    save_steps: int = 500
    """A checkpoint, the loss curves and sample pictures are written every so many steps."""

    def __post_init__(self) -> None:
        """Raise `RecipeError` for numbers that make no run."""
        least = {"steps": 1, "batch": 1, "warm_up_steps": 1, "frozen_layers": 0, "workers": 0, "save_steps": 1}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise RecipeError(f"schedule {name} = {getattr(self, name)} is less than {low}")
        for name in ("final_rate_share", "average"):
            if not 0 <= getattr(self, name) <= 1:
                raise RecipeError(f"schedule {name} = {getattr(self, name)} is not from 0 to 1")
        if not (self.rate > 0 and self.minutes > 0 and self.weight_decay >= 0):
            raise RecipeError("schedule rate and minutes must be above 0, and weight_decay not below")


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


def fit(  # noqa: PLR0913, PLR0917 - what learns, from what, how, where to, and who watches
    model: Network,
    tiles: TileSet,
    weights: DrawWeights,
    criterion_of: CriterionOf,
    schedule: Schedule,
    out: Path,
    place: Place | None = None,
    watches: Sequence[Watch] = (),
) -> nn.Module:
    """Train `model` and return the average of its parameters over the last steps.

    Every `schedule.save_steps` steps `out/last.pt` holds what is needed to go on; a run found there is continued, and
    on a CPU with as many threads ends with the same parameters, bit by bit, as one that was never stopped. `weights`
    says how often each tile is drawn. Without a `place`, on CUDA where there is a device and else on the CPU.

    Raises:
        RecipeError: a batch that the processes cannot share evenly, or a checkpoint of another network.
        MissingDependencyError: the network is to be compiled, and cannot be.
        ShortMemoryError: it does not fit into the memory of the device.
        OutputError: a checkpoint cannot be written.
    """
    place = place or Place(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    if schedule.batch % place.world:
        raise RecipeError(f"schedule batch = {schedule.batch} cannot be shared by {place.world} processes evenly")
    advice = (
        f"batch = {schedule.batch} of {tiles.crop.size_px} px on {place.world} x {place.device}; in the recipe, "
        "halve `batch` in [schedule] or `size_px` in [crop], or take a smaller `size`; --resume goes on afterwards"
    )
    with shortage_told(advice), compiler_told():
        return _Loop(model, criterion_of, schedule, place, out, list(watches) if place.leads else []).over(
            tiles, weights
        )


@dataclass(slots=True)
class _Tally:
    """Parts of the loss since the last row."""

    steps: int = 0
    sums: dict[str, torch.Tensor] = field(default_factory=dict)

    def add(self, parts: Batch) -> None:
        self.steps += 1
        self.sums = {name: value.detach() + self.sums.get(name, 0.0) for name, value in parts.items()}

    def means(self, world: int) -> dict[str, float]:
        """Means over the steps and the processes; the tally begins anew."""
        if not self.sums:
            return {}
        values = summed(torch.stack(list(self.sums.values()))) / (self.steps * world)
        named = dict(zip(self.sums, values.tolist(), strict=True))
        self.steps, self.sums = 0, {}
        return named


class _Loop:
    """The loop over steps with what it carries along."""

    def __init__(
        self,
        model: Network,
        criterion_of: CriterionOf,
        schedule: Schedule,
        place: Place,
        out: Path,
        watches: Sequence[Watch],
    ) -> None:
        self.schedule, self.place, self.path, self.watches = schedule, place, out / LAST, watches
        torch.manual_seed(schedule.seed)
        model = model.to(place.device, memory_format=torch.channels_last).train()
        freeze(model, schedule.frozen_layers)
        aligned(model)
        average: Network = deepcopy(model).eval()
        if place.world > 1 and place.device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        groups = parameter_groups(model, schedule.weight_decay)
        self.run = Run(model, average, torch.optim.AdamW(groups, lr=schedule.rate, betas=(0.9, 0.99)))
        load_run(self.run, self.path)
        self.predict = compiled(model) if schedule.compile else model
        self.criterion = criterion_of(model)
        self.tally = _Tally()
        self.saved = -1

    def over(self, tiles: TileSet, weights: DrawWeights) -> nn.Module:
        """Take the steps that are left, and return the average."""
        run, schedule = self.run, self.schedule
        started = time.monotonic() - run.seconds
        for watch in self.watches:
            watch.begun(run.step)
        for batch in self._batches(tiles, weights):
            share = of_the_leader(progress_of(run.step, started, schedule))
            if share >= 1:
                break
            for group in run.optimiser.param_groups:
                group["lr"] = rate_at(run.step, share, schedule)
            self.tally.add(self._step(batch))
            follow(run.average, run.model, min(schedule.average, (1 + run.step) / (10 + run.step)))
            run.step += 1
            run.seconds = time.monotonic() - started
            if run.step % ROW_STEPS == 0 or run.step % schedule.save_steps == 0:
                self._tell(progress_of(run.step, started, schedule))
            if run.step % schedule.save_steps == 0:
                self._save()
        self._tell(1.0)
        self._save()
        return run.average

    def _batches(self, tiles: TileSet, weights: DrawWeights) -> Iterator[Batch]:
        schedule, place = self.schedule, self.place
        draws = Draws(
            weights,
            batch=schedule.batch,
            seed=schedule.seed,
            steps=schedule.steps,
            start=self.run.step,
            rank=place.rank,
            world=place.world,
        )
        return iter(
            torch.utils.data.DataLoader(
                tiles,
                batch_sampler=draws,
                collate_fn=collate,
                num_workers=schedule.workers,
                prefetch_factor=4 if schedule.workers else None,
                multiprocessing_context="fork" if schedule.workers else None,
                pin_memory=place.device.type == "cuda",
                generator=torch.Generator().manual_seed(schedule.seed),
            )
        )

    def _step(self, batch: Batch) -> Batch:
        device, model = self.place.device, self.run.model
        images = batch["image"].to(device, non_blocking=True).to(torch.float32, memory_format=torch.channels_last) / 255
        with torch.autocast(device.type, torch.bfloat16) if fast_bf16(device) else nullcontext():
            predictions = self.predict(images)
        loss, parts = self.criterion(predictions, batch)
        self.run.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(model)
        nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 10.0)
        self.run.optimiser.step()
        return parts

    def _tell(self, share: float) -> None:
        run, parts = self.run, self.tally.means(self.place.world)
        rate = run.optimiser.param_groups[0]["lr"]
        for watch in self.watches if parts else ():
            watch.told(Standing(run.step, self.schedule.steps, run.seconds / 60, share, rate, parts))

    def _save(self) -> None:
        if self.saved == self.run.step:
            return
        self.saved = self.run.step
        if self.place.leads:
            save_run(self.run, self.path)
        for watch in self.watches:
            watch.saved(self.run.step, self.run.average)


def fast_bf16(device: torch.device) -> bool:
    """Whether bf16 pays: on GPUs and on CPUs that multiply it, by AMX or AVX-512; elsewhere it is slower than fp32."""
    cpu = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return device.type == "cuda" or (device.type == "cpu" and cpu)
