"""The back end for GPUs, and for any device that PyTorch has. The only module of this room that imports torch.

On a CUDA device the convolutions run in half precision and the whole network as one CUDA graph: a network of this size
is bound by starting its some two hundred kernels, not by their arithmetic. That was written by the rules of
https://pytorch.org/docs/stable/notes/cuda.html#cuda-graphs and has not been measured on a GPU. bfloat16 on a CPU was
measured and is slower than float32 there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backend import Pixels, Raw
from .errors import LabelError, MissingDependencyError, WeightsCorruptError
from .taxonomy import NODES
from .weights import WeightRecord, read_tensors

try:
    import torch
    from torch import nn
    from ultralytics.nn.tasks import OBBModel
except ImportError as missing:
    raise MissingDependencyError(
        f'the torch back end needs {missing.name}; install it with: pip install "hardstand[gpu]"'
    ) from missing

FOREIGN_GSD_M = 0.5
FOREIGN_TILE_PX = 1024
FOREIGN_LARGEST_M = 75.0
_FOREIGN_NAMES = {"plane": "fw", "helicopter": "heli"}  # the names of DOTA, which stock oriented networks use


def build_module(record: WeightRecord, tensors: Mapping[str, NDArray[Any]]) -> nn.Module:
    """The network of a record with its parameters, float32, in evaluation mode, on the CPU.

    It maps float images (B, 3, H, W), RGB in 0..1, to a tuple whose first item is (B, 5 + K, A).

    Raises:
        WeightsCorruptError: the tensors do not belong to the architecture.
    """
    make: Any = OBBModel  # ultralytics leaves its constructors untyped
    module: nn.Module = make(deepcopy(dict(record.architecture)), ch=3, nc=len(record.nodes), verbose=False)
    state = {name: torch.from_numpy(value.copy()) for name, value in tensors.items()}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsCorruptError(f"the tensors of {record.name!r} do not fit its architecture: {error}") from error
    return module.float().eval()


def pick_device(device: str = "auto") -> str:
    """The device that "auto" means here: CUDA, else Apple's, else the CPU; any other name as it is."""
    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def halve(module: nn.Module) -> nn.Module:
    """The network with convolutions in float16 and float32 from the head's outputs on; the module itself is changed.

    Decoding in float16 would place boxes on a raster of half a pixel. Input images are float16 then.
    """
    head: Any = vars(module)["_modules"]["model"][-1]
    module.half()
    head.dfl.float()
    for branch in (head.cv2, head.cv3, head.cv4):
        for layers in branch:
            layers.register_forward_hook(lambda _module, _inputs, output: output.float())
    return module


