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
    from ..detector.weights import WeightRecord
    from .counts import Count

commands = typer.Typer()

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results; made where there is none.")]
Tiles = Annotated[Path, typer.Option("--tiles", metavar="DIR", help="Folders of training tiles.")]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder with the public sets: their held-back places.")
]
HeldTiles = Annotated[
    Path | None, typer.Option("--tiles", metavar="DIR", help="Folders of tiles: those whose names end in _holdout.")
]
Own = Annotated[
    Path | None, typer.Option("--own", metavar="DIR", help="Labels of your own and their images: all of them.")
]
OwnTable = Annotated[
    Path | None, typer.Option("--labels", metavar="CSV", help="Own labels: label,node,flag (= ~ N I -) per label.")
]
OwnNodes = Annotated[
    str | None,
    typer.Option("--exhaustive", metavar="NODES", help="Own labels: nodes of which every instance is labelled."),
]
OwnGsd = Annotated[float | None, typer.Option("--gsd", metavar="METRES", help="Own labels: metres per pixel.")]


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
        from ..training.place import leads  # noqa: PLC0415

        with shown_run() as watches:
            path = fit_recipe(recipe, tiles, out, resume=resume, tensorboard=tensorboard, watches=watches)
        if leads():
            typer.echo(f"Weights: {path}")


@commands.command("self-label")
def self_label(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="A shipped name or a .safetensors file.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="One folder of tiles; its index is rewritten.")],
    set_aside: Annotated[
        float | None,
        typer.Option(
            metavar="SCORE", min=0.0, max=1.0, help="What is found from this score on, without a label, is set aside."
        ),
    ] = None,
) -> None:
    """Give horizontal labels the angle of a network where its outline agrees with the label.

    With --set-aside, objects that nobody labelled teach nothing: neither objects nor background. Look at some first.
    """
    with one_line_errors():
        from ..training.commands import self_label as label  # noqa: PLC0415

        done = label(weights, folder, set_aside=set_aside)
        typer.echo(f"{folder}: {done.turned} of {done.horizontal} horizontal labels are oriented now")
        if set_aside is not None:
            typer.echo(f"{folder}: {done.left_out} objects without a label are set aside")


@commands.command()
def calibrate(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS")],
    data: Data = None,
    tiles: HeldTiles = None,
    own: Own = None,
    labels: OwnTable = None,
    exhaustive: OwnNodes = None,
    gsd: OwnGsd = None,
) -> None:
    """Put calibration, recall and doubt per class into a weight file; of a network for --screen, its score.

    From the `dev` places of the public sets, held-back tiles, or labels of your own that were not trained on. A class
    with too few detections or objects takes the calibration of the class above it.
    """
    _check_material(data, tiles, own, exhaustive)
    with one_line_errors(), _log():
        from ..datasets.own import own_labels  # noqa: PLC0415
        from ..training.commands import Material, calibrate_look, is_look  # noqa: PLC0415
        from ..training.commands import calibrate as measure  # noqa: PLC0415

        material = Material(data, tiles, own, own_labels(labels, exhaustive, gsd, "class"), "dev")
        if is_look(weights):
            look = calibrate_look(weights, material, _engine)
            over = f"{look['passed_over']} of {look['aircraft']} aircraft found in full"
            typer.echo(f"--screen suspects something from score {look['score']:g} on, and passes over {over}")
            return
        found = measure(weights, material, _engine)
        for node, said in found["report"].items():
            about = f"{said['detections']} detections, {said['objects']} objects"
            if said["inherits"]:
                typer.echo(f"{node}: {about}: too few, taken from {said['inherits']}")
                continue
            if node not in found["recall"]:
                typer.echo(f"{node}: {about}: too few, left as it was")
                continue
            scales = found["recall_by_gsd"].get(node, {"gsd_m": [], "recall": []})
            at = "".join(f", {r:.3f} at {g:.2g} m" for g, r in zip(scales["gsd_m"], scales["recall"], strict=True))
            doubt = found["doubt"].get(node)
            lacking = "" if doubt is None else f", doubt {doubt:.3f}"
            typer.echo(f"{node}: {about}: recall {found['recall'][node]:.3f}{at}{lacking}")


