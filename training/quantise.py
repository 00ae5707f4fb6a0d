"""int8 by post-training quantisation with NNCF (https://github.com/openvinotoolkit/nncf) of the OpenVINO graph."""

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.annotation import ImageRecord
from ..datasets.images import read_scaled
from ..datasets.split import split_of
from ..datasets.tiles import read_tiles
from ..detector.detector import PADDING
from ..detector.errors import DatasetNotFoundError, MissingDependencyError

CALIBRATION_TILES = 300
SIDE_PX = 640
"""Side of the crops that activations are measured on; the graph takes any, and larger ones only take longer."""
SEED = 0

Graph = Any
"""An `openvino.Model`; OpenVINO ships no types."""


def calibration_tiles(tiles: Path, *, count: int = CALIBRATION_TILES) -> list[ImageRecord]:
    """Return training tiles, as many from each folder below `tiles` as there are, never from held-back places.

    Raises `DatasetNotFoundError` where there is none.
    """
    rng = np.random.default_rng(SEED)
    folders = []
    for index in sorted(tiles.glob("*/index.jsonl")):
        if not index.parent.name.endswith("_holdout"):
            records = [item for item in read_tiles(index.parent) if split_of(item.source, item.group) == "train"]
            folders.append([records[row] for row in rng.permutation(len(records))])
    if not any(folders):
        raise DatasetNotFoundError(f"{tiles} has no folder of training tiles; make them with: hardstand datasets tile")
    turns = max(len(records) for records in folders)
    drawn = [records[turn] for turn in range(turns) for records in folders if turn < len(records)]
    return drawn[:count]


def read_graph(path: Path) -> Graph:
    """Return the graph of an `.xml`."""
    import openvino  # noqa: PLC0415 - heavy, and only an export needs it

    return openvino.Core().read_model(path)


def save_graph(graph: Graph, path: Path) -> None:
    """Write a graph as `path` (.xml) and .bin; what is still in floating point in fp16."""
    import openvino  # noqa: PLC0415 - heavy, and only an export needs it

    openvino.save_model(graph, path, compress_to_fp16=True)


def quantised(graph: Graph, tiles: Sequence[ImageRecord], gsd: float) -> Graph:
    """Return the graph with 8-bit convolutions; what turns their output into boxes and scores stays in floating point.

    Activations are measured on `tiles`, at the network's `gsd` in metres. Decoding stays out because one scale per
    tensor cannot hold coordinates of a thousand pixels, scores below one and angles side by side; the class branch of
    the head because types that look alike fall on the other side of each other. The graph takes any image size, as
    before.

    Raises `MissingDependencyError` without NNCF.
    """
    os.environ.setdefault("NNCF_CI", "1")  # else NNCF reports its use to its maker over the network
    try:
        import nncf  # noqa: PLC0415 - heavy, and only this needs it
    except ImportError as missing:
        raise MissingDependencyError(
            f'int8 needs {missing.name}; install it with: pip install "hardstand[train]"'
        ) from missing
    nncf.set_log_level(40)  # errors
    return nncf.quantize(
        graph,
        nncf.Dataset(tiles, partial(calibration_image, gsd=gsd)),
        subset_size=len(tiles),
        preset=nncf.QuantizationPreset.MIXED,
        target_device=nncf.TargetDevice.CPU,
        ignored_scope=nncf.IgnoredScope(names=[*decoding(graph), *classifying(graph)], validate=False),
    )


def decoding(graph: Graph) -> list[str]:
    """Return the names of all operations that decode: those behind the first table (B, C, A) on the way to the output.

    Up to the head everything is a map (B, C, H, W); the head lays its maps out as rows of anchors. The last
    convolutions before that belong to it as well: they are cheap, and their output is what is decoded.
    """
    behind: set[str] = set()
    for operation in graph.get_ordered_ops():
        sources = {source.get_source_output().get_node().get_friendly_name() for source in operation.inputs()}
        if operation.get_type_name() == "Reshape" and _rank(operation) == 3:
            behind |= {operation.get_friendly_name(), *_last_convolution(operation)}
        elif sources & behind:
            behind.add(operation.get_friendly_name())
    return sorted(behind)


def classifying(graph: Graph) -> list[str]:
    """Return the names of the convolutions of the head's class branch, which ultralytics calls cv3.

    It calls the last convolution of some blocks before the head so too; the head is the module with the highest number.
    Each of the convolutions is followed by a batch norm or a bias, an Add that carries the branch's name.
    """
    named = [
        (int(found[1]), operation)
        for operation in graph.get_ordered_ops()
        if operation.get_type_name() == "Add"
        and (found := re.search(r"model\.(\d+)\..*cv3\.", operation.get_friendly_name()))
    ]
    head = max((number for number, _ in named), default=0)
    return sorted(
        operation.input(0).get_source_output().get_node().get_friendly_name()
        for number, operation in named
        if number == head
    )


def _rank(operation: Any) -> int:  # noqa: ANN401 - an operation of OpenVINO, which ships no types
    rank = operation.output(0).get_partial_shape().rank
    return int(rank.get_length()) if rank.is_static else -1


def _last_convolution(reshape: Any) -> Sequence[str]:  # noqa: ANN401 - an operation of OpenVINO
    """The convolution right before a reshape, with or without a bias between them."""
    node = reshape.input(0).get_source_output().get_node()
    if node.get_type_name() == "Add":
        node = node.input(0).get_source_output().get_node()
    return [node.get_friendly_name()] if node.get_type_name() == "Convolution" else []


def calibration_image(tile: ImageRecord, gsd: float) -> NDArray[np.float32]:
    """Return the top left corner of a tile at `gsd`, `SIDE_PX` square and padded with grey, as (1, 3, S, S) in 0..1."""
    pixels = read_scaled(tile.path, tile.gsd / gsd)[:SIDE_PX, :SIDE_PX]
    whole = np.full((SIDE_PX, SIDE_PX, 3), PADDING, np.uint8)
    whole[: pixels.shape[0], : pixels.shape[1]] = pixels
    return np.ascontiguousarray(whole.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
