"""The speed of the engine beside that of its bare network, on one scene, and where the time goes."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Self

import numpy as np

from ..detector.detector import Detector
from ..detector.errors import HardstandError
from .counts import counted_nodes
from .detection import detect
from .engine import STRIDE_PX, overlap_of
from .export import detections_csv, detections_geojson
from .output import write_whole
from .pixels import Pixels
from .result import SceneResult
from .scene import Grid, Scene, open_scene
from .sites import Site
from .stages import ClockedDetector
from .survey import Look, Survey, weights_of
from .tiles import plan_tiles

MEMORY_TILES = 96
"""At most so many of the scene's tiles are held in memory for the bare rate."""
READ_TILES = 400
"""At most so many tiles are read alone; they share blocks with their neighbours, as in the engine."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median over runs, with the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The spread of one value or more.

        >>> Spread.of([3, 1, 2])
        Spread(median=2, low=1, high=3)
        """
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Run:
    """One run over a scene, from opening the file to the written detections, in seconds.

    `stages` is what its main thread did; they add up to `seconds`. open; plan: grid and tiles; pixels: waiting for
    tiles that are being read; batch: padding; network: handing over and waiting; decode; engine: ownership, coverage;
    merge; write: detections as GeoJSON and CSV.
    """

    seconds: float
    tiles: int
    stages: dict[str, float]


@dataclass(frozen=True, slots=True)
class Bench:
    """What `bench` measured; rates are per second of wall clock.

    Attributes:
        scene, width, height, gsd_m: the file, its pixels, and metres per pixel (the mean of both axes).
        weights, backend, cores: the network, what runs it ("openvino cpu int8"), and the processor's cores that may be
            used.
        repeat: alternating runs of the bare network and of the engine.
        tiles, tile_px: tiles that were run and their side; tiles without a valid pixel are not run.
        useful_share: pixels of the scene, at the network's GSD, over pixels that went through the network.
        load_s: loading and compiling the network; not part of any rate.
        bare_tiles_s: the back end alone, on tiles that lie in memory, without decoding.
        engine_tiles_s: everything from opening the file to written detections.
        ratio: engine over bare, run by run.
        scene_mpx_s: the file's megapixels. km2_min: square kilometres per minute.
        peak_mb: peak memory of `hardstand detect` on the scene as a process, pictures and report included; None where
            it was not measured.
        stages_s: medians of `Run.stages`.
        read_s, resample_s: reading all tiles alone in one thread, and of that what resampling adds; the engine reads
            in other threads, so they are not part of `stages_s`.
    """

    scene: str
    width: int
    height: int
    gsd_m: float
    weights: str
    backend: str
    cores: int
    repeat: int
    tiles: int
    tile_px: int
    useful_share: float
    load_s: float
    bare_tiles_s: Spread
    engine_tiles_s: Spread
    ratio: Spread
    scene_mpx_s: Spread
    km2_min: Spread
    peak_mb: float | None
    stages_s: dict[str, float]
    read_s: float
    resample_s: float


def bench(
    scene: Path,
    load: Callable[[], Detector],
    *,
    repeat: int = 5,
    gsd: float | None = None,
    peak: Callable[[], int] | None = None,
) -> Bench:
    """Measure a scene with the detector that `load` gives; bare network and engine take turns `repeat` times.

    A first run, which is not counted, warms caches and shows which tiles the engine runs. `gsd` is as in `open_scene`.
    `peak` gives the peak memory in bytes; it is called once the scene is known to
    open, before anything is loaded.

    Raises what `open_scene` and `detect` raise, HardstandError for a scene without a valid tile, and ValueError for
    `repeat` below 1.
    """
    if repeat < 1:
        raise ValueError(f"repeat is {repeat}, expected 1 or more")
    open_scene(scene, gsd=gsd).close()
    most = None if peak is None else peak()
    started = perf_counter()
    detector = load()
    load_s = perf_counter() - started
    warm = ClockedDetector(detector, keep=MEMORY_TILES)
    _, result = run_once(scene, warm, gsd=gsd)
    if not warm.kept:
        raise HardstandError(f"{scene}: no tile with a valid pixel, so there is nothing to measure")
    bare, runs = [], []
    for _ in range(repeat):
        bare.append(bare_rate(detector, warm.kept, warm.tiles))
        runs.append(run_once(scene, ClockedDetector(detector), gsd=gsd)[0])
    info = result.scene
    pixels = info.width / result.grid_scale[0] * info.height / result.grid_scale[1]
    height, width = detector.padded(warm.kept[0]).shape[:2]
    network_px = warm.tiles * height * width  # all windows of a plan are of one size
    read_s, resample_s = read_alone(scene, detector, gsd=gsd)
    area_km2 = info.width * info.gsd_x * info.height * info.gsd_y / 1e6
    return Bench(
        scene=os.fspath(scene),
        width=info.width,
        height=info.height,
        gsd_m=(info.gsd_x + info.gsd_y) / 2,
        weights=detector.record.name,
        backend=type(detector.backend).__name__ if detector.choice is None else str(detector.choice),
        cores=_cores(),
        repeat=repeat,
        tiles=warm.tiles,
        tile_px=max(height, width),
        useful_share=pixels / network_px,
        load_s=load_s,
        bare_tiles_s=Spread.of(bare),
        engine_tiles_s=Spread.of([run.tiles / run.seconds for run in runs]),
        ratio=Spread.of([run.tiles / run.seconds / rate for run, rate in zip(runs, bare, strict=True)]),
        scene_mpx_s=Spread.of([info.width * info.height / 1e6 / run.seconds for run in runs]),
        km2_min=Spread.of([area_km2 / run.seconds * 60 for run in runs]),
        peak_mb=None if most is None else most / 1e6,
        stages_s={name: median(run.stages[name] for run in runs) for name in runs[0].stages},
        read_s=read_s,
        resample_s=resample_s,
    )


