"""What a coarse look misses and what it saves: aircraft of held-back real scenes, time.

    python tests/benchmarks/screening.py lost SETS [LOOK] [WEIGHTS]
    python tests/benchmarks/screening.py scene AIRBUS_FOLDER SCENE.tif
    python tests/benchmarks/screening.py time SCENE.tif [ROUNDS] [WEIGHTS]

The first takes some minutes: on the `dev` and `test` places of Airbus and HRPlanes, the aircraft that the full run
finds where there is a label; and how many of them lie outside of what is run after a coarse look, by the score from
which that suspects something, and how much work that is. The second makes a scene of 8000 px
from the `test` airports: 58 of 64 blocks of open ground without aircraft, 6 with the most. The third runs a scene in
full and screened, in turns: seconds of wall clock and of processor.
"""

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
from hardstand.detector.coarse import LOOK, coarse_detector
from hardstand.detector.detections import Detections
from hardstand.detector.detector import COARSEST, Detector
from hardstand.inference.cover import cover, window_sides, work_px
from hardstand.inference.detection import detect
from hardstand.inference.engine import STRIDE_PX, Proposals, overlap_of, run_tiles
from hardstand.inference.result import SceneResult
from hardstand.inference.scene import Grid, Scene, open_scene
from hardstand.inference.screen import Ground
from hardstand.inference.tiles import plan_tiles
from hardstand.training.evaluate import matches, scene_result
from hardstand.training.scenes import THRESHOLD, held_back

Pixels = NDArray[np.uint8]

SETS = ("airbus", "hrplanes")
SCORES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)
BLOCK_PX = 1000
BUSY_BLOCKS = 6
OPEN_BLOCKS = 16


def lost(data: str, look: str = LOOK, weights: str = "hardstand-n") -> None:
    """Print, per score, the aircraft that are not run any more, of those found in full, and the work."""
    full, low = Detector.load(weights), Detector.load(look, min_score=SCORES[0])
    splits: tuple[Split, ...] = ("dev", "test")
    print("score  " + "".join(f"{f'{split}: lost, work':28}" for split in splits))
    tables = [
        losses([r for source in SETS for r in held_back(Path(data), source, split)], full, low) for split in splits
    ]
    for score in SCORES:
        cells = [f"{table[score][0]} of {table['found']}, {table[score][1]:.2f}" for table in tables]
        print(f"{score:5.3f}  " + "".join(f"{cell:28}" for cell in cells), flush=True)


def losses(records: list[ImageRecord], full: Detector, low: Detector) -> dict[Any, Any]:
    """Per score: aircraft outside of all cores, and the work as a share of the full run's; "found": of all.

    Images that are too coarse for the engine are left out.
    """
    overlap_px = overlap_of(full)
    rows = {score: [0, 0] for score in SCORES}
    whole = found = 0
    for record in records:
        if record.gsd > COARSEST * full.gsd:
            continue
        with open_scene(record.path, gsd=record.gsd) as opened:
            centres = aircraft_found(record, detect(opened, full).detections) / full.gsd
            grid = opened.grid(full.gsd)
            plan = plan_tiles(
                grid.width, grid.height, tile_px=full.tile_px, overlap_px=overlap_px, multiple_px=STRIDE_PX
            )
            whole, found = whole + work_px(plan), found + len(centres)
            seen, scale = looked(opened, grid, low)
            for score in SCORES:
                some = replace(seen, detections=seen.detections.select(seen.detections.score >= score))
                reach = Ground(grid, overlap_px).reach(some, scale)
                tiles = cover(reach, grid.width, grid.height, sides=window_sides(full.tile_px, overlap_px))
                owned = [tile.owns(*centres.T) for tile in tiles]
                rows[score][0] += int((~np.any([np.zeros(len(centres), bool), *owned], axis=0)).sum())
                rows[score][1] += work_px(tiles)
    return {"found": found, **{score: (missing, work / whole) for score, (missing, work) in rows.items()}}


def looked(opened: Scene, grid: Grid, low: Detector) -> tuple[Proposals, NDArray[np.float64]]:
    """What a coarse detector sees of a whole scene, and grid pixels per pixel of the look."""
    coarse = opened.grid(low.gsd)
    tiles = plan_tiles(
        coarse.width, coarse.height, tile_px=low.tile_px, overlap_px=overlap_of(low), multiple_px=STRIDE_PX
    )
    scale = np.array([coarse.scale_x / grid.scale_x, coarse.scale_y / grid.scale_y] * 2)
    return run_tiles(opened, coarse, tiles, low), scale


def aircraft_found(record: ImageRecord, detections: Detections) -> NDArray[np.float64]:
    """Centres (N, 2), in metres, of the aircraft found where there is a label."""
    result = scene_result(record, detections, "fw")
    found = result.found[(matches(result) == 1) & (result.scores >= THRESHOLD)] * record.gsd
    return np.asarray((found[:, :2] + found[:, 2:]) / 2)


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
    commands: dict[str, Callable[..., None]] = {"lost": lost, "scene": scene, "time": time}
    commands[sys.argv[1]](*sys.argv[2:])
