"""Everything that is measured of a network on images with labels, as one record of JSON values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..datasets.annotation import ImageRecord
from ..detector.detections import Detections
from ..detector.detector import COARSEST
from ..detector.taxonomy import COUNTED, is_a
from ..detector.weights import WeightRecord
from .confusion import confusion, covers, named_right
from .evaluate import SceneResult, assigned, node_result, overlaps, scene_result
from .figures import Counts, SceneCount, by_gsd, by_size, figures, plain
from .operating import operating_points
from .precision import precision_table
from .scenes import LAUNCHER_FREE, REPORT_SCORE, THRESHOLD, WHOLE, Counting, Pair
from .typescore import type_scores

LAUNCHER = "ad.launcher"


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What was measured: figures for the record of a weight file, and what only tables and pictures show."""

    metrics: dict[str, Any]
    """Under `scenes` and `tiles` figures per "set node", under `taken` those of counted nodes on sets with scenes so
    coarse that `detect` refuses them, without these; `by_gsd` and `by_size` per range, `by_score` of launchers,
    `types` per set and node (of sets with exact boxes, and of all whole scenes together), `confusion` per set."""
    curves: dict[str, list[float | None]]
    """Precision at IoU 0.5 at recall 0, 0.01, ... 1, per "set node"."""
    counts: dict[str, list[SceneCount]]
    """Per "set node" of the counted nodes, one entry per image."""

    def as_record(self) -> dict[str, Any]:
        """All of it as JSON values, without NaN."""
        counts = {name: [_count_record(each) for each in scenes] for name, scenes in self.counts.items()}
        return {**self.metrics, "curves": self.curves, "counts": counts}


def _count_record(count: SceneCount) -> dict[str, Any]:
    return {**asdict(count), "expected": plain(count.expected)}


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """One node on one set."""

    results: list[SceneResult]
    counts: Counts


def measure(
    scenes: Mapping[str, Sequence[Pair]],
    tiles: Mapping[str, Sequence[Pair]],
    record: WeightRecord,
    counting: Counting,
) -> Evaluation:
    """Return the evaluation of detections on whole `scenes` and on `tiles`, both by set.

    A node is scored on the images that are labelled in full for it; below the counted nodes only where a set has
    objects of it. Figures by scale and the confusion of types take all sets of whole scenes together.
    """
    whole = {name: _by_node(pairs, record, counting) for name, pairs in scenes.items()}
    cut = {name: _by_node(pairs, record, counting) for name, pairs in tiles.items()}
    every = [pair for pairs in scenes.values() for pair in pairs]
    together = {node: _joined(nodes[node] for nodes in whole.values() if node in nodes) for node in COUNTED}
    sizes = {node: rows for node, rows in together.items() if rows.results}
    sizes |= {f"{name} {node}": nodes[node] for name, nodes in cut.items() for node in COUNTED if node in nodes}
    matrices = {name: confusion(pairs, threshold=THRESHOLD) for name, pairs in {WHOLE: every, **tiles}.items()}
    metrics = {
        "threshold": THRESHOLD,
        "scenes": _figure_rows(whole),
        "taken": _figure_rows({name: _taken(nodes, COARSEST * record.gsd_m) for name, nodes in whole.items()}),
        "tiles": _figure_rows(cut),
        "by_gsd": _filled(
            {node: by_gsd(rows.results, rows.counts, threshold=THRESHOLD) for node, rows in together.items()}
        ),
        "by_size": _filled({name: by_size(rows.results, threshold=THRESHOLD) for name, rows in sizes.items()}),
        "by_score": _filled({LAUNCHER: _launchers(scenes, cut)}),
        "types": _filled(
            {WHOLE: named_right(matrices[WHOLE])} | {name: _types(pairs) for name, pairs in {**scenes, **tiles}.items()}
        ),
        "confusion": {name: matrix.as_record() for name, matrix in matrices.items() if matrix.labelled},
    }
    named = {f"{name} {node}": rows for name, nodes in {**whole, **cut}.items() for node, rows in nodes.items()}
    curves = {name: precision_table(rows.results)[0, :, 0] for name, rows in named.items()}
    return Evaluation(
        metrics,
        {name: [plain(value) for value in curve] for name, curve in curves.items() if not np.isnan(curve).any()},
        {
            name: [each for each in rows.counts if each is not None]
            for name, rows in named.items()
            if name.rpartition(" ")[2] in COUNTED
        },
    )


