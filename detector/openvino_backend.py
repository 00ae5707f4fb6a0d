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


class OpenVinoBackend:
    """An OpenVINO graph, one tile per request, a few more requests at once than the processor runs.

    Arithmetic is in float32 wherever the graph is, unless bfloat16 is asked for: newer processors would choose it by
    themselves, and it moves the scores.
    Height and width stay open: the first tile of another size costs some hundredths of a second, later ones nothing.
    """

    batch_size = 1

    def __init__(self, xml: Path, *, threads: int | None = None, bf16: bool = False) -> None:
        """Compile the graph; `threads` limits the processor's, None takes all. `bf16`: what is in float32 is calculated
        in bfloat16, up to the last convolutions; boxes are decoded in float32 (OpenVINO leaves the end of a graph so).

        The graph takes float32 (1, 3, H, W), RGB in 0..1. Conversion from uint8 (1, H, W, 3) is put into the graph.

        Raises:
            WeightsCorruptError: OpenVINO cannot read the file.
        """
        core = ov.Core()
        try:
            model = core.read_model(xml)
        except RuntimeError as error:
            raise WeightsCorruptError(f"OpenVINO cannot read {xml}: {str(error).splitlines()[0]}") from error
        model.reshape([1, 3, -1, -1])
        precision = "bf16" if bf16 else "f32"
        settings: dict[str, object] = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": precision}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        self._compiled = core.compile_model(_with_pixels(model), "CPU", settings)
        count = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._requests = [self._compiled.create_infer_request() for _ in range(count + WAITING)]

    def infer(self, batch: Pixels) -> Raw:
        """The output (B, 5 + K, A) for one batch."""
        return np.concatenate(list(self.stream(tile[None] for tile in batch)))

    def stream(self, batches: Iterable[Pixels]) -> Iterator[Raw]:
        """The outputs of batches of one tile, in their order.

        Not for two threads, nor for two streams at a time: they would share the requests.
        """
        free, running = deque(self._requests), deque[ov.InferRequest]()
        for batch in batches:
            if not free:
                yield _result(running, free)
            request = free.popleft()
            request.start_async([batch])
            running.append(request)
        while running:
            yield _result(running, free)


def _result(running: "deque[ov.InferRequest]", free: "deque[ov.InferRequest]") -> Raw:
    request = running.popleft()
    request.wait()
    free.append(request)
    result: Raw = request.get_output_tensor().data.copy()
    return result


def _with_pixels(model: ov.Model) -> ov.Model:
    """The graph with uint8 pixels (1, H, W, 3) as input."""
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    steps.input().model().set_layout(ov.Layout("NCHW"))
    return steps.build()
