"""The journal: finished strips of a run on disk, from which a run that was killed goes on.

In the folder of the results, `.hardstand-run/` holds one folder per scene, with the fingerprint of the work and a file
for each strip that is whole. A file gets its name when it is complete and holds its own checksums, so the journal can
be used after any end of the process, and what a failing machine left of a file counts as not finished.
"""

import io
import json
import re
import shutil
import sys
import uuid
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from ..detector.detections import Detections
from ..detector.errors import OutputError
from .fingerprint import Fingerprint
from .output import output_errors, replace_whole
from .strips import Strip

FOLDER = ".hardstand-run"
Say = Callable[[str], None]
"""Called with a sentence for people."""


class Journal:
    """The journal of a run that writes its results to one folder.

    Use as a context manager: one run at a time holds it. It outlives the block, for a run that goes on, until `remove`.

    Raises OutputError where it cannot be written, or is held by another run.
    """

    def __init__(self, out: Path, *, resume: bool = False, say: Say = lambda sentence: None) -> None:
        """Name the folder of the results; without `resume`, entering discards what an earlier run left there."""
        self.folder = out / FOLDER
        self.run = ""
        """Names the run, the same when it goes on; "" before it is entered."""
        self.kept = 0
        """How many strips were read from it or written to it."""
        self._resume, self._say = resume, say
        self._lock: IO[bytes] | None = None
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        """Hold the journal."""
        self._made = [place for place in (self.folder, *self.folder.parents) if not place.exists()]
        with output_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / "lock").open("ab")
            if not _locked(self._lock):
                self._lock.close()
                raise OutputError(f"another run writes to {self.folder.parent}; wait for it, or give another --out")
            if not self._resume:
                self._discard()
            self.run = self._name()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the journal; one without a scene goes, with the folders that were made for it and are empty."""
        if self._lock is not None:
            self._lock.close()
        if not any(place.is_dir() for place in self.folder.glob("*")):
            self.remove()
            for place in self._made[1:]:
                if place.is_dir() and not any(place.iterdir()):
                    place.rmdir()

    def scene(self, path: str, name: str, fingerprint: Fingerprint) -> "SceneJournal":
        """The journal of the scene at a path, empty where the work is another than that of its strips."""
        plain = re.sub(r"[^\w.-]+", "_", name)[:60]
        folder = self.folder / f"{plain}-{sha256(path.encode()).hexdigest()[:12]}"
        state = folder / "fingerprint.json"
        with output_errors(folder):
            before = _known(state)
            if before != dict(fingerprint):
                changed = [part for part in fingerprint if before and before.get(part) != fingerprint[part]]
                if changed:
                    self._say(f"{name}: another {' and '.join(changed)} than before; this scene starts again")
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                replace_whole(state, json.dumps(dict(fingerprint), indent=1).encode())
        return SceneJournal(self, folder)

    def remove(self) -> None:
        """Remove the journal: its run is done."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _name(self) -> str:
        file = self.folder / "run"
        name = file.read_text(encoding="ascii") if file.exists() else ""
        if not name:
            name = uuid.uuid4().hex
            replace_whole(file, name.encode())
        return name

    def _discard(self) -> None:
        for place in self.folder.iterdir():
            if place.is_dir():
                shutil.rmtree(place)
            elif place.name != "lock":
                place.unlink()


@dataclass(frozen=True, slots=True)
class SceneJournal:
    """The finished strips of one scene, by their number from the top."""

    journal: Journal
    folder: Path

    def read(self, number: int, detections: Detections) -> Strip | None:
        """A strip that was kept; None where there is none that is whole. `detections` has the nodes and the GSD."""
        try:
            with np.load(io.BytesIO(self._file(number).read_bytes()), allow_pickle=False) as kept:
                arrays = {name: kept[name] for name in ("boxes", "scores", "label", "probability")}
                found = Detections(nodes=detections.nodes, gsd=detections.gsd, **arrays)
                strip = Strip(found, kept["tile"], (), int(kept["top"]), int(kept["left"]), kept["valid"])
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error):
            return None
        self.journal.kept += 1
        return strip

    def write(self, number: int, strip: Strip) -> None:
        """Keep a strip. One with a tile that could not be read is not finished: it is tried again.

        Raises OutputError.
        """
        if strip.unread:
            return
        data, found = io.BytesIO(), strip.detections
        np.savez_compressed(
            data, boxes=found.boxes, scores=found.scores, label=found.label, probability=found.probability,
            tile=strip.tile, top=np.array(strip.top), left=np.array(strip.left), valid=strip.valid,
        )  # fmt: skip
        with output_errors(self._file(number)):
            replace_whole(self._file(number), data.getvalue())
        self.journal.kept += 1

    def remove(self) -> None:
        """Forget the scene."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, number: int) -> Path:
        return self.folder / f"strip-{number:06}.npz"


def _known(state: Path) -> dict[str, str] | None:
    """The fingerprint of a scene's folder; None where there is none that is whole."""
    try:
        found = json.loads(state.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _locked(file: IO[bytes]) -> bool:
    """Whether this process holds the file now, until it is closed or the process ends. True where nobody can."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl  # noqa: PLC0415

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
