"""Output that is whole or absent: files are written beside their place and renamed when complete."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from ..detector.errors import HardstandError, OutputError

_STAGED = ".hardstand-part-"


@contextmanager
def output_errors(target: Path) -> Iterator[None]:
    """A block whose OSErrors become one OutputError that names `target`; HardstandErrors pass unchanged."""
    try:
        yield
    except HardstandError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write {target}: {reason}; free some space or give another folder with --out"
        ) from error


def replace_whole(path: Path, content: bytes) -> None:
    """Write one file of a folder that is there, so that at every moment the old or the new is whole under its name.

    For one writer at a time. Where the machine fails and not the process, the new file may be damaged: nothing waits
    for the disk. Raises OSError.
    """
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


class Staging:
    """A folder being filled: files appear under their final names together, at `publish`, or not at all.

    Use as a context manager. Leaving it without `publish` (an error, Ctrl-C) removes everything staged, and the
    folder itself if it was made here and is empty. Raises OutputError where the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is touched before the context is entered."""
        self.folder = folder
        self._made: list[Path] = []
        self._temporary: Path | None = None

    def __enter__(self) -> "Staging":
        """Make the folder (with parents) and a hidden one inside it for the files in progress."""
        with output_errors(self.folder):
            missing = [place for place in (self.folder, *self.folder.parents) if not place.exists()]
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._temporary = Path(tempfile.mkdtemp(prefix=_STAGED, dir=self.folder))
            finally:
                self._made = [place for place in missing if place.exists()]
        return self

    def path(self, name: str) -> Path:
        """The place to write the file that will be called `name` in the folder."""
        assert self._temporary is not None, "enter the staging first"
        return self._temporary / name

    def write(self, name: str, content: bytes | str) -> None:
        """Write one file; text as UTF-8 with plain line feeds. Raises OutputError."""
        data = content.encode() if isinstance(content, str) else content
        with output_errors(self.folder / name):
            self.path(name).write_bytes(data)

    def publish(self) -> tuple[Path, ...]:
        """Rename everything staged to its final name, replacing what stood there; the final paths, sorted by name."""
        assert self._temporary is not None, "enter the staging first"
        published = []
        for staged in sorted(self._temporary.iterdir()):
            final = self.folder / staged.name
            with output_errors(final):
                _to_disk(staged)
                os.replace(staged, final)
            published.append(final)
        return tuple(published)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the hidden folder, and on an error also the folders that were made here and stayed empty."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
        if kind is not None:
            for place in self._made:
                if place.is_dir() and not any(place.iterdir()):
                    place.rmdir()


def remove_leftovers(folder: Path) -> None:
    """Remove what runs that were killed had staged in a folder. Not while another run writes to it."""
    for place in folder.glob(f"{_STAGED}*"):
        shutil.rmtree(place, ignore_errors=True)


def _to_disk(file: Path) -> None:
    """Wait until the content of a file is on the disk, so that it is whole under its name after a power cut too."""
    with file.open("rb+") as content:
        os.fsync(content.fileno())


def write_whole(path: Path, content: bytes | str) -> None:
    """Write one file so that it is complete or absent under `path`. Raises OutputError."""
    with Staging(path.parent) as staging:
        staging.write(path.name, content)
        staging.publish()
