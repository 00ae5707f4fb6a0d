"""The network: an oriented ultralytics model, started from other weights where shapes agree."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import OBBModel, yaml_model_load

from ..detector.errors import MissingFileError, RecipeError, UntrustedPickleError
from ..detector.taxonomy import ancestors
from ..detector.weights import read_record, read_tensors

Network = Any
"""An ultralytics model: a torch module with `model` (its layers), `yaml` and `args`, which are typed nowhere."""
FAMILIES = ("yolo11", "yolo26", "yolo11-look")
"""The last is the first part of YOLO11, down to a sixteenth of the image, and a head on that alone: for the coarse look
of `--screen`, at two fifths of the work."""
SIZES = ("n", "s", "m", "l", "x")
LEAST_COPIED = 0.5
"""Share of a network's tensors that a start has to fit; with less it is a start of another size or family."""
LOOK_SUFFIX = "-look"
_SIXTEENTH = 6
"""The layer of YOLO11 whose output is a sixteenth of the image, and has seen some 100 px around."""
_SCORES = re.compile(r"\.cv3\.\d+\.2\.(weight|bias)$")
"""Names of the tensors with one row per node: the last layers of the head's class branches."""


def build_network(size: str, nodes: int, family: str = "yolo11") -> Network:
    """Return an untrained oriented network of a family (FAMILIES) and size (SIZES) with one output per node.

    YOLO26 comes without its second, one-to-one head: that chooses one box per object inside the network, and here all
    candidates are wanted, because the engine itself decides what one object is. Its head gives distances without a
    distribution (no DFL) and raw angles.
    """
    base, _, part = family.partition("-")
    architecture: dict[str, Any] = yaml_model_load(f"{base}{size}-obb.yaml")
    if "end2end" in architecture:
        architecture["end2end"] = False
    if part:
        *_, (_, *head) = architecture["head"]
        architecture |= {"backbone": architecture["backbone"][: _SIXTEENTH + 1], "head": [[[_SIXTEENTH], *head]]}
    make: Any = OBBModel  # its annotations name a path only
    model: Network = make({**architecture, "nc": nodes}, verbose=False)
    model.args = get_cfg()
    return model


def kind_of(architecture: Mapping[str, Any]) -> tuple[str, str]:
    """Return family and size of a network from the architecture in its record."""
    family = "yolo26" if architecture["head"][-1][2] == "OBB26" else "yolo11"
    return family if len(architecture["head"]) > 1 else f"{family}{LOOK_SUFFIX}", str(architecture["scale"])


def start_from(model: nn.Module, checkpoint: Path, *, trust_pickle: bool = False, nodes: Sequence[str] = ()) -> int:
    """Copy every tensor of a checkpoint whose name and shape agree; return how many were copied.

    A Hardstand weight file (.safetensors), or an ultralytics checkpoint; those are pickles, which can run code when
    opened: refused with `UntrustedPickleError` unless `trust_pickle`. `MissingFileError` when there is no such file.
    `nodes` are the model's: the score of each then starts as that of the same node in a weight file, or of its nearest
    ancestor there. `RecipeError` when less than LEAST_COPIED of the tensors fit.
    """
    if not checkpoint.is_file():
        raise MissingFileError(f"start weights {checkpoint} do not exist; give a path, or leave out `start`")
    own = model.state_dict()
    if checkpoint.suffix == ".safetensors":
        source = {name: torch.from_numpy(value) for name, value in read_tensors(checkpoint).items()}
        if nodes:
            known = read_record(checkpoint).nodes
            scores = [name for name in source if _SCORES.search(name) and name in own]
            scores = [name for name in scores if own[name].shape[1:] == source[name].shape[1:]]
            source |= {name: rows_by_node(own[name], nodes, source[name], known) for name in scores}
    else:
        source = _pickled(checkpoint, trust_pickle=trust_pickle)
    shared = {name: value for name, value in source.items() if name in own and own[name].shape == value.shape}
    if len(shared) < LEAST_COPIED * len(own):
        raise RecipeError(
            f"start weights {checkpoint} fit {len(shared)} of {len(own)} tensors of the network: "
            "they are of another `size` or `family`"
        )
    model.load_state_dict(shared, strict=False)
    return len(shared)


def rows_by_node(own: torch.Tensor, nodes: Sequence[str], source: torch.Tensor, known: Sequence[str]) -> torch.Tensor:
    """Return `own` (K, ...), a row per node, with the rows that `source` has for the node or its nearest ancestor.

    `known` are the nodes of the rows of `source`. A node without any ancestor among them keeps its row.
    """
    rows = own.clone()
    for row, node in enumerate(nodes):
        there = [each for each in ancestors(node) if each in known]
        if there:
            rows[row] = source[known.index(there[-1])]
    return rows


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
