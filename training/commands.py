"""What a person runs around training, one function per command; the command line only passes its options on."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..datasets.annotation import ImageRecord
from ..datasets.cutting import TILE_PX
from ..datasets.images import read_rgb
from ..datasets.split import Split, split_of
from ..datasets.tiles import read_tiles
from ..detector.backend import Backend
from ..detector.choice import made_for_bf16
from ..detector.coarse import coarse_detector
from ..detector.detections import Detections
from ..detector.detector import Detector
from ..detector.openvino_backend import OpenVinoBackend
from ..detector.weights import (
    WeightRecord,
    bind_export,
    drop_export,
    export_files,
    exported_model,
    find_weights,
    read_record,
)
from .accept import Decision, compare, decide, labelled_nodes
from .calibrate import calibration
from .quantise import calibration_files, quantised, read_graph, save_graph
from .recipe import read_recipe
from .release import amend, release
from .run import train, training_tiles
from .scenes import LAUNCHER_FREE, MEASURED, Engine, of_node, run_sets, set_figures, tile_scores
from .screening import LADDER, screen_score
from .screening import SETS as SCREENED
from .selflabel import oriented_labels
from .tileset import TileEntry, tile_entry

logger = logging.getLogger(__name__)

LICENCES = {
    "airbus": "CC BY-NC-SA 4.0",
    "hrplanes": "CC BY-NC-ND 4.0 by its page, CC BY 4.0 by its uploader",
    "aerial_airport": "Public Domain by its uploader",
    "simd": "none stated",
    "nwpu": "research use",
    "dior": "none stated",
    "dota": "academic use",
    "composites": "MIT repository; Google, Maxar, Apple pixels, and Airbus ground (CC BY-NC-SA 4.0)",
    "generated": "this project's generator; partly on the same empty bases",
}
LOW_SCORE = 0.01
"""Detections from this score on take part in average precision."""
REPORT_SCORE = 0.05
"""Detections from this score on are reported, and calibrated."""
HELD_TILES = ("composites_holdout", "generated_holdout")
"""Folders of tiles with exact labels of held-back cut-outs and bases."""


def fit_recipe(recipe_path: Path, tiles: Path, out: Path) -> Path:
    """Train a recipe and return the weight file, OUT/NAME.safetensors, with its OpenVINO export beside it."""
    recipe = read_recipe(recipe_path)
    model, _ = train(recipe, tiles, out)
    entries, _ = training_tiles(recipe, tiles)
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
    path = out / f"{recipe.name}.safetensors"
    release(model, recipe, path, data=data)
    return path


def self_label(weights: Path, tiles: Path) -> tuple[int, int]:
    """Rewrite the index of a folder of tiles with the angles of a network; return how many labels of how many turned.

    Held-back places are left as they are. The first index is kept as `index.horizontal.jsonl`, from which it starts
    every time.
    """
    kept, index = tiles / "index.horizontal.jsonl", tiles / "index.jsonl"
    if not kept.is_file():
        kept.write_bytes(index.read_bytes())
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    entries = [tile_entry(record) for record in read_tiles(tiles, index=kept.name)]
    wanted = [
        number
        for number, entry in enumerate(entries)
        if split_of(entry.source, entry.group) == "train" and (~entry.turnable).any()
    ]
    turned = 0
    for number, detections in zip(wanted, _all_found(weights, [entries[number] for number in wanted]), strict=True):
        entry = entries[number]
        boxes, exact = oriented_labels(entry.nodes, entry.boxes, entry.turnable, detections)
        rows[number]["objects"] = [
            [node, *(round(float(value), 3) for value in box), int(flag and not ignore), int(ignore)]
            for node, box, flag, ignore in zip(entry.nodes, boxes, exact, entry.ignore, strict=True)
        ]
        turned += int((exact & ~entry.turnable).sum())
    part = index.with_suffix(".part")
    part.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    part.replace(index)
    return turned, sum(int((~entries[number].turnable).sum()) for number in wanted)


def _all_found(weights: Path, entries: Sequence[TileEntry]) -> Iterator[Detections]:
    record = read_record(weights)
    record = replace(record, tile_px=max(record.tile_px, TILE_PX))  # a network is asked about the tiles it learns from
    detector = Detector(OpenVinoBackend(exported_model(weights)), record, min_score=REPORT_SCORE)
    return detector.stream(read_rgb(entry.path) for entry in entries)


def calibrate(weights: Path, data: Path, tiles: Path, engine: Engine) -> dict[str, Any]:
    """Put calibration and recall of every counted node, and the score of the coarse look, into a weight file.

    All are from the `dev` places; returns them.

    Helicopters and launchers have too few real held-back objects: theirs come from generated tiles on held-back real
    bases, for launchers together with real ground on which there is none; weights.md says so.
    """
    weights = find_weights(weights)
    detector = Detector.load(weights, precision="fp32", min_score=REPORT_SCORE)
    found = run_sets(engine, detector, data, "dev", sets=MEASURED, progress=logger.info)
    tables, recalls = {}, {}
    for node in ("fw", "heli", "ad.launcher"):
        free = LAUNCHER_FREE if node == "ad.launcher" else ()
        sources = [source for source in found if node in MEASURED[source] or source in free]
        results = [result for source in sources for result in of_node(found[source], node)]
        if node != "fw":
            results += of_node(_tile_pairs(weights, tiles / "generated_holdout"), node)
        tables[node], recalls[node] = calibration(results)
    low = coarse_detector(detector, min_score=LADDER[-1])
    seen = run_sets(engine, low, data, "dev", sets=SCREENED, progress=logger.info)
    score = screen_score({source: found[source] for source in seen}, seen)
    amend(weights, calibration=tables, recall=recalls, screen_score=score)
    return {"calibration": tables, "recall": recalls, "screen_score": score}


def _tile_pairs(weights: Path, folder: Path) -> list[tuple[ImageRecord, Detections]]:
    records = read_tiles(folder)
    return list(zip(records, _all_found(weights, [tile_entry(record) for record in records]), strict=True))


def evaluate(
    weights: Path,
    data: Path,
    tiles: Path,
    engine: Engine,
    *,
    split: Split = "test",
    record: bool = False,
) -> dict[str, Any]:
    """Return the figures of a weight file on held-back scenes and tiles; with `record`, also put them into the file."""
    weights = find_weights(weights)
    detector = Detector.load(weights, precision="fp32", min_score=LOW_SCORE)
    found = run_sets(engine, detector, data, split, sets=MEASURED, progress=logger.info)
    before = read_record(weights).metrics
    kept = {name: before[name] for name in ("notes", "int8", "bf16") if name in before}
    metrics: dict[str, Any] = {"split": split, "scenes": set_figures(found), "notes": {}, **kept}
    for folder in HELD_TILES:
        if (tiles / folder).is_dir():
            metrics[folder] = {node: asdict(score) for node, score in tile_scores(detector, tiles / folder).items()}
            logger.info("%s", folder)
    if record:
        amend(weights, metrics=metrics)
    return metrics


def quantise(weights: Path, data: Path, tiles: Path, engine: Engine) -> dict[str, Decision]:
    """Make the int8 export of a weight file, measure it and bfloat16 against float32 on the `dev` places, and decide.

    bfloat16 needs no export, and is measured only where the processor is made for it; a decision made elsewhere stays.
    The decisions go into the record either way. The export lies beside the weights afterwards only where it was
    accepted; one that lay there before is gone.
    """
    weights = find_weights(weights)
    with TemporaryDirectory() as folder:
        files = calibration_files(tiles)
        logger.info("int8 from %d training tiles", len(files))
        draft = export_files(Path(folder) / weights.name, "openvino-int8")
        save_graph(quantised(read_graph(exported_model(weights)), files), draft[0])
        xml = exported_model(weights)
        backends = {"fp32": partial(OpenVinoBackend, xml), "int8": partial(OpenVinoBackend, draft[0])}
        if made_for_bf16():
            backends["bf16"] = partial(OpenVinoBackend, xml, bf16=True)
        decisions = _decisions(read_record(weights), backends, data, tiles, engine)
        drop_export(weights, "openvino-int8")
        said = {precision: decision.as_record(precision) for precision, decision in decisions.items()}
        amend(weights, metrics={**read_record(weights).metrics, **said})
        if decisions["int8"].accepted:
            for source, target in zip(draft, export_files(weights, "openvino-int8"), strict=True):
                shutil.copyfile(source, target)
            bind_export(weights, "openvino-int8")
    return decisions


def _decisions(
    record: WeightRecord, backends: Mapping[str, Callable[[], Backend]], data: Path, tiles: Path, engine: Engine
) -> dict[str, Decision]:
    """The decision on every back end but "fp32", beside that one."""
    scenes: dict[str, list[tuple[ImageRecord, Detections]]] = {}
    held: dict[str, list[tuple[ImageRecord, Detections]]] = {}
    for name, opened in backends.items():
        logger.info("%s on the dev places", name)
        detector = Detector(opened(), record, min_score=LOW_SCORE)
        found = run_sets(engine, detector, data, "dev", sets=MEASURED, progress=logger.info)
        scenes[name] = [pair for pairs in found.values() for pair in pairs]
        held[name] = [pair for folder in HELD_TILES for pair in _seen(detector, tiles / folder)]
        logger.info("held-back tiles: %d", len(held[name]))
    nodes = labelled_nodes((item for item, _ in held["fp32"]), record.nodes)
    return {
        name: decide(
            compare(scenes["fp32"], scenes[name], "fw"),
            {node: compare(held["fp32"], held[name], node) for node in nodes},
        )
        for name in backends
        if name != "fp32"
    }


def _seen(detector: Detector, folder: Path) -> list[tuple[ImageRecord, Detections]]:
    records = read_tiles(folder)
    return list(zip(records, detector.stream(read_rgb(item.path) for item in records), strict=True))
