"""What a person runs around training, one function per command; the command line only passes its options on."""

import json
import logging
import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..datasets.annotation import ImageRecord
from ..datasets.catalogue import open_set
from ..datasets.cutting import TILE_PX
from ..datasets.images import read_rgb
from ..datasets.own import OwnLabels
from ..datasets.split import Split, split_of
from ..datasets.tiles import HORIZONTAL, INDEX, read_tiles
from ..detector.backend import Backend
from ..detector.choice import multiplies_bf16
from ..detector.detections import Detections, root_columns
from ..detector.detector import Detector
from ..detector.errors import DatasetNotFoundError, OutputError, RecipeError
from ..detector.naming import named
from ..detector.openvino_backend import OpenVinoBackend
from ..detector.taxonomy import COUNTED, NODES, ancestors, is_a
from ..detector.weights import (
    WeightRecord,
    bind_export,
    drop_export,
    export_files,
    exported_model,
    find_weights,
    probabilities,
    read_record,
)
from .accept import Decision, compare, decide, labelled_nodes
from .calibrate import calibration, record_fields
from .confusion import covers
from .evaluate import FAINTEST, SceneResult, reported_result, scene_result
from .evaluation import Evaluation, measure
from .evaluation_plots import write_plots
from .exports import compare_release
from .network import LOOK_SUFFIX, kind_of
from .place import leads
from .quantise import calibration_tiles, quantised, read_graph, save_graph
from .recipe import read_recipe
from .release import amend, release
from .run import train, training_tiles
from .scenes import (
    HELD_TILES,
    LAUNCHER_FREE,
    MEASURED,
    REPORT_SCORE,
    Counting,
    Engine,
    Pair,
    held_back,
    present,
    run_records,
    run_tiles,
)
from .screening import LADDER, aircraft_cues, screen_score
from .screening import SETS as SCREENED
from .selflabel import left_out, oriented_labels
from .tileset import TileEntry, tile_entry
from .watch import LogLines, Watch

logger = logging.getLogger(__name__)
Seen = dict[str, list[Pair]]
"""Images with what was found on them, by the set or the folder that they are of."""

ROUNDS = 3
"""How often roles and types are named and their curves measured, so that names and curves agree."""
LICENCES = {
    "airbus": "CC BY-NC-SA 4.0",
    "hrplanes": "CC BY-NC-ND 4.0 by its page, CC BY 4.0 by its uploader",
    "aerial_airport": "Public Domain by its uploader",
    "simd": "none stated",
    "nwpu": "research use",
    "dior": "none stated",
    "dota": "academic use",
    "composites": "MIT repository; Google, Maxar, Apple pixels, and Airbus ground (CC BY-NC-SA 4.0)",
    "among": "as airbus, hrplanes, aerial_airport and composites, of which it is made",
    "generated": "this project's generator; partly on the same empty bases",
}


def fit_recipe(
    recipe_path: Path,
    tiles: Path,
    out: Path,
    *,
    resume: bool = False,
    tensorboard: bool = False,
    watches: Iterable[Watch] = (LogLines(),),
) -> Path:
    """Train a recipe and return the weight file, OUT/NAME.safetensors, with its OpenVINO export beside it.

    Of several processes, the first writes it. Raises what `train` raises, and ExportError where OpenVINO's results are
    not PyTorch's.
    """
    recipe = read_recipe(recipe_path)
    path = out / f"{recipe.name}.safetensors"
    model, _ = train(recipe, tiles, out, resume=resume, tensorboard=tensorboard, watches=watches)
    if not leads():
        return path
    drawn, _ = training_tiles(recipe, tiles)
    entries = list({entry.path: entry for entry in drawn}.values())  # a folder may be named twice
    sources = sorted({entry.source for entry in entries})
    data = [
        {
            "set": source,
            "licence": LICENCES.get(source, "not stated"),
            "images": sum(entry.source == source for entry in entries),
            "objects": sum(len(entry.nodes) for entry in entries if entry.source == source),
        }
        for source in sources
    ]
    release(model, recipe, path, data=data)
    found = compare_release(path, tiles)
    logger.info(
        "OpenVINO beside PyTorch on %d tiles: %d boxes, up to %.2f px and %.4f of score apart",
        found.tiles,
        found.boxes,
        found.box_shift_px,
        found.score_difference,
    )
    return path


class SelfLabels(NamedTuple):
    """What `self_label` did to the labels of a folder of tiles."""

    turned: int
    horizontal: int
    left_out: int


