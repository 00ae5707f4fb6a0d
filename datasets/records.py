"""The steps that every reader shares: parse a label file, keep what lies in the image, make the record."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar
from xml.etree import ElementTree

from shapely.geometry import Polygon, box

from ..detector.errors import DatasetNotFoundError, HardstandError, LabelError, NoGsdError
from .annotation import Annotation, ImageRecord, horizontal
from .images import image_size
from .labels import exhaustive_in

__all__ = ["LEAST_SHARE", "Fault", "gathered", "noted_faults", "noting", "parsed", "record_of", "within_image"]

Parsed = TypeVar("Parsed")
SHORTEST_PX = 2.0
LEAST_SHARE = 0.25
WHOLE_SHARE = 0.98


class Fault(NamedTuple):
    """An image of which a reader could not make a record, or a label file that none took, and why."""

    path: Path
    error: HardstandError


_NOTED: ContextVar[tuple[list[Fault], set[Path]] | None] = ContextVar("faults, and label files taken", default=None)


@contextmanager
def noted_faults() -> Iterator[list[Fault]]:
    """A block in which readers leave out what they cannot read, and the list of it, complete at the end of the block.

    Elsewhere the first such image is an error: nothing may be trained on half of a set without a word. Label files
    whose image is not there are listed as well; files without a digit in their names are lists and not labels.
    """
    faults: list[Fault] = []
    taken: set[Path] = set()
    token = _NOTED.set((faults, taken))
    try:
        yield faults
    finally:
        _NOTED.reset(token)
    unread = {fault.path.stem for fault in faults}
    for kind in sorted({(path.parent, path.suffix) for path in taken}):
        beside = (path for path in kind[0].glob(f"*{kind[1]}") if re.search(r"\d", path.stem))
        error = DatasetNotFoundError("a label file without an image")
        faults += [Fault(path, error) for path in sorted(beside) if path not in taken and path.stem not in unread]


def gathered(make: Callable[[Path], ImageRecord], paths: Iterable[Path]) -> list[ImageRecord]:
    """The records of the images at the paths, in order; in a block of `noted_faults` without those that fail."""
    found = []
    for path in paths:
        with noting(path):
            found.append(make(path))
    return found


@contextmanager
def noting(path: Path) -> Iterator[None]:
    """A block that reads what belongs to a path: what fails in it is listed in a block of `noted_faults`, else raised.

    A missing field, or a value of another kind than expected, is a LabelError with the path. A scale that the user has
    to tell (NoGsdError) is raised in either case: it is not the set that lacks it.
    """
    try:
        with _label_errors(path):
            yield
    except NoGsdError:
        raise
    except HardstandError as error:
        noted = _NOTED.get()
        if noted is None:
            raise
        noted[0].append(Fault(path, error))


@contextmanager
def _label_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except HardstandError:
        raise
    except KeyError as error:
        raise LabelError(f"{path}: field {error} is missing") from error
    except (ElementTree.ParseError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise LabelError(f"{path}: not as expected: {error}") from error


def parsed(path: Path, parse: Callable[[str], Parsed]) -> Parsed:
    """What `parse` makes of the text of a label file; a byte order mark is taken off.

    DatasetNotFoundError where there is no such file; LabelError, with the file's name, for what cannot be parsed:
    broken XML or JSON, a missing field, a value that is no number, an unknown label.
    """
    if noted := _NOTED.get():
        noted[1].add(path)
    if not path.is_file():
        raise DatasetNotFoundError(f"no label file {path}: unpack the labels of the set beside its images")
    with _label_errors(path):
        try:
            return parse(path.read_text(encoding="utf-8-sig"))
        except (LabelError, ElementTree.ParseError, ValueError) as error:
            raise LabelError(f"{path}: {error}") from error


def within_image(items: Iterable[Annotation], *, width: int, height: int) -> Iterator[Annotation]:
    """The annotations as far as they lie in an image of the size, in pixels.

    Edge rule: horizontal boxes are clipped, oriented ones stay whole; both are truncated where more than 2 % of the
    area is outside. Less than a quarter inside is an ignore region, of the visible box. What is left of less than
    2 pixels in either direction is no object and is left out.
    """
    for item in items:
        x0, y0, x1, y1 = item.bounds
        inside = (max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height)))
        if inside[2] - inside[0] < SHORTEST_PX or inside[3] - inside[1] < SHORTEST_PX:
            continue
        if inside == (x0, y0, x1, y1):
            yield item
        else:
            yield _cut(item, inside, box(0, 0, width, height))


def _cut(item: Annotation, inside: tuple[float, float, float, float], image: Polygon) -> Annotation:
    outline = Polygon(item.polygon)
    share = outline.intersection(image).area / outline.area if outline.area > 0 else 1.0
    truncated = item.truncated or share < WHOLE_SHARE
    if item.oriented and share >= LEAST_SHARE:
        return replace(item, truncated=truncated)
    ignore = item.ignore or share < LEAST_SHARE
    return horizontal(item.node, inside, ignore=ignore, difficult=item.difficult, truncated=truncated)


def record_of(
    path: Path,
    items: Iterable[Annotation],
    *,
    source: str,
    gsd: float,
    group: str,
    part: str = "",
    size: tuple[int, int] | None = None,
) -> ImageRecord:
    """The record of an image with the annotations that lie in it (`within_image`).

    part: row of exhaustive.csv, where the parts of a set differ in what they label. size: width and height in pixels
    where they are known, else they are read. DatasetNotFoundError where the image cannot be read.
    """
    width, height = size or image_size(path)
    items = tuple(items)
    kept = tuple(within_image(items, width=width, height=height))
    unchanged = set(map(id, kept))
    return ImageRecord(
        path=path,
        width=width,
        height=height,
        gsd=gsd,
        group=group,
        source=source,
        exhaustive=exhaustive_in(part or source),
        annotations=kept,
        cut=tuple(item for item in items if id(item) not in unchanged),
    )
