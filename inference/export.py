"""Export: detections as GeoJSON and CSV, counts as CSV."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from ..detector.taxonomy import NODES
from .change import changes
from .passes import Pass
from .sites import placed
from .survey import Look, Survey

DETECTION_COLUMNS = (
    "scene", "date", "site", "node", "class", "score", "probability", "length_m", "width_m",
    "longitude", "latitude", "x_px", "y_px", "corners_px",
)  # fmt: skip
COUNT_COLUMNS = (
    "site", "scene", "date", "coverage", "seen", "partial", "node", "class", "detections", "median", "expected",
    "low", "high", "change_since", "change", "change_low", "change_high", "comparable", "more_than_noise",
)  # fmt: skip


def detections_geojson(survey: Survey) -> str | None:
    """Every detection of every georeferenced scene as an RFC 7946 FeatureCollection; None where no scene is one.

    Geometry: the oriented box as a polygon in longitude and latitude (WGS 84, seven decimals, anticlockwise). An image
    without a place on the map has no longitude and latitude; its detections are in the CSV alone.
    """
    on_map = [look for look in survey.looks if placed(look.result.scene)]
    if not on_map:
        return None
    features = ",\n".join(json.dumps(feature, ensure_ascii=False) for look in on_map for feature in _features(look))
    return f'{{"type": "FeatureCollection", "features": [\n{features}\n]}}\n'


def detections_csv(survey: Survey) -> str:
    """Every detection, one line each: class, score, size, centre on the map and in pixels of its own scene.

    `x_px`, `y_px` and `corners_px` (x y of front left, rear left, rear right, front right) are in pixels of the scene
    file, from its top left corner. Longitude and latitude are empty without georeference. `site` names every site
    that the centre lies in, separated by "; ", or is empty.
    """
    return _csv(DETECTION_COLUMNS, (row for look in survey.looks for row in _detection_rows(look)))


def counts_csv(survey: Survey) -> str:
    """Counts, one line per site, pass and counted node, with the change since the pass it compares with.

    A site that was not seen has lines with `seen` false and no numbers: missing, not zero.
    """
    rows = (
        row
        for passes in survey.series().values()
        for index, one in enumerate(passes)
        for row in _count_rows(survey, passes, index, one)
    )
    return _csv(COUNT_COLUMNS, rows)


def iso(time: datetime | None) -> str:
    """A time in ISO 8601, the date alone where no time of day is known; empty for None."""
    if time is None:
        return ""
    return time.date().isoformat() if (time.hour, time.minute, time.second) == (0, 0, 0) else time.isoformat()


def _features(look: Look) -> Iterator[dict[str, Any]]:
    outlines = look.result.lonlat_polygons().round(7)
    sites = _site_names(look)
    for detection, outline, names in zip(look.result.detections, outlines.tolist(), sites, strict=True):
        yield {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [_anticlockwise(outline)]},
            "properties": {
                "node": detection.node,
                "class": NODES[detection.node].name,
                "score": round(detection.score, 4),
                "probability": round(detection.probability, 4),
                "length_m": round(detection.length_m, 1),
                "width_m": round(detection.width_m, 1),
                "site": names or None,
                "scene": look.name,
                "date": iso(look.result.scene.time) or None,
            },
        }


def _anticlockwise(outline: list[list[float]]) -> list[list[float]]:
    area = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(outline, outline[1:] + outline[:1], strict=True))
    ring = outline if area > 0 else outline[::-1]
    return [*ring, ring[0]]


def _site_names(look: Look) -> list[str]:
    names: list[list[str]] = [[] for _ in range(len(look.result.detections))]
    for one in look.passes:
        for member in one.members.tolist():
            names[member].append(one.site)
    return ["; ".join(each) for each in names]


def _detection_rows(look: Look) -> Iterator[tuple[object, ...]]:
    detections, scene = look.result.detections, look.result.scene
    outlines = look.result.pixel_polygons()
    centres = outlines.mean(axis=1)
    lonlat = look.result.lonlat() if placed(scene) else None
    for row, (detection, site) in enumerate(zip(detections, _site_names(look), strict=True)):
        place = ("", "") if lonlat is None else (f"{lonlat[row, 0]:.7f}", f"{lonlat[row, 1]:.7f}")
        yield (
            look.name, iso(scene.time), site, detection.node, NODES[detection.node].name,
            f"{detection.score:.4f}", f"{detection.probability:.4f}",
            f"{detection.length_m:.1f}", f"{detection.width_m:.1f}", *place,
            f"{centres[row, 0]:.1f}", f"{centres[row, 1]:.1f}",
            " ".join(f"{value:.1f}" for value in outlines[row].ravel().tolist()),
        )  # fmt: skip


def _count_rows(survey: Survey, passes: tuple[Pass, ...], index: int, one: Pass) -> Iterator[tuple[object, ...]]:
    since = changes(passes, index)
    for node in survey.nodes:
        count, change = one.counts.get(node), since.get(node)
        yield (
            one.site, one.scene, iso(one.time), f"{one.coverage:.4f}", _flag(one.seen), _flag(one.partial),
            node, NODES[node].name,
            *(("", "", "", "", "") if count is None
              else (count.detections, count.median, f"{count.expected:.3f}", count.low, count.high)),
            *(("", "", "", "", "", "") if change is None
              else (iso(change.since.time), change.difference, change.low, change.high,
                    _flag(change.comparable), _flag(change.more_than_noise))),
        )  # fmt: skip


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
