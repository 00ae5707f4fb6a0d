"""The commands about labels: `taxonomy`, and `datasets` with what is under it. Rooms are imported inside each."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import typer

from .ending import ERROR, UNREAD, complain, one_line_errors
from .output import output_errors
from .progress import LINE_EVERY_S

commands = typer.Typer()
datasets = typer.Typer(
    no_args_is_help=True,
    help="Public sets and labels of your own: list, check, look at, count, cut into tiles, draw more, convert.",
)
commands.add_typer(datasets, name="datasets")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds the set, or tiles.")]
Name = Annotated[
    str | None, typer.Option("--set", metavar="NAME", help="What it is, see `datasets list`. Default: found out.")
]
Labels = Annotated[
    Path | None, typer.Option("--labels", metavar="CSV", help="Own labels: label,node,flag (= ~ N I -) per label.")
]
Gsd = Annotated[float | None, typer.Option("--gsd", metavar="METRES", help="Own labels: metres per pixel.")]
Attribute = Annotated[str, typer.Option("--attribute", help="GeoJSON: the attribute that holds the class.")]
Exhaustive = Annotated[
    str | None,
    typer.Option(
        "--exhaustive", metavar="NODES", help="Own labels: nodes of which every instance is labelled, or `none`."
    ),
]


@commands.command()
def taxonomy(
    node: Annotated[str | None, typer.Option("--node", help="One node: sizes, sources, look-alikes, children.")] = None,
    sizes: Annotated[bool, typer.Option("--sizes/--no-sizes", help="Length by width in metres.")] = True,
) -> None:
    """Print the classes that labels and detections are given in, as a tree."""
    with one_line_errors():
        from ..detector.taxonomy_text import node_text, tree_text  # noqa: PLC0415

        if node:
            typer.echo(node_text(node) + "\n")
        typer.echo(tree_text(node, sizes=sizes))


@datasets.command("list")
def list_sets(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One set, with all that is known.")] = None,
) -> None:
    """Print what can be read and where to get it by hand; nothing is downloaded."""
    with one_line_errors():
        from ..datasets.catalogue import OWN_FORMATS, public_sets  # noqa: PLC0415
        from ..datasets.words import list_lines, set_lines  # noqa: PLC0415
        from ..detector.errors import DatasetNotFoundError  # noqa: PLC0415

        sets = {each.name: each for each in public_sets()}
        if name is not None and name not in sets:
            raise DatasetNotFoundError(f"no public set {name!r}: there are {', '.join(sets)}")
        if name is not None:
            _say(set_lines(sets[name]))
            return
        typer.echo("Public sets. Hardstand downloads none of them; `hardstand datasets list NAME` says more of one.\n")
        _say(list_lines())
        typer.echo("\nLabels of your own:")
        _say(f"{own:<18}{what}" for own, what in OWN_FORMATS.items())


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


@datasets.command()
def check(
    folder: Folder,
    name: Name = None,
    labels: Labels = None,
    gsd: Gsd = None,
    attribute: Attribute = "class",
    report: Annotated[Path | None, typer.Option("--report", metavar="CSV", help="Write every problem here.")] = None,
) -> None:
    """Say whether a set is complete and sound: broken files, boxes out of the image, duplicates, leaks between splits.

    Counts are per class as labelled, without the classes below it. Exit code 3 where something cannot be read.
    """
    with one_line_errors(lambda: "the same command goes on from the last whole image"):
        from ..datasets.catalogue import open_set  # noqa: PLC0415
        from ..datasets.check import check_records  # noqa: PLC0415
        from ..datasets.own import own_labels  # noqa: PLC0415
        from ..datasets.records import noted_faults  # noqa: PLC0415
        from ..datasets.words import check_lines, write_problems  # noqa: PLC0415
        from ..detector.cache import cache_folder  # noqa: PLC0415

        with noted_faults() as faults, _progress("reading labels"):
            name, records = open_set(folder, name, own_labels(labels, None, gsd, attribute))
        _read_as(name, folder, len(records))
        with _progress("checking images") as advance:
            journal = cache_folder() / "checks" / f"{blake2b(bytes(folder.resolve()), digest_size=8).hexdigest()}.jsonl"
            found = check_records(records, faults=faults, journal=journal, progress=advance)
        _say(check_lines(found, name))
        if report:
            write_problems(found, report)
    raise typer.Exit(UNREAD if found.unreadable else 0)


@datasets.command()
def preview(  # noqa: PLR0913, PLR0917  # the options of a command are its parameters
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Picture to write: .png or .jpg.")],
    name: Name = None,
    labels: Labels = None,
    gsd: Gsd = None,
    attribute: Attribute = "class",
    node: Annotated[str | None, typer.Option("--node", help="Only around objects of this node or below.")] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many pieces.")] = 24,
    metres: Annotated[
        float | None,
        typer.Option("--metres", min=1, help="Width of a piece on the ground. Default: by the objects, 30 to 120."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another number shows other pieces.")] = 0,
) -> None:
    """Draw a contact sheet: pieces of images at one scale with their labels."""
    with one_line_errors():
        from ..datasets.catalogue import open_set  # noqa: PLC0415
        from ..datasets.own import own_labels  # noqa: PLC0415
        from ..datasets.preview import Sheet, write_preview  # noqa: PLC0415
        from ..detector.errors import LabelError  # noqa: PLC0415
        from ..detector.taxonomy import NODES  # noqa: PLC0415

        if node is not None and node not in NODES:
            raise LabelError(f"{node!r} is not in the taxonomy, see `hardstand taxonomy`")
        with _progress("reading labels"):
            name, records = open_set(folder, name, own_labels(labels, None, gsd, attribute))
        _read_as(name, folder, len(records))
        with _progress("drawing") as advance, output_errors(out):
            sheet = Sheet(count=count, size_m=metres, node=node, seed=seed)
            drawn = write_preview(records, out, sheet, progress=advance)
        if not drawn:
            what = f"object of {node}" if node else "image"
            raise LabelError(f"no {what} in {folder}, so no picture was written")
        typer.echo(f"{drawn} {'piece' if drawn == 1 else 'pieces'}: {out}")


@datasets.command()
def stats(
    folder: Folder,
    name: Name = None,
    labels: Labels = None,
    gsd: Gsd = None,
    attribute: Attribute = "class",
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Also as a picture: .png or .svg.")
    ] = None,
) -> None:
    """Print objects per node with their sizes in metres and pixels, and how many images there are of which scale."""
    with one_line_errors():
        from ..datasets.catalogue import open_set  # noqa: PLC0415
        from ..datasets.own import own_labels  # noqa: PLC0415
        from ..datasets.stats import plot_stats, stats_of  # noqa: PLC0415
        from ..datasets.words import stats_lines  # noqa: PLC0415

        with _progress("reading labels"):
            name, records = open_set(folder, name, own_labels(labels, None, gsd, attribute))
        _read_as(name, folder, len(records))
        found = stats_of(records)
        _say(stats_lines(found))
        if plot:
            with output_errors(plot):
                plot_stats(found, plot, title=f"{folder.resolve().name} ({name})")
            typer.echo(f"Plot: {plot}")


@datasets.command()
def tile(  # noqa: PLR0913, PLR0917
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the tiles and their index.")],
    names: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME", help="What it is; with --all only these, repeatable.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="DIR holds many sets: a folder of tiles for each, composites, made-up scenes.")
    ] = False,
    labels: Labels = None,
    exhaustive: Exhaustive = None,
    gsd: Gsd = None,
    attribute: Attribute = "class",
    tile_gsd: Annotated[float, typer.Option("--tile-gsd", min=0.01, help="Metres per pixel of the tiles.")] = 0.5,
    tile_px: Annotated[int, typer.Option("--tile-px", min=32, help="Side of a tile in pixels.")] = 768,
    stride_px: Annotated[int, typer.Option("--stride-px", min=1, help="Tiles are at most this far apart.")] = 640,
    empty: Annotated[
        float, typer.Option("--empty", min=0.0, max=1.0, help="Share of the tiles without objects that is kept.")
    ] = 1.0,
) -> None:
    """Cut training tiles of one scale; the same command goes on where it was stopped.

    An object cut by a tile's edge counts where 70 % of it are inside, else its place is to be ignored. The index says
    how often a tile is to be drawn for rare classes to be seen.
    """
    with one_line_errors(lambda: "the same command goes on from the last whole image"):
        from ..datasets.build import build_tiles  # noqa: PLC0415
        from ..datasets.catalogue import open_set  # noqa: PLC0415
        from ..datasets.cutting import Cut, cut_tiles  # noqa: PLC0415
        from ..datasets.own import own_labels  # noqa: PLC0415

        if stride_px > tile_px:
            raise typer.BadParameter(f"{stride_px} is more than the tile of {tile_px}", param_hint="--stride-px")
        cut = Cut(gsd=tile_gsd, tile_px=tile_px, stride_px=stride_px, empty_share=empty)
        if every:
            with output_errors(out):
                build_tiles(folder, out, cut, say=typer.echo, track=_progress, sets=tuple(names or ()))
            return
        if len(names or ()) > 1:
            raise typer.BadParameter("one set at a time, or --all", param_hint="--set")
        own = own_labels(labels, exhaustive, gsd, attribute)
        with _progress("reading labels"):
            name, records = open_set(folder, names[0] if names else None, own)
        _read_as(name, folder, len(records))
        _stated(name, exhaustive)
        with _progress(f"cutting {name}") as advance, output_errors(out):
            count = cut_tiles(records, out, cut, progress=advance)
        typer.echo(f"{count} {'tile' if count == 1 else 'tiles'}: {out}")
        if not count:
            complain(
                f"nothing in {folder} teaches: no object of {', '.join(cut.nodes)}, and none of them labelled in full"
            )
            raise typer.Exit(ERROR)


@datasets.command()
def generate(  # noqa: PLR0913, PLR0917
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the tiles and their index.")],
    count: Annotated[int, typer.Option("--count", min=1, help="How many tiles.")] = 100,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Number of the first tile; same number, same tile.")] = 0,
    ground: Annotated[
        Path | None,
        typer.Option("--ground", metavar="DIR", help="Images without targets to stand on. Default: drawn ground."),
    ] = None,
    gsd: Annotated[
        float | None, typer.Option("--gsd", metavar="METRES", help="Ground: metres per pixel, where no image says it.")
    ] = None,
    cutouts: Annotated[
        Path | None,
        typer.Option("--cutouts", metavar="DIR", help="Those of airbase_assets, instead of drawn objects."),
    ] = None,
    tile_gsd: Annotated[float, typer.Option("--tile-gsd", min=0.05, help="Metres per pixel of the tiles.")] = 0.5,
    tile_px: Annotated[int, typer.Option("--tile-px", min=64, help="Side of a tile in pixels.")] = 768,
) -> None:
    """Draw training tiles: launchers, helicopters, aircraft and what looks like them, with exact labels.

    On drawn ground, or on images of your own that show none of them: images/ with labels/ that give the width in
    metres and parking points, as in airbase_assets/empty_bases, or plain images. What is held back there is not
    drawn from. The same command goes on where it was
    stopped; look at the tiles with `hardstand datasets preview DIR`.
    """
    with one_line_errors(lambda: "the same command goes on from the last whole tile"):
        from ..datasets.bases import load_ground  # noqa: PLC0415
        from ..datasets.composites import REPAINTED, cut_composites  # noqa: PLC0415
        from ..datasets.cutouts import load_cutouts  # noqa: PLC0415
        from ..datasets.generated import cut_generated  # noqa: PLC0415
        from ..datasets.own import own_labels  # noqa: PLC0415

        if cutouts and not ground:
            raise typer.BadParameter("cut-outs stand on real ground: give --ground too", param_hint="--cutouts")
        bases = load_ground(ground, own_labels(None, None, gsd, "")) if ground else ()
        seeds = range(seed, seed + count)
        with _progress("drawing") as advance, output_errors(out):
            if cutouts:
                objects = load_cutouts(cutouts, split="train")
                cut_composites(
                    seeds,
                    out,
                    bases=bases,
                    cutouts=objects,
                    gsd=tile_gsd,
                    size_px=tile_px,
                    repaint=REPAINTED,
                    progress=advance,
                )
            else:
                drawn, real = (range(0), seeds) if bases else (seeds, range(0))
                cut_generated(drawn, real, out, bases=bases, gsd=tile_gsd, size_px=tile_px, progress=advance)
        typer.echo(f"{count} {'tile' if count == 1 else 'tiles'}: {out}")


def _stated(name: str, exhaustive: str | None) -> None:
    from ..datasets.catalogue import OWN_FORMATS  # noqa: PLC0415
    from ..detector.errors import LabelError  # noqa: PLC0415

    if name in OWN_FORMATS and exhaustive is None:
        raise LabelError(
            "say which nodes are labelled in full: --exhaustive fw,heli (or none); elsewhere bare ground is unknown"
        )


@datasets.command()
def convert(  # noqa: PLR0913, PLR0917
    folder: Folder,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="coco, yolo-obb or geojson.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to.")],
    name: Name = None,
    labels: Labels = None,
    exhaustive: Exhaustive = None,
    gsd: Gsd = None,
    attribute: Attribute = "class",
) -> None:
    """Write a set in another format: classes are nodes of the taxonomy, images are links or copies."""
    with one_line_errors():
        from ..datasets.catalogue import open_set  # noqa: PLC0415
        from ..datasets.convert import WRITERS  # noqa: PLC0415
        from ..datasets.own import own_labels  # noqa: PLC0415

        if to not in WRITERS:
            raise typer.BadParameter(f"{to!r} is none of {', '.join(WRITERS)}", param_hint="--to")
        with _progress("reading labels"):
            name, records = open_set(folder, name, own_labels(labels, exhaustive, gsd, attribute))
        _read_as(name, folder, len(records))
        with _progress("converting") as advance, output_errors(out):
            written = WRITERS[to](records, out, advance)
        typer.echo(f"{written.objects} objects of {len(records)} images: {out}")
        if written.left_out:
            typer.echo(f"left out {written.left_out} regions to be ignored: {to} cannot say that", err=True)


def _read_as(name: str, folder: Path, images: int) -> None:
    typer.echo(f"{folder}: {images} {'image' if images == 1 else 'images'}, read as {name}", err=True)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr where that is a terminal, else a line every few seconds."""
    if not sys.stderr.isatty():
        yield _lines(what)
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(what: str) -> Callable[[int, int], None]:
    due = time.monotonic() + LINE_EVERY_S

    def advance(done: int, total: int) -> None:
        nonlocal due
        if time.monotonic() >= due:
            typer.echo(f"{what}: {done} of {total}", err=True)
            due = time.monotonic() + LINE_EVERY_S

    return advance
