"""What a check and a count of a set found, as lines of text and as a table file."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..detector.errors import OutputError
from .catalogue import PublicSet, labelled_in_full, labels_of, public_sets
from .check import MEANINGS, Check
from .stats import PERCENTILES, SetStats

__all__ = ["check_lines", "list_lines", "set_lines", "stats_lines", "write_problems"]

NAME_WIDTH = 18
SHOWN = 5
"""Problems of one kind that are printed; the table file has all of them."""


def list_lines() -> Iterator[str]:
    """Every public set in three lines: how much and at what scale, its labels, its licence and where to get it."""
    for each in public_sets():
        yield f"{each.name:<{NAME_WIDTH}}{each.title}: {each.amount}; {each.scale}"
        yield f"{'':<{NAME_WIDTH}}{each.labels}"
        yield f"{'':<{NAME_WIDTH}}{each.licence}; {each.get}"


def set_lines(each: PublicSet) -> Iterator[str]:
    """All that is known of a public set: what, how large, licence, where to get it, what its labels mean."""
    yield f"{each.title}: {each.amount}"
    yield f"labels   {each.labels}"
    yield f"scale    {each.scale}"
    yield f"licence  {each.licence}"
    yield f"get it   {each.get}"
    yield f"folder   {' or '.join(each.folders)}, to be recognised by its name"
    yield f"in full  {', '.join(labelled_in_full(each.name)) or 'nothing is labelled in full'}"
    for label, flag, node in labels_of(each.name):
        yield f"         {label:<28} {flag} {node}".rstrip()


def check_lines(found: Check, name: str) -> Iterator[str]:
    """Counts, then problems by kind, the worst kind first; `name` as `catalogue.recognise` says."""
    stated = next((each.images for each in public_sets() if each.name == name), None)
    whole = f" (the whole set has {stated})" if stated and stated != found.images else ""
    places = f"{found.groups} {'place' if found.groups == 1 else 'places'}"
    yield f"{_images(found.images)}{whole}, {found.empty} without objects, {places}"
    for node, count in sorted(found.objects.items()):
        yield f"{count:>8}  {node}"
    if found.ignored:
        yield f"{found.ignored:>8}  to be ignored"
    for kind, meaning in MEANINGS.items():
        problems = [problem for problem in found.problems if problem.kind == kind]
        if problems:
            yield f"{meaning}: {len(problems)}"
            for problem in problems[:SHOWN]:
                yield f"    {problem.path.name}: {problem.text}"
            if len(problems) > SHOWN:
                yield f"    and {len(problems) - SHOWN} more"
    if not found.problems:
        yield "no problems found"


def _images(count: int) -> str:
    return f"{count} image" if count == 1 else f"{count} images"


def write_problems(found: Check, path: Path) -> None:
    """Write every problem as CSV: kind, image, problem; OutputError where that cannot be done."""
    try:
        with path.open("w", newline="", encoding="utf-8") as stream:
            table = csv.writer(stream)
            table.writerow(("kind", "image", "problem"))
            table.writerows((problem.kind, problem.path, problem.text) for problem in found.problems)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def stats_lines(found: SetStats) -> Iterator[str]:
    """A table of nodes with sizes, and a histogram of scales."""
    width = max([len(each.node) for each in found.nodes], default=4)
    head = f"{'node':<{width}} {'objects':>8} {'oriented':>8} {'images':>7}"
    yield f"{head}   longer side, m: 5 % median   95 %   shorter, m   longer, px"
    for each in found.nodes:
        low, middle, high = np.percentile(each.longer_m, PERCENTILES)
        shorter, pixels = np.median(each.shorter_m), np.median(each.longer_px)
        yield (
            f"{each.node:<{width}} {each.objects:>8} {each.oriented:>8} {each.images:>7}   "
            f"{low:>19.1f} {middle:>6.1f} {high:>6.1f} {shorter:>12.1f} {pixels:>12.0f}"
        )
    yield f"{found.ignored} to be ignored; {_images(found.images)}"
    if found.images and found.is_one_scale:
        yield f"all at {np.median(found.gsd):.3f} m per pixel"
    elif found.images:
        counts, edges = np.histogram(found.gsd, bins=8)
        for number, count in enumerate(counts):
            bar = "#" * round(40 * count / counts.max())
            yield f"{edges[number]:>7.3f} to {edges[number + 1]:<7.3f} m per pixel {count:>6} {bar}".rstrip()
