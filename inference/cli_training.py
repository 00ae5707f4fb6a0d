"""The commands that make and measure weight files; `cli` adds them to `hardstand`. Rooms are imported inside each."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .ending import one_line_errors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..detector.detections import Detections
    from ..detector.detector import Detector

commands = typer.Typer()

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results; made where there is none.")]
Tiles = Annotated[Path, typer.Option("--tiles", metavar="DIR", help="Folders of training tiles.")]
Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with the public sets, one folder each.")]


@commands.command()
def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="What to train on and how; see CONTRIBUTING.")],
    out: Out,
    tiles: Annotated[
        Path, typer.Option("--tiles", metavar="DIR", help="Folder that the folders of the recipe's [[sets]] are in.")
    ] = Path(),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out, if there is one.")] = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Curves for TensorBoard too, in --out.")] = False,
) -> None:
    """Train a network by a recipe: weight file, checkpoint, loss curves and sample pictures in --out.

    Needs hardstand[train]. On several GPUs: torchrun --nproc-per-node 4 --no-python hardstand train ...
    """
    with one_line_errors(lambda: "the same command with --resume goes on from the last checkpoint"):
        from ..training.bar import shown_run  # noqa: PLC0415
        from ..training.commands import fit_recipe  # noqa: PLC0415

        with shown_run() as watches:
            path = fit_recipe(recipe, tiles, out, resume=resume, tensorboard=tensorboard, watches=watches)
        typer.echo(f"Weights: {path}")


@commands.command("self-label")
def self_label(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="A .safetensors file.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="One folder of tiles; its index is rewritten.")],
) -> None:
    """Give horizontal labels the angle of a network where its outline agrees with the label."""
    with one_line_errors():
        from ..training.commands import self_label as label  # noqa: PLC0415

        turned, horizontal = label(weights, folder)
        typer.echo(f"{folder}: {turned} of {horizontal} horizontal labels are oriented now")


@commands.command()
def calibrate(weights: Annotated[Path, typer.Argument(metavar="WEIGHTS")], data: Data, tiles: Tiles) -> None:
    """Put calibration and recall, measured on the `dev` places, into a weight file."""
    with one_line_errors(), _log():
        from ..training.commands import calibrate as measure  # noqa: PLC0415

        for node, recall in measure(weights, data, tiles, _engine)["recall"].items():
            typer.echo(f"{node}: recall {recall}")


@commands.command()
def evaluate(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS")],
    data: Data,
    tiles: Tiles,
    record: Annotated[bool, typer.Option("--record", help="Put the figures into the weight file too.")] = False,
) -> None:
    """Measure a weight file on the `test` places: whole images after merging, and held-back tiles. Prints JSON."""
    with one_line_errors(), _log():
        import json  # noqa: PLC0415

        from ..training.commands import evaluate as measure  # noqa: PLC0415

        typer.echo(json.dumps(measure(weights, data, tiles, _engine, record=record), indent=1))


@commands.command()
def quantise(weights: Annotated[Path, typer.Argument(metavar="WEIGHTS")], data: Data, tiles: Tiles) -> None:
    """Make an int8 export, measure it against float32 on the `dev` places, and keep it only where it is good enough.

    Kept where aircraft lose less than 0.5 points of AP50 and no node more than 2. The weight file says so either way.
    """
    with one_line_errors(), _log():
        from ..training.commands import quantise as make  # noqa: PLC0415

        decision = make(weights, data, tiles, _engine)
        for node, each in (("fw, real scenes", decision.aircraft), *decision.nodes.items()):
            typer.echo(f"{node}: AP50 {each.fp32:.4f} in fp32, {each.int8:.4f} in int8, {each.objects} objects")
        for objection in decision.objections:
            typer.echo(objection)
        typer.echo("int8 is accepted" if decision.accepted else "int8 is not accepted: the weights stay in fp32")


@commands.command()
def export(
    weights: Annotated[str, typer.Argument(metavar="WEIGHTS", help="A shipped name, or a .safetensors file.")],
    form: Annotated[Literal["onnx", "openvino"], typer.Option("--format", help="What to write.")] = "onnx",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for it and a copy of the weights.")
    ] = None,
) -> None:
    """Write the network for another back end, beside the weights or with a copy of them. Needs hardstand[train]."""
    with one_line_errors():
        from ..detector.weights import find_weights  # noqa: PLC0415
        from ..training.release import export as write  # noqa: PLC0415

        typer.echo(f"Wrote {write(find_weights(weights), form, out)}")


@commands.command()
def choose(
    weights: Annotated[
        str, typer.Option("--weights", metavar="NAME", help="A shipped name, or a file.")
    ] = "hardstand-n",
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads of the processor. Default: all.")
    ] = None,
) -> None:
    """Measure which back end is fastest on this machine, for later runs with --backend auto. Takes some seconds."""
    with one_line_errors():
        from ..detector.measure import measure_candidates  # noqa: PLC0415

        found = measure_candidates(weights, threads=threads)
        for choice, speed in sorted(found.speeds.items(), key=lambda row: -row[1]):
            typer.echo(f"{choice}: {speed:.2f} tiles per second")
        for remark in found.remarks:
            typer.echo(remark)


@commands.command("weights-page")
def weights_page(
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="Default: the shipped weight files.")] = None,
) -> None:
    """Print weights.md from the records in the weight files."""
    with one_line_errors():
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