def self_label(weights: Path, tiles: Path, *, set_aside: float | None = None) -> SelfLabels:
    """Rewrite the index of a folder of tiles with what a network sees; return what that did.

    Horizontal labels get the network's angle where its outline agrees with them: `turned` of `horizontal`. What it
    finds from a score of `set_aside` on, and has no label, becomes ground about which nothing is said: `left_out`.
    Held-back places are left as they are. The first index is kept as `index.horizontal.jsonl`, from which it starts
    every time.
    """
    weights = find_weights(weights)
    kept, index = tiles / HORIZONTAL, tiles / INDEX
    if not kept.is_file():
        kept.write_bytes(index.read_bytes())
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    entries = [tile_entry(record) for record in read_tiles(tiles, index=kept.name)]
    wanted = [
        number
        for number, entry in enumerate(entries)
        if split_of(entry.source, entry.group) == "train" and (set_aside is not None or (~entry.turnable).any())
    ]
    turned = added = 0
    for number, detections in zip(wanted, _all_found(weights, [entries[number] for number in wanted]), strict=True):
        entry = entries[number]
        boxes, exact = oriented_labels(entry.nodes, entry.boxes, entry.turnable, detections)
        new = left_out(entry.nodes, entry.boxes, detections, math.inf if set_aside is None else set_aside)
        rows[number]["objects"] = [
            *(
                _row(node, box, bool(flag and not ignore), bool(ignore), before[8:])
                for node, box, flag, ignore, before in zip(
                    entry.nodes, boxes, exact, entry.ignore, rows[number]["objects"], strict=True
                )
            ),
            *(_row(node, box, False, True, ()) for node, box in zip(*new, strict=True)),
        ]
        turned += int((exact & ~entry.turnable).sum())
        added += len(new[0])
    part = index.with_suffix(".part")
    part.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    part.replace(index)
    return SelfLabels(turned, sum(int((~entries[number].turnable).sum()) for number in wanted), added)


def _row(node: str, box: NDArray[np.float32], exact: bool, ignore: bool, more: Sequence[Any]) -> list[Any]:
    return [node, *(round(float(value), 3) for value in box), int(exact), int(ignore), *more]


def _all_found(weights: Path, entries: Sequence[TileEntry]) -> Iterator[Detections]:
    record = read_record(weights)
    record = replace(record, tile_px=max(record.tile_px, TILE_PX))  # a network is asked about the tiles it learns from
    detector = Detector(OpenVinoBackend(exported_model(weights)), record, min_score=REPORT_SCORE)
    return detector.stream(read_rgb(entry.path) for entry in entries)


@dataclass(frozen=True, slots=True)
class Material:
    """What a network is measured on: the held-back places of public sets, held-back tiles, all of a user's own set."""

    data: Path | None = None
    tiles: Path | None = None
    own: Path | None = None
    labels: OwnLabels = field(default_factory=OwnLabels)
    """What the user says about the labels in `own`."""
    split: Split = "dev"
    """Of the public sets. `test` has to be asked for: it is for the figures, and nothing is chosen by it."""

    def __post_init__(self) -> None:
        """Raise `RecipeError` where there is nothing to measure on."""
        if self.data is None and self.tiles is None and self.own is None:
            raise RecipeError("say what to measure on: public sets, tiles, or labels of your own")


def _seen(
    detector: Detector, material: Material, engine: Engine
) -> tuple[dict[str, list[Pair]], dict[str, list[Pair]]]:
    """Whole images per set, and held-back tiles per folder, with what the detector finds on them."""
    scenes = {name: run_records(engine, detector, records) for name, records in _records(material).items()}
    for name, pairs in scenes.items():
        logger.info("%s: %d images", name, len(pairs))
    held: dict[str, list[Pair]] = {}
    for folder in _held_folders(material):
        held[folder.name] = run_tiles(detector, folder)
        logger.info("%s: %d tiles", folder.name, len(held[folder.name]))
    return scenes, held


def _records(material: Material) -> dict[str, list[ImageRecord]]:
    """The images to be measured on, per set."""
    records: dict[str, list[ImageRecord]] = {}
    if material.data is not None:
        records |= {name: held_back(material.data, name, material.split) for name in present(material.data)}
    if material.own is not None:
        name, own = open_set(material.own, None, material.labels)
        logger.info("%s: %d images, read as %s", material.own, len(own), name)
        records[material.own.resolve().name] = own
    return records


def _held_folders(material: Material) -> list[Path]:
    """The folders of held-back tiles that there are."""
    folders = [] if material.tiles is None else [material.tiles / name for name in HELD_TILES]
    return [folder for folder in folders if (folder / INDEX).is_file()]


