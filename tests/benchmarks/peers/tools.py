"""One tool over one scene in this process: seconds, tiles, peak memory and the score, printed as a line of JSON.

    python -P tools.py SETTING_JSON SCENE

Every tool is given 150 px of overlap (the largest object), boxes from score 0.25 on, and suppression across classes:
without it a fragment that takes another class stays. What else is set is said in each function.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from hardstand.datasets.score import score
from hardstand.datasets.synth_scene import read_truth
from hardstand.detector.detector import Detector
from hardstand.detector.taxonomy import COUNTED
from hardstand.inference.bench import run_once
from hardstand.inference.engine import STRIDE_PX, overlap_of
from hardstand.inference.peak import peak_bytes
from hardstand.inference.scene import open_scene
from hardstand.inference.stages import ClockedDetector
from hardstand.inference.tiles import plan_tiles

OVERLAP_PX = 150
SCORE = 0.25
OVERLAP = 0.5
"""Boxes that overlap more are one object, by what the tool measures."""


class Found(NamedTuple):
    """Centres (N, 2) in scene pixels, the node of each, seconds, and tiles that were run."""

    places: NDArray[np.float64]
    nodes: list[str]
    seconds: float
    tiles: int


def hardstand(scene: Path, setting: dict[str, Any]) -> Found:
    """`hardstand.inference.detect`, and detections written as GeoJSON and CSV."""
    detector = Detector.load(setting["weights"], min_score=SCORE)
    with open_scene(scene) as opened:
        grid = opened.grid(detector.gsd)
    size = {"tile_px": detector.tile_px, "overlap_px": overlap_of(detector), "multiple_px": STRIDE_PX}
    tiles = plan_tiles(grid.width, grid.height, **size)
    detector.prepare(tiles[0].height, tiles[0].width, len(tiles))  # loads the network, as the other tools do before
    detector.detect_tiles([np.zeros((tiles[0].height, tiles[0].width, 3), np.uint8)])
    run, result = run_once(scene, ClockedDetector(detector))
    places = result.detections.boxes[:, :2].astype(np.float64) * result.grid_scale
    return Found(places, list(result.detections.labels), run.seconds, run.tiles)


def sahi(scene: Path, setting: dict[str, Any]) -> Found:
    """`get_sliced_prediction` without its second pass over the whole image; for oriented boxes it allows NMS alone."""
    tile, batch = setting["tile"], setting.get("batch", 1)
    model = import_module("sahi").AutoDetectionModel.from_pretrained(
        model_type="ultralytics", model_path=network(setting), confidence_threshold=SCORE, device="cpu",
        image_size=tile, task="obb", category_mapping={str(number): node for number, node in enumerate(COUNTED)},
    )  # fmt: skip
    model.perform_batch_inference([np.zeros((tile, tile, 3), np.uint8)] * batch)
    predict = import_module("sahi.predict").get_sliced_prediction
    started = perf_counter()
    result = predict(
        str(scene), model, slice_height=tile, slice_width=tile, overlap_height_ratio=OVERLAP_PX / tile,
        overlap_width_ratio=OVERLAP_PX / tile, perform_standard_pred=False, postprocess_type="NMS",
        postprocess_match_metric="IOS", postprocess_match_threshold=OVERLAP, postprocess_class_agnostic=True,
        batch_size=batch, verbose=0,
    )  # fmt: skip
    seconds = perf_counter() - started
    boxes = np.array([item.bbox.to_xyxy() for item in result.object_prediction_list], np.float64).reshape(-1, 4)
    return Found(
        (boxes[:, :2] + boxes[:, 2:]) / 2,
        [item.category.name for item in result.object_prediction_list],
        seconds,
        len(windows(scene, tile)),
    )


def supervision(scene: Path, setting: dict[str, Any]) -> Found:
    """`InferenceSlicer` on an open raster, oriented boxes, one class for suppression."""
    sv, tile, tiles = import_module("supervision"), setting["tile"], 0
    model = yolo(setting)

    def look(pixels: NDArray[np.uint8]) -> Any:  # noqa: ANN401 - supervision's Detections
        nonlocal tiles
        tiles += 1
        seen = sv.Detections.from_ultralytics(predicted(model, [pixels], setting)[0])
        seen.data["node"], seen.class_id = seen.class_id, np.zeros_like(seen.class_id)
        return seen

    slicer = sv.InferenceSlicer(look, slice_wh=tile, overlap_wh=OVERLAP_PX, iou_threshold=OVERLAP, overlap_metric="IOS")
    look(np.zeros((tile, tile, 3), np.uint8))
    tiles, started = 0, perf_counter()
    with rasterio.open(scene) as dataset:
        result = slicer(dataset)
    seconds = perf_counter() - started
    corners = np.asarray(result.data["xyxyxyxy"], np.float64).reshape(-1, 4, 2)
    return Found(corners.mean(axis=1), [COUNTED[int(number)] for number in result.data["node"]], seconds, tiles)


def geodeep(scene: Path, setting: dict[str, Any]) -> Found:
    """`geodeep.detect`: horizontal boxes, ONNX Runtime; suppression takes no notice of classes."""
    model = str(Path(setting["models"]) / f"net-{setting['tile']}.onnx")
    detect = import_module("geodeep").detect
    started = perf_counter()
    boxes, _, classes = detect(str(scene), model)
    seconds = perf_counter() - started
    corners = np.array(boxes, np.float64).reshape(-1, 4)
    nodes = [name for _, name in classes]
    return Found((corners[:, :2] + corners[:, 2:]) / 2, nodes, seconds, len(windows(scene, setting["tile"])))


def ultralytics(scene: Path, setting: dict[str, Any]) -> Found:
    """`YOLO.predict` on lists of tiles; what it finds in each is put together, and nothing is merged."""
    model, batch = yolo(setting), setting.get("batch", 1)
    predicted(model, [np.zeros((setting["tile"], setting["tile"], 3), np.uint8)] * batch, setting)
    places, nodes = [np.zeros((0, 2))], []
    started = perf_counter()
    plan = windows(scene, setting["tile"])
    with rasterio.open(scene) as dataset:
        for first in range(0, len(plan), batch):
            part = plan[first : first + batch]
            tiles = [np.ascontiguousarray(dataset.read(window=window).transpose(1, 2, 0)) for window in part]
            for window, result in zip(part, predicted(model, tiles, setting), strict=True):
                places.append(result.obb.xywhr.numpy()[:, :2] + (window.col_off, window.row_off))
                nodes += [COUNTED[int(number)] for number in result.obb.cls]
    return Found(np.concatenate(places), nodes, perf_counter() - started, len(plan))


def network(setting: dict[str, Any]) -> str:
    """The checkpoint or the OpenVINO folder of a setting."""
    folder = Path(setting["models"])
    return str(folder / ("net.pt" if setting["model"] == "torch" else f"net-{setting['tile']}_openvino_model"))


def yolo(setting: dict[str, Any]) -> Any:  # noqa: ANN401 - ultralytics leaves its models untyped
    """Ultralytics' own front to the network."""
    return import_module("ultralytics").YOLO(network(setting), task="obb")


