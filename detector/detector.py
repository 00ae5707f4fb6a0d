"""The Detector: pixels of tiles in, oriented and typed detections out."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from .backend import Backend, Pixels
from .choice import BackendName, Choice, Precision, check_names, choose, rest_in_bf16, torch_choice
from .decode import Decoder
from .detections import Detections
from .errors import BackendError, TooCoarseError
from .weights import DEFAULT, WeightRecord, exported_model, find_weights, read_record

PADDING = 114  # the grey that ultralytics pads with in training
COARSEST = 3.0
"""Imagery is refused above so many times the network's GSD: what it would be enlarged from has no detail left."""


class TileDetector(Protocol):
    """What the inference room needs of a detector; `fake.PaintDetector` is another one."""

    nodes: tuple[str, ...]
    gsd: float
    tile_px: int
    largest_object_m: float

    def prepare(self, height: int, width: int, tiles: int) -> None:
        """Told before a stream: so many tiles of this size come, more than of any other."""
        ...

    def stream(self, tiles: Iterable[Pixels]) -> Iterator[Detections]:
        """The detections of each tile uint8 (H, W, 3), H and W up to `tile_px`, in order, in pixels of the tile."""
        ...


class Detector:
    """A network with its record, on one back end.

    Attributes:
        record: what the network is.
        nodes: its taxonomy nodes.
        gsd: metres per pixel that it wants to see.
        tile_px: largest side of a tile, in pixels.
        largest_object_m: largest object that it finds whole, in metres.
        min_score: score from which objects are reported; None for the defaults of `decode`.
        choice: the back end, device and precision that `load` took; None where the back end was handed in.

    Not for two threads at a time, nor for two streams.
    """

    def __init__(
        self, backend: Backend, record: WeightRecord, *, min_score: float | None = None, choice: Choice | None = None
    ) -> None:
        """Put a back end and the record of its network together; most callers want `load`."""
        self.record = record
        self.nodes = record.nodes
        self.gsd = record.gsd_m
        self.tile_px = record.tile_px
        self.largest_object_m = record.largest_object_m
        self.min_score = min_score
        self.choice = choice
        self._backend = backend
        self._decode = Decoder(record, min_score)

    @classmethod
    def load(  # what can be chosen about a detector, each by its name
        cls,
        name_or_path: str | Path = DEFAULT,
        *,
        backend: BackendName = "auto",
        device: str = "auto",
        precision: Precision = "auto",
        trust_pickle: bool = False,
        threads: int | None = None,
        min_score: float | None = None,
    ) -> "Detector":
        """The detector of a shipped name or of a weight file.

        `backend`, `device` and `precision` "auto" mean what was measured fastest on this machine (`hardstand choose`);
        where nothing was measured, PyTorch in half precision on a CUDA device, else OpenVINO: in bfloat16 on processors
        made for it (AMX), in int8 on others, where the record says that its accuracy was accepted, else in float32. A
        named back end is taken without looking at measurements. `threads` limits the processor's threads. Objects are
        reported from a score of `min_score` on; by default from `decode.MIN_SCORE`, and of a class with a threshold in
        the record from half of that.
        `trust_pickle` lets a foreign `.pt` run its code (PyTorch only).

        Raises:
            WeightsNotFoundError: no such name or file.
            WeightsCorruptError: the file or its export is damaged.
            UntrustedPickleError: a pickle that was not said to be trusted.
            MissingDependencyError: the back end needs a package that is not installed.
            BackendError: back end, device and precision do not go together, or int8 or bf16 was not accepted.
        """
        path = find_weights(name_or_path, trust_pickle=trust_pickle)
        if path.suffix != ".safetensors":
            from .torch_backend import TorchBackend, read_pickle  # noqa: PLC0415  # optional

            if backend not in ("auto", "torch"):
                raise BackendError(f"{path} is a PyTorch file, which the {backend} back end cannot run; use torch")
            check_names(backend, device, precision)
            choice = torch_choice(device, precision)
            module, record, columns = read_pickle(path)
            half = choice.precision == "fp16"
            foreign = TorchBackend(module, device=choice.device, threads=threads, columns=columns, half=half)
            return cls(foreign, record, min_score=min_score, choice=choice)
        record = read_record(path)
        choice = choose(path, record, backend=backend, device=device, precision=precision, threads=threads)
        opened = open_backend(path, record, choice, threads=threads)
        return cls(opened, record, min_score=min_score, choice=choice)

    @property
    def backend(self) -> Backend:
        """What runs the network."""
        return self._backend

    def prepare(self, height: int, width: int, tiles: int) -> None:
        """Say before a stream that so many tiles of this size come: some back ends compile for a size that pays."""
        stride = self.record.stride
        high, wide = (-(-side // stride) * stride for side in (height, width))
        self._backend.prepare(high, wide, -(-tiles // self._backend.batch_size))

    def stream(self, tiles: Iterable[Pixels]) -> Iterator[Detections]:
        """The detections of each tile uint8 (H, W, 3), RGB, in order, in pixels of the tile.

        Tiles are padded at the right and at the bottom to multiples of the network's stride. Few tiles are in work at a
        time; tiles of one size after another run fastest.

        Raises:
            ValueError: a tile of another type or shape, or a larger one.
        """
        sizes: deque[tuple[int, int]] = deque()
        for raw in self._backend.stream(self._batches(tiles, sizes)):
            for output in raw:
                height, width = sizes.popleft()
                yield self._decode(output, width, height)

    def detect_tiles(self, tiles: Sequence[Pixels]) -> list[Detections]:
        """As `stream`, for tiles that are all at hand."""
        return list(self.stream(tiles))

    def detect(self, image: Pixels, *, gsd: float) -> Detections:
        """The detections in one small image uint8 (H, W, 3), RGB, with `gsd` metres per pixel, in its own pixels.

        The image is resampled to the network's GSD and has to fit one tile then.

        Raises:
            TooCoarseError: `gsd` is more than `COARSEST` times the network's.
            ValueError: the image is too large for one tile, or no uint8 (H, W, 3).
        """
        if gsd > COARSEST * self.gsd:
            raise TooCoarseError(
                f"gsd is {gsd:g} m, and {self.record.name} sees {self.gsd:g} m; "
                f"at most {COARSEST * self.gsd:g} m can be used: give finer imagery"
            )
        _check_pixels(image)
        if not gsd > 0:
            raise ValueError(f"gsd is {gsd:g}, expected metres per pixel above 0")
        height, width = (max(1, round(side * gsd / self.gsd)) for side in image.shape[:2])
        if max(height, width) > self.tile_px:
            raise ValueError(
                f"the image is {width} x {height} px at {self.gsd:g} m, and one tile is {self.tile_px} px; "
                "for larger scenes use hardstand.inference.detect"
            )
        seen = next(self.stream([_resampled(image, width, height)]))
        factor_x, factor_y = image.shape[1] / width, image.shape[0] / height
        scale = np.array([factor_x, factor_y, self.gsd / gsd, self.gsd / gsd, 1], dtype=np.float32)
        return replace(seen, boxes=seen.boxes * scale, gsd=gsd)

    def _batches(self, tiles: Iterable[Pixels], sizes: "deque[tuple[int, int]]") -> Iterator[Pixels]:
        batch: list[Pixels] = []
        for tile in tiles:
            padded = self.padded(tile)
            if batch and padded.shape != batch[0].shape:
                yield np.stack(batch)
                batch = []
            batch.append(padded)
            sizes.append((tile.shape[0], tile.shape[1]))
            if len(batch) == self._backend.batch_size:
                yield batch[0][None] if len(batch) == 1 else np.stack(batch)
                batch = []
        if batch:
            yield np.stack(batch)

    def padded(self, tile: Pixels) -> Pixels:
        """The tile as the back end takes it: grey at the right and at the bottom, up to multiples of the stride."""
        _check_pixels(tile)
        height, width = tile.shape[:2]
        if max(height, width) > self.tile_px:
            raise ValueError(f"a tile is {width} x {height} px, expected at most {self.tile_px}")
        stride = self.record.stride
        if height % stride == 0 and width % stride == 0:
            return tile
        result = np.full((-(-height // stride) * stride, -(-width // stride) * stride, 3), PADDING, dtype=np.uint8)
        result[:height, :width] = tile
        return result


def _check_pixels(pixels: Pixels) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(f"pixels are {pixels.dtype} {pixels.shape}, expected uint8 (H, W, 3)")


def _resampled(image: Pixels, width: int, height: int) -> Pixels:
    from .opencv import cv2  # noqa: PLC0415  # heavy, and tiles at the network's GSD do not need it

    if image.shape[:2] == (height, width):
        return image
    shrinks = width < image.shape[1]
    result = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(result, dtype=np.uint8)


def open_backend(path: Path, record: WeightRecord, choice: Choice, *, threads: int | None = None) -> Backend:
    """The back end of a choice, with the network of a weight file; raises what `Detector.load` raises."""
    if choice.backend == "torch":
        from .torch_backend import TorchBackend  # noqa: PLC0415  # optional

        half = choice.precision == "fp16"
        return TorchBackend.from_weights(path, record, device=choice.device, threads=threads, half=half)
    if choice.backend in ("onnx", "tensorrt"):
        from .onnx_backend import OnnxBackend  # noqa: PLC0415  # optional

        model = exported_model(path, "onnx")
        return OnnxBackend(model, threads=threads, tensorrt=choice.backend == "tensorrt")
    from .openvino_backend import OpenVinoBackend  # noqa: PLC0415  # a second of import that a look at names need not pay

    kind = "openvino-int8" if choice.precision == "int8" else "openvino"
    return OpenVinoBackend(exported_model(path, kind), threads=threads, bf16=rest_in_bf16(record, choice.precision))
