"""What every test shares: a safe import path, spawned workers, and the real data where it is at hand."""

import multiprocessing
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
# albumentations asks the package index for a newer release of itself on import, unless told not to.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
# From the repository root a bare `import datasets` would find our folder instead of a third-party package.
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]

settings.register_profile("patient", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def spawned_workers() -> None:
    """Processes start by spawn, as on macOS and Windows, so that a value that cannot be pickled fails here."""
    multiprocessing.set_start_method("spawn", force=True)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What was measured on this machine before is no part of a test."""
    os.environ["HARDSTAND_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real data: HARDSTAND_SHARED (default `../shared` beside the checkout) and in it `data`."""
    shared = Path(os.environ.get("HARDSTAND_SHARED", ROOT.parent / "shared"))
    if not (shared / "data").is_dir():
        pytest.skip(f"no real data at {shared / 'data'}; set HARDSTAND_SHARED to the folder that holds data/")
    return shared / "data"
