"""Charts: counts over time with their intervals, as SVG that takes its colours from the page around it."""

import io
from collections.abc import Sequence
from math import nan
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..detector.taxonomy import is_a
from .passes import Pass, shown_nodes
from .words import covered, node_name, when

MOST_LINES = 5
"""At most so many deeper classes share a chart with their counted root: those with the highest counts."""

# Stand-ins that matplotlib writes and the page's own colours replace.
_THEME = {
    "#010203": "var(--ink)",
    "#010204": "var(--soft)",
    "#010205": "var(--line)",
    "#010206": "var(--card)",
    "#010210": "var(--root)",
    **{f"#01021{number}": f"var(--deep{number})" for number in range(1, MOST_LINES + 1)},
}
_INK, _SOFT, _LINE, _CARD, _ROOT, *_DEEP = _THEME
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hardstand",
    "font.size": 9.0,
    "text.color": _INK,
    "axes.labelcolor": _SOFT,
    "axes.edgecolor": _LINE,
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "grid.color": _LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def worth_a_chart(passes: Sequence[Pass], root: str) -> bool:
    """True where the passes of a site have something to plot for a counted root: two passes, and an object in one."""
    found = [one.counts[root] for one in passes if root in one.counts]
    return len(passes) > 1 and any(count.detections or count.median for count in found)


def chart(passes: Sequence[Pass], root: str) -> str:
    """An <svg> element: the count of a counted root at each pass of a site, in order, with its 90 % interval.

    Deeper classes are drawn thinner. Passes that saw the whole site are joined by a line, but not across a pass that
    did not see it: that one is a grey band without a mark, for it has no count. A partial pass is an open mark with its
    coverage. The page must define the CSS colours --ink, --soft, --line, --card, --root and --deep1 to --deep5.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(5.2, 2.7), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        places = _places(passes)
        _bands(axes, passes, places)
        deeper = _deeper(passes, root)
        spread = max(places) - min(places) or 1.0
        for number, node in enumerate(deeper):
            offset = spread * 0.012 * (number + 1)
            _line(axes, passes, [place + offset for place in places], node, colour=_DEEP[number])
        _line(axes, passes, places, root, colour=_ROOT)
        _finish(axes, passes, places, root, legend=bool(deeper))
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    for stand_in, colour in _THEME.items():
        svg = svg.replace(stand_in, colour)
    label = f"{node_name(root)} over time"
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _places(passes: Sequence[Pass]) -> list[float]:
    """Where the passes stand on the time axis, in days; evenly where any has no time."""
    times = [one.time.timestamp() / 86400 for one in passes if one.time is not None]
    return times if len(times) == len(passes) else [float(number) for number in range(len(passes))]


def _deeper(passes: Sequence[Pass], root: str) -> list[str]:
    """The deeper classes to draw, highest count first."""
    nodes = [node for node in shown_nodes(passes) if node != root and is_a(node, root)]
    peaks = {node: max(one.counts[node].expected for one in passes if node in one.counts) for node in nodes}
    return sorted(nodes, key=lambda node: -peaks[node])[:MOST_LINES]


def _line(axes: Axes, passes: Sequence[Pass], places: Sequence[float], node: str, *, colour: str) -> None:
    strong = colour == _ROOT
    points = [(place, one, one.counts[node]) for place, one in zip(places, passes, strict=True) if node in one.counts]
    joined = [(place, one) for place, one in zip(places, passes, strict=True) if not one.partial]
    axes.plot(
        [place for place, _ in joined],
        [one.counts[node].median if node in one.counts else nan for _, one in joined],
        color=colour,
        linewidth=1.8 if strong else 1.0,
        label=node_name(node).partition(" (")[0],
        zorder=3 if strong else 2,
    )
    for place, one, count in points:
        below, above = count.median - count.low, count.high - count.median
        axes.errorbar(
            [place],
            [count.median],
            yerr=[[below], [above]],
            fmt="o",
            markersize=6 if strong else 4,
            color=colour,
            markerfacecolor=_CARD if one.partial else colour,
            elinewidth=1.6 if strong else 0.9,
            capsize=3.5 if strong else 2,
            zorder=4 if strong else 3,
            clip_on=False,
        )
        if one.partial and strong:
            axes.annotate(
                covered(one), (place, count.high), xytext=(0, 4), textcoords="offset points", ha="center", color=_SOFT
            )


def _bands(axes: Axes, passes: Sequence[Pass], places: Sequence[float]) -> None:
    half = (max(places) - min(places) or 1.0) * 0.02
    for place, one in zip(places, passes, strict=True):
        if not one.seen:
            axes.axvspan(place - half, place + half, color=_LINE, linewidth=0, zorder=0)
            axes.annotate(
                "not seen", (place, 0.5), xycoords=("data", "axes fraction"), rotation=90, ha="center", va="center",
                color=_SOFT, fontsize=8,
            )  # fmt: skip


def _finish(axes: Axes, passes: Sequence[Pass], places: Sequence[float], root: str, *, legend: bool) -> None:
    axes.set_title(f"{node_name(root)}: count, 90 % interval", loc="left", fontsize=9.5)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.grid(axis="y", linewidth=0.6)
    axes.set_axisbelow(True)
    margin = (max(places) - min(places) or 1.0) * 0.08
    axes.set_xlim(min(places) - margin, max(places) + margin)
    shown = _spread(places)
    labels = [when(one.time)[:10] if one.time else one.scene for one in passes]
    axes.set_xticks([places[index] for index in shown], [labels[index] for index in shown], fontsize=8)
    if legend:
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _spread(places: Sequence[float]) -> list[int]:
    """The passes whose dates are written below the axis: first to last, none closer than a fifth of the axis."""
    apart = (places[-1] - places[0]) * 0.21
    shown = [0]
    for index in range(1, len(places)):
        if places[index] - places[shown[-1]] >= apart:
            shown.append(index)
    return shown
