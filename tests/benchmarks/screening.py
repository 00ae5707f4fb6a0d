"""Can a cheap look decide which tiles are run in full? Cues per tile on held-back real scenes, and what each costs.

    python tests/benchmarks/screening.py cues AIRBUS_FOLDER CUES.json [WEIGHTS]
    python tests/benchmarks/screening.py report CUES.json
    python tests/benchmarks/screening.py scene AIRBUS_FOLDER SCENE.tif
    python tests/benchmarks/screening.py time SCENE.tif [ROUNDS] [WEIGHTS]

The first takes some minutes. Per tile it keeps the aircraft that the full run finds there, and cues: the best score of
the same network at 1, 1.5 and 2 m per pixel, and measures of texture at 2 m that need no network. The second prints,
per cue, the share of tiles that would be run in full and the recall relative to the full run, with the threshold chosen
on the `dev` airports and measured on the `test` airports, and what that makes of a scene of which a tenth is built up.
The third makes a scene of 8000 px from the `test` airports: nine of ten blocks without aircraft, one with. The fourth
runs it in full and screened, in turns.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from hardstand.datasets import airbus
from hardstand.datasets.annotation import ImageRecord
from hardstand.datasets.images import read_rgb
from hardstand.datasets.split import split_of
from hardstand.detector.detector import Detector
from hardstand.detector.openvino_backend import OpenVinoBackend
from hardstand.detector.weights import exported_model, find_weights, read_record
from hardstand.inference.detection import detect
from hardstand.inference.result import SceneResult
from hardstand.detector.coarse import coarse_detector
from hardstand.inference.tiles import Tile, plan_tiles

Pixels = NDArray[np.uint8]

FACTORS = {"network at 1 m": 2.0, "network at 1.5 m": 3.0, "network at 2 m": 4.0}
TEXTURE_FACTOR = 4
REPORTED = 0.25
"""Score from which a box of the full run counts as found."""
CANDIDATE = 0.002
"""Lowest score at low resolution that a cue can be."""
MARGIN_PX = 40
"""A low-resolution box this far outside of a tile's core still speaks for the tile: its centre is known coarsely."""
MOST_LOST = 0.002
BUILT_UP = 0.1
BLOCK_PX = 1000
BUSY_BLOCKS = 6


def cues(folder: str, out: str, weights: str = "hardstand-n") -> None:
    """Write the cues of all tiles of the dev and test airports."""
    path = find_weights(weights)
    full = Detector.load(weights)
    low = {name: low_detector(path, factor) for name, factor in FACTORS.items()}
    rows = []
    for record in airbus.read(Path(folder)):
        split = split_of("airbus", record.group)
        if split != "train":
            rows += [{"split": split, "scene": record.path.name, **row} for row in scene_rows(record, full, low)]
            print(record.path.name, len(rows), flush=True)
            Path(out).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def low_detector(path: Path, factor: float) -> Detector:
    """The same network for whole scenes of 2560 px, shrunk by `factor`."""
    side = int(np.ceil(2560 / factor / 32)) * 32
    record = replace(read_record(path), tile_px=side, thresholds={}, calibration={})
    return Detector(OpenVinoBackend(exported_model(path, "openvino")), record, min_score=CANDIDATE)


def scene_rows(record: ImageRecord, full: Detector, low: dict[str, Detector]) -> list[dict[str, float]]:
    """One row per tile of a scene."""
    pixels = read_rgb(record.path)
    found = detect(pixels, full, gsd=record.gsd).detections
    found = found.select((found.score >= REPORTED) & np.array([node.startswith("fw") for node in found.labels], bool))
    labels = np.array([label.bounds for label in record.annotations if not label.ignore]).reshape(-1, 4)
    hit = np.zeros(len(found), bool)
    for x0, y0, x1, y1 in labels:
        x, y = found.boxes[:, 0], found.boxes[:, 1]
        hit |= (x >= x0) & (x < x1) & (y >= y0) & (y < y1)
    seen = {name: candidates(pixels, detector, FACTORS[name]) for name, detector in low.items()}
    small = shrunk(pixels, TEXTURE_FACTOR)
    tiles = plan_tiles(record.width, record.height, tile_px=full.tile_px, overlap_px=166)
    return [
        {
            "boxes": int(tile.owns(found.boxes[:, 0], found.boxes[:, 1]).sum()),
            "aircraft": int(tile.owns(found.boxes[hit, 0], found.boxes[hit, 1]).sum()),
            "labels": int(tile.owns((labels[:, 0] + labels[:, 2]) / 2, (labels[:, 1] + labels[:, 3]) / 2).sum()),
            **{name: best_score(tile, points) for name, points in seen.items()},
            **texture(small, tile),
        }
        for tile in tiles
    ]


