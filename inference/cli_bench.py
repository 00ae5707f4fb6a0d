"""The command that measures speed and memory; `cli` adds it to `hardstand`. Rooms are imported inside."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..detector.allocation import keep_little
from .ending import one_line_errors

commands = typer.Typer()


@commands.command()
def bench(  # noqa: PLR0913, PLR0917  # the options of a command are its parameters
    scene: Annotated[
        Path | None, typer.Argument(metavar="SCENE", help="A raster. Default: a drawn one of 8000 x 8000 px.")
    ] = None,
    weights: Annotated[
        str, typer.Option("--weights", metavar="NAME", help="A shipped name, or a file.")
    ] = "hardstand-n",
    repeat: Annotated[int, typer.Option("--repeat", min=1, help="Runs of the bare network and of the engine.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    gsd: Annotated[float | None, typer.Option("--gsd", metavar="METRES", help="Metres per pixel of SCENE.")] = None,
    backend: Annotated[str, typer.Option("--backend", metavar="NAME", help="As for detect.")] = "auto",
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="As for detect.")] = "auto",
    precision: Annotated[str, typer.Option("--precision", metavar="NAME", help="As for detect.")] = "auto",
    scene_out: Annotated[
        Path | None, typer.Option("--scene-out", metavar="FILE", help="Keep the drawn scene and its truth here.")
    ] = None,
) -> None:
    """Measure the engine beside its bare network on this machine: speed, memory, where the time goes."""
    with one_line_errors():
        import json  # noqa: PLC0415
        from dataclasses import asdict  # noqa: PLC0415
        from tempfile import TemporaryDirectory  # noqa: PLC0415

        from ..detector.choice import check_names  # noqa: PLC0415
        from ..detector.detector import Detector as Loader  # noqa: PLC0415
        from .bench import bench as measure  # noqa: PLC0415
        from .bench import table  # noqa: PLC0415
        from .peak import command_peak  # noqa: PLC0415

        path = scene or _drawn_scene(scene_out)
        check_names(backend, device, precision)
        keep_little()
        running: dict[str, Any] = {"backend": backend, "device": device, "precision": precision}
        given = [] if gsd is None else ["--gsd", str(gsd)]
        given += [word for name, value in running.items() for word in (f"--{name}", value)]
        with TemporaryDirectory(prefix="hardstand-bench-") as out:
            found = measure(
                path,
                lambda: Loader.load(weights, **running),
                repeat=repeat,
                gsd=gsd,
                peak=lambda: command_peak(["detect", str(path), "--weights", weights, "--out", out, *given]),
            )
        typer.echo(json.dumps(asdict(found), indent=1) if as_json else table(found))


def _drawn_scene(path: Path | None) -> Path:
    """The drawn scene at `path`, or in the folder for temporary files; made where it is not there yet."""
    from tempfile import gettempdir  # noqa: PLC0415

    from ..datasets.synth_scene import make_scene, truth_path  # noqa: PLC0415

    scene = path or Path(gettempdir()) / "hardstand-bench" / "drawn-8000-1.tif"
    if not (scene.exists() and truth_path(scene).exists()):
        typer.echo(f"Drawing a scene: {scene}", err=True)
        make_scene(scene, progress=lambda done, total: typer.echo(f"block {done} of {total}", err=True))
    return scene
