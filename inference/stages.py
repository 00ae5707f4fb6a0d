"""Where the time of a run goes: a detector that looks at the clock around every stage, and changes nothing else."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import TypeVar

from ..detector.backend import Backend, Raw
from ..detector.detections import Detections
from ..detector.detector import Detector
from .pixels import Pixels

Item = TypeVar("Item")


class ClockedDetector:
    """A `TileDetector` that does what the given one does and adds up seconds of its thread, once per tile.

    Attributes:
        tiles: how many tiles were run.
        seconds: by stage. `pixels`: waiting for tiles that are being read. `batch`: padding and stacking them.
            `network`: handing over batches and waiting for their outputs. `decode`: from outputs to detections.
        began, ended: `perf_counter` when the first tile was asked for, and when the last result was taken.
    """

    def __init__(self, detector: Detector, *, keep: int = 0) -> None:
        """Put clocks around a detector; the first `keep` tiles are kept as `kept`."""
        self.nodes, self.gsd = detector.nodes, detector.gsd
        self.tile_px, self.largest_object_m = detector.tile_px, detector.largest_object_m
        self.tiles = 0
        self.kept: list[Pixels] = []
        self.began = self.ended = 0.0
        self._keep = keep
        self._sums: defaultdict[str, float] = defaultdict(float)
        backend = _ClockedBackend(detector.backend, self._sums)
        self._detector = Detector(backend, detector.record, min_score=detector.min_score)

    def prepare(self, height: int, width: int, tiles: int) -> None:
        """As the detector's own."""
        self._detector.prepare(height, width, tiles)

    def stream(self, tiles: Iterable[Pixels]) -> Iterator[Detections]:
        """The detections of each tile, as the detector's own `stream`."""
        self.began = perf_counter()
        yield from clocked(self._detector.stream(self._counted(clocked(tiles, self._sums, "tiles"))), self._sums, "all")
        self.ended = perf_counter()

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by stage, so far."""
        of = self._sums
        return {
            "pixels": of["tiles"],
            "batch": of["batches"] - of["tiles"],
            "network": of["backend"] - of["batches"],
            "decode": of["all"] - of["backend"],
        }

    def _counted(self, tiles: Iterable[Pixels]) -> Iterator[Pixels]:
        for tile in tiles:
            self.tiles += 1
            if len(self.kept) < self._keep:
                self.kept.append(tile)
            yield tile


class _ClockedBackend:
    """A back end with clocks before and behind it."""

    def __init__(self, backend: Backend, sums: defaultdict[str, float]) -> None:
        self._backend, self._sums = backend, sums

    @property
    def batch_size(self) -> int:
        return self._backend.batch_size

    def prepare(self, height: int, width: int, batches: int) -> None:
        self._backend.prepare(height, width, batches)

    def infer(self, batch: Pixels) -> Raw:
        return self._backend.infer(batch)

    def stream(self, batches: Iterable[Pixels]) -> Iterator[Raw]:
        return clocked(self._backend.stream(clocked(batches, self._sums, "batches")), self._sums, "backend")


def clocked(items: Iterable[Item], sums: defaultdict[str, float], name: str) -> Iterator[Item]:
    """The items, with the seconds that each was waited for added to `sums[name]`."""
    iterator = iter(items)
    while True:
        started = perf_counter()
        try:
            item = next(iterator)
        except StopIteration:
            return
        finally:
            sums[name] += perf_counter() - started
        yield item