def _filled(tables: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: rows for name, rows in tables.items() if rows}


def _types(pairs: Iterable[Pair]) -> dict[str, Any]:
    return {node: asdict(score) for node, score in type_scores(pairs, threshold=THRESHOLD).items()}


def _figure_rows(sets: Mapping[str, Mapping[str, _Rows]]) -> dict[str, dict[str, float | None]]:
    return {
        f"{name} {node}": figures(rows.results, rows.counts, threshold=THRESHOLD).rounded()
        for name, nodes in sets.items()
        for node, rows in nodes.items()
    }


def _taken(nodes: Mapping[str, _Rows], gsd: float) -> dict[str, _Rows]:
    """The rows of the counted nodes of a set on images of up to `gsd` metres per pixel; none where all are."""
    out = {}
    for node in COUNTED:
        rows = nodes.get(node, _Rows([], []))
        kept = [number for number, result in enumerate(rows.results) if result.gsd <= gsd]
        if len(kept) < len(rows.results):
            out[node] = _Rows([rows.results[number] for number in kept], [rows.counts[number] for number in kept])
    return out


def _launchers(
    scenes: Mapping[str, Sequence[Pair]], tiles: Mapping[str, Mapping[str, _Rows]]
) -> dict[str, dict[str, float | None]]:
    """Launchers by score, on tiles with launchers and on ground without any, said by the sets' subject, not by their
    labels; empty where either is missing."""
    grounds = [scene_result(*pair, LAUNCHER) for name in LAUNCHER_FREE for pair in scenes.get(name, ())]
    sets = [nodes[LAUNCHER].results for nodes in tiles.values() if LAUNCHER in nodes]
    objects = [result for each in sets if any((~one.ignored).any() for one in each) for result in each]
    return operating_points(objects, grounds) if objects and grounds else {}


def _joined(parts: Iterable[_Rows]) -> _Rows:
    every = list(parts)
    return _Rows([each for rows in every for each in rows.results], [each for rows in every for each in rows.counts])


def _by_node(pairs: Sequence[Pair], record: WeightRecord, counting: Counting) -> dict[str, _Rows]:
    """The nodes that are scored on a set, in the network's order."""
    said = [_counts(pair, record, counting) for pair in pairs]
    rows = {}
    for node in record.nodes:
        counted = node in COUNTED
        chosen = [number for number, (image, _) in enumerate(pairs) if covers(image, node)]
        results = [(scene_result if counted else node_result)(*pairs[number], node) for number in chosen]
        if results and (counted or any((~result.ignored).any() for result in results)):
            rows[node] = _Rows(results, [_scene_count(pairs[number][0], said[number], node) for number in chosen])
    return rows


def _counts(pair: Pair, record: WeightRecord, counting: Counting) -> Mapping[str, tuple[float, int, int, int]]:
    """Expected, median, low and high per node, of what is reported; what lies on ignored objects does not count."""
    image, found = pair[0], pair[1].select(pair[1].score >= REPORT_SCORE)
    counts = counting(found.select(~_on_ignored(image, found)), record, image.gsd)
    return {node: (count.expected, count.median, count.low, count.high) for node, count in counts.items()}


def _on_ignored(record: ImageRecord, found: Detections) -> np.ndarray:
    """Which detections (N,) take an ignored object of a counted node."""
    objects = [item for item in record.annotations if any(is_a(item.node, node) for node in COUNTED)]
    ignored = np.array([item.ignore for item in objects], bool)
    partner = assigned(overlaps(record, found, objects), found.score.astype(np.float64), ignored)
    return np.asarray(np.append(ignored, np.False_)[partner], bool)


def _scene_count(image: ImageRecord, counts: Mapping[str, tuple[float, int, int, int]], node: str) -> SceneCount | None:
    """The count of a node beside the truth; None where an object that is labelled less deep might be one of it."""
    there = [item.node for item in image.annotations if not item.ignore]
    if node not in counts or any(label != node and is_a(node, label) for label in there):
        return None
    return SceneCount(image.path.name, sum(is_a(label, node) for label in there), *counts[node])