@commands.command()
def evaluate(  # noqa: PLR0913, PLR0917  # the options of a command are its parameters
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS")],
    data: Data = None,
    tiles: HeldTiles = None,
    own: Own = None,
    labels: OwnTable = None,
    exhaustive: OwnNodes = None,
    gsd: OwnGsd = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for evaluation.json and pictures.")
    ] = None,
    split: Annotated[
        Literal["test", "dev"], typer.Option("--split", help="Which held-back places of the public sets.")
    ] = "test",
    record: Annotated[bool, typer.Option("--record", help="Put the figures into the weight file too.")] = False,
) -> None:
    """Measure a weight file: whole held-back images after merging, held-back tiles, or labels of your own.

    A class is scored only where a set labels every instance of it. Prints tables.
    """
    _check_material(data, tiles, own, exhaustive)
    with one_line_errors(), _log():
        from rich.console import Console  # noqa: PLC0415

        from ..datasets.own import own_labels  # noqa: PLC0415
        from ..training.commands import Material, write_evaluation  # noqa: PLC0415
        from ..training.commands import evaluate as measure  # noqa: PLC0415
        from ..training.evaluation_table import print_tables  # noqa: PLC0415

        mine = own_labels(labels, exhaustive, gsd, "class")
        found = measure(weights, Material(data, tiles, own, mine, split), _engine, _counting, record=record)
        print_tables(found.metrics, Console(width=None if sys.stdout.isatty() else 160))
        for path in write_evaluation(found, out) if out else ():
            typer.echo(path)


@commands.command()
def quantise(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS")],
    tiles: Annotated[
        Path,
        typer.Option("--tiles", metavar="DIR", help="Folders of training tiles, and held-back ones."),
    ],
    data: Data = None,
    own: Own = None,
    labels: OwnTable = None,
    exhaustive: OwnNodes = None,
    gsd: OwnGsd = None,
) -> None:
    """Make an int8 export, measure it and bfloat16 against float32 on held-back places; used only where good enough.

    Those are the `dev` places of the public sets, or labels of your own that were not trained on. Good enough:
    aircraft lose less than 0.5 points of AP50 and no node more than 2. The weight file says so either way.
    """
    _check_material(data, tiles, own, exhaustive)
    with one_line_errors(), _log():
        from ..datasets.own import own_labels  # noqa: PLC0415
        from ..training.commands import Material  # noqa: PLC0415
        from ..training.commands import quantise as make  # noqa: PLC0415

        material = Material(data, tiles, own, own_labels(labels, exhaustive, gsd, "class"), "dev")
        for name, decision in make(weights, tiles, material, _engine).items():
            for node, each in (("fw, real scenes", decision.aircraft), *decision.nodes.items()):
                figures = f"AP50 {each.fp32:.4f} in fp32, {each.cheaper:.4f} in {name}, {each.objects} objects"
                typer.echo(f"{node}: {figures}")
            for objection in decision.objections:
                typer.echo(objection)
            typer.echo(f"{name} is accepted" if decision.accepted else f"{name} is not accepted")


@commands.command()
def export(
    weights: Annotated[str, typer.Argument(metavar="WEIGHTS", help="A shipped name, or a .safetensors file.")],
    form: Annotated[
        Literal["onnx", "openvino", "openvino-int8", "tensorrt"], typer.Option("--to", help="What to write.")
    ] = "onnx",
    tiles: Annotated[
        Path | None, typer.Option("--tiles", metavar="DIR", help="Tiles to compare on. Default: drawn ones.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for it and a copy of the weights.")
    ] = None,
) -> None:
    """Write the network for another back end, beside the weights or with a copy of them. Needs hardstand[train].

    It is compared with PyTorch first, and refused where boxes, scores or AP50 differ by more than their limits.
    """
    with one_line_errors():
        from ..detector.weights import find_weights  # noqa: PLC0415
        from ..training.exports import export as write  # noqa: PLC0415

        graph, found = write(find_weights(weights), form, tiles=tiles, out=out)
        typer.echo(
            f"On {found.tiles} tiles ({found.ground}), {found.boxes} boxes of PyTorch: at most "
            f"{found.box_shift_px:.3f} px (95 %: {found.box_shift_px_95:.3f} px) and {found.score_difference:.4f} of "
            f"score away; AP50 {_figure(found.ap50_torch)} in PyTorch, {_figure(found.ap50)} here"
        )
        typer.echo(f"Wrote {graph}")


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


def _figure(value: float | None) -> str:
    return "not known" if value is None else f"{value:.4f}"


def _counting(found: "Detections", record: "WeightRecord", gsd: float) -> "dict[str, Count]":
    from ..detector.weights import recall_at  # noqa: PLC0415
    from .counts import count  # noqa: PLC0415

    recall = recall_at(record.recall, record.recall_by_gsd, gsd, record.doubt)
    return count(found, recall, record.calibration, record.thresholds, record.doubt)


def _check_material(data: Path | None, tiles: Path | None, own: Path | None, exhaustive: str | None) -> None:
    """Raise `BadParameter` where the options do not say what is to be measured on."""
    if data is None and tiles is None and own is None:
        raise typer.BadParameter("say what to measure on: --data, --tiles, or --own")
    if own is not None and exhaustive is None:
        raise typer.BadParameter("say which classes are labelled in full, such as fw,heli", param_hint="--exhaustive")


@contextmanager
def _log() -> Iterator[None]:
    """Progress of long work as lines on stderr."""
    import logging  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    yield
