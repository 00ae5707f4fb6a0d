"""The folder for what is worth keeping between runs on this machine, and can be lost: measured choices."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_log = logging.getLogger("hardstand.detector")

VARIABLE = "HARDSTAND_CACHE"


def cache_folder() -> Path:
    """The folder, there or not: what HARDSTAND_CACHE names, else `hardstand` where the system keeps caches.

    That is XDG_CACHE_HOME or ~/.cache (https://specifications.freedesktop.org/basedir-spec/latest/), ~/Library/Caches
    on macOS, LOCALAPPDATA on Windows.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "hardstand"


def read_cache(name: str) -> dict[str, Any]:
    """The JSON object in a file of the folder; empty where there is none, or none that can be read."""
    try:
        found = json.loads((cache_folder() / name).read_text(encoding="utf-8"))
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: no home folder
        _log.debug("nothing cached: %s", error)
        return {}
    return found if isinstance(found, dict) else {}


def write_cache(name: str, values: Mapping[str, Any]) -> bool:
    """Write a JSON object to a file of the folder, whole or not at all; false where it cannot be written."""
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{name}.{os.getpid()}.part"
        part.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        part.replace(folder / name)
    except (OSError, RuntimeError) as error:
        _log.debug("not cached: %s", error)
        return False
    return True
