"""An evaluation as pictures: precision over recall, confusion of types, counts against labels, recall by scale."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..detector.taxonomy import COUNTED, NODES
from .evaluation import Evaluation
from .figures import SceneCount
from .precision import RECALLS

DPI = 110
GREY = "0.45"
SHOWN = {"recall_at_threshold": "recall", "ap50": "AP50"}


def write_plots(evaluation: Evaluation, out: Path) -> list[Path]:
    """Write PNG files into the folder `out` and return them; a picture that would be empty is not written."""
    figures = {
        "precision_recall": _curves(evaluation.curves, evaluation.metrics),
        "counts": _counts(evaluation.counts),
        "recall_by_gsd": _recall_by_gsd(evaluation.metrics["by_gsd"]),
    }
    for name, matrix in evaluation.metrics["confusion"].items():
        figures[f"confusion_{name.replace(' ', '_')}"] = _confusion(name, matrix)
    written = []
    for name, figure in figures.items():
        if figure is not None:
            written.append(out / f"{name}.png")
            figure.savefig(written[-1], dpi=DPI)
    return written


def _curves(curves: Mapping[str, Sequence[float | None]], metrics: Mapping[str, Any]) -> Figure | None:
    """One panel per set, a line per node."""
    sets = list(dict.fromkeys(name.rpartition(" ")[0] for name in curves))
    if not sets:
        return None
    figure, panels = _panels(len(sets), columns=3, width=5.6, height=3.4)
    rows = {**metrics["scenes"], **metrics["tiles"]}
    for axes, name in zip(panels, sets, strict=True):
        nodes = [each.rpartition(" ")[2] for each in curves if each.rpartition(" ")[0] == name]
        ranked = sorted(nodes, key=lambda node: (node not in COUNTED, -rows[f"{name} {node}"]["ap50"]))
        for number, node in enumerate(ranked):
            row = rows[f"{name} {node}"]
            label = f"{node}  {row['ap50']:.3f}  ({row['objects']})"
            wide = 2.2 if node in COUNTED else 1.0
            colour, dashed = f"C{number % 10}", "-" if number < 10 else "--"
            axes.plot(RECALLS, np.array(curves[f"{name} {node}"], float), dashed, label=label, lw=wide, color=colour)
        axes.set(title=name, xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.02))
        axes.grid(linewidth=0.4)
        axes.legend(
            fontsize=6.5, loc="upper left", bbox_to_anchor=(1, 1.02), frameon=False,
            title="AP50 (objects)", title_fontsize=6.5, alignment="left",
        )  # fmt: skip
    figure.suptitle("Precision over recall at IoU 0.5, horizontal boxes by shape")
    return figure


def _counts(counts: Mapping[str, Sequence[SceneCount]]) -> Figure | None:
    """Count against true count per image with its interval, one panel per counted node and set."""
    shown = {name: scenes for name, scenes in counts.items() if any(each.true for each in scenes)}
    if not shown:
        return None
    figure, panels = _panels(len(shown), columns=4, width=3.6, height=3.4)
    for axes, (name, scenes) in zip(panels, shown.items(), strict=True):
        true, told = (np.array([getattr(each, field) for each in scenes]) for field in ("true", "median"))
        low, high = (np.array([getattr(each, field) for each in scenes]) for field in ("low", "high"))
        bars = np.array([told - low, high - told])
        inside = (low <= true) & (true <= high)
        for rows, colour, what in ((inside, "0.3", "in the interval"), (~inside, "C3", "outside")):
            axes.errorbar(
                true[rows], told[rows], yerr=bars[:, rows], fmt="o", ms=3, lw=0.7, color=colour, alpha=0.7,
                label=f"{what}: {int(rows.sum())}",
            )  # fmt: skip
        most = 1.08 * max(true.max(), told.max(), 1)
        axes.plot([0, most], [0, most], color=GREY, linewidth=0.8, zorder=0)
        axes.set(title=name, xlabel="labelled", ylabel="counted", xlim=(-0.03 * most, most), ylim=(-0.03 * most, most))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(fontsize=6.5, loc="upper left")
    figure.suptitle("Counts per image, with 90 % intervals")
    return figure


def _recall_by_gsd(tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Figure | None:
    if not tables:
        return None
    figure, panels = _panels(len(tables), columns=3, width=4.8, height=3.4)
    for axes, (node, rows) in zip(panels, tables.items(), strict=True):
        names = list(rows)
        for shift, (field, colour) in enumerate(zip(SHOWN, ("0.35", "0.7"), strict=True)):
            values = [rows[name][field] for name in names]
            bars = axes.bar(np.arange(len(names)) + 0.4 * shift, values, width=0.38, color=colour, label=SHOWN[field])
            axes.bar_label(bars, fmt="%.2f", fontsize=7)
        labels = [f"{name}\n{rows[name]['objects']} objects" for name in names]
        axes.set_xticks(np.arange(len(names)) + 0.2, labels, fontsize=7)
        axes.set(title=f"{node}: {NODES[node].name}", ylim=(0, 1.1))
        axes.legend(fontsize=7, loc="lower left")
    figure.suptitle("By metres per pixel of the image")
    return figure


def _confusion(name: str, matrix: Mapping[str, Any]) -> Figure:
    """Shares of each label's objects by what they were reported as; the last row, false alarms, as numbers."""
    objects = np.array(matrix["objects"], float)
    sums = objects.sum(axis=1, keepdims=True)
    shares = np.divide(objects, sums, out=np.zeros_like(objects), where=sums > 0)
    shares[-1] = np.nan
    side = 0.46
    figure = Figure(figsize=(3.2 + side * objects.shape[1], 2.2 + side * 0.8 * len(objects)), layout="constrained")
    axes: Axes = figure.add_subplot()
    axes.imshow(np.ma.masked_invalid(shares), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), number in np.ndenumerate(objects):
        if number:
            dark = row < len(objects) - 1 and shares[row, column] > 0.55
            axes.text(column, row, f"{number:.0f}", ha="center", va="center", fontsize=7, color="w" if dark else "k")
    axes.set_xticks(range(objects.shape[1]), matrix["reported"], rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(len(objects)), matrix["labelled"], fontsize=8)
    axes.set(xlabel="reported", ylabel="labelled")
    axes.set_title(f"Types: {name} (objects; shaded by share of the row)", fontsize=10)
    return figure


def _panels(count: int, *, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    columns = min(count, columns)
    rows = -(-count // columns)
    figure = Figure(figsize=(width * columns, height * rows + 0.3), layout="constrained")
    panels = [figure.add_subplot(rows, columns, number + 1) for number in range(count)]
    return figure, panels