def shrunk(pixels: Pixels, factor: float) -> Pixels:
    """The scene averaged down."""
    size = (round(pixels.shape[1] / factor), round(pixels.shape[0] / factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def candidates(pixels: Pixels, detector: Detector, factor: float) -> NDArray[np.float64]:
    """x, y (scene pixels) and score (N, 3) of what the network sees in the shrunk scene."""
    seen = detector.detect_tiles([shrunk(pixels, factor)])[0]
    return np.column_stack([seen.boxes[:, :2] * factor, seen.score]).astype(np.float64)


def best_score(tile: Tile, points: NDArray[np.float64]) -> float:
    """The best score in or near the core of a tile; 0 where there is nothing."""
    near = tile.owns(points[:, 0], points[:, 1], slack_px=MARGIN_PX)
    return float(points[near, 2].max(initial=0.0))


def texture(small: Pixels, tile: Tile) -> dict[str, float]:
    """Measures of a tile's core at low resolution: edges, contrast, blobs of the size of aircraft, brightness."""
    core = (
        slice(tile.core_top // TEXTURE_FACTOR, tile.core_bottom // TEXTURE_FACTOR),
        slice(tile.core_left // TEXTURE_FACTOR, tile.core_right // TEXTURE_FACTOR),
    )
    grey = cv2.cvtColor(np.ascontiguousarray(small[core]), cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    blobs = np.abs(cv2.GaussianBlur(grey, (0, 0), 2.0) - cv2.GaussianBlur(grey, (0, 0), 6.0))
    return {
        "mean edge": float(edges.mean()),
        "edge, 99th percentile": float(np.percentile(edges, 99)),
        "edge, 99.9th percentile": float(np.percentile(edges, 99.9)),
        "blob, 99.9th percentile": float(np.percentile(blobs, 99.9)),
        "brightest, 99.9th percentile": float(np.percentile(grey, 99.9)),
        "spread of grey": float(grey.std()),
    }


def report(path: str) -> None:
    """Print what each cue would do."""
    rows = json.loads(Path(path).read_text(encoding="utf-8"))
    dev, test = ([row for row in rows if row["split"] == split] for split in ("dev", "test"))
    for name, part in (("dev", dev), ("test", test)):
        empty = sum(not row["boxes"] and not row["labels"] for row in part)
        print(f"{name}: {len(part)} tiles, {empty} without aircraft, {sum(row['aircraft'] for row in part)} found")
    print(
        f"{'cue':30}{'threshold':>10}{'dev lost':>9}{'run, empty':>11}{'test lost':>10}{'run, empty':>11}{'times':>7}"
    )
    for cue in [key for key in dev[0] if key not in ("split", "scene", "boxes", "aircraft", "labels")]:
        threshold = chosen_threshold(dev, cue)
        chosen, measured = outcome(dev, cue, threshold), outcome(test, cue, threshold)
        times = speed_up(cost_of(cue), measured[1])
        print(
            f"{cue:30}{threshold:10.3f}{chosen[0]:9.2%}{chosen[1]:11.1%}"
            f"{measured[0]:10.2%}{measured[1]:11.1%}{times:7.2f}"
        )


def chosen_threshold(rows: list[dict[str, float]], cue: str) -> float:
    """The highest threshold at which at most MOST_LOST of the aircraft found are lost."""
    levels = sorted({row[cue] for row in rows}, reverse=True)
    return next(level for level in levels if outcome(rows, cue, level)[0] <= MOST_LOST)


def outcome(rows: list[dict[str, float]], cue: str, threshold: float) -> tuple[float, float]:
    """The share of aircraft found that is lost, and the share of tiles without aircraft that is run all the same."""
    lost = sum(row["aircraft"] for row in rows if row[cue] < threshold)
    empty = [row for row in rows if not row["boxes"] and not row["labels"]]
    return lost / sum(row["aircraft"] for row in rows), sum(row[cue] >= threshold for row in empty) / len(empty)


def cost_of(cue: str) -> float:
    """What a cue costs, as a share of the network's full work; texture is taken as free."""
    return 1 / FACTORS[cue] ** 2 if cue in FACTORS else 0.0


def speed_up(cost: float, run_empty: float) -> float:
    """Full work over screened work, on a scene of which BUILT_UP has aircraft; reading is not counted.

    >>> round(speed_up(0.0625, 0.19), 2)
    3.0
    """
    return 1 / (cost + BUILT_UP + (1 - BUILT_UP) * run_empty)


def scene(folder: str, out: str) -> None:
    """Write a mosaic of blocks of 1000 px from the test airports: 58 without any label, 6 together with the most."""
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


def time(path: str, rounds: str = "3", weights: str = "hardstand-n") -> None:
    """Print seconds of full and screened runs, and what of the full run's aircraft the screened one has."""
    detector = Detector.load(weights)
    coarse = coarse_detector(detector)
    for _ in range(int(rounds)):
        started = perf_counter()
        full = detect(path, detector)
        between = perf_counter()
        part = detect(path, detector, screening=coarse)
        ended = perf_counter()
        whole, screened = between - started, ended - between
        run = full.tiles - part.screened_out
        print(
            f"full {whole:.1f} s, screened {screened:.1f} s, {whole / screened:.2f} times; {run} of {full.tiles} tiles "
            f"run; aircraft {aircraft(full)} in full, {aircraft(part)} screened",
            flush=True,
        )


def aircraft(result: SceneResult) -> int:
    """Aircraft from the reported score on."""
    found = result.detections
    return sum(
        node.startswith("fw") and score >= REPORTED for node, score in zip(found.labels, found.score, strict=True)
    )


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {"cues": cues, "report": report, "scene": scene, "time": time}
    commands[sys.argv[1]](*sys.argv[2:])
