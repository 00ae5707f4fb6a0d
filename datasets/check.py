"""Is a set as it should be: images that are there and whole, objects inside them and of possible size, no leaks."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from shapely.geometry import Polygon
from shapely.strtree import STRtree

from ..detector.taxonomy import NODES, shape_of, size_objection
from .annotation import Annotation, ImageRecord
from .fingerprint import near_pairs
from .images import SUFFIXES
from .looks import Look, looks_at
from .records import Fault
from .split import split_of

__all__ = ["MEANINGS", "Check", "Kind", "Problem", "check_records"]

Kind = Literal["unread", "missing", "broken", "size", "outside", "thin", "impossible", "twice", "copy", "alike", "leak"]
MEANINGS: dict[Kind, str] = {
    "unread": "images or labels that cannot be read or have no counterpart",
    "missing": "image files that are not there",
    "broken": "image files that cannot be read to their end",
    "size": "images of another size than their labels say",
    "outside": "objects that reach out of their image",
    "thin": "objects less than 2 pixels wide",
    "impossible": "objects of a size that their type cannot have",
    "twice": "objects that are labelled twice",
    "copy": "images that are the same file",
    "alike": "images that look the same and count as different places",
    "leak": "images that look the same and lie in different splits",
}
"""What can be wrong, the worst first."""
UNREADABLE: frozenset[Kind] = frozenset({"unread", "missing", "broken", "size"})
OUTSIDE_PX, THIN_PX = 1.0, 2.0
SAME_OBJECT = 0.9
SLACK = 0.35
"""Sizes from labels and estimated scales: a type's size is doubted only when it is off by more than this share."""


class Problem(NamedTuple):
    """One thing that is wrong, with the image that it is about."""

    kind: Kind
    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """What was found in a set.

    objects: per node as labelled, without ignored ones. ignored: of any node.
    """

    images: int
    empty: int
    objects: Counter[str]
    ignored: int
    groups: int
    problems: tuple[Problem, ...]

    @property
    def unreadable(self) -> bool:
        """True where labels or images are missing or broken, or images of another size than their labels."""
        return any(problem.kind in UNREADABLE for problem in self.problems)


