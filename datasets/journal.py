"""A folder of tiles that is made piece by piece and goes on where a stopped run was.

Finished pieces are lines of `journal.jsonl` until the index is written; `made.json` says from what and how the folder
was made, so that the same run again has nothing to do, and another one begins anew.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from .parallel import in_order
from .tiles import INDEX, write_rows

__all__ = ["code_of", "make_tiles"]

JOURNAL, MADE = "journal.jsonl", "made.json"
Piece = TypeVar("Piece")
Rows = list[dict[str, Any]]


def make_tiles(
    out: Path,
    pieces: Mapping[str, Piece],
    work: Callable[[Piece], Rows],
    *,
    made: Mapping[str, Any],
    progress: Callable[[int, int], None] = lambda *_: None,
) -> int:
    """Write the index of `out` from the rows (see `tiles`) of all pieces, in order, and return the number of tiles.

    pieces: what to work on, by unique names. work: writes a piece's images below `out / "images"` and gives their rows;
    runs on a thread per core. made: says from what and how, as JSON, with a `key` that changes with all of it.
    progress: called with the pieces done and all pieces.
    """
    if _read(out / MADE) == _plain(made) and (out / INDEX).is_file():
        progress(len(pieces), len(pieces))
        return len((out / INDEX).read_text(encoding="utf-8").splitlines())
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / MADE).unlink(missing_ok=True)
    journal = out / JOURNAL
    rows = _resume(journal, made["key"])
    names = [name for name in pieces if name not in rows]
    with journal.open("a", encoding="utf-8") as stream:
        for name, done in zip(names, in_order(work, [pieces[name] for name in names]), strict=True):
            rows[name] = done
            stream.write(json.dumps({"image": name, "tiles": done}) + "\n")
            stream.flush()
            progress(len(rows), len(pieces))
    count = write_rows(out, [row for name in pieces for row in rows[name]])
    (out / MADE).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    journal.unlink()
    return count


def code_of(*patterns: str) -> str:
    """A digest of this room's modules of those names: what they draw changes with them, and so must a `key`."""
    state = blake2b(digest_size=16)
    for path in sorted({path for pattern in patterns for path in Path(__file__).parent.glob(pattern)}):
        state.update(path.read_bytes())
    return state.hexdigest()


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """As it comes back from a JSON file."""
    plain: dict[str, Any] = json.loads(json.dumps(value))
    return plain


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _resume(journal: Path, key: str) -> dict[str, Rows]:
    """Rows of the pieces that a stopped run finished, by name; a journal of another run is begun anew."""
    lines = journal.read_bytes().split(b"\n")[:-1] if journal.is_file() else []  # the rest of a torn line is dropped
    entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
    if not entries or entries[0] != {"key": key}:
        entries = [{"key": key}]
    journal.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return {entry["image"]: entry["tiles"] for entry in entries[1:]}
