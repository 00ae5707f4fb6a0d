"""The back end for ONNX Runtime (https://onnxruntime.ai), and through it TensorRT. The only module that imports it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .backend import Pixels, Raw
from .errors import MissingDependencyError, WeightsCorruptError

try:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures  # pyright: ignore[reportAttributeAccessIssue]
except ImportError as missing:
    raise MissingDependencyError(
        'the onnx back end needs onnxruntime; install it with: pip install "hardstand[onnx]"'
    ) from missing

_TENSORRT = "TensorrtExecutionProvider"
_UNUSABLE = (
    failures.Fail,
    failures.InvalidArgument,
    failures.InvalidGraph,
    failures.InvalidProtobuf,
    failures.NoSuchFile,
    failures.NotImplemented,
    failures.RuntimeException,
)  # they have no base class of their own


class OnnxBackend:
    """An ONNX graph that takes uint8 pixels (B, H, W, 3), RGB, and puts out (B, 5 + K, A); one tile at a time."""

    batch_size = 1

    def __init__(self, model: Path, *, threads: int | None = None, tensorrt: bool = False) -> None:
        """Open the graph; `threads` limits the processor's, None takes all.

        With `tensorrt` the graph runs on an NVIDIA GPU, and is never left to another provider unsaid; opening it then
        takes minutes. Half precision is not used there: it would reach the boxes' coordinates.

        Raises:
            MissingDependencyError: TensorRT was asked for, and this onnxruntime does not have it.
            WeightsCorruptError: ONNX Runtime cannot read the file.
        """
        if tensorrt and _TENSORRT not in onnxruntime.get_available_providers():
            raise MissingDependencyError(
                "the tensorrt back end needs onnxruntime-gpu and TensorRT on an NVIDIA GPU; install them with: "
                "pip install onnxruntime-gpu tensorrt; or use backend torch"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.log_severity_level = 3  # errors, which are raised anyway
        options.add_free_dimension_override_by_name("batch", 1)
        providers = [_TENSORRT if tensorrt else "CPUExecutionProvider"]
        try:
            self._session: Any = onnxruntime.InferenceSession(model, options, providers=providers)
        except _UNUSABLE as error:
            raise WeightsCorruptError(f"ONNX Runtime cannot open {model}: {str(error).splitlines()[0]}") from error
        if tensorrt and self._session.get_providers()[0] != _TENSORRT:
            raise MissingDependencyError(
                "onnxruntime has TensorRT but cannot start it; check the installation of tensorrt and of the NVIDIA "
                "driver, or use backend torch"
            )
        self._input = self._session.get_inputs()[0].name

    def prepare(self, height: int, width: int, batches: int) -> None:
        """Nothing: sizes are prepared for as they come."""

    def infer(self, batch: Pixels) -> Raw:
        """The output (B, 5 + K, A) for one batch."""
        return np.concatenate([self._session.run(None, {self._input: tile[None]})[0] for tile in batch])

    def stream(self, batches: Iterable[Pixels]) -> Iterator[Raw]:
        """The outputs of many batches, in their order, one at a time."""
        return map(self.infer, batches)
