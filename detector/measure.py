"""Which candidate runs a network fastest on this machine: a short measured run of each, kept for later."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from time import perf_counter

import numpy as np

from .backend import Backend, Pixels
from .cache import cache_folder
from .choice import CHOICES_FILE, Choice, candidates, remember
from .detector import open_backend
from .errors import HardstandError
from .weights import find_weights, read_record

SECONDS = 1.0
"""How long a candidate is measured in each of the two rounds; the better one counts."""

MANY = 1000
"""So many tiles a candidate prepares for: a large scene is what speed is for."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured: tiles per second by candidate, and what there is to say about it, in lines."""

    speeds: dict[Choice, float]
    remarks: tuple[str, ...]


def measure_candidates(name_or_path: str | Path, *, threads: int | None = None) -> Measured:
    """Measure every candidate for these weights, in turns, and keep the result for `Detector.load`.

    A single candidate is not measured. A candidate that cannot run is left out, with a remark. Tiles are noise: a
    network takes the same time for any.
    """
    path = find_weights(name_or_path)
    record = read_record(path)
    every = candidates(path, record)
    if len(every) == 1:
        return Measured({}, (f"{every[0]} is all that can run {record.name} here: nothing to measure",))
    tile = np.random.default_rng(0).integers(0, 255, (1, record.tile_px, record.tile_px, 3), dtype=np.uint8)
    opened, remarks = {}, []
    for choice in every:
        try:
            opened[choice] = open_backend(path, record, choice, threads=threads)
        except HardstandError as error:
            remarks.append(f"{choice} is left out: {error}")
    rounds = [{choice: rate(backend, tile, seconds=SECONDS) for choice, backend in opened.items()} for _ in range(2)]
    speeds = {choice: max(each[choice] for each in rounds) for choice in opened}
    if remember(record, every, speeds, threads=threads):
        remarks.append(f"--backend auto takes the fastest from now on ({cache_folder() / CHOICES_FILE})")
    else:
        remarks.append(f"{cache_folder()} cannot be written, so this is not kept; set HARDSTAND_CACHE to a folder")
    return Measured(speeds, tuple(remarks))


def rate(backend: Backend, tile: Pixels, *, seconds: float) -> float:
    """Tiles per second of the bare back end over about so many seconds, one tile (1, T, T, 3) again and again."""
    batch = tile.repeat(backend.batch_size, axis=0)
    backend.prepare(tile.shape[1], tile.shape[2], MANY)
    backend.infer(batch)  # the first one pays for what is set up once
    began = perf_counter()
    done = sum(len(output) for output in backend.stream(_until(began + seconds, batch)))
    return done / (perf_counter() - began)


def _until(end: float, batch: Pixels) -> Iterator[Pixels]:
    """The batch, again and again while there is time, at least once."""
    yield batch
    for again in repeat(batch):
        if perf_counter() >= end:
            return
        yield again
