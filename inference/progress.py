"""Progress of a run for people and for scripts: a bar on a terminal, plain lines elsewhere, errors alone, or JSON."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import typer

from .ending import complain
from .events import Done, Event, Progress, Scene, SceneDone, SceneFailed, Start, Step, Tell, Unread, Warned, as_json

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

Manner = Literal["people", "quiet", "json"]
LINE_EVERY_S = 5.0
"""Plain lines about one scene's tiles come no more often."""
JSON_EVERY_S = 1.0
"""As LINE_EVERY_S, for events of scripts."""


@contextmanager
def told(manner: Manner) -> Iterator[Tell]:
    """Where events go: to stderr for people, as a bar on a terminal and as lines elsewhere; errors alone; or JSON.

    Warnings that the package logs become events too.
    """
    if manner == "json":
        tell = _thinned(lambda event: typer.echo(as_json(event)), JSON_EVERY_S)
    elif manner == "quiet":
        tell = _complaint
    elif sys.stderr.isatty():
        with _bar() as tell, _logged(tell):
            yield tell
        return
    else:
        tell = _thinned(_line, LINE_EVERY_S)
    with _logged(tell):
        yield tell


def sentence(event: Event) -> str:
    """What an event says to people, on one line; empty where it says nothing to them."""
    text = ""
    match event:
        case Start(hardstand, scenes):
            text = f"Hardstand {hardstand}: {scenes} {'scene' if scenes == 1 else 'scenes'}"
        case Scene():
            size = f"{event.width} x {event.height} px at {event.gsd_m[0]:.3g} m"
            text = f"{event.scene}: {size}, {event.date or 'undated'}"
        case Progress():
            text = f"{event.scene}: {event.tiles} of {event.tiles_total} tiles{_pace(event)}"
        case SceneDone():
            missing = f", {event.unread_tiles} tiles not read" if event.unread_tiles else ""
            text = f"{event.scene}: done ({event.number} of {event.scenes}): {_boxes(event.boxes)}{missing}"
        case Step(what, share):
            text = what if share is None else f"{what}: {share:.0%}"
        case Warned(message) | Unread(_, message):
            text = f"warning: {message}"
        case SceneFailed(_, message):
            text = f"error: {message}"
        case Done():
            pass
    return " ".join(text.split())


def _pace(event: Progress) -> str:
    if event.mpx_per_s is None or event.seconds_left is None:
        return ""
    minutes, seconds = divmod(round(event.seconds_left), 60)
    return f", {event.mpx_per_s:.1f} Mpx/s, {minutes}:{seconds:02} left"


def _boxes(boxes: Mapping[str, int]) -> str:
    from .words import node_name  # noqa: PLC0415  # the first line comes before the heavy imports

    return ", ".join(f"{node_name(node)} {count}" for node, count in boxes.items())


def _line(event: Event) -> None:
    if text := sentence(event):
        typer.echo(text, err=True)


def _complaint(event: Event) -> None:
    if isinstance(event, Unread | SceneFailed):
        complain(event.message)


def _thinned(tell: Tell, every_s: float, clock: Callable[[], float] = time.monotonic) -> Tell:
    """Leaves out progress that follows other progress too soon."""
    due = clock() + every_s

    def pass_on(event: Event) -> None:
        nonlocal due
        if isinstance(event, Progress | Step) and not (isinstance(event, Step) and event.share is None):
            if clock() < due:
                return
            due = clock() + every_s
        tell(event)

    return pass_on


@contextmanager
def _bar() -> Iterator[Tell]:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[pace]}"))
    with Bars(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bars:
        yield _on_bar(bars)


def _on_bar(bars: "Bars") -> Tell:
    task = bars.add_task("", total=None, pace="")

    def show(event: Event) -> None:
        match event:
            case Progress():
                which = f"scene {event.number} of {event.scenes}: {event.scene}"
                pace = f"{event.tiles}/{event.tiles_total} tiles{_pace(event)}"
                bars.update(task, description=which, completed=event.tiles, total=event.tiles_total, pace=pace)
            case Step(what, share):
                bars.update(task, description=what, completed=share or 0, total=None if share is None else 1, pace="")
            case Done():
                bars.stop()  # the table comes next
            case _ if text := sentence(event):
                bars.console.print(text, markup=False, highlight=False)

    return show


@contextmanager
def _logged(tell: Tell) -> Iterator[None]:
    """Warnings of the package's log are told."""
    import logging  # noqa: PLC0415

    logger, handler = logging.getLogger("hardstand"), logging.Handler(logging.WARNING)
    handler.emit = lambda record: tell(Warned(record.getMessage()))  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
