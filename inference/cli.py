"""The command line: `hardstand`. Thin over the rooms, which are imported inside each command.

Exit codes: 0 done; 1 an error, said in one line; 2 wrong usage; 3 done, but something could not be read; 130 stopped.
"""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .cli_datasets import commands as dataset_commands

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..detector.detections import Detections
    from ..detector.detector import Detector, TileDetector
    from .survey import Opening, Progress

UNREAD = 3
"""Exit code of a run that finished without something that could not be read."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(dataset_commands)

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
    with _errors():
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
    with _errors():
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


Tiles = Annotated[Path, typer.Option("--tiles", metavar="DIR", help="Folders of training tiles.")]
Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with the public sets, one folder each.")]


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="What to train on and how; see CONTRIBUTING.")],
    tiles: Tiles,
    out: Out,
) -> None:
    """Train a network by a recipe; a run found in --out is continued. Needs hardstand[train]."""
    with _errors(), _log():
        from ..training.commands import fit_recipe  # noqa: PLC0415

        typer.echo(f"Weights: {fit_recipe(recipe, tiles, out)}")


@app.command("self-label")
def self_label(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="A .safetensors file.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="One folder of tiles; its index is rewritten.")],
) -> None:
    """Give horizontal labels the angle of a network where its outline agrees with the label."""
    with _errors():
        from ..training.commands import self_label as label  # noqa: PLC0415

        turned, horizontal = label(weights, folder)
        typer.echo(f"{folder}: {turned} of {horizontal} horizontal labels are oriented now")


@app.command()
def calibrate(weights: Annotated[Path, typer.Argument(metavar="WEIGHTS")], data: Data, tiles: Tiles) -> None:
    """Put calibration and recall, measured on the `dev` places, into a weight file."""
    with _errors(), _log():
        from ..training.commands import calibrate as measure  # noqa: PLC0415

        for node, recall in measure(weights, data, tiles, _engine)["recall"].items():
            typer.echo(f"{node}: recall {recall}")


@app.command()
def evaluate(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS")],
    data: Data,
    tiles: Tiles,
    record: Annotated[bool, typer.Option("--record", help="Put the figures into the weight file too.")] = False,
) -> None:
    """Measure a weight file on the `test` places: whole images after merging, and held-back tiles. Prints JSON."""
    with _errors(), _log():
        import json  # noqa: PLC0415

        from ..training.commands import evaluate as measure  # noqa: PLC0415

        typer.echo(json.dumps(measure(weights, data, tiles, _engine, record=record), indent=1))


@app.command("weights-page")
def weights_page(
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="Default: the shipped weight files.")] = None,
) -> None:
    """Print weights.md from the records in the weight files."""
    with _errors():
        from ..detector.weights import SHIPPED  # noqa: PLC0415
        from ..training.weights_page import shipped_page  # noqa: PLC0415

        typer.echo(shipped_page(folder or SHIPPED), nl=False)


def _engine(source: "Path | NDArray[np.uint8]", gsd: float, detector: "Detector") -> "Detections":
    from .detection import detect as detect_scene  # noqa: PLC0415

    return detect_scene(source, detector, gsd=gsd).detections


@contextmanager
def _log() -> Iterator[None]:
    """Progress of long work as lines on stderr."""
    import logging  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    yield


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
def _errors() -> Iterator[None]:
    """Errors of Hardstand on one line of stderr, and exit code 1; Ctrl-C ends with 130."""
    from ..detector.errors import HardstandError  # noqa: PLC0415

    try:
        yield
    except HardstandError as error:
        message = " ".join(str(error).split())
        typer.echo(f"error: {message}", err=True)
        raise typer.Exit(1) from error
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("hardstand"):
            raise
        typer.echo(f"error: this needs {error.name}, which is not installed: pip install 'hardstand[train]'", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("stopped; nothing was written", err=True)
        raise typer.Exit(130) from None


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
