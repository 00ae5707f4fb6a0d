"""What a set holds: objects per node, their sizes in metres and pixels, and at what scale; as rows and as a plot."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..detector.taxonomy import NODES
from .annotation import ImageRecord

__all__ = ["NodeStats", "SetStats", "plot_stats", "stats_of"]

PERCENTILES = (5, 50, 95)


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
    """Write a picture (.png, .svg, .pdf by the ending): objects per node, their longer sides, and the scales."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(12, 2.5 + 0.28 * len(stats.nodes)), layout="constrained")
    counts, sizes, scales = figure.subplots(1, 3)
    names = [f"{each.node}" for each in stats.nodes]
    counts.bar_label(counts.barh(names, [each.objects for each in stats.nodes], color="0.4"), padding=2)
    counts.set(title="objects")
    counts.margins(x=0.15)
    _boxes(sizes, stats.nodes)
    scales.hist(stats.gsd, bins=min(30, max(1, len(set(stats.gsd)))), color="0.4")
    scales.set(title="metres per pixel", ylabel="images")
    counts.invert_yaxis()
    sizes.set_ylim(counts.get_ylim())
    figure.suptitle(title)
    figure.savefig(path, dpi=110)


def _boxes(axes: object, nodes: Sequence[NodeStats]) -> None:
    for number, each in enumerate(nodes):
        low, middle, high = np.percentile(each.longer_m, PERCENTILES)
        axes.plot([low, high], [number, number], color="0.4", linewidth=3)  # type: ignore[attr-defined]
        axes.plot([middle], [number], "o", color="0.1")  # type: ignore[attr-defined]
    axes.set(title="longer side, m: 5 %, median, 95 %", yticks=range(len(nodes)), yticklabels=[])  # type: ignore[attr-defined]
