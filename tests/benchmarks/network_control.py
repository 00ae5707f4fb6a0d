"""Which network, and what the synthetic tiles bring: runs of the same length on the same tiles, and their AP50.

    python tests/benchmarks/network_control.py RECIPE.toml TILES AIRBUS_FOLDER OUT [--steps N] [--seeds 0,1,2]
                                               [--runs yolo11n,yolo26n,all,no-synthetic,only-synthetic]

Runs: `yolo11n` and `yolo26n`, both from random parameters, because no pretrained file of YOLO26 is at hand and a start
of one family would favour it. `all` is the recipe as it stands; `no-synthetic` and `only-synthetic` are the same from
the recipe's start without the sets of SYNTHETIC, or with them alone. Prints one JSON line per run and seed: AP50 of
aircraft, boxes by shape, over whole Airbus scenes of the `dev` places, and milliseconds per tile of 640 px on this CPU,
the median of turns that the runs take when all are trained.
"""

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from hardstand.datasets import airbus
from hardstand.datasets.images import read_rgb
from hardstand.datasets.split import split_of
from hardstand.detector import Detector
from hardstand.inference import detect
from hardstand.training.evaluate import FAINTEST, scene_result
from hardstand.training.precision import average_precision
from hardstand.training.recipe import Recipe, read_recipe
from hardstand.training.release import release
from hardstand.training.run import train

SYNTHETIC = ("composites", "generated")
RUNS = ("yolo11n", "yolo26n", "all", "no-synthetic", "only-synthetic")
TILE_PX = 640


def variant(recipe: Recipe, run: str, *, steps: int, seed: int) -> Recipe:
    """Return the recipe of a run."""
    schedule = replace(recipe.schedule, steps=steps, seed=seed, warm_up_steps=min(recipe.schedule.warm_up_steps, steps))
    recipe = replace(recipe, name=f"{run}-{seed}", size="n", schedule=schedule)
    if run in ("yolo11n", "yolo26n"):
        from_nothing = replace(schedule, frozen_layers=0)
        return replace(recipe, family=run[:-1], start="", schedule=from_nothing)
    if run == "all":
        return recipe
    wanted = run == "only-synthetic"
    return replace(recipe, sets=tuple(each for each in recipe.sets if (each.folder in SYNTHETIC) == wanted))


def ap50(weights: Path, folder: Path) -> float:
    """Return AP50 of aircraft over the `dev` scenes of the Airbus sample, after merging."""
    detector = Detector.load(weights, precision="fp32", min_score=FAINTEST)
    scenes = [record for record in airbus.read(folder) if split_of("airbus", record.group) == "dev"]
    found = [detect(read_rgb(scene.path), detector, gsd=scene.gsd).detections for scene in scenes]
    results = [scene_result(scene, each, "fw") for scene, each in zip(scenes, found, strict=True)]
    return average_precision(results)[0]


def speeds(weights: list[Path], rounds: int = 7) -> Iterator[float]:
    """Yield the median milliseconds per tile of each weight file; they take turns."""
    tile = np.random.default_rng(0).integers(0, 255, (TILE_PX, TILE_PX, 3), np.uint8)
    detectors = [Detector.load(path, precision="fp32") for path in weights]
    taken: list[list[float]] = [[] for _ in detectors]
    for _ in range(rounds + 1):
        for detector, times in zip(detectors, taken, strict=True):
            started = perf_counter()
            detector.detect(tile, gsd=0.5)
            times.append(1000 * (perf_counter() - started))
    for times in taken:
        yield median(times[1:])  # the first warms up


def main(arguments: list[str]) -> None:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("recipe", "tiles", "airbus", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--runs", default=",".join(RUNS[:2]))
    chosen = parser.parse_args(arguments)
    recipe = read_recipe(chosen.recipe)
    rows = []
    for run in chosen.runs.split(","):
        if run not in RUNS:
            parser.error(f"{run!r} is not one of {', '.join(RUNS)}")
        for seed in map(int, chosen.seeds.split(",")):
            made = variant(recipe, run, steps=chosen.steps, seed=seed)
            model, _ = train(made, chosen.tiles, chosen.out / made.name)
            path = chosen.out / made.name / f"{made.name}.safetensors"
            release(model, made, path, data=[])
            row = {"run": run, "seed": seed, "steps": chosen.steps, "ap50": round(ap50(path, chosen.airbus), 4)}
            rows.append((path, row))
    for (_, row), speed in zip(rows, speeds([path for path, _ in rows]), strict=True):
        print(json.dumps({**row, "ms_per_tile": round(speed, 1)}))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    main(sys.argv[1:])
