"""A tiny untrained network as a weight file with its export: enough to hold the back ends against each other."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.detector import WeightRecord, bind_export, read_record, read_tensors, write_weights

if TYPE_CHECKING:
    from ultralytics.nn.tasks import OBBModel

NODES = ("fw", "fw.bomber", "fw.bomber.tu95", "heli", "ad.launcher")
TILE_PX = 256


@pytest.fixture(scope="session")
def record() -> WeightRecord:
    return WeightRecord(
        name="tiny",
        architecture={},
        nodes=NODES,
        gsd_m=0.5,
        tile_px=TILE_PX,
        largest_object_m=75.0,
        licence="AGPL-3.0",
        created="2026-01-01",
    )


@pytest.fixture
def tensors() -> dict[str, NDArray[Any]]:
    return {"weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 4, "count": np.array(7)}


@pytest.fixture(scope="session")
def noise() -> list[NDArray[np.uint8]]:
    """Five tiles of smooth noise, seeded, the last smaller than the others."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (5, TILE_PX // 8, TILE_PX // 8, 3), dtype=np.uint8)
    tiles = [np.ascontiguousarray(tile.repeat(8, axis=0).repeat(8, axis=1)) for tile in coarse]
    return [*tiles[:4], np.ascontiguousarray(tiles[4][:200, :120])]


@pytest.fixture(scope="session")
def lively_network(noise: list[NDArray[np.uint8]]) -> "OBBModel":
    """An untrained yolo11n-obb whose scores, boxes and angles differ from place to place, as a trained one's do."""
    torch = pytest.importorskip("torch")
    tasks = pytest.importorskip("ultralytics.nn.tasks")
    torch.manual_seed(1)
    model: Any = tasks.OBBModel("yolo11n-obb.yaml", nc=len(NODES), verbose=False)
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # running averages become those of the one batch below
    with torch.no_grad():
        model.train()(torch.from_numpy(np.stack(noise[:4])).permute(0, 3, 1, 2).float() / 255)
        for branch in model.model[-1].cv3:
            branch[-1].weight *= 4
            branch[-1].bias.fill_(-2.5)
        for value in model.state_dict().values():
            if value.dtype.is_floating_point:
                value.copy_(value.half())  # as it is stored
    network: OBBModel = model.eval()
    return network


@pytest.fixture(scope="session")
def tiny_weights(lively_network: "OBBModel", record: WeightRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny.safetensors` with its OpenVINO export beside it."""
    torch = pytest.importorskip("torch")
    import openvino  # noqa: PLC0415

    from hardstand.detector.torch_backend import build_module  # noqa: PLC0415

    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    values = {name: value.numpy() for name, value in lively_network.state_dict().items()}
    write_weights(path, values, replace(record, architecture=vars(lively_network)["yaml"]))
    module: Any = build_module(read_record(path), read_tensors(path))
    module.model[-1].dynamic = True
    module.model[-1].export = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns about shapes that it takes for constants
        graph = openvino.convert_model(module, example_input=torch.zeros(1, 3, TILE_PX, TILE_PX))
    openvino.save_model(
        graph, path.with_name("tiny.openvino.xml"), compress_to_fp16=False
    )  # rounding is not what is tried
    bind_export(path)
    return path
