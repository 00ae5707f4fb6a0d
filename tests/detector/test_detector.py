import importlib
import logging
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import hardstand.detector
from hardstand.detector import Detector, PaintDetector, TileDetector, TooCoarseError, WeightRecord, WeightsNotFoundError

Pixels = NDArray[np.uint8]


class DarkSpot:
    """A back end that sees one aircraft, 40 by 20 px, centred where the tile is black; it counts its batches."""

    def __init__(self, batch_size: int = 1) -> None:
        self.batch_size = batch_size
        self.batches: list[Pixels] = []

    def infer(self, batch: Pixels) -> NDArray[np.float32]:
        self.batches.append(batch)
        result = np.zeros((len(batch), 10, 3), np.float32)
        for output, tile in zip(result, batch, strict=True):
            rows, columns = np.nonzero((tile == 0).all(axis=2))
            if rows.size:
                output[:5, 1] = columns.mean() + 0.5, rows.mean() + 0.5, 40, 20, 0.75
        return result

    def prepare(self, height: int, width: int, batches: int) -> None: ...

    def stream(self, batches: Iterable[Pixels]) -> Iterator[NDArray[np.float32]]:
        return map(self.infer, batches)


def spotted(x: int, y: int, width: int = 256, height: int = 256) -> Pixels:
    tile = np.full((height, width, 3), 200, np.uint8)
    tile[y : y + 8, x : x + 8] = 0
    return tile


@pytest.mark.parametrize("batch_size", [1, 2, 3, 8])
def test_any_batch_size_gives_the_tiles_in_order(record: WeightRecord, batch_size: int) -> None:
    tiles = [spotted(16 * k, 32, 128 + 16 * k, 96) for k in range(1, 6)]
    seen = list(Detector(DarkSpot(batch_size), record).stream(iter(tiles)))
    assert [each.boxes[0].tolist() for each in seen] == [[16 * k + 4, 36, 40, 20, 0] for k in range(1, 6)]
    assert seen[0].labels == ("fw",)
    assert seen[0].gsd == 0.5


def test_smaller_tiles_are_padded_right_and_below_with_grey(record: WeightRecord) -> None:
    backend = DarkSpot()
    Detector(backend, record).detect_tiles([spotted(5, 5, 100, 60)])
    (batch,) = backend.batches
    assert batch.shape == (1, 64, 128, 3)  # multiples of the stride
    assert (batch[0, 60:] == 114).all()
    assert (batch[0, :, 100:] == 114).all()
    assert batch[0, 59, 99].tolist() == [200, 200, 200]


def test_a_stream_is_lazy(record: WeightRecord) -> None:
    backend = DarkSpot()
    stream = Detector(backend, record).stream(repeat(spotted(20, 20)))
    next(stream)
    assert len(backend.batches) <= 2


def test_no_tiles_no_detections(record: WeightRecord) -> None:
    assert Detector(DarkSpot(), record).detect_tiles([]) == []


@pytest.mark.parametrize(
    ("tile", "message"),
    [
        (np.zeros((257, 20, 3), np.uint8), "20 x 257 px, expected at most 256"),
        (np.zeros((20, 20, 3), np.float32), "float32"),
        (np.zeros((20, 20), np.uint8), r"uint8 \(20, 20\)"),
        (np.zeros((20, 20, 4), np.uint8), r"\(20, 20, 4\)"),
        (np.zeros((0, 20, 3), np.uint8), r"\(0, 20, 3\)"),
    ],
)
def test_other_pixels_are_refused(record: WeightRecord, tile: Pixels, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Detector(DarkSpot(), record).detect_tiles([tile])


@pytest.mark.parametrize("gsd", [0.25, 0.5, 1.0])
def test_an_image_of_another_gsd_is_resampled_and_answered_in_its_own_pixels(record: WeightRecord, gsd: float) -> None:
    side = round(100 / gsd)
    image = np.full((side, side, 3), 200, np.uint8)
    middle = slice(round(30 / gsd), round(50 / gsd))
    image[middle, middle] = 0
    (seen,) = Detector(DarkSpot(), record).detect(image, gsd=gsd)
    np.testing.assert_allclose(seen.box[:2], [40 / gsd, 40 / gsd], atol=1.5)
    np.testing.assert_allclose([seen.length_m, seen.width_m], [20, 10], rtol=1e-5)


def test_what_does_not_suit_one_tile_says_what_does(record: WeightRecord) -> None:
    detector = Detector(DarkSpot(), record)
    with pytest.raises(TooCoarseError, match=r"gsd is 1\.6 m, and tiny sees 0\.5 m; at most 1\.5 m"):
        detector.detect(spotted(0, 0), gsd=1.6)
    with pytest.raises(ValueError, match=r"512 x 512 px at 0\.5 m.*hardstand\.inference\.detect"):
        detector.detect(spotted(0, 0), gsd=1.0)
    with pytest.raises(ValueError, match="gsd is 0"):
        detector.detect(spotted(0, 0), gsd=0)


def test_both_detectors_are_tile_detectors(record: WeightRecord) -> None:
    detectors: list[TileDetector] = [Detector(DarkSpot(), record), PaintDetector()]
    for detector in detectors:
        assert len(next(detector.stream([spotted(20, 20)]))) <= 1
        assert detector.tile_px * detector.gsd > detector.largest_object_m


def test_unknown_weights_are_named() -> None:
    with pytest.raises(WeightsNotFoundError, match="no weights 'hardstand-zz'"):
        Detector.load("hardstand-zz")


def test_openvino_runs_on_the_processor_only(tmp_path: Path, tiny_weights: Path) -> None:
    with pytest.raises(ValueError, match="not on 'cuda'"):
        Detector.load(tiny_weights, backend="openvino", device="cuda")


def test_a_graphics_card_without_torch_is_said(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    module = importlib.import_module("hardstand.detector.choice")
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with caplog.at_level(logging.WARNING):
        Detector.load(tiny_weights)
    (message,) = caplog.messages
    assert 'pip install "hardstand[gpu]"' in message


def test_public_names_are_complete() -> None:
    for name in hardstand.detector.__all__:
        assert getattr(hardstand.detector, name) is not None
    assert sorted(hardstand.detector.__all__) == sorted(hardstand.detector._MODULE)
    with pytest.raises(AttributeError, match="no attribute 'Zeppelin'"):
        getattr(hardstand.detector, "Zeppelin")  # noqa: B009


def test_importing_the_room_imports_nothing_heavy() -> None:
    code = (
        "import sys; from hardstand.detector import Detector, PaintDetector, WeightRecord, suppress; "
        "print(sorted({'cv2', 'openvino', 'rasterio', 'shapely', 'torch', 'ultralytics'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
