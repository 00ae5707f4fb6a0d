"""A finished network as a weight file: parameters and record, and the graphs bound to it by hash."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..detector.errors import MissingDependencyError
from ..detector.weights import (
    EXPORTS,
    WeightRecord,
    bind_export,
    drop_export,
    exported_model,
    has_export,
    read_record,
    read_tensors,
    write_weights,
)
from .network import Network
from .recipe import Recipe, as_plain

OPSET = 17
"""Of ONNX: 17 (2022) has all that the network needs, and every runtime of the last years reads it."""
LICENCE = "AGPL-3.0 (ultralytics); non-commercial, as the imagery that it was trained on"


class ServedNetwork(nn.Module):
    """The network as the back ends see it: images in, one tensor (B, 4 + K + 1, A) out."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model
        model.model[-1].dynamic = True  # anchors follow the input size, in the traced graph too

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return rows centre x, centre y, length, width, K node scores, angle for float RGB images in 0..1."""
        out: torch.Tensor = self.model(images)[0]
        return out


class PixelNetwork(nn.Module):
    """The served network with what ONNX Runtime would else be fed by hand: uint8 pixels (B, H, W, 3) in."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.network = ServedNetwork(model)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the rows of the served network for RGB pixels."""
        out: torch.Tensor = self.network(pixels.permute(0, 3, 1, 2).float() / 255)
        return out


def record_of(model: Network, recipe: Recipe, data: Sequence[dict[str, Any]] = ()) -> WeightRecord:
    """Return the record of a network made by a recipe, without figures."""
    return WeightRecord(
        name=recipe.name,
        architecture={key: value for key, value in model.yaml.items() if key != "yaml_file"},
        nodes=recipe.nodes,
        gsd_m=recipe.gsd_m,
        tile_px=recipe.tile_px,
        largest_object_m=recipe.largest_object_m,
        data=tuple(data),
        licence=LICENCE,
        thresholds=recipe.all_thresholds,
        not_measured=recipe.not_measured,
        created=datetime.now(UTC).date().isoformat(),
        recipe=as_plain(recipe),
    )


def release(model: Network, recipe: Recipe, path: Path, *, data: Sequence[dict[str, Any]]) -> WeightRecord:
    """Write `path` (NAME.safetensors) and its OpenVINO export; the record has the recipe, and no figures yet.

    Parameters are rounded to fp16 first, so that every back end runs the same numbers.
    """
    record = record_of(model, recipe, data)
    model = model.float().cpu().eval()
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.dtype.is_floating_point:
                value.copy_(value.half().float())
    path.parent.mkdir(parents=True, exist_ok=True)
    for kind in EXPORTS:
        drop_export(path, kind)  # of a network that was here before
    record = write_weights(path, {name: value.numpy() for name, value in model.state_dict().items()}, record)
    write_openvino(model, path.with_name(f"{path.stem}.openvino.xml"))
    bind_export(path)
    return record


def amend(path: Path, **changes: Any) -> WeightRecord:  # noqa: ANN401 - fields of the record
    """Rewrite the record of a weight file with `changes`; parameters and exports stay as they are.

    Raises `WeightsCorruptError` for an export that does not belong to the file.
    """
    kinds = [kind for kind in EXPORTS if has_export(path, kind)]
    for kind in kinds:
        exported_model(path, kind)
    record = write_weights(path, read_tensors(path), replace(read_record(path), **changes))
    for kind in kinds:
        bind_export(path, kind)
    return record


def write_onnx(model: nn.Module, path: Path) -> None:
    """Write the graph as one `.onnx` file in float32, uint8 pixels (batch, height, width, 3) in; overwrites.

    Raises `MissingDependencyError` without the package onnx.
    """
    if find_spec("onnx") is None:
        raise MissingDependencyError('the export to ONNX needs onnx; install it with: pip install "hardstand[train]"')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter by tracing is deprecated; the new one wants onnxscript
        torch.onnx.export(
            PixelNetwork(model).eval(),
            (torch.zeros(1, 640, 640, 3, dtype=torch.uint8),),
            path,
            input_names=["pixels"],
            output_names=["boxes"],
            dynamic_axes={"pixels": {0: "batch", 1: "height", 2: "width"}, "boxes": {0: "batch", 2: "anchors"}},
            opset_version=OPSET,
            dynamo=False,
        )


def write_openvino(model: nn.Module, path: Path) -> None:
    """Write the graph as `path` (.xml) and .bin with fp16 parameters, height and width left open; overwrites."""
    import openvino  # noqa: PLC0415 - heavy, and only an export needs it

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit", Warning)  # OpenVINO's converter traces with it
        graph = openvino.convert_model(ServedNetwork(model).eval(), example_input=torch.zeros(1, 3, 640, 640))
    graph.inputs[0].get_tensor().set_names({"images"})
    openvino.save_model(graph, path, compress_to_fp16=True)
