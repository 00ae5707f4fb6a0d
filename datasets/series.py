"""A demo series: two fictitious sites, four dates each, as GeoTIFF scenes with their true counts. No real imagery."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.warp import transform_geom

from ..detector.opencv import cv2
from .series_sites import DATES, GSD, PLACES, Group, Place, inside, standing, tally
from .synth_ground import Ground
from .synth_groups import posts, vehicles
from .synth_layout import Plot, drive_column, park_row, scatter
from .synth_render import Placement, paste, sensor

CRS = "EPSG:32637"
MARGIN = 0.03
"""Share of the scene's width between its border and the site polygon."""


@dataclass(frozen=True, slots=True)
class Series:
    """What `make_series` wrote. scenes: GeoTIFF files by site and date; sites: GeoJSON polygons; truth: true counts."""

    scenes: tuple[Path, ...]
    sites: Path
    truth: Path


def make_series(
    out: Path, *, seed: int, size_px: int = 4000, progress: Callable[[str, float], None] | None = None
) -> Series:
    """Write the series into the folder `out` (made if missing): same seed and size, same bytes.

    size_px: width and height of a scene, at 0.5 m; below 2000 the places get too small for all their objects.
    progress: called with the scene's name and the share that is done, 0 to 1.
    truth.json: per site and date the objects inside the site polygon by node, `visible` without those under no-data.
    """
    out.mkdir(parents=True, exist_ok=True)
    scenes: list[Path] = []
    truth: list[dict[str, object]] = []
    total = len(PLACES) * len(DATES)
    for number, place in enumerate(PLACES):
        rng = np.random.default_rng([seed, number])
        ground, groups = place.build(rng, size_px)
        for date, day in enumerate(DATES):
            path = out / f"{place.slug}_{day}.tif"
            truth.append({"site": place.name, "file": path.name, **_scene(path, place, ground, groups, date, seed)})
            scenes.append(path)
            if progress is not None:
                progress(path.name, len(scenes) / total)
    sites, counts = out / "sites.geojson", out / "truth.json"
    sites.write_text(json.dumps(_polygons(size_px), indent=1) + "\n", encoding="utf-8")
    counts.write_text(json.dumps({"gsd": GSD, "passes": truth}, indent=1) + "\n", encoding="utf-8")
    return Series(tuple(scenes), sites, counts)


def _scene(
    path: Path, place: Place, ground: Ground, groups: Sequence[Group], date: int, seed: int
) -> dict[str, object]:
    """Draw and write one scene; its date and true counts."""
    rng = np.random.default_rng([seed, len(place.slug), date])
    size = ground.pixels.shape[0]
    plot = Plot.of(ground.free, GSD, rng, ground.sun)
    targets = standing(groups, date)
    for p in targets:
        plot.put(p.asset, p.paint, p.x, p.y, p.angle, margin=0.0)
    plot.placed.clear()
    _traffic(plot, ground)
    pixels, _ = paste(ground.pixels, GSD, [*targets, *plot.placed], ground.sun, rng, shade=ground.shade)
    cast = rng.uniform(0.95, 1.05, 3) * rng.uniform(0.9, 1.08)
    table = (np.arange(256)[:, None] * cast).clip(0, 255).astype(np.uint8)
    seen = cv2.LUT(sensor(pixels, rng, jpeg=False), np.ascontiguousarray(table[None]))
    edge = int(size * place.cut[date])
    valid = _swath(size, edge)
    _write(path, np.asarray(seen, np.uint8), valid, place.origin, DATES[date])
    counted = [p for p in targets if inside(p, size, MARGIN)]
    return {
        "date": f"{DATES[date][:4]}-{DATES[date][4:6]}-{DATES[date][6:]}",
        "counts": tally(_nodes(counted)),
        "visible": tally(_nodes([p for p in counted if valid is None or valid[int(p.y), int(p.x)]])),
    }


def _nodes(placements: Sequence[Placement]) -> list[str]:
    return [p.asset.node for p in placements if p.asset.node is not None]


def _traffic(plot: Plot, ground: Ground) -> None:
    """Vehicles that are no targets, other ones on every date."""
    rng = plot.rng
    military, civil = vehicles(military=True), vehicles(military=False)
    share = ground.pixels.shape[0] / 4000
    for spot in ground.spots:
        if spot.kind == "road":
            drive_column(plot, spot, military if rng.random() < 0.5 else civil, int(rng.integers(2, 9)), gap=40.0)
        elif spot.kind == "site":
            post, paint = posts(rng)
            plot.put(post, paint, spot.x, spot.y, float(rng.uniform(0, 2 * np.pi)))
        elif spot.kind in ("yard", "apron") and rng.random() < 0.6:
            park_row(plot, spot, military, int(rng.integers(2, 7)), gap=3.0)
    scatter(plot, military, int(14 * share * share))
    scatter(plot, civil, int(24 * share * share))


def _swath(size: int, edge: int) -> NDArray[np.bool_] | None:
    """Valid pixels where the left `edge` pixels, along a slanted border, were not imaged; None where all were."""
    if edge == 0:
        return None
    border = edge + (np.arange(size) - size / 2) * 0.12
    return np.asarray(np.arange(size)[None, :] >= border[:, None], dtype=np.bool_)


def _write(
    path: Path, pixels: NDArray[np.uint8], valid: NDArray[np.bool_] | None, origin: tuple[float, float], day: str
) -> None:
    """A tiled JPEG GeoTIFF with its date, and an internal mask where a part is no-data."""
    height, width = pixels.shape[:2]
    if valid is not None:
        pixels = np.where(valid[..., None], pixels, np.uint8(0))
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", driver="GTiff", width=width, height=height, count=3, dtype="uint8", crs=CRS,
            transform=Affine(GSD, 0, origin[0], 0, -GSD, origin[1]), tiled=True, blockxsize=256, blockysize=256,
            compress="JPEG", photometric="YCBCR", jpeg_quality=90,
        ) as file,
    ):  # fmt: skip
        file.write(np.moveaxis(pixels, 2, 0))
        file.update_tags(TIFFTAG_DATETIME=f"{day[:4]}:{day[4:6]}:{day[6:]} 08:31:00")
        if valid is not None:
            file.write_mask(valid)


def _polygons(size: int) -> dict[str, object]:
    """The site polygons as GeoJSON, longitude and latitude."""
    low, high = size * GSD * MARGIN, size * GSD * (1 - MARGIN)
    features = []
    for place in PLACES:
        east, north = place.origin
        ring = [(east + x, north - y) for x, y in ((low, high), (high, high), (high, low), (low, low), (low, high))]
        geometry = transform_geom(CRS, "EPSG:4326", {"type": "Polygon", "coordinates": [ring]}, precision=8)
        features.append({"type": "Feature", "properties": {"name": place.name}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}