def calibrate(weights: Path, material: Material, engine: Engine) -> dict[str, Any]:
    """Put calibration, recall and doubt per node into a weight file.

    Returns `calibrate.record_fields`. Nodes of which too little is labelled in full keep what the file has.

    The curves of types say which of several siblings a detection is named after, and what is named so makes the curves:
    they are measured ROUNDS times, at first with names by score.

    Aircraft come from real scenes. Of the public sets, helicopters and launchers have too few real held-back objects:
    theirs come from generated tiles on held-back real bases, for launchers together with real ground on which there is
    none. Roles and types come from whatever is labelled so deep, for the most part held-back cut-outs and generated
    tiles.
    """
    weights = find_weights(weights)
    detector = Detector.load(weights, precision="fp32", min_score=REPORT_SCORE)
    scenes, held = _seen(detector, material, engine)
    every = [pair for pairs in (*scenes.values(), *held.values()) for pair in pairs]
    floors = detector.record.thresholds
    counting = [(image, seen.select(seen.reaching(floors))) for image, seen in every]
    above = {node: _above(node, detector.nodes) for node in counted_below(detector.nodes)}
    found = {
        node: calibration(results, floors.get(node, 0))
        for node, parent in above.items()
        if parent is None and (results := _counted_results(node, scenes, held))
    }
    before = read_record(weights)
    record, fields = replace(detector.record, calibration={}), dict[str, Any]()
    real = replace(record, calibration={node: each.curve for node, each in found.items()})
    counting = [(image, _as_probable(seen, real)) for image, seen in counting]
    for _ in range(ROUNDS):
        called = [(image, named(seen, record)) for image, seen in counting]
        for node in (each for each, parent in above.items() if parent is not None):
            if results := [reported_result(*pair, node) for pair in called if covers(pair[0], node)]:
                found[node] = calibration(results, part=True)
        fields = record_fields({node: found[node] for node in above if node in found}, above)
        record = replace(record, calibration={**before.calibration, **fields["calibration"]})
    amend(
        weights,
        calibration={**before.calibration, **fields["calibration"]},
        recall={**before.recall, **fields["recall"]},
        doubt={**before.doubt, **fields["doubt"]},
        recall_by_gsd={
            **{node: curve for node, curve in before.recall_by_gsd.items() if node not in fields["recall"]},
            **fields["recall_by_gsd"],
        },
        metrics={**before.metrics, "calibration": fields["report"]},
    )
    return fields


def _as_probable(found: Detections, record: WeightRecord) -> Detections:
    """The detections, each as probable to be real as the curve of its counted node says."""
    rows = np.arange(len(found))
    return replace(found, probability=probabilities(record, found.scores)[rows, root_columns(found.nodes)[found.label]])


def is_look(weights: Path) -> bool:
    """True of a network for the coarse look: its family is one of those."""
    return kind_of(read_record(find_weights(weights)).architecture)[0].endswith(LOOK_SUFFIX)


def calibrate_look(weights: Path, material: Material, engine: Engine) -> dict[str, Any]:
    """Choose from which score on a network for the coarse look suspects something, and put it into its record.

    Returns `score`, `aircraft` (labelled ones on whole airports, of public sets or images of a user's own, that the
    shipped detector finds) and `passed_over` (of those). DatasetNotFoundError where there are none.
    """
    weights = find_weights(weights)
    detector, low = Detector.load(precision="fp32"), Detector.load(weights, precision="fp32", min_score=LADDER[-1])
    airports = {n: records for n, records in _records(material).items() if n in SCREENED or n not in MEASURED}
    records = [record for each in airports.values() for record in each]
    cues = aircraft_cues(run_records(engine, detector, records), run_records(engine, low, records))
    if not cues.size:
        raise DatasetNotFoundError(
            f"no whole airport with labelled aircraft: --data with {' or '.join(SCREENED)}, or --own images"
        )
    score = screen_score(cues)
    found = {"score": score, "aircraft": len(cues), "passed_over": int((cues < score).sum())}
    amend(weights, screen_score=score, metrics={**read_record(weights).metrics, "look": found})
    return found


def _counted_results(node: str, scenes: dict[str, list[Pair]], held: dict[str, list[Pair]]) -> list[SceneResult]:
    """What a counted node is calibrated on: real scenes; for all but aircraft generated tiles too."""
    pairs = [
        pair
        for source, seen in scenes.items()
        for pair in seen
        if covers(pair[0], node) or (node == "ad.launcher" and source in LAUNCHER_FREE)
    ]
    if node != "fw":
        pairs += held.get("generated_holdout", [])
    return [scene_result(*pair, node) for pair in pairs]


