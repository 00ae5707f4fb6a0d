from pathlib import Path

import pytest
import torch

from hardstand.detector import MissingFileError, RecipeError, UntrustedPickleError
from hardstand.detector.openvino_backend import OpenVinoBackend
from hardstand.detector.torch_backend import TorchBackend
from hardstand.detector.weights import exported_model, find_weights, read_record, write_weights
from hardstand.training.fit import Schedule
from hardstand.training.network import FAMILIES, build_network, kind_of, settle_batch_norm, start_from
from hardstand.training.recipe import Recipe, SetShare
from hardstand.training.release import amend, record_of, release
from hardstand.training.tileset import CropRange

NODES = ("fw", "heli", "ad.launcher")


def test_settled_batch_norm_changes_statistics_but_not_the_function() -> None:
    torch.manual_seed(0)
    model = build_network("n", 3)
    images = [torch.rand(2, 3, 64, 64) for _ in range(3)]
    model.eval()
    with torch.no_grad():
        before = model(images[0])[0]
        settle_batch_norm(model, images)
        after = model(images[0])[0]
    assert torch.allclose(before, after, atol=2e-2)
    norm = next(module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d))
    assert norm.running_mean is not None
    assert float(norm.running_mean.abs().sum()) > 0


def test_a_pickle_is_refused_unless_trusted(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(b"not looked at")
    with pytest.raises(UntrustedPickleError, match="can run any code"):
        start_from(build_network("n", 3), path)
    with pytest.raises(MissingFileError, match="nowhere"):
        start_from(build_network("n", 3), tmp_path / "nowhere.pt")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_and_a_size_can_be_told_from_the_architecture(family: str) -> None:
    model = build_network("s", 3, family)
    assert kind_of(model.yaml) == (family, "s")
    assert getattr(model.model[-1], "one2one_cv2", None) is None


def test_a_start_gives_each_score_that_of_its_node_or_ancestor(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source, path = build_network("n", 3), tmp_path / "tiny.safetensors"
    recipe = Recipe("tiny", NODES, (SetShare("x", 1.0),), Schedule(steps=1), CropRange(64))
    state = {name: value.numpy() for name, value in source.state_dict().items()}
    write_weights(path, state, record_of(source, recipe))
    nodes = ("heli", "fw", "fw.combat", "ad.launcher", "fw.combat.mig29")
    model = build_network("n", len(nodes))
    start_from(model, path, nodes=nodes)
    name = "model.23.cv3.0.2.weight"
    expected = source.state_dict()[name].half().float()[[1, 0, 0, 2, 0]]
    assert torch.equal(model.state_dict()[name], expected)
    with pytest.raises(RecipeError, match="another `size` or `family`"):
        start_from(build_network("s", 3), path)


def test_the_coarse_look_is_the_first_part_of_a_detector_with_one_head(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source, path = build_network("n", 3), tmp_path / "tiny.safetensors"
    recipe = Recipe("tiny", NODES, (SetShare("x", 1.0),), Schedule(steps=1), CropRange(64))
    write_weights(path, {name: v.numpy() for name, v in source.state_dict().items()}, record_of(source, recipe))
    look = build_network("n", 3, "yolo11-look")
    assert look.stride.tolist() == [16]
    start_from(look, path, nodes=NODES)
    begun, trained = look.state_dict(), source.half().float().state_dict()
    first = [name for name in begun if int(name.split(".")[1]) <= 6]
    assert len(first) > 100
    assert all(torch.equal(begun[name], trained[name]) for name in first)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_released_network_runs_the_same_on_both_back_ends(tmp_path: Path, family: str) -> None:
    torch.manual_seed(0)
    recipe = Recipe(
        name="tiny",
        nodes=NODES,
        sets=(SetShare("x", 1.0),),
        schedule=Schedule(steps=1),
        crop=CropRange(64),
        tile_px=64,
        largest_object_m=10.0,
        family=family,
    )
    path = tmp_path / "tiny.safetensors"
    release(
        build_network("n", 3, family), recipe, path, data=[{"set": "x", "licence": "none", "images": 1, "objects": 1}]
    )
    amend(path, metrics={"note": 1})
    assert read_record(path).metrics == {"note": 1}
    batch = (torch.rand(1, 64, 64, 3) * 255).to(torch.uint8).numpy()
    record = read_record(path)
    outputs = [
        OpenVinoBackend(exported_model(path)).infer(batch),
        TorchBackend.from_weights(path, record).infer(batch),
    ]
    assert abs(outputs[0][:, :4] - outputs[1][:, :4]).max() < 0.5
    assert abs(outputs[0][:, 4:] - outputs[1][:, 4:]).max() < 0.02
    start_from(build_network("n", 3, family), path)
    assert find_weights(path) == path
