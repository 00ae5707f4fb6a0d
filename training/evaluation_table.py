"""An evaluation as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

SCENES = {
    "scenes": "images",
    "objects": "objects",
    "ap50": "AP50",
    "ap50_95": "AP50:95",
    "ap_oriented_voc07": "oriented",
    "recall_at_threshold": "recall",
    "precision_at_threshold": "precision",
    "false_alarms_per_km2": "false/km²",
    "count_error": "off by",
    "count_error_percent": "off by, %",
    "count_bias_percent": "bias, %",
    "counts_in_interval": "in interval",
}
SIZES = {"objects": "objects", "ap50": "AP50", "recall_at_threshold": "recall"}
SCORED = {
    "objects": "objects",
    "recall": "recall",
    "false_alarms_per_km2": "false/km²",
    "false_alarms_per_km2_of_real_ground": "false/km², real ground without any",
    "real_ground_km2": "km² of it",
}
TYPES = {
    "objects": "objects",
    "found": "found",
    "right": "right",
    "consistent": "consistent",
    "angle_error_deg": "angle, °",
    "length_error_percent": "length, %",
    "width_error_percent": "width, %",
}


def print_tables(metrics: Mapping[str, Any], console: Console) -> None:
    """Print the tables of an evaluation's metrics and how to read them."""
    _table(console, "Whole scenes, after merging", metrics["scenes"], SCENES)
    if metrics["taken"]:
        _table(console, "Whole scenes without those so coarse that `detect` refuses them", metrics["taken"], SCENES)
    for name in dict.fromkeys(row.rpartition(" ")[0] for row in metrics["tiles"]):
        rows = {row.rpartition(" ")[2]: each for row, each in metrics["tiles"].items() if row.startswith(f"{name} ")}
        _table(console, f"Tiles: {name}", rows, SCENES)
    for node, rows in metrics["by_gsd"].items():
        _table(console, f"{node} by metres per pixel, all scenes", rows, SCENES)
    for node, rows in metrics["by_size"].items():
        _table(console, f"{node} by longer side", rows, SIZES)
    for node, rows in metrics["by_score"].items():
        _table(console, f"{node} on tiles from a score on", rows, SCORED)
    for name, rows in metrics["types"].items():
        _table(console, f"Types, and boxes where they are exact: {name}", rows, TYPES)
    console.print(
        f"AP: horizontal boxes by shape; oriented: by DOTA's protocol (IoU 0.5, VOC 2007). Recall, precision, false "
        f"alarms and types at score {metrics['threshold']:g}. Counts against labels per image; bias: in sum, of the "
        "expected count; in interval: share of images whose count lies in the 90 % interval."
    )


def _table(console: Console, title: str, rows: Mapping[str, Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    shown = [name for name in columns if any(row.get(name) is not None for row in rows.values())]
    if not shown:
        return
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("", no_wrap=True)
    for name in shown:
        table.add_column(columns[name], justify="right")
    for name, row in rows.items():
        table.add_row(name, *_cells(row, shown))
    console.print(table)


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [_cell(row.get(name), decimals=1 if "percent" in name or name == "angle_error_deg" else 3) for name in names]


def _cell(value: float | None, *, decimals: int) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.{decimals}f}"
