"""What a set holds: objects per node, their sizes in metres and pixels, and at what scale; as rows and as a plot."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..detector.errors import OutputError
from ..detector.taxonomy import NODES
from .annotation import ImageRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NodeStats", "SetStats", "plot_stats", "stats_of"]

PERCENTILES = (5, 50, 95)
PICTURES = (".png", ".svg", ".pdf")


@dataclass(frozen=True, slots=True, eq=False)
class NodeStats:
    """Objects of one node, as labelled: not those of the nodes below it, not ignored ones.

    longer_m, shorter_m: sides of the boxes in metres, longer_px: in pixels; float64, one per object. Of a horizontal
    box they are the sides of the box, not of the object.
    """

    node: str
    images: int
    oriented: int
    longer_m: NDArray[np.float64]
    shorter_m: NDArray[np.float64]
    longer_px: NDArray[np.float64]

    @property
    def objects(self) -> int:
        """How many there are."""
        return len(self.longer_m)


@dataclass(frozen=True, slots=True, eq=False)
class SetStats:
    """A set in numbers; nodes in the order of the taxonomy. gsd: float64 metres per pixel, one per image."""

    images: int
    ignored: int
    nodes: tuple[NodeStats, ...]
    gsd: NDArray[np.float64]

    @property
    def is_one_scale(self) -> bool:
        """True where the scales of the images differ by less than a hundredth."""
        return self.images > 0 and bool(np.ptp(self.gsd) < 0.01 * np.median(self.gsd))


def stats_of(records: Iterable[ImageRecord]) -> SetStats:
    """The numbers of the records."""
    sides: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    images: dict[str, set[Path]] = defaultdict(set)
    oriented: dict[str, int] = defaultdict(int)
    gsd, ignored = [], 0
    for record in records:
        gsd.append(record.gsd)
        for item in record.annotations:
            if item.ignore:
                ignored += 1
                continue
            shorter, longer = sorted((item.length_px, item.width_px))
            sides[item.node].append((longer * record.gsd, shorter * record.gsd, longer))
            images[item.node].add(record.path)
            oriented[item.node] += item.oriented
    nodes = tuple(
        NodeStats(node, len(images[node]), oriented[node], *np.array(sides[node]).T) for node in NODES if node in sides
    )
    return SetStats(len(gsd), ignored, nodes, np.array(gsd))


def plot_stats(stats: SetStats, path: Path, *, title: str) -> None:
    """Write a picture (.png, .svg, .pdf by the ending): objects per node, their longer sides, and the scales.

    OutputError for another ending; OSError where the file cannot be written.
    """
    if path.suffix.lower() not in PICTURES:
        raise OutputError(f"{path} cannot be written: its name must end with {', '.join(PICTURES)}")
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(12, 2.5 + 0.28 * len(stats.nodes)), layout="constrained")
    if stats.nodes:
        counts, sizes, scales = figure.subplots(1, 3)
        _counts(counts, stats.nodes)
        _boxes(sizes, stats.nodes)
        sizes.set_ylim(counts.get_ylim())
    else:
        scales = figure.subplots()
    _scales(scales, stats)
    figure.suptitle(title)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _counts(axes: "Axes", nodes: Sequence[NodeStats]) -> None:
    bars = axes.barh([each.node for each in nodes], [each.objects for each in nodes], color="0.4", height=0.7)
    axes.bar_label(bars, padding=2)
    axes.set(title="objects", ylim=(len(nodes) - 0.4, -0.6))
    axes.margins(x=0.15)


def _scales(axes: "Axes", stats: SetStats) -> None:
    axes.set(title="metres per pixel", ylabel="images")
    if not stats.images:
        return
    middle = float(np.median(stats.gsd))
    near = (0.5 * middle, 1.5 * middle) if stats.is_one_scale else None  # one bar in the middle, not a line
    axes.hist(stats.gsd, bins=25, range=near, color="0.4")
    axes.ticklabel_format(useOffset=False)


def _boxes(axes: "Axes", nodes: Sequence[NodeStats]) -> None:
    for number, each in enumerate(nodes):
        low, middle, high = np.percentile(each.longer_m, PERCENTILES)
        axes.plot([low, high], [number, number], color="0.4", linewidth=3)
        axes.plot([middle], [number], "o", color="0.1")
    axes.set(title="longer side, m: 5 %, median, 95 %", yticks=range(len(nodes)), yticklabels=[], xlim=(0, None))
