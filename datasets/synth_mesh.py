"""Solids made of flat facets, in metres: the raw material of every synthetic object.

The object frame: x forward (to the nose), y to the right-hand side, z up from the ground. An image has y down, so an
object turned by `angle` (from +x toward +y, clockwise on screen) needs no mirror.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Facet:
    """One flat polygon: `points` (n, 3) in metres, outward `normal` (3,), the `material` that paints it."""

    points: Points
    normal: Points
    material: str


@dataclass(frozen=True, slots=True, eq=False)
class Asset:
    """One object to place: facets around the origin, and the box that a label of it has.

    `length` x `width` metres is the labelled rectangle, centred on the origin; `node` is None for an object that is
    no target (a confuser). `label_height` is the height in metres of the plane that the label is drawn in.
    `body` (x0, x1, y0, y1) are the extents of everything, for placing objects without collision.
    """

    name: str
    node: str | None
    facets: tuple[Facet, ...]
    length: float
    width: float
    label_height: float
    body: tuple[float, float, float, float]
    height: float


def asset(
    name: str,
    node: str | None,
    facets: Sequence[Facet],
    *,
    box: tuple[float, float, float, float] | None = None,
    label_height: float = 1.0,
) -> Asset:
    """An asset whose origin is moved to the middle of `box` (x0, x1, y0, y1); by default the box of all facets."""
    points = np.concatenate([f.points for f in facets])
    low, high = points.min(axis=0), points.max(axis=0)
    x0, x1, y0, y1 = box if box is not None else (low[0], high[0], low[1], high[1])
    shift = np.array([(x0 + x1) / 2, (y0 + y1) / 2, 0.0])
    moved = tuple(Facet(f.points - shift, f.normal, f.material) for f in facets)
    body = (
        float(low[0] - shift[0]),
        float(high[0] - shift[0]),
        float(low[1] - shift[1]),
        float(high[1] - shift[1]),
    )
    return Asset(name, node, moved, float(x1 - x0), float(y1 - y0), label_height, body, float(high[2]))


def _normal(points: Points) -> tuple[float, float, float]:
    """Unit normal by Newell's method: right for any planar polygon, convex or not (plain floats: faster)."""
    corners = points.tolist()
    nx = ny = nz = 0.0
    ax, ay, az = corners[-1]
    for bx, by, bz in corners:
        nx += (ay - by) * (az + bz)
        ny += (az - bz) * (ax + bx)
        nz += (ax - bx) * (ay + by)
        ax, ay, az = bx, by, bz
    size = max(math.sqrt(nx * nx + ny * ny + nz * nz), 1e-12)
    return nx / size, ny / size, nz / size


def _outward(points: Points, centre: Points, material: str) -> Facet:
    nx, ny, nz = _normal(points)
    px, py, pz = (sum(axis) / len(points) for axis in zip(*points.tolist(), strict=True))
    cx, cy, cz = centre.tolist()
    sign = -1.0 if nx * (px - cx) + ny * (py - cy) + nz * (pz - cz) < 0 else 1.0
    return Facet(points, np.array([nx * sign, ny * sign, nz * sign]), material)


def prism(outline: Sequence[tuple[float, float]], low: float, high: float, material: str) -> list[Facet]:
    """An outline in x, y raised from height `low` to `high`: roof and walls (nobody sees the floor)."""
    flat = np.asarray(outline, dtype=np.float64)
    bottom = np.column_stack([flat, np.full(len(flat), low)])
    top = np.column_stack([flat, np.full(len(flat), high)])
    centre = (bottom.mean(axis=0) + top.mean(axis=0)) / 2
    walls = [
        _outward(np.array([bottom[i], bottom[j], top[j], top[i]]), centre, material)
        for i, j in ((i, (i + 1) % len(flat)) for i in range(len(flat)))
    ]
    return [*walls, Facet(top, np.array([0.0, 0.0, 1.0]), material)]


def block(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], material: str) -> list[Facet]:
    """A box between two x, two y and two z."""
    return prism([(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])], z[0], z[1], material)


def plate(points: Sequence[tuple[float, float, float]], material: str) -> list[Facet]:
    """A thin sheet (a wing, a blade): one facet, lit from above."""
    corners = np.asarray(points, dtype=np.float64)
    normal = np.array(_normal(corners))
    return [Facet(corners, normal if normal[2] >= 0 else -normal, material)]


def fin(profile: Sequence[tuple[float, float]], y: float, thickness: float, material: str) -> list[Facet]:
    """An upright sheet: a profile in x, z at `y`, `thickness` metres thick."""
    flat = np.asarray(profile, dtype=np.float64)
    left = np.column_stack([flat[:, 0], np.full(len(flat), y - thickness / 2), flat[:, 1]])
    right = left + np.array([0.0, thickness, 0.0])
    centre = (left.mean(axis=0) + right.mean(axis=0)) / 2
    rim = [
        _outward(np.array([left[i], left[j], right[j], right[i]]), centre, material)
        for i, j in ((i, (i + 1) % len(flat)) for i in range(len(flat)))
    ]
    return [*rim, _outward(left, centre, material), _outward(right, centre, material)]


def loft(
    stations: Sequence[tuple[float, float, float, float]], material: str, *, y: float = 0.0, sides: int = 10
) -> list[Facet]:
    """A body along x: stations (x, z of the axis, half width, half height), joined by strips, with closed ends."""
    turn = 2 * np.pi * np.arange(sides) / sides + np.pi / sides
    rings = [
        np.column_stack([np.full(sides, x), y + half_width * np.cos(turn), z + half_height * np.sin(turn)])
        for x, z, half_width, half_height in stations
    ]
    return _skin(rings, material, material)


def tube(
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    radius: float,
    material: str,
    *,
    cap: str | None = None,
    sides: int = 10,
) -> list[Facet]:
    """A cylinder between two points, in any direction, with end caps of material `cap`."""
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    axis = (b - a) / np.linalg.norm(b - a)
    helper = np.array([0.0, 0.0, 1.0]) if abs(axis[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    u = np.cross(axis, helper)
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    turn = 2 * np.pi * np.arange(sides) / sides
    ring = radius * (np.outer(np.cos(turn), u) + np.outer(np.sin(turn), v))
    return _skin([a + ring, b + ring], material, cap or material)


def _skin(rings: Sequence[Points], material: str, cap: str) -> list[Facet]:
    facets: list[Facet] = []
    for first, second in pairwise(rings):
        centre = (first.mean(axis=0) + second.mean(axis=0)) / 2
        for i in range(len(first)):
            j = (i + 1) % len(first)
            facets.append(_outward(np.array([first[i], first[j], second[j], second[i]]), centre, material))
    middle = np.concatenate(list(rings)).mean(axis=0)
    facets += [_outward(ring, middle, cap) for ring in (rings[0], rings[-1])]
    return facets


def turned(facets: Sequence[Facet], angle: float, pivot: tuple[float, float] = (0.0, 0.0)) -> list[Facet]:
    """Facets turned about a vertical axis at `pivot` by `angle` radians (from +x toward +y)."""
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    centre = np.array([pivot[0], pivot[1], 0.0])
    return [Facet((f.points - centre) @ turn + centre, f.normal @ turn, f.material) for f in facets]


def moved(facets: Sequence[Facet], x: float = 0.0, y: float = 0.0, z: float = 0.0) -> list[Facet]:
    """Facets moved by metres."""
    shift = np.array([x, y, z])
    return [Facet(f.points + shift, f.normal, f.material) for f in facets]
