"""What a run leaves to look at: loss curves as a table and a picture, sample predictions, and TensorBoard if wanted."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from torch import nn

from ..detector.errors import MissingDependencyError, OutputError
from .samples import Samples
from .watch import Standing

CURVES, PICTURE = "losses.csv", "losses.png"
COLUMNS = ("step", "minutes", "rate", "loss")
SMOOTH_ROWS = 15


class Diary:
    """A watch that writes `losses.csv`, `losses.png` and `samples-STEP.jpg` into a folder.

    Rows are in the table before the checkpoint that follows them is. A run that goes on loses those behind its
    checkpoint and writes them again.
    """

    def __init__(self, out: Path, samples: Samples | None = None, *, tensorboard: bool = False) -> None:
        self.out, self.samples = out, samples
        self.rows: list[list[str]] = []
        self.header: list[str] = []
        self.board = _board(out / "tensorboard") if tensorboard else None

    def begun(self, step: int) -> None:
        """Take up the rows of an earlier run up to `step`."""
        path = self.out / CURVES
        if step and path.is_file():
            with path.open(newline="", encoding="utf-8") as lines:
                table = list(csv.reader(lines))
            self.header = table[0] if table else []
            self.rows = [row for row in table[1:] if len(row) == len(self.header) and int(row[0]) <= step]
        self._write("w", [self.header, *self.rows] if self.rows else [])

    def told(self, standing: Standing) -> None:
        """Add a row."""
        first, self.header = not self.rows, [*COLUMNS, *standing.parts]
        values = (standing.rate, standing.total, *standing.parts.values())
        self.rows.append([str(standing.step), f"{standing.minutes:.2f}", *(f"{value:.5g}" for value in values)])
        self._write("a", [self.header, self.rows[-1]] if first else self.rows[-1:])
        if self.board is not None:
            for name, value in (("rate", standing.rate), ("loss", standing.total), *standing.parts.items()):
                self.board.add_scalar(name, value, standing.step)

    def saved(self, step: int, average: nn.Module) -> None:
        """Write the pictures. `OutputError` where they cannot be written."""
        try:
            if self.rows:
                plot_losses(self.header, self.rows, self.out / PICTURE)
            if self.samples is not None:
                self.samples.write(average, self.out / f"samples-{step:06d}.jpg", title=f"step {step}")
        except OSError as error:
            raise OutputError(f"cannot write into {self.out}: {error.strerror or error}") from error
        if self.board is not None:
            self.board.flush()

    def _write(self, mode: Literal["w", "a"], rows: Sequence[Sequence[str]]) -> None:
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            with (self.out / CURVES).open(mode, newline="", encoding="utf-8") as lines:
                csv.writer(lines, lineterminator="\n").writerows(rows)
        except OSError as error:
            raise OutputError(f"cannot write {self.out / CURVES}: {error.strerror or error}") from error


def plot_losses(header: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    """Draw the loss, its parts and the learning rate over the steps; the mean of SMOOTH_ROWS rows is the thick line."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and only pictures need it

    columns = {name: [float(row[place]) for row in rows] for place, name in enumerate(header)}
    figure = Figure(figsize=(9, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(5, 1))
    drawn = [name for name in header[3:] if any(value > 0 for value in columns[name])]
    for name in drawn:
        (line,) = upper.plot(
            columns["step"], _smooth(columns[name]), label=name, linewidth=2.2 if name == "loss" else 1.4
        )
        upper.plot(columns["step"], columns[name], color=line.get_color(), alpha=0.25, linewidth=0.7)
    upper.set_yscale("log")
    upper.set_ylabel("loss, with gains")
    upper.legend(ncols=len(drawn), loc="lower right", bbox_to_anchor=(1, 1), frameon=False)
    lower.plot(columns["step"], columns["rate"], color="0.3")
    lower.set_ylabel("rate")
    lower.set_xlabel("step")
    lower.xaxis.get_major_locator().set_params(integer=True)
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def _smooth(values: Sequence[float]) -> list[float]:
    """The mean of up to SMOOTH_ROWS values up to each."""
    windows = (values[max(0, end - SMOOTH_ROWS) : end] for end in range(1, len(values) + 1))
    return [sum(window) / len(window) for window in windows]


def _board(folder: Path) -> Any:  # noqa: ANN401 - TensorBoard's writer, typed nowhere
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingDependencyError(
            "--tensorboard needs tensorboard; install it with: pip install tensorboard"
        ) from error
    writer: Callable[..., Any] = SummaryWriter
    return writer(str(folder))
