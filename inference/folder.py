"""Results: a survey as files in a folder, complete or not at all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from . import quicklook, store
from .coverage import touches
from .export import counts_csv, detections_csv, detections_geojson
from .output import Staging, output_errors
from .report import report
from .sites import placed
from .survey import Look, Survey
from .words import too_coarse, unmeasured

GEOJSON, DETECTIONS, COUNTS, REPORT, STORE = (
    "detections.geojson", "detections.csv", "counts.csv", "report.html", "hardstand.sqlite",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: all files, and remarks for people about what was not."""

    files: tuple[Path, ...]
    remarks: tuple[str, ...]


def write_results(survey: Survey, folder: Path, *, key: str = "") -> Written:
    """Write detections, counts, quick-looks, report and store into a folder, replacing those of an earlier run.

    Files appear under their names once all of them are complete. The store keeps earlier runs and gains this one; one
    with the same `key`, if that is not empty, is replaced.
    Detections are written as GeoJSON only where some scene has a place on the map. Raises OutputError.
    """
    with Staging(folder) as staging:
        files = _file_names(survey.looks)
        pictures = {look.name: (files[look.name], _picture(survey, look, staging, files)) for look in survey.looks}
        geojson = detections_geojson(survey)
        if geojson is not None:
            staging.write(GEOJSON, geojson)
        staging.write(DETECTIONS, detections_csv(survey))
        staging.write(COUNTS, counts_csv(survey))
        staging.write(REPORT, report(survey, pictures))
        fresh = not (folder / STORE).exists()
        store.save(staging.path(STORE) if fresh else folder / STORE, survey, key=key)
        published = staging.publish()
    if geojson is None:
        with output_errors(folder / GEOJSON):
            (folder / GEOJSON).unlink(missing_ok=True)
    return Written(published if fresh else (*published, folder / STORE), _remarks(survey))


def _picture(survey: Survey, look: Look, staging: Staging, files: dict[str, str]) -> bytes:
    """Write a scene's quick-look, and give a smaller JPEG of it: the smaller, the more scenes there are."""
    with survey.opening.scene(look.result.scene.path or "") as scene:
        pixels, _ = scene.preview(quicklook.LONG_SIDE_PX)
    picture = quicklook.draw(look, pixels, survey.sites)
    staging.write(files[look.name], quicklook.encode(picture))
    side = int(min(1400, max(500, 4000 / sqrt(len(survey.looks)))))
    return quicklook.encode(quicklook.shrink(picture, side), ".jpg")


def _file_names(looks: Sequence[Look]) -> dict[str, str]:
    """The file name of each scene's quick-look; letters, digits, dots, dashes and underscores alone, each once."""
    names: dict[str, str] = {}
    for look in looks:
        plain = re.sub(r"[^\w.-]+", "_", look.name) or "scene"
        name, number = f"quicklook-{plain}.png", 1
        while name.lower() in {taken.lower() for taken in names.values()}:
            number += 1
            name = f"quicklook-{plain}-{number}.png"
        names[look.name] = name
    return names


def _remarks(survey: Survey) -> tuple[str, ...]:
    remarks = [remark] if (remark := unmeasured(survey.nodes, survey.weights.recall)) else []
    scales = {look.name: sqrt(look.result.scene.gsd_x * look.result.scene.gsd_y) for look in survey.looks}
    network_gsd = min((look.result.detections.gsd for look in survey.looks), default=0.0)
    coarse = too_coarse(survey.nodes, survey.weights.recall_by_gsd, scales, network_gsd)
    remarks += [coarse] if coarse else []
    unplaced = [look.name for look in survey.looks if not placed(look.result.scene)]
    if unplaced:
        which = "No scene" if len(unplaced) == len(survey.looks) else f"{len(unplaced)} of {len(survey.looks)} scenes"
        lacks = "has a place on the map" if which == "No scene" else "have no place on the map"
        remarks.append(
            f"{which} {lacks}: those detections are in {DETECTIONS}, in pixels of the image; "
            + (f"{GEOJSON} is not written." if len(unplaced) == len(survey.looks) else f"{GEOJSON} leaves them out.")
        )
    within = survey.opening.within
    if within is not None:
        missed = [look.name for look in survey.looks if not any(touches(look.result.scene, site) for site in within)]
        if missed:
            remarks.append(f"No site of --within lies in {', '.join(missed)}: nothing was run there, nothing seen.")
    if survey.failed:
        reasons = "; ".join(failure.reason for failure in survey.failed)
        remarks.append(f"{len(survey.failed)} of {len(survey.failed) + len(survey.looks)} scenes not used: {reasons}")
    if survey.unread:
        names = ", ".join(look.name for look in survey.looks if look.result.unread)
        remarks.append(f"{survey.unread} tiles could not be read ({names}); their area counts as not seen.")
    remarks += [
        f"{look.name}: {look.result.coarse_fraction:.0%} of the scene had a coarse look alone (--screen). "
        "That was measured for aircraft only: helicopters and launchers may be missed there."
        for look in survey.looks
        if look.result.coarse_fraction
    ]
    return tuple(remarks)
