"""A training step and a generated tile on a CPU, by what glibc does with memory that is freed.

    python tests/benchmarks/allocation.py [ROUNDS]

`none` is glibc as it starts, `little` what `detect` tells it, `freed` what training does. Each in a process of its own,
in turns; prints JSON with seconds per step or tile: the median over the rounds, the least and the most.
"""

import json
import subprocess
import sys
from time import monotonic

import numpy as np
import torch

from hardstand.datasets.synth_tiles import make_tile
from hardstand.detector import allocation
from hardstand.training.fit import freeze
from hardstand.training.network import build_network

SETTINGS = {"none": lambda: None, "little": allocation.keep_little, "freed": allocation.keep_freed}
WORK = ("step", "tile")
STEPS, TILES = 6, 3


def step_seconds() -> float:
    """Forward and backward of n with the first five layers held, 16 crops of 448 px; the first two do not count."""
    torch.manual_seed(0)
    model = build_network("n", 29).to(memory_format=torch.channels_last).train()
    freeze(model, 5)
    images = torch.rand(16, 3, 448, 448).to(memory_format=torch.channels_last)
    times = []
    for _ in range(2 + STEPS):
        started = monotonic()
        parts = [value for value in model(images).values() if isinstance(value, torch.Tensor)]
        torch.stack([value.square().mean() for value in parts]).sum().backward()
        model.zero_grad()
        times.append(monotonic() - started)
    return float(np.median(times[2:]))


def tile_seconds() -> float:
    """A generated tile."""
    make_tile(4999)
    started = monotonic()
    for seed in range(TILES):
        make_tile(5000 + seed)
    return (monotonic() - started) / TILES


def main(rounds: str = "5") -> None:
    """Measure all in turns and print JSON."""
    times: dict[str, list[float]] = {f"{work} {name}": [] for work in WORK for name in SETTINGS}
    for _ in range(int(rounds)):
        for key, values in times.items():
            run = subprocess.run([sys.executable, __file__, *key.split()], capture_output=True, text=True, check=True)
            values.append(float(run.stdout))
    told = {key: [round(f(values), 3) for f in (np.median, min, max)] for key, values in times.items()}
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        SETTINGS[sys.argv[2]]()
        print(step_seconds() if sys.argv[1] == "step" else tile_seconds())
    else:
        main(*sys.argv[1:])
