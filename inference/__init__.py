"""Counts out: scene reader, tile plan, engine, merge, sites, store, change, report, command line.

from hardstand.inference import detect

for found in detect("airbase.tif").detections:
    print(found.node, found.length_m)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .detection import detect
    from .georeference import SceneInfo
    from .journal import Journal
    from .result import SceneResult
    from .scene import Scene, array_scene, open_scene
    from .sites import Site, read_sites

__all__ = [
    "Journal",
    "Scene",
    "SceneInfo",
    "SceneResult",
    "Site",
    "array_scene",
    "detect",
    "open_scene",
    "read_sites",
]

_HOMES = {
    "Journal": "journal",
    "Scene": "scene",
    "SceneInfo": "georeference",
    "SceneResult": "result",
    "Site": "sites",
    "array_scene": "scene",
    "detect": "detection",
    "open_scene": "scene",
    "read_sites": "sites",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # names are imported when first used: the command line starts fast
    """The public name, imported from its module. (No module is called `detect`: it would hide the function.)"""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