def check_records(
    records: Sequence[ImageRecord],
    *,
    faults: Sequence[Fault] = (),
    journal: Path | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Check:
    """Look at every image and object of the records; every image is decoded, on all cores.

    faults: what the reader could not read. journal: file from which a check that was stopped goes on. progress: called
    with the images done and all images. Problems come by kind, the worst first, then by image.
    """
    looks: list[Look] = []
    for look in looks_at([record.path for record in records], journal):
        looks.append(look)
        progress(len(looks), len(records))
    problems = [Problem("unread", fault.path, str(fault.error)) for fault in faults]
    found = (_file_problem(record, look) for record, look in zip(records, looks, strict=True))
    problems += [problem for problem in found if problem]
    for record in records:
        problems += _object_problems(record)
    problems += _likenesses(records, looks)
    order = list(MEANINGS)
    items = [item for record in records for item in record.annotations]
    return Check(
        images=len(records) + sum(fault.path.suffix.lower() in SUFFIXES for fault in faults),
        empty=sum(not record.annotations for record in records),
        objects=Counter(item.node for item in items if not item.ignore),
        ignored=sum(item.ignore for item in items),
        groups=len({(record.source, record.group) for record in records}),
        problems=tuple(sorted(problems, key=lambda problem: order.index(problem.kind))),
    )


def _file_problem(record: ImageRecord, look: Look) -> Problem | None:
    stated = (record.width, record.height)
    if look.size is None:
        return Problem("broken" if record.path.is_file() else "missing", record.path, look.fault)
    if look.size != stated:
        text = f"{look.size[0]} x {look.size[1]} pixels, labels for {stated[0]} x {stated[1]}"
        return Problem("size", record.path, text)
    return None


def _object_problems(record: ImageRecord) -> Iterator[Problem]:
    # An oriented label that reaches out stays as it is, so that it is in both.
    as_found = {item.polygon.tobytes(): item for item in (*record.cut, *record.annotations)}
    for item in as_found.values():
        x0, y0, x1, y1 = item.bounds
        out = max(-x0, -y0, x1 - record.width, y1 - record.height)
        if out > OUTSIDE_PX:
            yield Problem("outside", record.path, f"{_named(item)}: {out:.0f} px out of the image")
    for item in record.cut:
        if min(item.length_px, item.width_px) < THIN_PX:
            yield Problem("thin", record.path, f"{_named(item)}: {item.length_px:.1f} x {item.width_px:.1f} px")
    for item in record.annotations:
        if min(item.length_px, item.width_px) < THIN_PX:
            yield Problem("thin", record.path, f"{_named(item)}: {item.length_px:.1f} x {item.width_px:.1f} px")
        elif not item.ignore and (objection := _objection(item, record.gsd)):
            yield Problem("impossible", record.path, f"{_named(item)}: {objection}")
    yield from _twice(record)


def _named(item: Annotation) -> str:
    x0, y0, *_ = item.bounds
    return f"{item.node} at {x0:.0f}, {y0:.0f}"


def _objection(item: Annotation, gsd: float) -> str | None:
    """Why the object cannot be of its type, by its size; a horizontal box only tells that it is too large or small."""
    length, width = item.length_px * gsd, item.width_px * gsd
    if item.oriented:
        # Which side of a box runs along the fuselage is not always known, so both ways must fail.
        objection = size_objection(item.node, length, width, SLACK)
        return objection if size_objection(item.node, width, length, SLACK) else None
    sizes = [size for size in NODES[item.node].sizes if not size.example]
    reach = [max(size.length_m, size.width_m) for size in sizes]
    least = 0.0 if item.truncated or shape_of(item.node) == "rectangle" else 0.7
    if not reach or any(least * each * (1 - SLACK) <= max(length, width) <= each * (1 + SLACK) for each in reach):
        return None
    known = " or ".join(f"{size.length_m:g} m by {size.width_m:g} m" for size in sizes)
    return f"a horizontal box of {length:.0f} m by {width:.0f} m cannot hold: {NODES[item.node].name} ({known})"


def _twice(record: ImageRecord) -> Iterator[Problem]:
    shapes = [Polygon(item.polygon) for item in record.annotations]
    tree = STRtree(shapes)
    for number, shape in enumerate(shapes):
        for other in sorted(int(each) for each in tree.query(shape) if each > number):
            if shape.intersection(shapes[other]).area > SAME_OBJECT * shape.union(shapes[other]).area:
                nodes = sorted({record.annotations[number].node, record.annotations[other].node})
                x0, y0, *_ = record.annotations[number].bounds
                yield Problem("twice", record.path, f"{' and '.join(nodes)} at {x0:.0f}, {y0:.0f}")


def _likenesses(records: Sequence[ImageRecord], looks: Sequence[Look]) -> Iterator[Problem]:
    same: dict[str, list[int]] = defaultdict(list)
    for number, look in enumerate(looks):
        if look.digest:
            same[look.digest].append(number)
    copies = {(first, each) for first, *others in same.values() for each in others}
    for first, second in sorted(copies):
        yield Problem("copy", records[first].path, f"the same file as {records[second].path}")
    for first, second in sorted(copies | set(near_pairs([look.hash for look in looks]))):
        one, other = records[first], records[second]
        splits = split_of(one.source, one.group), split_of(other.source, other.group)
        if splits[0] != splits[1]:
            yield Problem("leak", one.path, f"in {splits[0]}, looks like {other.path} in {splits[1]}")
        elif (one.source, one.group) != (other.source, other.group):
            yield Problem("alike", one.path, f"place {one.group}, looks like {other.path} of place {other.group}")
