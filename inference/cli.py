"""The command line: `hardstand`. Thin over the rooms, which are imported inside each command."""

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..detector.allocation import keep_little
from .cli_bench import commands as bench_commands
from .cli_datasets import commands as dataset_commands
from .cli_training import commands as training_commands
from .ending import UNREAD, one_line_errors
from .events import Done, Start, Step, Warned
from .progress import told

if TYPE_CHECKING:
    from ..detector.detector import TileDetector
    from .events import Tell
    from .folder import Written
    from .survey import Opening, Survey, SurveyPlan

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(training_commands)
app.add_typer(bench_commands)
app.add_typer(dataset_commands)

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results; made where there is none.")]
WeightsName = Annotated[str, typer.Option("--weights", metavar="NAME", help="A shipped name, or a .safetensors file.")]
MinScore = Annotated[
    float | None,
    typer.Option(
        "--min-score",
        min=0.0,
        max=1.0,
        help="Leave out boxes below this raw score. Default: 0.05, or half of what a class counts from.",
    ),
]


def main() -> None:
    """Run the command line; the entry point of `hardstand`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character gets a question mark, not an error
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hardstand {_release()}")
        raise typer.Exit


def _release() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    return version("hardstand")


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
    within: Annotated[
        Path | None,
        typer.Option("--within", metavar="FILE", help="Read and run only tiles that touch these GeoJSON polygons."),
    ] = None,
    clouds: Annotated[
        str | None,
        typer.Option(
            "--clouds",
            metavar="PATTERN",
            help="Cloud mask of each scene, such as {dir}/{stem}_clouds.tif: a raster, not 0 in cloud, or GeoJSON.",
        ),
    ] = None,
    gsd: Annotated[
        float | None,
        typer.Option("--gsd", metavar="METRES", help="Metres per pixel, over what images say of themselves."),
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
    screen: Annotated[
        bool, typer.Option("--screen", help="Run only tiles where a coarse look suspects something. Aircraft only.")
    ] = False,
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Open a .pt weight file, which can run any code in it.")
    ] = False,
    backend: Annotated[
        str, typer.Option("--backend", metavar="NAME", help="openvino, torch, onnx, tensorrt; auto: the fastest known.")
    ] = "auto",
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    precision: Annotated[
        str,
        typer.Option(
            "--precision", metavar="NAME", help="fp32, fp16, bf16, int8; auto: as measured to be good enough."
        ),
    ] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run into --out that was stopped or left something unread.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first scene or tile that cannot be read.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no warnings; errors and the table.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="For scripts: events, one JSON object a line, in place of the table.")
    ] = False,
) -> None:
    """Detect in scenes, count per site and date, and write detections, counts, pictures and a report."""
    with one_line_errors(_go_on):
        from ..detector.choice import check_names  # noqa: PLC0415
        from ..detector.weights import find_weights  # noqa: PLC0415

        colours = _bands(bands)
        find_weights(weights, trust_pickle=trust_pickle)
        check_names(backend, device, precision)
        with told("json" if json else "quiet" if quiet else "people") as tell:
            tell(Start(_release(), len(scenes)))
            from .sites import read_sites  # noqa: PLC0415  # a second of imports: the line above comes before
            from .survey import Opening  # noqa: PLC0415

            areas = None if within is None else read_sites(within)
            opening = Opening(gsd=gsd, bands=colours, date=date, clouds=clouds, within=areas, screen=screen)
            conduct = Conduct(resume, strict, table=not json)
            running = {"backend": backend, "device": device, "precision": precision}
            load = partial(_load, weights, min_score=min_score, trust_pickle=trust_pickle, running=running)
            code = run(scenes, load, out=out, sites=sites, opening=opening, tell=tell, conduct=conduct)
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
        from ..detector.weights import find_weights  # noqa: PLC0415

        find_weights(weights)
        with told("people") as tell:
            tell(Step(f"Making a synthetic series of scenes in {out / 'scenes'}"))
            series = make_series(
                out / "scenes", seed=seed, progress=lambda _, share: tell(Step("making scenes", share))
            )
            scenes = [str(scene) for scene in series.scenes]
            load = partial(_load, weights, min_score=None, trust_pickle=False)
            code = run(scenes, load, out=out, sites=series.sites, tell=tell)
        typer.echo(f"What was really there: {series.truth}")
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a run begins, goes on, and ends."""

    resume: bool = False
    """Go on with what an earlier run left in the folder of the results."""
    strict: bool = False
    """End at the first scene or tile that cannot be used."""
    table: bool = True
    """Print the table, the remarks and where the results are."""


def run(
    scenes: Sequence[str],
    load: "Callable[[], TileDetector]",
    *,
    out: Path,
    tell: "Tell",
    sites: Path | None = None,
    opening: "Opening | None" = None,
    conduct: Conduct = Conduct(),  # frozen
) -> int:
    """Survey the scenes, write the results, print the table; the exit code. Raises HardstandError."""
    from .journal import Journal  # noqa: PLC0415
    from .output import remove_leftovers  # noqa: PLC0415
    from .sites import read_sites  # noqa: PLC0415
    from .survey import plan_survey, run_plan  # noqa: PLC0415

    def plan() -> "SurveyPlan":
        polygons = None if sites is None else read_sites(sites)
        return plan_survey(scenes, sites=polygons, opening=opening, strict=conduct.strict, tell=tell)

    keep_little()
    ready = _at_once(plan, load)
    with Journal(out, resume=conduct.resume, say=lambda text: tell(Warned(text))) as journal:
        remove_leftovers(out)
        found = run_plan(*ready.pop(), journal=journal, tell=tell)  # popped: the network's memory is the report's then
        tell(Step(f"writing results to {out}"))
        from .folder import REPORT, write_results  # noqa: PLC0415  # the charts are not needed before

        written = write_results(found, out, key=journal.run)
        code = UNREAD if found.unread or found.failed else 0
        if code == 0:
            journal.remove()
    files, failed = tuple(map(str, written.files)), tuple(failure.path for failure in found.failed)
    tell(Done(files, str(out / REPORT), written.remarks, found.unread, failed, code))
    if conduct.table:
        _show(found, written, out / REPORT, unfinished=code == UNREAD)
    return code


def _at_once(
    plan: "Callable[[], SurveyPlan]", load: "Callable[[], TileDetector]"
) -> "list[tuple[SurveyPlan, TileDetector]]":
    """The plan and the detector, which is loaded while the scenes are opened; in a list, to be taken out of it."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(1, thread_name_prefix="hardstand-load") as pool:
        loading = pool.submit(load)
        return [(plan(), loading.result())]


def _show(found: "Survey", written: "Written", report: Path, *, unfinished: bool) -> None:
    """Print the table, the remarks and where the results are."""
    from .table import show  # noqa: PLC0415

    show(found)
    for remark in written.remarks:
        typer.echo(remark)
    if unfinished:
        typer.echo("The same command with --resume tries again what failed, and only that.")
    for file in written.files:
        if file != report:
            typer.echo(f"  {file}")
    typer.echo(f"Report: {report}")


def _go_on() -> str:
    return "what is finished is kept: the same command with --resume goes on from there"


def _load(
    weights: str, *, min_score: float | None, trust_pickle: bool, running: dict[str, Any] | None = None
) -> "TileDetector":
    from ..detector.detector import Detector as Loader  # noqa: PLC0415

    return Loader.load(weights, trust_pickle=trust_pickle, min_score=min_score, **(running or {}))


def _bands(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(band) for band in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a list of band numbers such as 3,2,1", param_hint="--bands"
        ) from error
