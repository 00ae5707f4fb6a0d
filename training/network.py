"""The network: an oriented ultralytics model, started from other weights where shapes agree."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import OBBModel

from ..detector.errors import MissingFileError, UntrustedPickleError
from ..detector.weights import read_tensors

Network = Any
"""An ultralytics model: a torch module with `model` (its layers), `yaml` and `args`, which are typed nowhere."""
ARCHITECTURE = "yolo11{size}-obb.yaml"


def build_network(size: str, nodes: int) -> Network:
    """Return an untrained oriented YOLO11 of `size` n, s, m, l or x with one output per node."""
    model: Network = OBBModel(ARCHITECTURE.format(size=size), nc=nodes, verbose=False)
    model.args = get_cfg()
    return model


def start_from(model: nn.Module, checkpoint: Path, *, trust_pickle: bool = False) -> int:
    """Copy every tensor of a checkpoint whose name and shape agree; return how many were copied.

    A Hardstand weight file (.safetensors), or an ultralytics checkpoint; those are pickles, which can run code when
    opened: refused with `UntrustedPickleError` unless `trust_pickle`. `MissingFileError` when there is no such file.
    """
    if not checkpoint.is_file():
        raise MissingFileError(f"start weights {checkpoint} do not exist; give a path, or leave out `start`")
    own = model.state_dict()
    if checkpoint.suffix == ".safetensors":
        source = {name: torch.from_numpy(value) for name, value in read_tensors(checkpoint).items()}
    else:
        source = _pickled(checkpoint, trust_pickle=trust_pickle)
    shared = {name: value for name, value in source.items() if name in own and own[name].shape == value.shape}
    model.load_state_dict(shared, strict=False)
    return len(shared)


def _pickled(checkpoint: Path, *, trust_pickle: bool) -> dict[str, torch.Tensor]:
    if not trust_pickle:
        raise UntrustedPickleError(
            f"{checkpoint} is a pickle, and opening a pickle can run any code in it; "
            "set `trust_pickle = true` only for a file whose origin and SHA-256 you know"
        )
    loaded = torch.load(checkpoint, map_location="cpu", weights_only=False)
    state: dict[str, torch.Tensor] = loaded["model"].float().state_dict()
    return state


@torch.no_grad()
def settle_batch_norm(model: nn.Module, batches: Iterable[torch.Tensor]) -> None:
    """Give every batch norm the statistics of real tiles without changing what the network computes.

    A checkpoint whose batch norms were folded into the convolutions carries identity norms (mean 0, variance 1): in
    training mode the first step would normalise its features away. Here each norm gets the mean and variance that its
    input really has, and the scale and bias that undo them, so that evaluation mode is unchanged and training mode
    starts from the same function. `batches` are float images (B, 3, H, W).
    """
    norms = [_Norm(module) for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    hooks = [norm.module.register_forward_hook(norm.collect) for norm in norms]
    model.eval()
    for batch in batches:
        model(batch)
    for hook in hooks:
        hook.remove()
    for norm in norms:
        norm.settle()


@dataclass(slots=True)
class _Norm:
    """One batch norm and the sums of what goes into it."""

    module: Network
    count: int = 0
    total: torch.Tensor = field(default_factory=lambda: torch.zeros(1))
    squares: torch.Tensor = field(default_factory=lambda: torch.zeros(1))

    def collect(self, _: nn.Module, inputs: tuple[torch.Tensor, ...], __: torch.Tensor) -> None:
        values = inputs[0].transpose(0, 1).flatten(1)
        self.count += values.shape[1]
        self.total = self.total + values.sum(1)
        self.squares = self.squares + values.square().sum(1)

    def settle(self) -> None:
        norm = self.module
        mean = self.total / self.count
        variance = (self.squares / self.count - mean.square()).clamp(min=1e-4)
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias += (mean - norm.running_mean) * scale
        norm.weight.copy_(scale * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
