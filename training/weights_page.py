"""weights.md, written from the records inside the weight files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..detector.weights import WeightRecord, read_record
from .scenes import WHOLE

HEAD = """# Weight files

Written by `hardstand weights-page` from the records inside the files; a test fails when it is stale. Every figure comes
from the command beside it. Sets are named as in `hardstand.datasets`; places held back are listed in
`datasets/split.py`: `test` places give the figures, `dev` places the calibration, neither is trained on.
"""
TOP = (
    "scenes",
    "objects",
    "ap50",
    "ap50_95",
    "recall_at_threshold",
    "precision_at_threshold",
    "count_error_percent",
    "count_bias_percent",
    "false_alarms_per_km2",
)
NEWER = ("ap_oriented_voc07", "ap_oriented", "count_error", "counts_in_interval")
"""Columns of records made since they are measured."""
RANGES = ("scenes", "objects", "ap50", "ap50_95", "recall_at_threshold", "precision_at_threshold")
SIZES = ("objects", "ap50", "recall_at_threshold")
SCORED = ("objects", "recall", "false_alarms_per_km2", "false_alarms_per_km2_of_real_ground", "real_ground_km2")
NAMED = ("objects", "found", "right", "consistent")
TYPE = (*NAMED, "angle_error_deg", "length_error_percent", "width_error_percent")


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return [*lines, *("| " + " | ".join(_cell(value) for value in row) + " |" for row in rows)]


def _cell(value: Any) -> str:  # noqa: ANN401 - a value of JSON
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return ""
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _scores(title: str, command: str, metrics: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    measured = {name for row in metrics.values() for name, value in row.items() if value is not None}
    columns = [name for name in columns if name not in NEWER or name in measured]
    rows = [(name, *(row.get(column) for column in columns)) for name, row in metrics.items()]
    return ["", f"### {title}", "", f"`{command}`", "", *_table(("", *(c.replace("_", " ") for c in columns)), rows)]


def page(records: Sequence[WeightRecord]) -> str:
    """Return the text of weights.md."""
    lines = [HEAD.rstrip()]
    for record in records:
        lines += ["", f"## {record.name}", "", *_about(record)]
        metrics = record.metrics
        command = f"hardstand evaluate {record.name} --data SETS --tiles TILES"
        if "scenes" in metrics:
            lines += _scores("Whole held-back images, after merging", command, metrics["scenes"], (*TOP, *NEWER))
            lines += _reading(metrics)
            lines += _breakdowns(metrics, command)
            lines += _reported(metrics, command)
        for folder, title in (
            ("composites_holdout", "Types, angles and sizes: held-back real cut-outs on held-back real bases"),
            ("generated_holdout", "Helicopters and launchers: generated, on held-back real bases"),
        ):
            types = metrics.get("types", metrics).get(folder)
            if types:
                lines += _scores(title, command, types, TYPE)
                lines += [
                    "",
                    "found: a box of the right kind with oriented IoU 0.5 or more at score 0.25; right: reported at",
                    "that node or below; consistent: at that node, below it, or at an ancestor.",
                ]
                lines += _confusion(metrics.get("confusion", {}).get(folder))
        if "look" in metrics:
            lines += _look(record)
        for precision in ("int8", "bf16"):
            if precision in metrics:
                lines += _decision(precision, metrics[precision], record.name)
        for name, text in metrics.get("notes", {}).items():
            lines += ["", f"### {name}", "", text]
        if record.not_measured:
            lines += ["", "### Not measured", "", *(f"* {item}" for item in record.not_measured)]
    return "\n".join(lines) + "\n"


def _reading(metrics: Mapping[str, Any]) -> list[str]:
    """How to read the table of whole images; records made before `threshold` was in them counted without recall."""
    counts = (
        [
            "counts as users get them, whole numbers, with the recall by class and scale, against the labels: count",
            "error in objects, mean over images; in per cent, mean over images with objects; bias in sum, of the",
            "expected count; counts in interval: share of images whose count lies in the 90 % interval. Oriented AP by",
            "DOTA's protocol at IoU 0.5, where labels are oriented: voc07 at eleven points of recall, as DOTA's devkit",
            "prints it, the other as area.",
        ]
        if "threshold" in metrics
        else ["expected count (sum of calibrated probabilities) against the labels, mean over images, and in sum."]
    )
    return [
        "",
        "AP by pycocotools on horizontal boxes by shape (aircraft: envelope of the diamond in the",
        "oriented box), over all scores from 0.01. Recall, precision and false alarms at score 0.25. Counts:",
        *counts,
    ]


def _breakdowns(metrics: Mapping[str, Any], command: str) -> list[str]:
    """The sections without coarse images, by scale, by size, and per node on tiles, of records that have them."""
    lines = []
    if metrics.get("taken"):
        lines += _scores(
            "Whole images without those so coarse that `detect` refuses them", command, metrics["taken"], (*TOP, *NEWER)
        )
    for node, rows in metrics.get("by_gsd", {}).items():
        lines += _scores(
            f"`{node}` by metres per pixel of the image, all sets together", command, _in_order(rows), RANGES
        )
    for name, rows in metrics.get("by_size", {}).items():
        lines += _scores(f"`{name}` by longer side", command, _in_order(rows), SIZES)
    for node, rows in metrics.get("by_score", {}).items():
        lines += _scores(f"`{node}` from a score on", command, rows, SCORED)
        lines += [
            "",
            "Recall and false alarms per km2 on generated tiles, crowded with lorries and look-alikes, and false",
            "alarms on real ground of held-back places, airports and towns, where there are none.",
        ]
    if metrics.get("tiles"):
        lines += _scores("Held-back tiles, per node", command, metrics["tiles"], (*TOP, *NEWER))
    return lines


def _reported(metrics: Mapping[str, Any], command: str) -> list[str]:
    """What objects of whole images were named, and reported as."""
    named = metrics.get("types", {}).get(WHOLE)
    lines = []
    if named:
        lines += _scores("Whole held-back images: names", command, named, NAMED)
        lines += [
            "",
            "Against names given by eye, by models that see images (`datasets/named.csv`; SIMD has its own).",
            "found: by a box of any name at score 0.25; right: reported at that node or below; consistent: or at an",
            "ancestor.",
        ]
    return lines + _confusion(metrics.get("confusion", {}).get(WHOLE))


def _in_order(rows: Mapping[str, Any]) -> dict[str, Any]:
    """Ranges from the lowest up: the record of a weight file sorts its keys as text."""
    return dict(sorted(rows.items(), key=lambda row: 0 if row[0].startswith("under") else float(row[0].split()[0])))


def _confusion(matrix: Mapping[str, Any] | None) -> list[str]:
    """Which labels (rows) were reported as what (columns)."""
    if not matrix:
        return []
    head = ("labelled \\ reported", *(f"`{node}`" for node in matrix["reported"]))
    rows = zip(matrix["labelled"], matrix["objects"], strict=True)
    return ["", *_table(head, [(name, *(number or "" for number in row)) for name, row in rows])]


def _decision(precision: str, decision: Mapping[str, Any], name: str) -> list[str]:
    """Return the section on a cheaper arithmetic: the decision, the figures of both, and what spoke against it."""
    figures = {"fw, whole real scenes": decision["aircraft"], **decision["nodes"]}
    rows = [
        (node, row["objects"], row["fp32"], row[precision], 100 * (row[precision] - row["fp32"]))
        for node, row in figures.items()
    ]
    rest = " What stays in floating point was in bfloat16, as on all processors that multiply it."
    verdict = "Not accepted: not used."
    if decision["accepted"]:
        where = " on processors made for it (AMX)" if precision == "bf16" else ""
        verdict = f"Accepted: OpenVINO runs it by default{where}.{rest if decision.get('rest') == 'bf16' else ''}"
    return [
        "",
        f"### {precision}",
        "",
        f"`hardstand quantise {name} --data SETS --tiles TILES`",
        "",
        f"{verdict} AP50 (the area below the curve) on the `dev` places, and on held-back tiles per node with 100 or "
        "more objects.",
        *(f"Against it: {objection}." for objection in decision["objections"]),
        "",
        *_table(("", "objects", "fp32", precision, "points"), rows),
    ]


def _about(record: WeightRecord) -> list[str]:
    scale = record.architecture.get("scale", "")
    lines = [
        f"Oriented YOLO11{scale}, one sigmoid per node, {record.gsd_m} m per pixel, tiles of {record.tile_px} px, made "
        f"{record.created}. Parameters SHA-256 `{record.params_sha256}`.",
        "",
        f"Nodes: {', '.join(f'`{node}`' for node in record.nodes)}.",
        "",
        f"Licence: {record.licence}.",
        "",
        "### Trained on",
        "",
        *_table(
            ("set", "images or tiles", "objects", "licence as stated"),
            [(row["set"], row["images"], row["objects"], row["licence"]) for row in record.data],
        ),
    ]
    if record.recall:
        lines += [
            "",
            "Recall used for the count intervals: "
            + ", ".join(f"`{node}` {value:.3f}" for node, value in record.recall.items())
            + ".",
        ]
    if record.doubt:
        lacking = ", ".join(f"`{node}` {value:.3f}" for node, value in record.doubt.items())
        lines += [
            "",
            f"What the objects found there lacked in probability, on average: {lacking}. An object that lacks "
            "less stands for fewer missed ones, one that lacks more for more.",
        ]
    if record.recall_by_gsd:
        lines += ["", f"By metres per pixel of the image: {'; '.join(_by_scale(record))}."]
    inherits = {node: row["inherits"] for node, row in record.metrics.get("calibration", {}).items() if row["inherits"]}
    if inherits:
        named = ", ".join(f"`{node}` that of `{above}`" for node, above in inherits.items())
        lines += ["", f"Too few detections or objects for a calibration of their own, so they take another's: {named}."]
    return lines


def _look(record: WeightRecord) -> list[str]:
    found = record.metrics["look"]
    return [
        "",
        "### The score from which `--screen` suspects something",
        "",
        f"`hardstand calibrate {record.name} --data SETS`",
        "",
        f"From {_cell(found['score'])} on {found['passed_over']} of {found['aircraft']} aircraft are passed over, of",
        "those that the detector finds at labels of `dev` places.",
    ]


def _by_scale(record: WeightRecord) -> list[str]:
    return [
        f"`{node}` " + ", ".join(f"{r:.3f} at {g:.2g} m" for g, r in zip(curve["gsd_m"], curve["recall"], strict=True))
        for node, curve in record.recall_by_gsd.items()
    ]


def shipped_page(folder: Path) -> str:
    """Return the page for all weight files in a folder, by name."""
    return page([read_record(path) for path in sorted(folder.glob("*.safetensors"))])
