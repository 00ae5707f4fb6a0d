"""ONNX Runtime puts out what PyTorch does, and says what it lacks."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.detector import Detector, MissingDependencyError, WeightsCorruptError

pytest.importorskip("torch", reason="torch is not installed: pip install 'hardstand[gpu]'")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'hardstand[train]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install 'hardstand[onnx]'")


@pytest.fixture(scope="module")
def exported(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tiny weights with an ONNX export beside it."""
    from hardstand.training.exports import export  # noqa: PLC0415
    from hardstand.training.fidelity import LIMITS, Limit  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("onnx") / "new"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LIMITS, "onnx", Limit(5.0, 0.1, 1.0))  # an untrained network is unsteady on drawn ground
        assert export(tiny_weights, "onnx", out=folder)[0] == folder / "tiny.onnx"
    assert sorted(file.name for file in folder.iterdir()) == ["tiny.onnx", "tiny.onnx.json", "tiny.safetensors"]
    return folder / "tiny.safetensors"


def test_onnx_puts_out_the_same(exported: Path, noise: list[NDArray[np.uint8]]) -> None:
    batch = np.stack(noise[:3])
    ours = Detector.load(exported, backend="onnx", threads=1)._backend.infer(batch)
    theirs = Detector.load(exported, backend="torch", device="cpu")._backend.infer(batch)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours[:, :4], theirs[:, :4], atol=0.02)
    np.testing.assert_allclose(ours[:, 4:], theirs[:, 4:], atol=2e-4)


def test_onnx_gives_the_tiles_in_order(exported: Path, noise: list[NDArray[np.uint8]]) -> None:
    detector = Detector.load(exported, backend="onnx")
    assert str(detector.choice) == "onnx cpu fp32"
    together = detector.detect_tiles(noise)
    apart = [detector.detect_tiles([tile])[0] for tile in noise]
    assert [each.boxes.tolist() for each in together] == [each.boxes.tolist() for each in apart]


def test_an_export_of_other_weights_is_refused(exported: Path, tmp_path: Path) -> None:
    for file in exported.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    binding = tmp_path / "tiny.onnx.json"
    binding.write_text(json.dumps({**json.loads(binding.read_text()), "source_sha256": "0" * 64}))
    with pytest.raises(WeightsCorruptError, match=r"another tiny.safetensors; write it again: hardstand export"):
        Detector.load(tmp_path / "tiny.safetensors", backend="onnx")


def test_without_an_export_the_command_for_it_is_named(tiny_weights: Path) -> None:
    with pytest.raises(WeightsCorruptError, match=r"no onnx export beside it .*hardstand export .* --to onnx"):
        Detector.load(tiny_weights, backend="onnx")


def test_a_file_that_is_no_graph_is_corrupt(tmp_path: Path) -> None:
    from hardstand.detector.onnx_backend import OnnxBackend  # noqa: PLC0415

    (tmp_path / "net.onnx").write_bytes(b"no graph")
    with pytest.raises(WeightsCorruptError, match="ONNX Runtime cannot open"):
        OnnxBackend(tmp_path / "net.onnx")


@pytest.mark.skipif("TensorrtExecutionProvider" in onnxruntime.get_available_providers(), reason="TensorRT is here")
def test_tensorrt_is_used_or_refused(exported: Path) -> None:
    with pytest.raises(MissingDependencyError, match="onnxruntime-gpu and TensorRT"):
        Detector.load(exported, backend="tensorrt")


def test_without_onnxruntime_the_extra_is_named(exported: Path) -> None:
    code = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from hardstand.detector import Detector, MissingDependencyError\n"
        f"try: Detector.load({str(exported)!r}, backend='onnx')\n"
        "except MissingDependencyError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "hardstand[onnx]"' in run.stdout
