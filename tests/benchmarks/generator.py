"""Can a training run draw fresh tiles? Generated tiles of 640 px per second and core, on drawn ground, at 0.5 m.

    python tests/benchmarks/generator.py [TILES [ROUNDS]]

On one core, in process CPU time, which a busy machine disturbs least; medians, with the slowest round. In turn with
every round a reference is timed: a million and a quarter normal numbers from numpy and their Gaussian blur by OpenCV,
which is what one tile's noise alone would cost. How many references a tile costs does not depend on the machine's load.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from hardstand.datasets.synth_tiles import make_tile

SIZE_PX = 640
REFERENCES = 20


def _tiles(first: int, count: int) -> None:
    for seed in range(first, first + count):
        make_tile(seed, size_px=SIZE_PX)


def _references(count: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(count):
        cv2.GaussianBlur(rng.standard_normal((SIZE_PX, SIZE_PX, 3), np.float32), (0, 0), 3.0)


def _cpu_s(work: Callable[[], None], count: int) -> float:
    """CPU seconds per piece."""
    start = time.process_time()
    work()
    return (time.process_time() - start) / count


def main() -> None:
    """Print tiles per CPU second and what a tile costs in references."""
    tiles, rounds = (int(word) for word in (*sys.argv[1:], "24", "5")[:2])
    cv2.setNumThreads(1)
    _tiles(0, 1)
    made, reference = [], []
    for number in range(rounds):
        made.append(_cpu_s(partial(_tiles, number * tiles, tiles), tiles))
        reference.append(_cpu_s(partial(_references, REFERENCES), REFERENCES))
    tile_s, reference_s = statistics.median(made), statistics.median(reference)
    print(f"generator  {1 / tile_s:.2f} tiles/s/core  ({tile_s * 1000:.0f} ms; slowest round {1 / max(made):.2f})")
    print(f"reference  {reference_s * 1000:.1f} ms; a tile costs {tile_s / reference_s:.1f} of them")


if __name__ == "__main__":
    main()