def predicted(model: Any, tiles: list[NDArray[np.uint8]], setting: dict[str, Any]) -> Any:  # noqa: ANN401
    """Ultralytics' results for RGB tiles, which it takes as BGR."""
    images = [np.ascontiguousarray(tile[..., ::-1]) for tile in tiles]
    options = {"conf": SCORE, "iou": OVERLAP, "agnostic_nms": True, "verbose": False, "device": "cpu"}
    return model.predict(images, imgsz=setting["tile"], batch=len(images), **options)


def windows(scene: Path, tile: int) -> list[Window]:
    """Tiles as SAHI and GeoDeep lay them: a fixed step, the last one moved back to the border."""
    with rasterio.open(scene) as dataset:
        ends = (dataset.height, dataset.width)
    starts = [[*range(0, max(1, end - tile), tile - OVERLAP_PX), max(0, end - tile)] for end in ends]
    places = product(sorted(set(starts[0])), sorted(set(starts[1])))
    return [Window.from_slices((top, top + tile), (left, left + tile)) for top, left in places]


TOOLS: dict[str, Callable[[Path, dict[str, Any]], Found]] = {
    tool.__name__: tool for tool in (hardstand, sahi, supervision, geodeep, ultralytics)
}


def main(setting_json: str, scene_name: str) -> None:
    """Run a setting and print what came of it."""
    setting, scene = json.loads(setting_json), Path(scene_name)
    found = TOOLS[setting["tool"]](scene, setting)
    with rasterio.open(scene) as dataset:
        scene_mpx = dataset.width * dataset.height / 1e6
    scored = score(read_truth(scene), found.places, found.nodes)
    print(
        json.dumps(
            {
                "seconds": found.seconds,
                "tiles": found.tiles,
                "scene_mpx": scene_mpx,
                "peak_mb": peak_bytes() / 1e6,
                "score": asdict(scored),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