def run_once(path: Path, detector: ClockedDetector, *, gsd: float | None = None) -> tuple[Run, SceneResult]:
    """One run over a scene with a fresh clocked detector, written to a folder that is removed; and what it found."""
    with tempfile.TemporaryDirectory(prefix="hardstand-bench-") as folder:
        start = perf_counter()
        with open_scene(path, gsd=gsd) as scene:
            opened = perf_counter()
            result = detect(scene, detector)
        detected = perf_counter()
        _write(result, detector, Path(folder))
        end = perf_counter()
    inside = detector.seconds
    stages = {
        "open": opened - start,
        "plan": detector.began - opened,
        **inside,
        "engine": detector.ended - detector.began - sum(inside.values()),
        "merge": detected - detector.ended,
        "write": end - detected,
    }
    return Run(end - start, detector.tiles, stages), result


def _write(result: SceneResult, detector: ClockedDetector, folder: Path) -> None:
    look = Look(result.scene.name, result, ())
    survey = Survey((look,), (Site(look.name, None),), counted_nodes(detector.nodes), weights_of(detector))
    geojson = detections_geojson(survey)
    if geojson is not None:
        write_whole(folder / "detections.geojson", geojson)
    write_whole(folder / "detections.csv", detections_csv(survey))


def bare_rate(detector: Detector, tiles: Sequence[Pixels], count: int) -> float:
    """Tiles per second of the back end alone over `count` tiles, the given ones over and over; nothing is decoded."""
    size = detector.backend.batch_size
    whole = [detector.padded(tile) for tile in tiles]

    def batches() -> Iterator[Pixels]:
        for first in range(0, count, size):
            yield np.stack([whole[number % len(whole)] for number in range(first, min(first + size, count))])

    started = perf_counter()
    for _ in detector.backend.stream(batches()):
        pass
    return count / (perf_counter() - started)


def read_alone(path: Path, detector: Detector, *, gsd: float | None = None) -> tuple[float, float]:
    """Seconds that one thread reads the tiles of a scene, in the engine's order, and what of that resampling adds.

    From the first READ_TILES of them, read at the network's GSD, and as the file has them. Where overviews make the
    first cheaper, resampling adds nothing.
    """
    with open_scene(path, gsd=gsd) as scene:
        grid = scene.grid(detector.gsd)
        seen = _read_seconds(scene, grid, detector.tile_px, overlap_of(detector))
        if grid.ratio_x == grid.ratio_y == 1:
            return seen, 0.0
    with open_scene(path, gsd=gsd) as scene:  # anew: GDAL forgets what it has decoded
        native = Grid(scene.info.width, scene.info.height, Fraction(1), Fraction(1), grid.gsd)
        side, overlap_px = (max(1, round(px * grid.scale_x)) for px in (detector.tile_px, overlap_of(detector)))
        plain = _read_seconds(scene, native, side, overlap_px)
    return seen, max(0.0, seen - plain)


def _read_seconds(scene: Scene, grid: Grid, tile_px: int, overlap_px: int) -> float:
    tiles = plan_tiles(grid.width, grid.height, tile_px=tile_px, overlap_px=overlap_px, multiple_px=STRIDE_PX)
    chosen = tiles[:READ_TILES]
    started = perf_counter()
    with scene.block_cache(grid, tiles):
        for tile in chosen:
            scene.read(grid, tile)
    return (perf_counter() - started) * len(tiles) / len(chosen)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def table(found: Bench) -> str:
    """The figures as text, a line each."""
    rates = (
        ("bare network, tiles/s", found.bare_tiles_s),
        ("engine, tiles/s", found.engine_tiles_s),
        ("engine / bare", found.ratio),
        ("scene Mpx/s", found.scene_mpx_s),
        ("km2/min", found.km2_min),
    )
    lines = [
        f"{found.scene}: {found.width} x {found.height} px of {found.gsd_m:.3g} m",
        f"{found.weights} on {found.backend}, {found.cores} cores, loaded in {found.load_s:.1f} s",
        f"{found.tiles} tiles of {found.tile_px} px, useful share {found.useful_share:.2f}",
        "",
        f"{'':24}{'median':>9}{'low':>9}{'high':>9}   of {found.repeat}",
        *(f"{name:24}{_short(s.median):>9}{_short(s.low):>9}{_short(s.high):>9}" for name, s in rates),
        "",
        "peak memory of hardstand detect: " + ("not measured" if found.peak_mb is None else f"{found.peak_mb:.0f} MB"),
        "",
        "where the main thread's time goes, seconds",
        *(f"  {name:22}{seconds:9.3f}" for name, seconds in found.stages_s.items()),
        "reading alone, in one thread, seconds",
        f"  {'read':22}{found.read_s - found.resample_s:9.3f}",
        f"  {'resample':22}{found.resample_s:9.3f}",
    ]
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"
