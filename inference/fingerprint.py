"""The fingerprint of the work on a scene: equal where the tiles would give the same detections."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from ..detector.detector import Detector, TileDetector
from .scene import Grid, Scene
from .tiles import Tile

Fingerprint = Mapping[str, str]


def fingerprint(scene: Scene, grid: Grid, tiles: Sequence[Tile], detector: TileDetector) -> Fingerprint:
    """What the detections of these tiles depend on, in parts that have a name.

    "file" is path, size and time of change of every file that GDAL reads for the scene; of what lies elsewhere only
    the address. "settings" are bands and stretch, the grid and the tiles. The date is no part: it moves no detection.
    """
    return {
        "release of Hardstand": version("hardstand"),
        "file": _digest([(name, _state(name)) for name in (str(scene.info.path), *scene.files)]),
        "settings": _digest([scene.info.bands, scene.info.stretch, asdict(grid), [asdict(tile) for tile in tiles]]),
        "weights": _digest(_weights(detector)),
    }


def _state(name: str) -> tuple[int, int] | None:
    path = Path(name)
    if not path.is_file():
        return None
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _weights(detector: TileDetector) -> list[object]:
    frame = [detector.nodes, detector.gsd, detector.tile_px, detector.largest_object_m]
    if isinstance(detector, Detector):
        return [*frame, detector.min_score, str(detector.choice), asdict(detector.record)]
    return [*frame, type(detector).__name__]


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
