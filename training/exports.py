"""Exports of a weight file for other back ends: drafted, held against PyTorch, and only then put under their name."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from ..detector.backend import Backend
from ..detector.errors import DatasetNotFoundError, ExportError, OutputError
from ..detector.openvino_backend import OpenVinoBackend
from ..detector.torch_backend import TorchBackend, build_module
from ..detector.weights import EXPORTS, bind_export, drop_export, export_files, read_record, read_tensors
from .fidelity import LIMITS, Fidelity, compare, drawn_tiles, tiles_to_compare
from .quantise import calibration_tiles, quantised, read_graph, save_graph
from .release import write_onnx, write_openvino

Form = Literal["onnx", "openvino", "openvino-int8", "tensorrt"]


def export(weights: Path, form: Form, *, tiles: Path | None = None, out: Path | None = None) -> tuple[Path, Fidelity]:
    """Write an export of a weight file beside it, or beside a copy of it in the folder `out`; return graph and check.

    The export is compared with PyTorch on `tiles`, drawn ones where none are given, and the comparison is kept in
    `NAME.KIND.json` beside it. `tensorrt` is the ONNX graph, compared through TensorRT. int8 needs training tiles in
    `tiles`. Raises ExportError beyond the limits of the form, with nothing written; OutputError where the folder
    cannot be written; MissingDependencyError for a package or a TensorRT that is not there.
    """
    if form == "openvino-int8" and tiles is None:
        raise DatasetNotFoundError("int8 is measured on training tiles: name their folder with --tiles")
    kind = "onnx" if form == "tensorrt" else form
    with TemporaryDirectory() as folder:
        draft = Path(folder) / weights.name
        _draft(weights, form, draft, tiles)
        found = _compared(weights, form, export_files(draft, kind)[0], tiles)
        if objections := found.objections(LIMITS[form]):
            raise ExportError(f"the export to {form} is refused, nothing was written: {'; '.join(objections)}")
        target = weights if out is None else _copy(weights, out)
        try:
            for source, final in zip(export_files(draft, kind), export_files(target, kind), strict=True):
                part = final.with_name(f".{final.name}.part")
                shutil.copyfile(source, part)
                part.replace(final)
        except OSError as error:
            raise OutputError(f"cannot write beside {target}: {error.strerror or error}") from error
    bind_export(target, kind, compared={"form": form, **found.as_record()})
    return export_files(target, kind)[0], found


def compare_release(weights: Path, tiles: Path) -> Fidelity:
    """Hold the OpenVINO export that `release` wrote against PyTorch on `tiles`, and keep the comparison beside it.

    A network that sees nothing yet is not compared. Raises ExportError beyond the limits; the export is gone then, and
    the weight file stays for PyTorch.
    """
    found = _compared(weights, "openvino", export_files(weights, "openvino")[0], tiles)
    if found.boxes:
        if objections := found.objections(LIMITS["openvino"]):
            drop_export(weights, "openvino")
            raise ExportError(f"{weights} is whole; its export to OpenVINO is refused: {'; '.join(objections)}")
        bind_export(weights, compared={"form": "openvino", **found.as_record()})
    return found


def _draft(weights: Path, form: Form, draft: Path, tiles: Path | None) -> None:
    """Write the graph of a form under the name that belongs to `draft`."""
    record = read_record(weights)
    module = build_module(record, read_tensors(weights))
    if form in ("onnx", "tensorrt"):
        write_onnx(module, export_files(draft, "onnx")[0])
        return
    graph = export_files(draft, "openvino")[0]
    write_openvino(module, graph)
    if form == "openvino-int8" and tiles is not None:
        save_graph(quantised(read_graph(graph), calibration_tiles(tiles), record.gsd_m), export_files(draft, form)[0])


def _compared(weights: Path, form: Form, graph: Path, tiles: Path | None) -> Fidelity:
    record = read_record(weights)
    reference = TorchBackend.from_weights(weights, record, device="cpu")
    with TemporaryDirectory() as folder:
        chosen = drawn_tiles(Path(folder)) if tiles is None else tiles_to_compare(tiles)
        return compare(reference, _opened(form, graph), record, chosen)


def _opened(form: Form, graph: Path) -> Backend:
    if form in ("onnx", "tensorrt"):
        from ..detector.onnx_backend import OnnxBackend  # noqa: PLC0415 - onnxruntime is a package of its own

        return OnnxBackend(graph, tensorrt=form == "tensorrt")
    return OpenVinoBackend(graph)


def _copy(weights: Path, out: Path) -> Path:
    """A copy of the weights in a folder, without exports of other weights of that name; what `--weights` then names."""
    path = out / weights.name
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != weights.read_bytes():
            for stale in EXPORTS:
                drop_export(path, stale)
            shutil.copyfile(weights, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    return path
