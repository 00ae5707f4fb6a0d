"""The shipped network as the peers take it, and the scene; run by compare.py in the environment of the peers.

All peers get the parameters of the weight file with the score columns of the three counted nodes: SAHI, supervision and
Ultralytics as an ultralytics checkpoint and its own OpenVINO export, GeoDeep as ONNX with its metadata. GeoDeep knows
no oriented boxes, so its graph ends with the envelope of the diamond in each box, the tighter one for aircraft.
"""

import json
import shutil
import sys
import warnings
from copy import deepcopy
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import OBBModel

from hardstand.datasets.synth_scene import make_scene
from hardstand.detector.taxonomy import COUNTED
from hardstand.detector.weights import find_weights, read_record, read_tensors

SIDES = (640, 1024)
OVERLAP_PX = 150
SCORE = 0.25


def convert(weights: str, folder: Path) -> None:
    """Write net.pt, net-SIDE_openvino_model/ and net-SIDE.onnx, unless they are there for the same parameters."""
    path = find_weights(weights)
    made, wanted = folder / "made-of", sha256(path.read_bytes()).hexdigest()
    if made.exists() and made.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model = counted_network(path)
    torch.save({"model": model, "train_args": {"task": "obb"}}, folder / "net.pt")
    yolo = import_module("ultralytics").YOLO
    for side in SIDES:
        shutil.copy(folder / "net.pt", folder / f"net-{side}.pt")
        yolo(folder / f"net-{side}.pt").export(format="openvino", imgsz=side, verbose=False)
        write_onnx(deepcopy(model), side, folder / f"net-{side}.onnx")
    made.write_text(wanted, encoding="utf-8")


def counted_network(path: Path) -> Any:  # noqa: ANN401 - ultralytics leaves its models untyped
    """The oriented network of a weight file with one score column per counted node."""
    record, tensors = read_record(path), read_tensors(path)
    columns = [record.nodes.index(node) for node in COUNTED]
    make: Any = OBBModel
    model = make(deepcopy(dict(record.architecture)), ch=3, nc=len(COUNTED), verbose=False)
    state = model.state_dict()
    for name, value in tensors.items():
        whole = torch.from_numpy(value.copy()).to(state[name].dtype)
        state[name] = whole if whole.shape == state[name].shape else whole[columns]
    model.load_state_dict(state)
    model.names = dict(enumerate(COUNTED))
    model.args = get_cfg()
    model.task = "obb"
    return model.eval()


class Envelopes(nn.Module):
    """The network with horizontal boxes: (B, 4 + K, A), centre, width and height in pixels, scores."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.model(images)[0]
        length, width, angle = out[:, 2:3], out[:, 3:4], out[:, -1:]
        cos, sin = angle.cos().abs(), angle.sin().abs()
        wide, high = torch.maximum(length * cos, width * sin), torch.maximum(length * sin, width * cos)
        return torch.cat([out[:, :2], wide, high, out[:, 4:-1]], dim=1)


def write_onnx(model: nn.Module, side: int, path: Path) -> None:
    """Write the graph for GeoDeep, with what it wants to know as metadata."""
    onnx = import_module("onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns about shapes that it takes for constants
        torch.onnx.export(
            Envelopes(model).eval(), (torch.zeros(1, 3, side, side),), path, opset_version=17, dynamo=False,
            input_names=["images"], output_names=["output"],
        )  # fmt: skip
    graph = onnx.load(path)
    facts = {
        "model_type": "Detector",
        "det_type": "YOLO_v8",
        "det_conf": SCORE,
        "det_iou_thresh": 0.5,
        "resolution": 50,
        "tiles_overlap": 100 * OVERLAP_PX / side,
        "class_names": {str(number): node for number, node in enumerate(COUNTED)},
    }
    onnx.helper.set_model_props(graph, {key: json.dumps(value) for key, value in facts.items()})
    onnx.save(graph, path)


if __name__ == "__main__":
    if sys.argv[1] == "scene":
        make_scene(Path(sys.argv[2]), size_px=int(sys.argv[3]))
    else:
        convert(sys.argv[2], Path(sys.argv[3]))
