"""What a coarse look misses and what it saves: single aircraft of held-back real scenes, tile sizes, time.

    python tests/benchmarks/screening.py cues SETS CUES.json [WEIGHTS]
    python tests/benchmarks/screening.py report CUES.json
    python tests/benchmarks/screening.py scene AIRBUS_FOLDER SCENE.tif
    python tests/benchmarks/screening.py time SCENE.tif [ROUNDS] [WEIGHTS]

The first takes some minutes: on the `dev` and `test` places of Airbus and HRPlanes, the aircraft that the full run
finds where there is a label, and what the same network sees at 2, 2.5 and 3 times its metres per pixel. The second
prints, per look and score, how many of them have no coarse box near them (lost if they stood alone), and how many lie
in a tile of which nothing is suspected, per size of tile. The third makes a scene of 8000 px from the `test` airports:
58 of 64 blocks without aircraft, 6 with the most. The fourth runs a scene in full and screened, in turns: seconds of
wall clock and of processor.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from hardstand.datasets import airbus
from hardstand.datasets.annotation import ImageRecord
from hardstand.datasets.images import read_rgb
from hardstand.datasets.split import Split, split_of
from hardstand.detector.coarse import NEAR_M, coarse_detector
from hardstand.detector.detector import Detector
from hardstand.inference.detection import detect
from hardstand.inference.result import SceneResult
from hardstand.inference.tiles import plan_tiles
from hardstand.training.evaluate import matches, scene_result
from hardstand.training.scenes import THRESHOLD, held_back, whole_image

Pixels = NDArray[np.uint8]

SETS = ("airbus", "hrplanes")
LOOKS = (2.0, 2.5, 3.0)
SCORES = (0.005, 0.01, 0.015, 0.02, 0.03, 0.05)
SIDES_PX = (320, 416, 512, 672, 1024)
OVERLAP_PX = 166
GSD_M = 0.5
BLOCK_PX = 1000
BUSY_BLOCKS = 6
OPEN_BLOCKS = 16


def cues(data: str, out: str, weights: str = "hardstand-n") -> None:
    """Write, per image, where aircraft were found and what each coarse look saw, in metres."""
    full = Detector.load(weights)
    rows = []
    splits: tuple[Split, ...] = ("dev", "test")
    for source, split in product(SETS, splits):
        rows += [image_cues(record, split, full) for record in held_back(Path(data), source, split)]
        print(source, split, len(rows), flush=True)
        Path(out).write_text(json.dumps(rows), encoding="utf-8")


def image_cues(record: ImageRecord, split: Split, full: Detector) -> dict[str, Any]:
    """One image: its size, the centres of the aircraft found, and x, y and score of coarse boxes per look."""

    def engine(source: Path | Pixels, gsd: float, detector: Detector) -> Any:  # noqa: ANN401
        return detect(source, detector, gsd=gsd).detections

    result = scene_result(record, whole_image(engine, record, full), "fw")
    found = result.found[(matches(result) == 1) & (result.scores >= THRESHOLD)] * record.gsd
    looks = {}
    for times in LOOKS:
        low = coarse_detector(full, min_score=SCORES[0])
        low = Detector(full.backend, replace(low.record, gsd_m=times * full.gsd), min_score=SCORES[0])
        seen = whole_image(engine, record, low)
        looks[str(times)] = np.column_stack([seen.boxes[:, :2] * seen.gsd, seen.score]).astype(float).tolist()
    return {
        "split": split,
        "source": record.source,
        "size": [record.width * record.gsd, record.height * record.gsd],
        "aircraft": ((found[:, :2] + found[:, 2:]) / 2).tolist(),
        "looks": looks,
    }


def report(path: str) -> None:
    """Print how many aircraft each look and score would lose."""
    rows = json.loads(Path(path).read_text(encoding="utf-8"))
    print(
        f"{'look':>5}{'score':>7}  {'aircraft lost: alone':24}" + "".join(f"{side} px".ljust(16) for side in SIDES_PX)
    )
    for look, score in product(map(str, LOOKS), SCORES):
        cells = []
        for side in (None, *SIDES_PX):
            lost = [
                missed([row for row in rows if row["split"] == split], look, score, side) for split in ("dev", "test")
            ]
            cells.append(", ".join(f"{missing}/{of}" for missing, of in lost))
        print(f"{look:>5}{score:7.3f}  {cells[0]:24}" + "".join(cell.ljust(16) for cell in cells[1:]))


def missed(rows: list[dict[str, Any]], look: str, score: float, side: int | None) -> tuple[int, int]:
    """How many aircraft are lost, of how many: each as if it stood alone, or with tiles of `side` pixels."""
    lost = total = 0
    for row in rows:
        places = np.array(row["aircraft"]).reshape(-1, 2)
        seen = np.array(row["looks"][look]).reshape(-1, 3)
        seen = seen[seen[:, 2] >= score, :2]
        low: NDArray[np.float64] = places
        high: NDArray[np.float64] = places
        if side is not None:
            width, height = (max(1, round(metres / GSD_M)) for metres in row["size"])
            tiles = plan_tiles(width, height, tile_px=side, overlap_px=OVERLAP_PX)
            owners = [next(tile for tile in tiles if tile.owns(x, y)) for x, y in (places / GSD_M)[:, :, None]]
            low = np.array([(tile.core_left, tile.core_top) for tile in owners]).reshape(-1, 2) * GSD_M
            high = np.array([(tile.core_right, tile.core_bottom) for tile in owners]).reshape(-1, 2) * GSD_M
        near = (seen >= low[:, None] - NEAR_M) & (seen <= high[:, None] + NEAR_M)
        lost += int((~np.any(np.all(near, axis=2), axis=1)).sum())
        total += len(places)
    return lost, total


def scene(folder: str, out: str) -> None:
    """Write a mosaic of blocks of 1000 px from the test airports: 6 with the most aircraft, 58 of open ground.

    Open is what has no label and the least detail: the OPEN_BLOCKS different blocks with the least mean gradient.
    """
    empty: list[tuple[int, Pixels]] = []
    busy: list[tuple[int, Pixels]] = []
    for record in airbus.read(Path(folder)):
        if split_of("airbus", record.group) != "test":
            continue
        pixels = read_rgb(record.path)
        bounds = np.array([label.bounds for label in record.annotations]).reshape(-1, 4)
        for top, left in product((0, 780, 1560), repeat=2):
            x0, y0, x1, y1 = (bounds - (left, top, left, top)).T
            touching = ((x1 > 0) & (x0 < BLOCK_PX) & (y1 > 0) & (y0 < BLOCK_PX)).sum()
            block = pixels[top : top + BLOCK_PX, left : left + BLOCK_PX]
            (busy if touching else empty).append((int(touching), block))
    busy = sorted(busy, key=lambda item: -item[0])[:BUSY_BLOCKS]
    empty = sorted(empty, key=lambda item: detail(item[1]))[:OPEN_BLOCKS]
    cells = [busy[cell // 11][1] if cell % 11 == 0 else empty[cell % len(empty)][1] for cell in range(64)]
    print(
        f"{len(empty)} different blocks without a label; {sum(count for count, _ in busy)} labels in {len(busy)} blocks"
    )
    rows = [np.concatenate(cells[row * 8 : row * 8 + 8], axis=1) for row in range(8)]
    profile = {"driver": "GTiff", "width": 8000, "height": 8000, "count": 3, "dtype": "uint8", "crs": "EPSG:32637"}
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "JPEG", "photometric": "YCBCR"}
    place = Affine(0.5, 0, 420_000, 0, -0.5, 4_765_000)
    with rasterio.open(out, "w", **profile, **layout, jpeg_quality=90, transform=place) as target:
        target.write(np.concatenate(rows).transpose(2, 0, 1))


def detail(pixels: Pixels) -> float:
    """The mean difference of neighbouring pixels of 2 m."""
    grey = pixels.mean(axis=2).reshape(BLOCK_PX // 4, 4, BLOCK_PX // 4, 4).mean(axis=(1, 3))
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())


def time(path: str, rounds: str = "3", weights: str = "hardstand-n") -> None:
    """Print seconds of full and screened runs, in turns, and how many boxes of aircraft each has."""
    detector = Detector.load(weights)
    coarse = coarse_detector(detector)
    ratios = []
    for _ in range(int(rounds)):
        marks, results = [(perf_counter(), process_time())], []
        for screening in (None, coarse):
            results.append(detect(path, detector, screening=screening))
            marks.append((perf_counter(), process_time()))
        (wall, cpu), (screened_wall, screened_cpu) = np.diff(marks, axis=0).tolist()
        ratios.append((wall / screened_wall, cpu / screened_cpu))
        full, part = results
        print(
            f"full {wall:.1f} s, {cpu:.1f} s of processor; screened {screened_wall:.1f} s, "
            f"{screened_cpu:.1f} s of processor, {part.coarse_fraction:.2f} of the scene looked at coarsely alone; "
            f"boxes of aircraft: {aircraft(full)} in full, {aircraft(part)} screened",
            flush=True,
        )
    wall, cpu = (median(column) for column in zip(*ratios, strict=True))
    print(f"medians: {wall:.2f} times by the wall clock, {cpu:.2f} times by the processor")


def aircraft(result: SceneResult) -> int:
    """Boxes of aircraft from the reported score on, right or wrong."""
    found = result.detections
    return sum(
        node.startswith("fw") and score >= THRESHOLD for node, score in zip(found.labels, found.score, strict=True)
    )


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {"cues": cues, "report": report, "scene": scene, "time": time}
    commands[sys.argv[1]](*sys.argv[2:])
