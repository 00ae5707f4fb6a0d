"""How a training run is shown to people: a bar on a terminal, else lines of the log."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import nn

from .place import leads
from .watch import LogLines, Standing, Watch


@contextmanager
def shown_run() -> Iterator[list[Watch]]:
    """The watches for a command: a bar on a terminal, else lines of the log on stderr, nobody in a second process."""
    form = "%(asctime)s %(message)s"
    if not leads():
        logging.basicConfig(level=logging.ERROR, format=form, stream=sys.stderr)
        yield []
    elif sys.stderr.isatty():
        console = Console(stderr=True)
        handler = RichHandler(console=console, show_path=False)
        logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler])
        with TrainingBar(console) as bar:
            yield [bar]
    else:
        logging.basicConfig(level=logging.INFO, format=form, stream=sys.stderr)
        yield [LogLines()]


class TrainingBar:
    """A watch that shows share, time left and losses. A context manager.

    It draws when it is told something and has no thread of its own: workers are forked while it is shown.
    """

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[losses]}"),
        )
        self.progress = Progress(*columns, console=console, auto_refresh=False)
        self.task = self.progress.add_task("training", total=1.0, left="", losses="")

    def __enter__(self) -> Self:
        """Show it."""
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it as it stands."""
        self.progress.stop()

    def begun(self, step: int) -> None:
        """Nothing: the first telling says where it is."""

    def told(self, standing: Standing) -> None:
        """Move it on."""
        minutes = standing.minutes * (1 - standing.share) / standing.share if standing.share else 0.0
        losses = ", ".join(f"{name} {value:.2f}" for name, value in standing.parts.items())
        self.progress.update(
            self.task,
            description=f"step {standing.step}",
            completed=standing.share,
            left=f"{minutes:.0f} min left",
            losses=f"loss {standing.total:.2f} ({losses})",
            refresh=True,
        )

    def saved(self, step: int, average: nn.Module) -> None:
        """Nothing: the bar has no part in it."""
