"""Coverage: the share of a site that was really seen, sampled on points that are the same for every pass."""

import math

import numpy as np
import shapely
from numpy.typing import NDArray

from .georeference import SceneInfo
from .result import SceneResult
from .sites import Site

POINTS = 40_000
"""Sample points per site, about: coverage is then good to about half a point."""
_MOST_PER_PART = 4_000_000


def lattice(site: Site) -> NDArray[np.float64]:
    """Points (N, 2; longitude, latitude) on an even lattice inside the site, about 40,000, equal for every pass.

    For a whole scene they are shares of its width and height instead, each from 0 to 1.
    """
    if site.polygon is None:
        return _grid(0.0, 0.0, 1.0, 1.0, 1 / math.sqrt(POINTS), 1 / math.sqrt(POINTS))
    squeeze = math.cos(math.radians(site.polygon.centroid.y))
    step = math.sqrt(site.polygon.area * squeeze / POINTS)
    parts = []
    for part in shapely.get_parts(site.polygon):
        left, bottom, right, top = part.bounds
        coarser = max(1.0, math.sqrt((right - left) * squeeze * (top - bottom) / step**2 / _MOST_PER_PART))
        points = _grid(left, bottom, right, top, coarser * step / squeeze, coarser * step)
        parts.append(points[shapely.contains_xy(part, points[:, 0], points[:, 1])])
    points = np.concatenate(parts)
    return points if len(points) else shapely.get_coordinates(site.polygon.representative_point())


def touches(scene: SceneInfo, site: Site) -> bool:
    """True where some of the site lies inside the scene's frame, seen or not; always for a whole scene."""
    return site.polygon is None or bool(_inside(scene, scene.pixels(lattice(site))).any())


def seen_points(result: SceneResult, site: Site) -> NDArray[np.bool_]:
    """Which of the site's lattice points (N,) are inside the scene, valid (not no-data) and in tiles that were read."""
    scene = result.scene
    points = lattice(site)
    pixels = points * (scene.width, scene.height) if site.polygon is None else scene.pixels(points)
    seen = _inside(scene, pixels)
    mask = result.valid_mask
    rows, columns = mask.shape
    column = np.clip(pixels[seen, 0] * columns / scene.width, 0, columns - 1).astype(np.intp)
    row = np.clip(pixels[seen, 1] * rows / scene.height, 0, rows - 1).astype(np.intp)
    seen[seen] = mask[row, column]
    grid = pixels / result.grid_scale
    for tile in result.unread:
        across = (grid[:, 0] >= tile.core_left) & (grid[:, 0] < tile.core_right)
        seen &= ~(across & (grid[:, 1] >= tile.core_top) & (grid[:, 1] < tile.core_bottom))
    return seen


def _inside(scene: SceneInfo, pixels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Half-open frame test; points that do not project (inf) are outside."""
    x, y = pixels[:, 0], pixels[:, 1]
    return (x >= 0) & (x < scene.width) & (y >= 0) & (y < scene.height)


def _grid(left: float, bottom: float, right: float, top: float, step_x: float, step_y: float) -> NDArray[np.float64]:
    """Cell centres of an even grid over a box, (N, 2)."""
    columns, rows = max(1, round((right - left) / step_x)), max(1, round((top - bottom) / step_y))
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    y = bottom + (np.arange(rows) + 0.5) * (top - bottom) / rows
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
