"""Weight files: what a network is (its record), its parameters, and the export that runs on a CPU.

`NAME.safetensors` is the source: fp16 tensors, and under the metadata key "hardstand" the record as JSON. Beside it
lie exports (`EXPORTS`): always `NAME.openvino.xml` and `.bin`; `NAME.openvino-int8.xml` and `.bin` where int8 was
accepted; `NAME.onnx` where it was asked for. `NAME.KIND.json` binds each kind to the source by SHA-256:
`{"source_sha256": ..., "files": {name: sha256}}`, with `"compared"` where it was held against PyTorch. Nothing here can
run code from a file; a pickle can, so it is refused.
Format: https://github.com/huggingface/safetensors
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import OutputError, UntrustedPickleError, WeightsCorruptError, WeightsNotFoundError
from .taxonomy import COUNTED, NODES

SHIPPED = Path(__file__).parent / "weights"
DEFAULT = "hardstand-n"
_KEY = "hardstand"
_LATER = frozenset({"doubt", "recall_by_gsd", "recipe", "screen_score"})
"""Fields of the record that older files do not have."""
_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightRecord:
    """What a weight file is. All values are JSON.

    Attributes:
        name: the name it is found by.
        architecture: the ultralytics model yaml, as a dict.
        nodes: taxonomy nodes, one per score column.
        gsd_m: metres per pixel that it was trained at and wants to see.
        tile_px: side of its square input in pixels.
        largest_object_m: largest object that it finds whole, in metres.
        stride: the input side is a multiple of this.
        data: one entry per data set: `set`, `licence`, `images`, `objects`.
        licence: licence of the parameters.
        metrics: what was measured, as it is printed in weights.md.
        thresholds: score from which each node is reported; below, its parent is. Of a counted node the score from which
            it counts: below, it is reported with its probability, and adds nothing to any count.
        calibration: per node `{"score": [...], "probability": [...]}`, rising knots, linear between them; of a counted
            node how probable it is at a score, of a deeper one how probable that label is. A node without one has the
            curve of the nearest node above it.
        recall: per node, the share of objects that is found and reported at it or below; inherited as `calibration`.
        recall_by_gsd: per node `{"gsd_m": [...], "recall": [...]}`, knots at metres per pixel of the image, linear
            between them; empty in files made before it was measured.
        doubt: per node with a recall, what the objects that were found when it was measured lack in probability, on
            average; empty in files made before it was measured.
        screen_score: of a network for the coarse look (`coarse.coarse_detector`), the score from which it suspects
            something; None of others.
        not_measured: what was not measured, in words.
        created: date, ISO.
        recipe: the training recipe with every value that it had, also those by default; empty in older files.
        params_sha256: hash of the tensors (`hash_tensors`); `write_weights` fills it in.

    Raises:
        ValueError: nodes that are not in the taxonomy or none that is counted, sizes that are not positive, a
            calibration that does not rise, a doubt that is not above 0 and at most 1.
    """

    name: str
    architecture: Mapping[str, Any]
    nodes: tuple[str, ...]
    gsd_m: float
    tile_px: int
    largest_object_m: float
    stride: int = 32
    data: Sequence[Mapping[str, Any]] = ()
    licence: str
    metrics: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    calibration: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    recall: Mapping[str, float] = field(default_factory=dict)
    recall_by_gsd: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    doubt: Mapping[str, float] = field(default_factory=dict)
    screen_score: float | None = None
    not_measured: Sequence[str] = ()
    created: str
    recipe: Mapping[str, Any] = field(default_factory=dict)
    params_sha256: str = ""

    def __post_init__(self) -> None:
        """Check that the record can be used."""
        if not set(COUNTED).intersection(self.nodes):
            raise ValueError(f"record {self.name!r}: none of its nodes is counted ({', '.join(COUNTED)})")
        unknown = [
            node
            for node in (
                *self.nodes,
                *self.thresholds,
                *self.calibration,
                *self.recall,
                *self.recall_by_gsd,
                *self.doubt,
            )
            if node not in NODES
        ]
        if unknown:
            raise ValueError(f"record {self.name!r}: not in the taxonomy: {', '.join(unknown)}")
        if not (self.gsd_m > 0 and self.largest_object_m > 0 and self.stride > 0 and self.tile_px > 0):
            raise ValueError(f"record {self.name!r}: gsd_m, largest_object_m, stride and tile_px must be above 0")
        if self.tile_px % self.stride:
            raise ValueError(f"record {self.name!r}: tile_px {self.tile_px} is no multiple of stride {self.stride}")
        if self.screen_score is not None and not 0 < self.screen_score < 1:
            raise ValueError(f"record {self.name!r}: screen_score is {self.screen_score}, expected 0..1")
        for node, curve in self.calibration.items():
            what = f"record {self.name!r}: calibration of {node!r}"
            _check_curve(what, curve, "score", "probability")
            if (np.diff(curve["probability"]) < 0).any():
                raise ValueError(f"{what} does not rise")
        for node, share in self.doubt.items():
            if not 0 < share <= 1:
                raise ValueError(f"record {self.name!r}: doubt of {node!r} is {share}, expected above 0 and up to 1")
        for node, curve in self.recall_by_gsd.items():
            _check_curve(f"record {self.name!r}: recall by GSD of {node!r}", curve, "gsd_m", "recall")


def _check_curve(what: str, curve: Mapping[str, Sequence[float]], over: str, value: str) -> None:
    x, y = np.asarray(curve.get(over, ())), np.asarray(curve.get(value, ()))
    if not x.size or x.shape != y.shape:
        raise ValueError(f"{what} needs as many values of {over} as of {value}")
    if (np.diff(x) <= 0).any():
        raise ValueError(f"{what} does not rise")
    if not (y.min() >= 0 and y.max() <= 1):
        raise ValueError(f"{what} leaves 0..1")


def calibrated(record: WeightRecord, node: str, score: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities (N,) float32 for raw scores of a node; the scores themselves where it has no curve."""
    curve = record.calibration.get(node)
    return score if curve is None else probability_at(curve, score)


