"""The printed table: per site, what stood there at each pass, and whether the change is more than noise."""

from collections.abc import Sequence

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from .change import Change, changes
from .passes import Pass, depth, shown_nodes
from .survey import Survey
from .words import NOT_SEEN, answer, change_interval, covered, interval, node_name, pass_labels, signed, since
from .words import verdict as verdict_of

NOT_ON_A_TERMINAL_WIDTH = 130
"""Columns of the table where the output is a file or a pipe."""
_STYLES = {"down": "bold red", "up": "bold green", "same": "", "none": "yellow"}


def show(survey: Survey, console: Console | None = None) -> None:
    """Print the table of every site to standard output, or to a given console."""
    target = console or Console()
    if console is None and not target.is_terminal:
        target = Console(width=NOT_ON_A_TERMINAL_WIDTH)
    for site, passes in survey.series().items():
        target.print(site_table(site, passes))


def site_table(site: str, passes: Sequence[Pass]) -> Group:
    """One site: a line per class and pass, the classes below a class indented; then the answer in words."""
    table = Table(title=Text(site, "bold"), title_justify="left", pad_edge=False, header_style="bold", min_width=70)
    for heading, justify in (("class", "left"), ("pass", "left"), ("seen", "right"), ("boxes", "right")):
        table.add_column(heading, justify=justify, no_wrap=heading != "class")  # type: ignore[arg-type]
    table.add_column("count (90 %)", justify="right")
    table.add_column("change (90 %)", justify="left")
    nodes = shown_nodes(passes)
    labels = pass_labels(passes)
    since_before = [changes(passes, index) for index in range(len(passes))]
    for node in nodes:
        table.add_section()
        name = "  " * depth(node, nodes) + node_name(node).partition(" (")[0]
        for index, one in enumerate(passes):
            table.add_row(name if index == 0 else "", labels[index], *_cells(one, node, since_before[index].get(node)))
    if not nodes:
        for label, one in zip(labels, passes, strict=True):
            table.add_row("", label, covered(one), "", NOT_SEEN, "")
    sentences = [Text("  " + sentence, _STYLES[direction]) for direction, sentence in answer(passes)]
    return Group(table, *sentences, Text())


def _cells(one: Pass, node: str, change: Change | None) -> tuple[Text, str, Text, Text]:
    count = one.counts.get(node)
    seen = Text(covered(one), "yellow" if not one.seen or one.partial else "")
    if count is None:
        return seen, "", Text(NOT_SEEN, "yellow"), Text()
    text = Text(f"{count.median} ({interval(count)})" + (" partial" if one.partial else ""))
    return seen, str(count.detections), text, _change(change)


def _change(change: Change | None) -> Text:
    if change is None:
        return Text()
    style = ""
    if change.more_than_noise:
        style = _STYLES["up" if change.low > 0 else "down"]
    elif not change.comparable:
        style = "yellow"
    extra = since(change)
    if not change.comparable:
        return Text("not comparable: another part seen", style)
    words = f"{signed(change.difference)} ({change_interval(change)}) {verdict_of(change)}"
    return Text(words + (f", {extra}" if extra else ""), style)