def counted_below(nodes: Sequence[str]) -> list[str]:
    """Return the counted nodes among a network's nodes and all below them, parents first."""
    return [node for node in NODES if node in nodes and any(is_a(node, counted) for counted in COUNTED)]


def _above(node: str, nodes: Sequence[str]) -> str | None:
    """The nearest node above that the network has; None for a counted one."""
    if node in COUNTED:
        return None
    return next(each for each in reversed(ancestors(node)[:-1]) if each in nodes)


def evaluate(
    weights: Path, material: Material, engine: Engine, counting: Counting, *, record: bool = False
) -> Evaluation:
    """Return what is measured of a weight file, whole scenes after merging.

    With `record`, the figures also go into the weight file; those that other commands put there stay.
    """
    weights = find_weights(weights)
    detector = Detector.load(weights, precision="fp32", min_score=FAINTEST)
    scenes, cut = _seen(detector, material, engine)
    found = measure(scenes, cut, detector.record, counting)
    metrics = {"split": material.split, **found.metrics}
    if record:
        before = read_record(weights).metrics
        kept = {name: before[name] for name in ("int8", "bf16", "calibration") if name in before}
        amend(weights, metrics={**metrics, "notes": before.get("notes", {}), **kept})
    return replace(found, metrics=metrics)


def write_evaluation(found: Evaluation, out: Path) -> list[Path]:
    """Write `evaluation.json` and the pictures into a folder, which is made; return the files.

    OutputError where that cannot be done.
    """
    path = out / "evaluation.json"
    try:
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found.as_record(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        return [path, *write_plots(found, out)]
    except OSError as error:
        raise OutputError(f"cannot write into {out}: {error.strerror or error}") from error


def quantise(weights: Path, tiles: Path, material: Material, engine: Engine) -> dict[str, Decision]:
    """Make the int8 export of a weight file, measure it and bfloat16 against float32 on `material`, and decide.

    Activations are those of training tiles, in folders below `tiles`.
    bfloat16 needs no export, and is measured only where the processor multiplies it; a decision made elsewhere stays.
    There int8 is measured with its rest, what stays in floating point, in bfloat16, and the record says so.
    The decisions go into the record either way. The export lies beside the weights afterwards only where it was
    accepted; one that lay there before is gone.
    """
    weights = find_weights(weights)
    _records(material)  # what is not there is said before the long work
    with TemporaryDirectory() as folder:
        drawn = calibration_tiles(tiles)
        logger.info("int8 from %d training tiles", len(drawn))
        draft = export_files(Path(folder) / weights.name, "openvino-int8")
        save_graph(quantised(read_graph(exported_model(weights)), drawn, read_record(weights).gsd_m), draft[0])
        xml = exported_model(weights)
        rest = "bf16" if multiplies_bf16() else "fp32"
        backends = {"fp32": partial(OpenVinoBackend, xml)}
        backends["int8"] = partial(OpenVinoBackend, draft[0], bf16=rest == "bf16")
        if rest == "bf16":
            backends["bf16"] = partial(OpenVinoBackend, xml, bf16=True)
        decisions = _decisions(read_record(weights), backends, material, engine)
        drop_export(weights, "openvino-int8")
        said = {precision: decision.as_record(precision) for precision, decision in decisions.items()}
        said["int8"]["rest"] = rest
        amend(weights, metrics={**read_record(weights).metrics, **said})
        if decisions["int8"].accepted:
            for source, target in zip(draft, export_files(weights, "openvino-int8"), strict=True):
                shutil.copyfile(source, target)
            bind_export(weights, "openvino-int8")
    return decisions


def _decisions(
    record: WeightRecord, backends: Mapping[str, Callable[[], Backend]], material: Material, engine: Engine
) -> dict[str, Decision]:
    """The decision on every back end but "fp32", beside that one."""
    scenes: dict[str, list[Pair]] = {}
    held: dict[str, list[Pair]] = {}
    for name, opened in backends.items():
        logger.info("in %s", name)
        whole, cut = _seen(Detector(opened(), record, min_score=FAINTEST), material, engine)
        scenes[name], held[name] = ([pair for pairs in seen.values() for pair in pairs] for seen in (whole, cut))
    nodes = labelled_nodes((item for item, _ in held["fp32"]), record.nodes)
    return {
        name: decide(
            compare(scenes["fp32"], scenes[name], "fw"),
            {node: compare(held["fp32"], held[name], node) for node in nodes},
        )
        for name in backends
        if name != "fp32"
    }
