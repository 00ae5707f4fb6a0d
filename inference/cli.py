"""The command line: `hardstand`. Thin over the rooms, which are imported inside each command."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .cli_training import commands as training_commands
from .ending import UNREAD, one_line_errors

if TYPE_CHECKING:
    from ..detector.detector import TileDetector
    from .survey import Opening, Progress

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(training_commands)

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results; made where there is none.")]
WeightsName = Annotated[str, typer.Option("--weights", metavar="NAME", help="A shipped name, or a .safetensors file.")]
MinScore = Annotated[
    float | None, typer.Option("--min-score", min=0.0, max=1.0, help="Leave out boxes below this raw score.")
]


def main() -> None:
    """Run the command line; the entry point of `hardstand`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character gets a question mark, not an error
    app()


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"hardstand {version('hardstand')}")
        raise typer.Exit


@app.callback()
def hardstand(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Count aircraft, helicopters and SAM launchers per site and date in overhead imagery.

    For monitoring, journalism, research and verification of public imagery. Counts are estimates. Not for targeting.
    """


@app.command()
def detect(  # noqa: PLR0913, PLR0917  # the options of a command are its parameters
    scenes: Annotated[list[str], typer.Argument(metavar="SCENE...", help="Rasters: any that GDAL opens.")],
    out: Out,
    sites: Annotated[
        Path | None,
        typer.Option("--sites", metavar="FILE", help="GeoJSON polygons to count in. Default: each scene is a site."),
    ] = None,
    gsd: Annotated[
        float | None,
        typer.Option("--gsd", metavar="METRES", help="Metres per pixel, for images that do not say it."),
    ] = None,
    bands: Annotated[
        str | None, typer.Option("--bands", metavar="R,G,B", help="Bands to use, from 1; one or three.")
    ] = None,
    date: Annotated[
        datetime | None,
        typer.Option(
            "--date", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Date (UTC) of all scenes, over what they say."
        ),
    ] = None,
    weights: WeightsName = "hardstand-n",
    min_score: MinScore = None,
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Open a .pt weight file, which can run any code in it.")
    ] = False,
) -> None:
    """Detect in scenes, count per site and date, and write detections, counts, pictures and a report."""
    with one_line_errors():
        from .survey import Opening  # noqa: PLC0415

        opening = Opening(gsd=gsd, bands=_bands(bands), date=date)
        detector = _load(weights, min_score=min_score, trust_pickle=trust_pickle)
        code = run(scenes, detector, out=out, sites=sites, opening=opening)
    raise typer.Exit(code)


@app.command()
def demo(
    out: Out = Path("hardstand-demo"),
    seed: Annotated[int, typer.Option("--seed", help="Another number makes another series.")] = 1,
    weights: WeightsName = "hardstand-n",
) -> None:
    """Make a synthetic series of two fictitious sites and run the whole way over it: scenes, counts, report."""
    with one_line_errors():
        from ..datasets.series import make_series  # noqa: PLC0415

        detector = _load(weights, min_score=None, trust_pickle=False)
        typer.echo(f"Making a synthetic series of scenes in {out / 'scenes'}")
        with _progress() as advance:
            series = make_series(
                out / "scenes", seed=seed, progress=lambda _, share: advance("making scenes", round(share * 100), 100)
            )
        scenes = [str(scene) for scene in series.scenes]
        code = run(scenes, detector, out=out, sites=series.sites)
        typer.echo(f"What was really there: {series.truth}")
    raise typer.Exit(code)


def run(
    scenes: list[str],
    detector: "TileDetector",
    *,
    out: Path,
    sites: Path | None = None,
    opening: "Opening | None" = None,
) -> int:
    """Survey the scenes, write the results, print the table; the exit code. Raises HardstandError."""
    from .folder import REPORT, write_results  # noqa: PLC0415
    from .sites import read_sites  # noqa: PLC0415
    from .survey import run_survey, weights_of  # noqa: PLC0415
    from .table import show  # noqa: PLC0415

    polygons = None if sites is None else read_sites(sites)
    with _progress() as advance:
        found = run_survey(
            scenes,
            detector,
            sites=polygons,
            opening=opening,
            weights=weights_of(detector),
            progress=advance,
        )
    typer.echo(f"Writing results to {out}", err=True)
    written = write_results(found, out)
    show(found)
    for remark in written.remarks:
        typer.echo(remark)
    for file in written.files:
        if file.name != REPORT:
            typer.echo(f"  {file}")
    typer.echo(f"Report: {out / REPORT}")
    return UNREAD if found.unread else 0


def _load(weights: str, *, min_score: float | None, trust_pickle: bool) -> "TileDetector":
    from ..detector.decode import MIN_SCORE  # noqa: PLC0415
    from ..detector.detector import Detector as Loader  # noqa: PLC0415

    return Loader.load(weights, trust_pickle=trust_pickle, min_score=MIN_SCORE if min_score is None else min_score)


def _bands(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(band) for band in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a list of band numbers such as 3,2,1", param_hint="--bands"
        ) from error


@contextmanager
def _progress() -> Iterator["Progress"]:
    """A progress bar per scene on stderr where that is a terminal; else a line when a scene is done."""
    if not sys.stderr.isatty():
        yield _say_done
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def advance(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield advance


def _say_done(name: str, done: int, total: int) -> None:
    if done == total:
        typer.echo(f"{name}: {total} of {total}", err=True)
