"""A small painted series: one base on four dates, two sites, one date partly and one wholly under no-data at a site."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.errors import NotGeoreferencedWarning

from hardstand.detector import PaintDetector, paint
from hardstand.inference.sites import read_sites
from hardstand.inference.survey import Survey, Weights, run_survey

SIDE, EAST, NORTH, GSD = 480, 755_000.0, 3_921_000.0, 0.5
Rectangle = tuple[float, float, float, float]
WriteScene = Callable[..., Path]


def ring(rectangle: Rectangle) -> list[list[float]]:
    """The ring in longitude and latitude of a rectangle (left, top, right, bottom) in scene pixels."""
    left, top, right, bottom = rectangle
    to_lonlat = Transformer.from_crs("EPSG:32636", "OGC:CRS84", always_xy=True)
    corners = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
    return [list(to_lonlat.transform(EAST + x * GSD, NORTH - y * GSD)) for x, y in corners]


@pytest.fixture(scope="session")
def write_sites() -> Callable[[Path, dict[str, Rectangle]], Path]:
    """Writes named rectangles, in scene pixels, as a site file."""

    def write(path: Path, sites: dict[str, Rectangle]) -> Path:
        features = [
            {
                "type": "Feature",
                "properties": {"name": name},
                "geometry": {"type": "Polygon", "coordinates": [ring(rectangle)]},
            }
            for name, rectangle in sites.items()
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def write_scene() -> WriteScene:
    """Writes a scene with `jets` fighters and `helis` helicopters; columns from `blind_from` on are no-data."""

    def write(path: Path, *, jets: int = 0, helis: int = 0, blind_from: int = SIDE, placed: bool = True) -> Path:
        pixels = np.full((SIDE, SIDE, 3), 110, np.uint8)
        for number in range(jets):
            paint(pixels, (50 + 60 * (number % 7), 60 + 60 * (number // 7), 40, 26, 0.4), "fw.combat.su27fam")
        for number in range(helis):
            paint(pixels, (60 + 80 * number, 350, 36, 24, 1.0), "heli")
        alpha = np.full((SIDE, SIDE, 1), 255, np.uint8)
        alpha[:, blind_from:] = 0
        bands = np.concatenate([pixels, alpha], axis=2).transpose(2, 0, 1)
        frame = {"crs": "EPSG:32636", "transform": Affine(GSD, 0, EAST, 0, -GSD, NORTH)} if placed else {}
        profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 4, "dtype": "uint8"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, "w", **profile, **frame, photometric="RGB", alpha="YES") as target:
                target.write(bands)
        return path

    return write


@pytest.fixture(scope="session")
def base(
    tmp_path_factory: pytest.TempPathFactory,
    write_scene: WriteScene,
    write_sites: Callable[[Path, dict[str, Rectangle]], Path],
) -> Path:
    """A folder with four dated scenes and sites.geojson; "West" is the left half but a margin, "East" the right end."""
    folder = tmp_path_factory.mktemp("base")
    write_scene(folder / "base_20241102.tif", jets=12, helis=3)
    write_scene(folder / "base_20241120.tif", jets=12, helis=3, blind_from=300)
    write_scene(folder / "base_20241203.tif", jets=12, helis=2)
    write_scene(folder / "base_20241214.tif", jets=3)
    write_sites(folder / "sites.geojson", {"West": (20, 20, 440, 420), "East": (445, 20, 475, 420)})
    return folder


@pytest.fixture(scope="session")
def weights() -> Weights:
    """What the painted series is recorded with: launchers were never measured."""
    return Weights("paint", "ab" * 32, 0.05, {"fw": 0.9, "heli": 0.8}, ("Nothing was measured at night.",))


@pytest.fixture(scope="session")
def survey(base: Path, weights: Weights) -> Survey:
    """The survey of the painted series."""
    scenes = sorted(base.glob("*.tif"))
    return run_survey(scenes, PaintDetector(), sites=read_sites(base / "sites.geojson"), weights=weights)