def probabilities(record: WeightRecord, scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """How probable each node (N, K) is at its raw score; the scores themselves where a node has no curve.

    Sigmoids of siblings are not comparable by their raw scores: one node is right nine times in ten at 0.4, its sibling
    six times.
    """
    columns = [calibrated(record, node, scores[:, k]) for k, node in enumerate(record.nodes)]
    return np.stack(columns, axis=1) if len(scores) else scores


def probability_at(curve: Mapping[str, Sequence[float]], score: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities (N,) float32 for raw scores by one curve of a calibration."""
    return np.interp(score, curve["score"], curve["probability"]).astype(np.float32)


def recall_at(
    recall: Mapping[str, float],
    by_gsd: Mapping[str, Mapping[str, Sequence[float]]],
    gsd: float,
    doubt: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, float]:
    """The recall per node in an image of `gsd` metres per pixel; that of any image where it was not measured by scale.

    So it is too for a node with a `doubt`: that detections are less sure at a coarse scale says already that more is
    missed there (see `hardstand.inference.counts.recall_of_each`), and the scale would say it twice.

    >>> recall_at({"fw": 0.9, "heli": 0.7}, {"fw": {"gsd_m": [0.3, 0.5], "recall": [0.9, 0.8]}}, 0.4)
    {'fw': 0.85, 'heli': 0.7}
    """
    known = {node: float(np.interp(gsd, curve["gsd_m"], curve["recall"])) for node, curve in by_gsd.items()}
    return {
        **recall,
        **{node: round(value, 6) for node, value in known.items() if node in recall and node not in doubt},
    }


def find_weights(name_or_path: str | Path = DEFAULT, *, trust_pickle: bool = False) -> Path:
    """Path of the weight file with a shipped name, or at a path.

    Raises:
        WeightsNotFoundError: no such name or file.
        UntrustedPickleError: the file is a pickle and `trust_pickle` is false.
    """
    path = Path(name_or_path)
    if path.suffix in _PICKLES and not trust_pickle:
        raise UntrustedPickleError(
            f"{path} is a pickle, and opening a pickle can run any code in it; use a .safetensors file, or say "
            "--trust-pickle (trust_pickle=True) for a file whose origin you know"
        )
    found = path if path.suffix in (".safetensors", *_PICKLES) else SHIPPED / f"{path}.safetensors"
    if not found.is_file():
        names = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.safetensors"))) or "none"
        raise WeightsNotFoundError(
            f"no weights {str(name_or_path)!r}; shipped names: {names}; or give the path of a .safetensors file"
        )
    return found


def read_record(path: Path) -> WeightRecord:
    """The record of a weight file, without its tensors.

    Raises:
        WeightsCorruptError: not a safetensors file, or its record is missing, incomplete or unusable.
    """
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415  # only files need it, records do not

    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(_KEY)
    except (SafetensorError, OSError) as error:
        raise WeightsCorruptError(f"{path} is not a safetensors file ({error}); fetch it again") from error
    if text is None:
        raise WeightsCorruptError(f"{path} has no record of Hardstand (metadata key {_KEY!r}); it is another program's")
    return _from_json(path, text)


def _from_json(path: Path, text: str) -> WeightRecord:
    names = {item.name for item in fields(WeightRecord)}
    try:
        values = json.loads(text)
        wrong = names.symmetric_difference(values) - (_LATER - set(values))
        if wrong:
            raise WeightsCorruptError(f"{path}: record with missing or unknown fields: {', '.join(sorted(wrong))}")
        return WeightRecord(**{**values, "nodes": tuple(values["nodes"])})
    except (ValueError, TypeError) as error:
        raise WeightsCorruptError(f"{path}: unusable record: {error}") from error


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a weight file by name, checked against the hash in its record.

    Raises:
        WeightsCorruptError: as `read_record`, or the tensors have another hash.
    """
    from safetensors.numpy import load_file  # noqa: PLC0415  # only files need it, records do not

    record = read_record(path)
    tensors: dict[str, NDArray[Any]] = load_file(path)
    if hash_tensors(tensors) != record.params_sha256:
        raise WeightsCorruptError(f"{path}: its tensors do not have the hash of its record; fetch the file again")
    return tensors


def hash_tensors(tensors: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over name, dtype, shape and bytes of each tensor, in order of the names."""
    digest = sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype.str} {tensors[name].shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def write_weights(path: Path, tensors: Mapping[str, NDArray[Any]], record: WeightRecord) -> WeightRecord:
    """Write a weight file, whole or not at all; returns the record as written, with the hash of the tensors.

    Floats are stored as fp16, integers as they are.

    Raises:
        OutputError: the file cannot be written.
    """
    from safetensors.numpy import save  # noqa: PLC0415  # only files need it, records do not

    stored = {
        name: np.ascontiguousarray(value, np.float16 if value.dtype.kind == "f" else None).reshape(value.shape)
        for name, value in tensors.items()
    }
    written = replace(record, params_sha256=hash_tensors(stored))
    _write(path, save(stored, metadata={_KEY: json.dumps(asdict(written), sort_keys=True)}))
    return written


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def _hash_file(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


EXPORTS: Mapping[str, tuple[str, ...]] = {
    "openvino": ("openvino.xml", "openvino.bin"),
    "openvino-int8": ("openvino-int8.xml", "openvino-int8.bin"),
    "onnx": ("onnx",),
}
"""Kinds of export, and what follows the name of the weights in the names of its files; the first is the graph."""

_MAKE = {
    "openvino": "hardstand export {path} --to openvino",
    "openvino-int8": "hardstand quantise {path} --data SETS --tiles TILES",
    "onnx": "hardstand export {path} --to onnx",
}


def export_files(path: Path, kind: str = "openvino") -> tuple[Path, ...]:
    """The files of one kind of export of a weight file, there or not; the first is the graph.

    >>> [file.name for file in export_files(Path("net.safetensors"), "openvino-int8")]
    ['net.openvino-int8.xml', 'net.openvino-int8.bin']
    """
    return tuple(path.with_name(f"{path.stem}.{suffix}") for suffix in EXPORTS[kind])


def _binding(path: Path, kind: str) -> Path:
    return path.with_name(f"{path.stem}.{kind}.json")


def has_export(path: Path, kind: str) -> bool:
    """True where an export of this kind was bound to the weight file, whole or not."""
    return _binding(path, kind).is_file()


def bind_export(path: Path, kind: str = "openvino", *, compared: Mapping[str, Any] | None = None) -> None:
    """Bind an export that lies beside a weight file to it: writes `NAME.KIND.json`.

    `compared` says how it was held against PyTorch; without it, what was said of these very files stays.

    Raises:
        WeightsCorruptError: a file of the export is not there.
    """
    files = export_files(path, kind)
    for file in files:
        if not file.is_file():
            raise WeightsCorruptError(f"no export {file} beside {path.name}; write it first")
    hashes = {file.name: _hash_file(file) for file in files}
    binding: dict[str, Any] = {"source_sha256": _hash_file(path), "files": hashes}
    said = dict(compared) if compared is not None else _said_of(_binding(path, kind), hashes)
    if said:
        binding["compared"] = said
    _write(_binding(path, kind), (json.dumps(binding, indent=2, sort_keys=True) + "\n").encode())


def _said_of(binding: Path, files: Mapping[str, str]) -> dict[str, Any]:
    """What a binding that is there says of the comparison of these files; nothing where it is of others."""
    try:
        before = json.loads(binding.read_text(encoding="utf-8"))
        return dict(before["compared"]) if before["files"] == files else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def drop_export(path: Path, kind: str) -> None:
    """Remove an export of a weight file and what binds it; nothing where there is none.

    Raises:
        OutputError: a file cannot be removed.
    """
    for file in (_binding(path, kind), *export_files(path, kind)):
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot remove {file}: {error.strerror or error}") from error


def exported_model(path: Path, kind: str = "openvino") -> Path:
    """The graph of an export of a weight file, after its hashes were checked.

    Raises:
        WeightsCorruptError: the export is missing, damaged, or was made from other parameters.
    """
    binding_file, files = _binding(path, kind), export_files(path, kind)
    again = f"write it again: {_MAKE[kind].format(path=path)}"
    try:
        binding = json.loads(binding_file.read_text(encoding="utf-8"))
        source, hashes = binding["source_sha256"], dict(binding["files"])
        found = {file.name: _hash_file(file) for file in files}
    except FileNotFoundError as error:
        raise WeightsCorruptError(f"{path}: no {kind} export beside it ({error.filename}); {again}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsCorruptError(f"{binding_file} is damaged ({error}); {again}") from error
    if source != _hash_file(path):
        raise WeightsCorruptError(f"{binding_file.name} was exported from another {path.name}; {again}")
    if found != hashes:
        raise WeightsCorruptError(f"the files of {binding_file.name} do not have its hashes; {again}")
    return files[0]
