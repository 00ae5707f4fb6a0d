"""What is seen: taxonomy, oriented boxes, weight files, back ends, the Detector.

Names are imported on first use, so importing this package costs nothing: no OpenVINO, no torch, no OpenCV.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .boxes import canonical, corners, envelope, from_corners, oriented_iou, suppress
    from .decode import Decoder
    from .detections import Detection, Detections
    from .detector import Detector, TileDetector
    from .errors import (
        BackendError,
        BandError,
        CloudMaskError,
        DatasetNotFoundError,
        EmptySceneError,
        ExportError,
        HardstandError,
        LabelError,
        MissingDependencyError,
        MissingFileError,
        NoCrsError,
        NoGsdError,
        NotARasterError,
        OutputError,
        RecipeError,
        ShortMemoryError,
        SiteFileError,
        SiteOutsideError,
        TileReadError,
        TooCoarseError,
        UntrustedPickleError,
        WeightsCorruptError,
        WeightsNotFoundError,
    )
    from .fake import PaintDetector, paint
    from .taxonomy import (
        COUNTED,
        NODES,
        Node,
        ancestors,
        children,
        deepest,
        fits,
        is_a,
        lookalikes,
        parent,
        root,
        shape_of,
        size_objection,
    )
    from .weights import (
        WeightRecord,
        bind_export,
        exported_model,
        find_weights,
        read_record,
        read_tensors,
        write_weights,
    )

_HOME = {
    "boxes": "canonical corners envelope from_corners oriented_iou suppress",
    "decode": "Decoder",
    "detections": "Detection Detections",
    "detector": "Detector TileDetector",
    "errors": "BackendError BandError CloudMaskError DatasetNotFoundError EmptySceneError ExportError "
    "HardstandError LabelError MissingDependencyError MissingFileError "
    "NoCrsError NoGsdError NotARasterError OutputError RecipeError ShortMemoryError SiteFileError SiteOutsideError "
    "TileReadError TooCoarseError UntrustedPickleError WeightsCorruptError WeightsNotFoundError",
    "fake": "PaintDetector paint",
    "taxonomy": "COUNTED NODES Node ancestors children deepest fits is_a lookalikes parent root shape_of "
    "size_objection",
    "weights": "WeightRecord bind_export exported_model find_weights read_record read_tensors write_weights",
}
_MODULE = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "COUNTED",
    "NODES",
    "BackendError",
    "BandError",
    "CloudMaskError",
    "DatasetNotFoundError",
    "Decoder",
    "Detection",
    "Detections",
    "Detector",
    "EmptySceneError",
    "ExportError",
    "HardstandError",
    "LabelError",
    "MissingDependencyError",
    "MissingFileError",
    "NoCrsError",
    "NoGsdError",
    "Node",
    "NotARasterError",
    "OutputError",
    "PaintDetector",
    "RecipeError",
    "ShortMemoryError",
    "SiteFileError",
    "SiteOutsideError",
    "TileDetector",
    "TileReadError",
    "TooCoarseError",
    "UntrustedPickleError",
    "WeightRecord",
    "WeightsCorruptError",
    "WeightsNotFoundError",
    "ancestors",
    "bind_export",
    "canonical",
    "children",
    "corners",
    "deepest",
    "envelope",
    "exported_model",
    "find_weights",
    "fits",
    "from_corners",
    "is_a",
    "lookalikes",
    "oriented_iou",
    "paint",
    "parent",
    "read_record",
    "read_tensors",
    "root",
    "shape_of",
    "size_objection",
    "suppress",
    "write_weights",
]


def __getattr__(name: str) -> object:
    """Import the module of a public name on first use."""
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_MODULE[name]}", __name__), name)
    globals()[name] = value
    return value
