"""What is seen: taxonomy, oriented boxes, weight files, back ends, the Detector.

Names are imported on first use, so importing this package costs nothing: no OpenVINO, no torch, no OpenCV.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .boxes import canonical, corners, envelope, from_corners, oriented_iou, suppress
    from .detections import Detection, Detections
    from .errors import (
        DatasetNotFoundError,
        EmptySceneError,
        HardstandError,
        LabelError,
        MissingDependencyError,
        MissingFileError,
        NoCrsError,
        NoGsdError,
        NotARasterError,
        OutputError,
        RecipeError,
        SiteFileError,
        SiteOutsideError,
        TileReadError,
        TooCoarseError,
        UntrustedPickleError,
        WeightsCorruptError,
        WeightsNotFoundError,
    )
    from .fake import PaintDetector, paint
    from .taxonomy import COUNTED, NODES, Node, ancestors, children, deepest, fits, is_a, parent, root, shape_of

_HOME = {
    "boxes": "canonical corners envelope from_corners oriented_iou suppress",
    "detections": "Detection Detections",
    "errors": "DatasetNotFoundError EmptySceneError HardstandError LabelError MissingDependencyError MissingFileError "
    "NoCrsError NoGsdError NotARasterError OutputError RecipeError SiteFileError SiteOutsideError TileReadError "
    "TooCoarseError UntrustedPickleError WeightsCorruptError WeightsNotFoundError",
    "fake": "PaintDetector paint",
    "taxonomy": "COUNTED NODES Node ancestors children deepest fits is_a parent root shape_of",
}
_MODULE = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "COUNTED",
    "NODES",
    "DatasetNotFoundError",
    "Detection",
    "Detections",
    "EmptySceneError",
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
    "SiteFileError",
    "SiteOutsideError",
    "TileReadError",
    "TooCoarseError",
    "UntrustedPickleError",
    "WeightsCorruptError",
    "WeightsNotFoundError",
    "ancestors",
    "canonical",
    "children",
    "corners",
    "deepest",
    "envelope",
    "fits",
    "from_corners",
    "is_a",
    "oriented_iou",
    "paint",
    "parent",
    "root",
    "shape_of",
    "suppress",
]


def __getattr__(name: str) -> object:
    """Import the module of a public name on first use."""
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_MODULE[name]}", __name__), name)
    globals()[name] = value
    return value