class TorchBackend:
    """An ultralytics oriented network in PyTorch, channels last, in float32 or (`halve`) half precision."""

    def __init__(
        self,
        module: nn.Module,
        *,
        device: str = "auto",
        threads: int | None = None,
        columns: NDArray[np.intp] | None = None,
        half: bool = False,
    ) -> None:
        """Take the module to the device; `columns` picks the score columns that are nodes, None takes all.

        `threads` limits PyTorch's threads in the whole process. `half` changes the module.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        self._device = torch.device(pick_device(device))
        self._dtype = torch.float16 if half else torch.float32
        to: Callable[..., nn.Module] = (halve(module) if half else module).to
        self._module = to(self._device, memory_format=torch.channels_last)  # the stubs of torch do not know it here
        self._columns = columns
        self._graphs: dict[tuple[int, ...], _Graph] = {}
        self.batch_size = 1 if self._device.type == "cpu" else 8

    @classmethod
    def from_weights(
        cls,
        path: Path,
        record: WeightRecord,
        *,
        device: str = "auto",
        threads: int | None = None,
        half: bool = False,
    ) -> "TorchBackend":
        """The back end of a weight file; damaged files are a WeightsCorruptError."""
        return cls(build_module(record, read_tensors(path)), device=device, threads=threads, half=half)

    def prepare(self, height: int, width: int, batches: int) -> None:
        """Nothing: sizes are prepared for as they come."""

    def infer(self, batch: Pixels) -> Raw:
        """The output (B, 5 + K, A) for one batch."""
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(batch))
            output = self._run(pixels) if self._device.type != "cuda" else self._replay(pixels)
            result: Raw = output.cpu().numpy()
        if self._columns is None:
            return result
        return np.concatenate([result[:, :4], result[:, 4 + self._columns], result[:, -1:]], axis=1)

    def stream(self, batches: Iterable[Pixels]) -> Iterator[Raw]:
        """The outputs of many batches, in their order, one at a time."""
        return map(self.infer, batches)

    def _run(self, pixels: torch.Tensor) -> torch.Tensor:
        """The output, on the device, for uint8 (B, H, W, 3)."""
        images = pixels.to(self._device).permute(0, 3, 1, 2).to(self._dtype) / 255  # stays channels_last in memory
        output: torch.Tensor = self._module(images)[0]
        return output.float()

    def _replay(self, pixels: torch.Tensor) -> torch.Tensor:
        """As `_run`, by the graph of the shape; a batch that is not full is filled up, so that there is one shape."""
        count = len(pixels)
        shape = (self.batch_size, *pixels.shape[1:])
        if count > self.batch_size:
            return torch.cat([self._replay(part) for part in pixels.split(self.batch_size)])
        if shape not in self._graphs:
            self._graphs.clear()  # each holds the memory of a whole pass
            self._graphs[shape] = _Graph(self._run, shape, self._device)
        return self._graphs[shape](pixels)[:count]


class _Graph:
    """A function of uint8 pixels of one shape, recorded on a CUDA device and replayed."""

    def __init__(
        self, run: Callable[[torch.Tensor], torch.Tensor], shape: tuple[int, ...], device: torch.device
    ) -> None:
        """Run it a few times beside the main stream, as recording wants it, and record it."""
        self._pixels = torch.zeros(shape, dtype=torch.uint8, device=device)
        self._host = torch.zeros(shape, dtype=torch.uint8, pin_memory=True)
        with torch.cuda.device(device):
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(3):  # libraries choose their kernels, and the head makes its anchors
                    run(self._pixels)
            torch.cuda.current_stream().wait_stream(side)
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._output = run(self._pixels)

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """The output for up to as many tiles as were recorded; it lasts until the next call."""
        self._host[: len(pixels)] = pixels
        self._pixels.copy_(self._host, non_blocking=True)
        self._graph.replay()
        return self._output


def read_pickle(path: Path) -> tuple[nn.Module, WeightRecord, NDArray[np.intp]]:
    """A foreign ultralytics oriented model: module, a record for it, and the columns of its classes that are nodes.

    **This runs code from the file**: callers ask the user first (`weights.find_weights`). Classes are known by the id
    of a node or by DOTA's names of aircraft; other classes are left out. GSD and tile are not in such a file: it is
    taken to see 1024 px at 0.5 m. There are no thresholds, no calibration and no metrics.

    Raises:
        WeightsCorruptError: no oriented ultralytics model in the file.
        LabelError: no class of it is a node.
    """
    loaded = torch.load(path, map_location="cpu", weights_only=False)
    module = (loaded.get("ema") or loaded.get("model")) if isinstance(loaded, dict) else loaded
    if not isinstance(module, OBBModel):
        raise WeightsCorruptError(f"{path} holds no oriented ultralytics model but {type(module).__name__}")
    classes: dict[int, str] = vars(module)["names"]
    names = [_FOREIGN_NAMES.get(name, name) for _, name in sorted(classes.items())]
    columns = [k for k, name in enumerate(names) if name in NODES]
    if not columns:
        raise LabelError(f"{path}: none of its classes is a node of the taxonomy: {', '.join(names)}")
    record = WeightRecord(
        name=path.stem,
        architecture=dict(vars(module)["yaml"]),
        nodes=tuple(names[k] for k in columns),
        gsd_m=FOREIGN_GSD_M,
        tile_px=FOREIGN_TILE_PX,
        largest_object_m=FOREIGN_LARGEST_M,
        licence="unknown",
        not_measured=("everything: a foreign file",),
        created="unknown",
    )
    return module.float().eval(), record, np.array(columns, dtype=np.intp)
