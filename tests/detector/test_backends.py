"""The same boxes from every back end: the tolerance is stated here."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.detector import (
    BackendError,
    Detector,
    LabelError,
    UntrustedPickleError,
    WeightRecord,
    WeightsCorruptError,
    corners,
    exported_model,
    oriented_iou,
    read_record,
    read_tensors,
)
from hardstand.detector.openvino_backend import OpenVinoBackend

if TYPE_CHECKING:
    from ultralytics.nn.tasks import OBBModel

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'hardstand[gpu]'")
pytest.importorskip("ultralytics", reason="ultralytics is not installed: pip install 'hardstand[gpu]'")

Tiles = list[NDArray[np.uint8]]
# Measured on this network: 0.006 px, 0.0001 and 0.0001. That is for a graph in float32; an export in fp16 rounds the
# parameters after batch norms were folded into them, PyTorch before, which is a difference of the files.
PIXELS = 0.05
SCORES = 5e-4
RADIANS = 5e-4


def test_the_lively_network_is_a_fair_trial(tiny_weights: Path, noise: Tiles) -> None:
    output = Detector.load(tiny_weights)._backend.infer(np.stack(noise[:4]))
    assert output.shape == (4, 10, 1344)
    assert output.dtype == np.float32
    assert output[:, 4:-1].std() > 0.02
    assert output[:, -1].std() > 0.02
    assert output[:, 2:4].std() > 5


def test_both_back_ends_put_out_the_same(tiny_weights: Path, noise: Tiles) -> None:
    batch = np.stack(noise[:4])
    ours = Detector.load(tiny_weights, backend="openvino")._backend.infer(batch)
    theirs = Detector.load(tiny_weights, backend="torch", device="cpu")._backend.infer(batch)
    np.testing.assert_allclose(ours[:, :4], theirs[:, :4], atol=PIXELS)
    np.testing.assert_allclose(ours[:, 4:-1], theirs[:, 4:-1], atol=SCORES)
    np.testing.assert_allclose(ours[:, -1], theirs[:, -1], atol=RADIANS)


def test_both_back_ends_give_the_same_detections(tiny_weights: Path, noise: Tiles) -> None:
    ours = Detector.load(tiny_weights, backend="openvino").detect_tiles(noise)
    theirs = Detector.load(tiny_weights, backend="torch", device="cpu").detect_tiles(noise)
    assert sum(len(seen) for seen in ours) > 30
    for first, second in zip(ours, theirs, strict=True):
        # of two candidates of one object with scores equal to the last digits, either may win the suppression
        assert abs(len(first) - len(second)) <= 1
        overlap = oriented_iou(first.boxes, second.boxes)
        assert (overlap.max(axis=1) > 0.99).mean() > 0.9
        same = overlap.max(axis=1) > 0.99
        partner = overlap.argmax(axis=1)
        assert all(first.labels[k] == second.labels[partner[k]] for k in np.flatnonzero(same))


def test_bfloat16_decodes_in_float32(tiny_weights: Path, noise: Tiles) -> None:
    """Centres stay in float32: in bfloat16 those beyond 128 px would be whole pixels. Sizes are good to 0.4 percent."""
    graph = exported_model(tiny_weights)
    exact, short = (OpenVinoBackend(graph, bf16=each).infer(np.stack(noise[:1])) for each in (False, True))
    assert short.dtype == np.float32
    assert (short[:, :2] * 4 % 1 != 0).mean() > 0.8
    assert np.abs(short[:, 4:-1] - exact[:, 4:-1]).mean() < 0.02


def test_half_precision_stays_close_and_decodes_in_float32(tiny_weights: Path, noise: Tiles) -> None:
    batch = np.stack(noise[:1])
    exact = Detector.load(tiny_weights, backend="torch", device="cpu")._backend.infer(batch)
    half = Detector.load(tiny_weights, backend="torch", device="cpu", precision="fp16")._backend.infer(batch)
    assert half.dtype == np.float32
    # An untrained network is unsteady: means of 0.09 px, 0.002 and 0.004 here, and 3.9 px at most.
    # A trained one, 202 boxes on four Airbus tiles: at most 0.09 px, 0.003, 0.002; 0.25 px decoded in float16.
    difference = np.abs(half - exact)
    assert difference[:, :4].mean() < 0.2
    assert difference[:, 4:-1].mean() < 0.005
    assert difference[:, -1].mean() < 0.01
    assert len(np.unique(half[0, 0])) > 1000  # not on a raster of half a pixel


def test_openvino_keeps_the_order_and_is_repeatable(tiny_weights: Path, noise: Tiles) -> None:
    detector = Detector.load(tiny_weights, backend="openvino", threads=2)
    many = [noise[k % 4] for k in range(23)]
    streamed = list(detector._backend.stream(tile[None] for tile in many))
    single = [detector._backend.infer(tile[None]) for tile in noise[:4]]
    assert len(streamed) == 23
    for k, output in enumerate(streamed):
        np.testing.assert_array_equal(output, single[k % 4])


def test_a_stream_that_is_left_takes_nothing_from_the_next(tiny_weights: Path, noise: Tiles) -> None:
    backend = Detector.load(tiny_weights, backend="openvino", threads=2)._backend
    assert isinstance(backend, OpenVinoBackend)
    expected = [backend.infer(tile[None]) for tile in noise[:4]]
    assert backend._any is not None
    requests = len(backend._any.free)
    for _ in range(3):
        stream = backend.stream(tile[None] for tile in [*noise[:4]] * 4)
        next(stream)
        del stream
        assert len(backend._any.free) == requests
    for seen, one in zip(backend.stream(tile[None] for tile in noise[:4]), expected, strict=True):
        np.testing.assert_array_equal(seen, one)


def test_a_graph_for_one_size_gives_what_the_one_for_all_gives(tiny_weights: Path, noise: Tiles) -> None:
    one, other = Detector.load(tiny_weights, backend="openvino"), Detector.load(tiny_weights, backend="openvino")
    height, width = noise[0].shape[:2]
    one.prepare(height, width, 10_000)
    plain = [other._backend.infer(tile[None]) for tile in noise[:4]]
    for fixed, free in zip(one._backend.stream(tile[None] for tile in noise[:4]), plain, strict=True):
        np.testing.assert_allclose(fixed[:, :4], free[:, :4], atol=PIXELS)
        np.testing.assert_allclose(fixed[:, 4:], free[:, 4:], atol=SCORES)
    one.prepare(height // 2, width // 2, 10)  # too few to compile for
    np.testing.assert_array_equal(one._backend.infer(noise[0][None]), plain[0])  # whatever was run before
    small = [tile[: height // 2, : width // 2] for tile in noise[:4]]
    mixed = [tile for pair in zip(noise[:4], small, strict=True) for tile in pair]
    for seen, alone in zip(one.stream(mixed), other.detect_tiles(mixed), strict=True):
        np.testing.assert_allclose(seen.boxes, alone.boxes, atol=PIXELS)
    one.prepare(height // 2, width // 2, 10_000)
    for seen, alone in zip(one.stream(mixed), other.detect_tiles(mixed), strict=True):
        np.testing.assert_allclose(seen.boxes, alone.boxes, atol=PIXELS)


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_a_tile_may_be_written_over_once_the_next_is_asked_for(
    tiny_weights: Path, noise: Tiles, backend: Literal["openvino", "torch"]
) -> None:
    detector = Detector.load(tiny_weights, backend=backend, device="cpu")

    def one_array() -> Iterator[NDArray[np.uint8]]:
        tile = np.empty_like(noise[0])
        for own in noise[:4]:
            tile[:] = own
            yield tile

    for reused, own in zip(detector.stream(one_array()), detector.detect_tiles(noise[:4]), strict=True):
        np.testing.assert_array_equal(reused.boxes, own.boxes)


def test_batches_do_not_change_the_result(tiny_weights: Path, noise: Tiles) -> None:
    detector = Detector.load(tiny_weights, backend="torch", device="cpu")
    together = detector._backend.infer(np.stack(noise[:4]))
    apart = np.concatenate([detector._backend.infer(tile[None]) for tile in noise[:4]])
    np.testing.assert_allclose(together[:, :4], apart[:, :4], atol=PIXELS)
    np.testing.assert_allclose(together[:, 4:], apart[:, 4:], atol=SCORES)


def test_the_axis_of_length_is_that_of_ultralytics() -> None:
    ops = pytest.importorskip("ultralytics.utils.ops")
    box = [[30.0, 40.0, 20.0, 8.0, 0.6]]
    theirs = ops.xywhr2xyxyxyxy(torch.tensor(box)).numpy()[0]
    ours = corners(box)[0]
    distance = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    assert (distance.min(axis=1) < 1e-4).all()


def test_an_unreadable_graph_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "net.openvino.xml").write_text("<net/>")
    with pytest.raises(WeightsCorruptError, match="OpenVINO cannot read"):
        OpenVinoBackend(tmp_path / "net.openvino.xml")


def test_tensors_of_another_network_are_corrupt(tiny_weights: Path) -> None:
    from hardstand.detector.torch_backend import build_module  # noqa: PLC0415

    tensors = read_tensors(tiny_weights)
    tensors.popitem()
    with pytest.raises(WeightsCorruptError, match="do not fit its architecture"):
        build_module(read_record(tiny_weights), tensors)


def save_stock(path: Path, network: "OBBModel", names: dict[int, str]) -> None:
    network.names = names
    torch.save({"model": network, "ema": None}, path)


def test_a_trusted_pickle_runs_with_the_classes_that_are_nodes(
    tmp_path: Path, lively_network: "OBBModel", tiny_weights: Path, noise: Tiles
) -> None:
    path = tmp_path / "stock.pt"
    save_stock(path, lively_network, {0: "plane", 1: "ship", 2: "helicopter", 3: "harbor", 4: "ad.launcher"})
    with pytest.raises(UntrustedPickleError):
        Detector.load(path)
    detector = Detector.load(path, trust_pickle=True, device="cpu")
    with pytest.raises(BackendError, match="is a PyTorch file"):
        Detector.load(path, trust_pickle=True, backend="openvino")
    assert detector.nodes == ("fw", "heli", "ad.launcher")
    assert (detector.gsd, detector.tile_px) == (0.5, 1024)
    whole = Detector.load(tiny_weights, backend="torch", device="cpu")._backend.infer(noise[0][None])
    part = detector._backend.infer(noise[0][None])
    np.testing.assert_allclose(
        part, whole[:, [0, 1, 2, 3, 4, 6, 8, 9]], rtol=0.02, atol=0.02
    )  # stored fp16 against fp32


def test_a_pickle_without_our_classes_is_refused(tmp_path: Path, lively_network: "OBBModel") -> None:
    save_stock(tmp_path / "stock.pt", lively_network, dict(enumerate(["ship", "bridge", "pool", "harbor", "court"])))
    with pytest.raises(LabelError, match="none of its classes"):
        Detector.load(tmp_path / "stock.pt", trust_pickle=True)


def test_a_pickle_without_a_network_is_corrupt(tmp_path: Path, record: WeightRecord) -> None:
    torch.save({"model": record.name}, tmp_path / "other.pt")
    with pytest.raises(WeightsCorruptError, match="no oriented ultralytics model"):
        Detector.load(tmp_path / "other.pt", trust_pickle=True)
