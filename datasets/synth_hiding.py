"""What hides an object in part: camouflage nets, open shelters, and crowns of trees that hang over it.

Each is an object without a label that is drawn after, so on top of, what it hides; `paste` measures what is left.
"""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .synth_cover import roof_tone
from .synth_mesh import Asset, Facet, asset, block, plate
from .synth_paint import Paint, foliage_paint, net_paint
from .synth_render import Placement

NETS, SHELTERS, TREES = 0.05, 0.025, 0.12
"""Share of the vehicles under a net, of all that is small enough under a shelter, of what stands on bare ground under
trees."""
LONGEST_M = 24.0
"""What is longer is hidden by nothing."""


def covers(placed: Sequence[Placement], bare: NDArray[np.bool_] | None, gsd: float, rng: Generator) -> list[Placement]:
    """What hides some of the objects in part, to be drawn after them; targets and confusers alike.

    bare: (H, W) bool, True where trees grow; None where the ground has its own trees.
    """
    out: list[Placement] = []
    for each in placed:
        if not 4.0 <= each.asset.length <= LONGEST_M:
            continue
        flies = each.asset.node is not None and not each.asset.node.startswith("ad.")
        chance = float(rng.random())
        if chance < SHELTERS:
            out.append(_over(each, shelter(each.asset, rng), Paint({"body": roof_tone(rng)}), rng))
        elif chance < SHELTERS + NETS and not flies:
            out.append(_over(each, net(each.asset, rng), net_paint(rng), rng))
        elif bare is not None and rng.random() < TREES and bare[int(each.y), int(each.x)]:
            out += _trees(each, gsd, rng)
    return out


def _over(each: Placement, cover: Asset, paint: Paint, rng: Generator) -> Placement:
    """A cover whose frame is that of the object."""
    return Placement(cover, each.x, each.y, each.angle, paint, int(rng.integers(2**31)))


def net(under: Asset, rng: Generator) -> Asset:
    """A net over an object from one of its ends on, down to the ground at its rim: a third of the object or all."""
    share, end = float(rng.uniform(0.3, 1.15)), float(rng.choice([-1.0, 1.0]))
    rim_m = float(rng.uniform(0.5, 2.0))
    x0, x1 = sorted((end * (under.length / 2 + rim_m), end * (under.length / 2 - share * under.length)))
    half = under.width / 2 + rim_m
    return _in_frame("net", _mound((x0, x1), (-half, half), min(under.height, 4.5) + 0.3, rng))


def crown(radius_m: float, rng: Generator) -> Asset:
    """The crown of a tree, rough and as high as it is wide."""
    return _in_frame("tree", _mound((-radius_m, radius_m), (-radius_m, radius_m), 2.0 * radius_m, rng))


def shelter(under: Asset, rng: Generator) -> Asset:
    """A roof on two walls over one end of an object: an open garage, or the sunshade of an aircraft."""
    share, end = float(rng.uniform(0.25, 0.75)), float(rng.choice([-1.0, 1.0]))
    x0, x1 = sorted((end * (under.length / 2 + 1.5), end * (under.length / 2 - share * under.length)))
    half, high = under.width / 2 + float(rng.uniform(0.6, 2.0)), max(under.height + 0.5, 3.5)
    facets = block((x0, x1), (-half, half), (high, high + 0.3), "body")
    for side in (-half, half - 0.3):
        facets += block((x0, x1), (side, side + 0.3), (0, high), "body")
    return _in_frame("shelter", facets)


def _in_frame(name: str, facets: Sequence[Facet]) -> Asset:
    """A confuser that keeps its place in the frame in which its facets are given."""
    return asset(name, None, facets, box=(-0.5, 0.5, -0.5, 0.5))


def _mound(x: tuple[float, float], y: tuple[float, float], height: float, rng: Generator) -> list[Facet]:
    """A rough dome over a rectangle with round corners, of triangles in three tones."""
    count = int(rng.integers(11, 16))
    turns = 2 * np.pi * (np.arange(count) + rng.uniform(-0.3, 0.3, count)) / count
    circle = np.stack([np.cos(turns), np.sin(turns)], 1)
    outline = np.sign(circle) * np.abs(circle) ** 0.6
    middle, half = np.array([sum(x), sum(y)]) / 2, np.array([x[1] - x[0], y[1] - y[0]]) / 2
    rings = []
    for reach, level in ((1.0, 0.0), (0.85, 0.6), (0.5, 0.95)):
        place = middle + outline * half * reach * rng.uniform(0.88, 1.05, (count, 1))
        rings.append(np.column_stack([place, height * level * rng.uniform(0.85, 1.1, count)]))
    peak = np.array([*middle, height])
    triangles = [
        triangle
        for low, high in zip(rings, [*rings[1:], np.tile(peak, (count, 1))], strict=True)
        for here, there in zip(range(count), [*range(1, count), 0], strict=True)
        for triangle in ((low[here], low[there], high[there]), (low[here], high[there], high[here]))
    ]
    tones = rng.choice(["tone1", "tone2", "tone3"], len(triangles))
    return [
        facet
        for points, tone in zip(triangles, tones, strict=True)
        if np.linalg.norm(np.cross(points[1] - points[0], points[2] - points[0])) > 1e-6
        for facet in plate([(float(a), float(b), float(c)) for a, b, c in points], str(tone))
    ]


def _trees(each: Placement, gsd: float, rng: Generator) -> list[Placement]:
    """One to three trees at the rim of an object, whose crowns reach over it."""
    out = []
    c, s = np.cos(each.angle), np.sin(each.angle)
    for _ in range(int(rng.integers(1, 4))):
        radius = float(rng.uniform(1.5, 4.0))
        rim = rng.uniform(-0.5, 0.5, 2) * (each.asset.length, each.asset.width)
        across = int(rng.random() < each.asset.length / (each.asset.length + each.asset.width))
        side = float(rng.choice([-1.0, 1.0]))
        rim[across] = side * ((each.asset.length, each.asset.width)[across] / 2 + radius * float(rng.uniform(0, 0.9)))
        x, y = np.array([c * rim[0] - s * rim[1], s * rim[0] + c * rim[1]]) / gsd + (each.x, each.y)
        turn = float(rng.uniform(0, 2 * np.pi))
        out.append(
            Placement(crown(radius, rng), float(x), float(y), turn, foliage_paint(rng), int(rng.integers(2**31)))
        )
    return out
