"""The back end for CPUs: OpenVINO (https://docs.openvino.ai)."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import openvino as ov
from openvino.preprocess import PrePostProcessor

from .backend import Pixels, Raw
from .errors import WeightsCorruptError

WAITING = 2
"""Requests that wait while others run, so that the processor has work while results are looked at."""
PAYS_PX = 64 * 2**20
"""From so many pixels on a graph is compiled for tiles of their size: it takes as long as a few of them, and in int8
each is a tenth faster then."""

Size = tuple[int, int]
"""Height and width of a tile, in pixels."""


class OpenVinoBackend:
    """An OpenVINO graph, one tile per request, a few more requests at once than the processor runs.

    Arithmetic is in float32 wherever the graph is, unless bfloat16 is asked for: newer processors would choose it by
    themselves, and it moves the scores.
    Graphs are compiled when the first tile comes: one for any height and width, and one for the size that `prepare` was
    told of, if that is worth it. The first takes more memory than the second, and some more time.
    """

    batch_size = 1

    def __init__(self, xml: Path, *, threads: int | None = None, bf16: bool = False) -> None:
        """Read the graph; `threads` limits the processor's, None takes all.

        `bf16`: what is in float32, in an int8 graph too, is calculated in bfloat16, up to the last convolutions; boxes
        are decoded in float32 (OpenVINO leaves the end of a graph so).

        The graph takes float32 (1, 3, H, W), RGB in 0..1. Conversion from uint8 (1, H, W, 3) is put into the graph.

        Raises:
            WeightsCorruptError: OpenVINO cannot read the file.
        """
        self._core = ov.Core()
        try:
            model = self._core.read_model(xml)
        except RuntimeError as error:
            raise WeightsCorruptError(f"OpenVINO cannot read {xml}: {str(error).splitlines()[0]}") from error
        model.reshape([1, 3, -1, -1])
        self._model = _with_pixels(model)
        precision = "bf16" if bf16 else "f32"
        self._settings: dict[str, object] = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": precision}
        if threads is not None:
            self._settings["INFERENCE_NUM_THREADS"] = threads
        self._wanted: Size | None = None
        self._fixed: tuple[Size, _Graph] | None = None
        self._any: _Graph | None = None

    def prepare(self, height: int, width: int, batches: int) -> None:
        """A graph for tiles of this size where so many of them are worth one, whatever was run before: the two kinds of
        graph differ in the last bits, and a scene's result is its own.
        """
        size = height, width
        self._wanted = size if batches * height * width >= PAYS_PX else None
        if self._fixed is not None and self._fixed[0] != self._wanted:
            self._fixed[1].rest()
        if self._any is not None and self._wanted is not None:
            self._any.rest()

    def infer(self, batch: Pixels) -> Raw:
        """The output (B, 5 + K, A) for one batch."""
        return np.concatenate(list(self.stream(tile[None] for tile in batch)))

    def stream(self, batches: Iterable[Pixels]) -> Iterator[Raw]:
        """The outputs of batches of one tile, in their order.

        Not for two threads, nor for two streams at a time: they would share the requests.
        """
        running = deque[tuple[_Graph, ov.InferRequest]]()
        try:
            for batch in batches:
                graph = self._graph((batch.shape[1], batch.shape[2]))
                while not graph.free:
                    yield _result(running)
                request = graph.free.popleft()
                request.start_async([batch])
                running.append((graph, request))
            while running:
                yield _result(running)
        finally:  # left early: the next stream needs all requests
            for graph, request in running:
                request.wait()
                graph.free.append(request)

    def _graph(self, size: Size) -> "_Graph":
        if size == self._wanted:
            if self._fixed is None or self._fixed[0] != size:
                model = self._model.clone()
                model.reshape([1, *size, 3])
                self._fixed = size, _Graph(self._core.compile_model(model, "CPU", self._settings))
            return self._fixed[1]
        if self._any is None:
            self._any = _Graph(self._core.compile_model(self._model, "CPU", self._settings))
        return self._any


class _Graph:
    """A compiled graph, and its requests that do not run."""

    def __init__(self, compiled: ov.CompiledModel) -> None:
        self._compiled = compiled
        count = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self.free = deque(compiled.create_infer_request() for _ in range(count + WAITING))

    def rest(self) -> None:
        """Give back the memory of its intermediate results, which the next tile takes anew."""
        self._compiled.release_memory()


def _result(running: deque[tuple[_Graph, ov.InferRequest]]) -> Raw:
    graph, request = running.popleft()
    request.wait()
    graph.free.append(request)
    result: Raw = request.get_output_tensor().data.copy()
    return result


def _with_pixels(model: ov.Model) -> ov.Model:
    """The graph with uint8 pixels (1, H, W, 3) as input."""
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    steps.input().model().set_layout(ov.Layout("NCHW"))
    return steps.build()
