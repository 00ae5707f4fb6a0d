"""What a look at an image file tells: its size, whether it is whole, and what other images it is like.

Every byte is decoded, which takes long for a large set, so that looks can be noted in a journal: a check that was
stopped goes on from it. The journal goes when the check is done, and the next check looks again.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from ..detector.quiet import without_warning
from .fingerprint import THUMBNAIL, Hash, difference_hash
from .parallel import in_order

__all__ = ["Look", "looks_at"]


class Look(NamedTuple):
    """A file as it was found: width and height, None where it is not there or not whole, and then `fault` says why.

    digest: of the bytes, empty without a size. hash: `fingerprint.difference_hash`.
    """

    size: tuple[int, int] | None
    fault: str
    digest: str
    hash: Hash | None


def looks_at(paths: Sequence[Path], journal: Path | None = None) -> Iterator[Look]:
    """A look at every file, in order, on all cores.

    journal: file for what was seen, read first and removed after the last look; where it cannot be written, nothing
    is noted. A file of another size or date than noted is looked at again.
    """
    noted = _read(journal) if journal else {}
    with _large_images(), _notes(journal) as note:
        for path, (state, look) in zip(paths, in_order(partial(_known_or_seen, noted=noted), paths), strict=True):
            if noted.get(str(path), {}).get("state") != state:
                note({"path": str(path), "state": state, **_row(look)})
            yield look
    if journal:
        journal.unlink(missing_ok=True)


def _known_or_seen(path: Path, *, noted: dict[str, dict[str, Any]]) -> tuple[list[int], Look]:
    if not path.is_file():
        return [], Look(None, "no such file", "", None)
    status = path.stat()
    state = [status.st_size, status.st_mtime_ns]
    row = noted.get(str(path))
    return state, _look_of(row) if row and row["state"] == state else _look(path)


def _look(path: Path) -> Look:
    try:
        size, grey = _thumbnail(path)
    except (OSError, UnidentifiedImageError, RasterioError, SyntaxError) as error:  # SyntaxError: a broken PNG
        return Look(None, " ".join(str(error).split()), "", None)
    return Look(size, "", blake2b(path.read_bytes(), digest_size=16).hexdigest(), difference_hash(grey))


def _thumbnail(path: Path) -> tuple[tuple[int, int], NDArray[np.uint8]]:
    """Size of an image and a small grey copy; every byte of the pixels has been decoded."""
    if path.suffix.lower() in (".tif", ".tiff"):
        with without_warning(NotGeoreferencedWarning):
            source = rasterio.open(path)
        with source:
            pixels = source.read(1)
        low, high = float(pixels.min()), float(pixels.max())
        grey = ((pixels - low) * (255 / max(high - low, 1))).astype(np.uint8)
        size = (int(pixels.shape[1]), int(pixels.shape[0]))
        return size, np.asarray(Image.fromarray(grey).resize(THUMBNAIL, Image.Resampling.BOX))
    with Image.open(path) as image:
        size = image.size
        image.draft("L", THUMBNAIL)  # a JPEG is decoded small: the same bytes, less work
        return size, np.asarray(image.convert("L").resize(THUMBNAIL, Image.Resampling.BOX))


@contextmanager
def _large_images() -> Iterator[None]:
    """Pillow takes a large image for an attack; scenes of a set that the user points at are large."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _row(look: Look) -> dict[str, Any]:
    bits = None if look.hash is None else look.hash.tolist()
    return {"size": look.size, "fault": look.fault, "digest": look.digest, "hash": bits}


def _look_of(row: dict[str, Any]) -> Look:
    bits = None if row["hash"] is None else np.array(row["hash"], dtype=np.uint64)
    return Look(tuple(row["size"]) if row["size"] else None, row["fault"], row["digest"], bits)


def _read(journal: Path) -> dict[str, dict[str, Any]]:
    """The rows of a journal by path; lines that a stopped check tore are left out."""
    rows: dict[str, dict[str, Any]] = {}
    with suppress(OSError):
        for line in journal.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError):
                row = json.loads(line)
                rows[row["path"]] = row
    return rows


@contextmanager
def _notes(journal: Path | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Adds rows to the journal."""
    try:
        if journal is None:
            raise OSError
        journal.parent.mkdir(parents=True, exist_ok=True)
        stream = journal.open("a", encoding="utf-8")
        stream.write("\n")  # after a line that may be torn
    except OSError:
        yield lambda row: None
        return
    with stream:

        def note(row: dict[str, Any]) -> None:
            with suppress(OSError):  # a full disk: the check goes on without notes
                stream.write(json.dumps(row) + "\n")
                stream.flush()

        yield note
