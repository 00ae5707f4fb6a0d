"""The drawn scene for measuring: where its truth says an object stands, one was drawn; and the count against it."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from hardstand.datasets import synth_scene
from hardstand.datasets.annotation import oriented
from hardstand.datasets.score import Score, score
from hardstand.datasets.synth_scene import BLOCK_PX, Truth, make_scene, read_truth, truth_path
from hardstand.detector.errors import DatasetNotFoundError
from hardstand.detector.fake import PaintDetector, paint
from hardstand.inference.detection import detect

BOXES = ((300.0, 200.0, 60.0, 40.0, 0.3), (700.0, 650.0, 90.0, 30.0, 1.2))


def painted_block(_: np.random.Generator) -> tuple[np.ndarray, list[object]]:
    pixels = np.full((BLOCK_PX, BLOCK_PX, 3), 110, np.uint8)
    for box in BOXES:
        paint(pixels, box, "fw.bomber")
    return pixels, [oriented("fw.bomber", box) for box in BOXES]


def test_truth_follows_every_turn_of_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth_scene, "_block", painted_block)
    monkeypatch.setattr(synth_scene, "BLOCKS", 2)
    done: list[tuple[int, int]] = []
    made = make_scene(tmp_path / "new" / "scene.tif", size_px=4000, progress=lambda *step: done.append(step))
    truth = read_truth(tmp_path / "new" / "scene.tif")
    assert done == [(1, 2), (2, 2)]
    np.testing.assert_allclose(made.boxes, truth.boxes, atol=1e-3)
    found = detect(tmp_path / "new" / "scene.tif", PaintDetector()).detections
    assert len(found) == len(truth.nodes) == 2 * 16
    place = np.lexsort((truth.boxes[:, 0], truth.boxes[:, 1].round()))
    seen = np.lexsort((found.boxes[:, 0], found.boxes[:, 1].round()))
    np.testing.assert_allclose(found.boxes[seen, :4], truth.boxes[place, :4], atol=3)
    turned = np.abs(np.sin(found.boxes[seen, 4] - truth.boxes[place, 4]))
    assert turned.max() < 0.1
    assert score(truth, found.boxes[:, :2].astype(np.float64), found.labels) == Score(
        32, 32, 0, 0, 0, {"fw": 32, "heli": 0, "ad.launcher": 0}, {"fw": 32, "heli": 0, "ad.launcher": 0}
    )


def test_a_drawn_block_is_a_georeferenced_scene_with_objects_wholly_inside(tmp_path: Path) -> None:
    truth = make_scene(tmp_path / "scene.tif", seed=2, size_px=1000)
    with rasterio.open(tmp_path / "scene.tif") as scene:
        assert (scene.width, scene.height, scene.count) == (1000, 1000, 3)
        assert scene.block_shapes[0] == (512, 512)
        assert scene.res == (0.5, 0.5)
        assert scene.crs.to_epsg() == 32637
    assert len(truth.nodes) >= 8
    assert {"fw", "heli"} <= {node.split(".")[0] for node in truth.nodes}
    reach = np.hypot(truth.boxes[:, 2], truth.boxes[:, 3]) / 2
    assert (truth.boxes[:, :2] > 0).all()
    assert (truth.boxes[:, :2] < 1000).all()
    assert reach.max() < 120
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene.tif", "scene.truth.json"]


def test_other_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="size_px is 1500, expected a positive multiple of 1000"):
        make_scene(tmp_path / "scene.tif", size_px=1500)


@pytest.mark.parametrize("text", [None, "{}", '{"objects": [{"box": [1, 2]}]}'])
def test_a_damaged_truth_is_said_in_one_line(tmp_path: Path, text: str | None) -> None:
    scene = tmp_path / "scene.tif"
    if text is not None:
        truth_path(scene).write_text(text)
    with pytest.raises(DatasetNotFoundError, match="not the truth of a drawn scene"):
        read_truth(scene)


def test_places_are_hits_doubles_misses_and_false_alarms() -> None:
    truth = Truth(
        ("fw.light", "heli", "ad.launcher"), np.array([[10, 10, 8, 4, 0], [40, 10, 8, 8, 0], [70, 10, 8, 4, 0]])
    )
    places = np.array([[10, 10], [12, 11], [10, 13], [41, 10]])
    assert score(truth, places, ["fw", "ad.launcher", "fw", "heli"]) == Score(
        true=3,
        counted=4,
        doubles=1,
        misses=1,
        false_alarms=1,
        true_of={"fw": 1, "heli": 1, "ad.launcher": 1},
        counted_of={"fw": 2, "heli": 1, "ad.launcher": 1},
    )


def test_nothing_found_is_all_missed() -> None:
    truth = Truth(("fw",), np.array([[10.0, 10, 8, 4, 0]]))
    found = score(truth, np.zeros((0, 2)), [])
    assert (found.misses, found.counted, found.doubles) == (1, 0, 0)
