"""Where objects park, as people park them: rows on aprons, pads around a radar, columns on roads, garrison rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .synth_ground import Spot
from .synth_mesh import Asset
from .synth_paint import Paint
from .synth_render import Placement

Draw = Callable[[Generator], tuple[Asset, Paint]]
"""Draws the next object of a group, with its paint."""


@dataclass(slots=True)
class Plot:
    """The free places of a scene while objects are put down. free: (H, W) uint8, 1 where something may stand."""

    free: NDArray[np.uint8]
    gsd: float
    rng: Generator
    placed: list[Placement]

    @classmethod
    def of(cls, free: NDArray[np.bool_], gsd: float, rng: Generator) -> "Plot":
        """A plot on a copy of a mask."""
        return cls(free.astype(np.uint8), gsd, rng, [])

    def put(self, asset: Asset, paint: Paint, x: float, y: float, angle: float, *, margin: float = 0.8) -> bool:
        """Place an object if its extents and `margin` metres around them are free and inside; whether it was placed."""
        outline = footprint(asset, x, y, angle, self.gsd, margin)
        left, top = outline.min(axis=0)
        right, bottom = outline.max(axis=0) + 1
        height, width = self.free.shape
        if left < 0 or top < 0 or right > width or bottom > height:
            return False
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillConvexPoly(mask, outline - (left, top), 1)
        window = self.free[top:bottom, left:right]
        if (mask > window).any():
            return False
        window[mask > 0] = 0
        self.placed.append(Placement(asset, x, y, angle, paint, int(self.rng.integers(2**31))))
        return True


def footprint(asset: Asset, x: float, y: float, angle: float, gsd: float, margin: float) -> NDArray[np.int32]:
    """Corners (4, 2) in whole pixels of an object's extents, grown by `margin` metres."""
    x0, x1, y0, y1 = asset.body
    corners = np.array(
        [(x0 - margin, y0 - margin), (x1 + margin, y0 - margin), (x1 + margin, y1 + margin), (x0 - margin, y1 + margin)]
    )
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(np.rint(corners @ np.array([[c, s], [-s, c]]) / gsd + (x, y)), np.int32)


def park_row(plot: Plot, spot: Spot, draw: Draw, count: int, *, gap: float, slant: float = 0.0) -> int:
    """Objects side by side along a spot, all with the nose across it (turned by `slant`); how many found room."""
    rng = plot.rng
    along = np.array([np.cos(spot.heading), np.sin(spot.heading)])
    at, done = -spot.length / 2, 0
    side = float(rng.uniform(-0.25, 0.25)) * max(spot.width - 20, 0)
    across = np.array([-along[1], along[0]])
    angle = spot.heading + np.pi / 2 + slant
    for _ in range(count):
        asset, paint = draw(rng)
        wide = asset.body[3] - asset.body[2]
        step = (wide * abs(np.cos(slant)) + (asset.body[1] - asset.body[0]) * abs(np.sin(slant)) * 0.4) / 2
        at += step
        if at + step > spot.length / 2:
            break
        x, y = np.array([spot.x, spot.y]) + (along * at + across * (side + rng.normal(0, 0.4))) / plot.gsd
        if rng.random() > 0.12:
            done += plot.put(asset, paint, float(x), float(y), angle + float(rng.normal(0, 0.02)), margin=0.4)
        at += step + gap * float(rng.uniform(0.8, 1.3))
    return done


def drive_column(plot: Plot, spot: Spot, draw: Draw, count: int, *, gap: float) -> int:
    """Objects one behind the other along a road, keeping to one side; how many found room."""
    rng = plot.rng
    along = np.array([np.cos(spot.heading), np.sin(spot.heading)])
    across = np.array([-along[1], along[0]])
    back = rng.random() < 0.5
    lane = spot.width * 0.22 * (1 if back else -1)
    at, done = -spot.length / 2 * float(rng.uniform(0.3, 1.0)), 0
    for _ in range(count):
        asset, paint = draw(rng)
        at += asset.length / 2
        x, y = np.array([spot.x, spot.y]) + (along * at + across * (lane + rng.normal(0, 0.2))) / plot.gsd
        if at > spot.length / 2:
            break
        done += plot.put(
            asset, paint, float(x), float(y), spot.heading + np.pi * back + float(rng.normal(0, 0.03)), margin=0.2
        )
        at += asset.length / 2 + gap * float(rng.uniform(0.6, 1.6))
    return done


def man_site(plot: Plot, spots: Sequence[Spot], launcher: Draw, radar: Draw, *, pairs: bool = True) -> int:
    """Launchers on the pads (often two, side by side, tails inward), a radar in the middle; launchers placed."""
    rng, done = plot.rng, 0
    for spot in spots:
        if spot.kind == "site":
            asset, paint = radar(rng)
            plot.put(asset, paint, spot.x, spot.y, float(rng.uniform(0, 2 * np.pi)))
            continue
        if rng.random() < 0.15:
            continue
        across = np.array([-np.sin(spot.heading), np.cos(spot.heading)])
        offsets = (-3.2, 3.2) if pairs and rng.random() < 0.5 else (0.0,)
        for offset in offsets:
            asset, paint = launcher(rng)
            x, y = np.array([spot.x, spot.y]) + across * offset / plot.gsd
            done += plot.put(asset, paint, float(x), float(y), spot.heading + float(rng.normal(0, 0.08)))
    return done


def scatter(plot: Plot, draw: Draw, count: int, *, heading: float | None = None, tries: int = 12) -> int:
    """Objects at random free places; how many found one."""
    rng, done = plot.rng, 0
    height, width = plot.free.shape
    for _ in range(count):
        asset, paint = draw(rng)
        for _ in range(tries):
            x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
            angle = float(rng.uniform(0, 2 * np.pi)) if heading is None else heading + float(rng.normal(0, 0.06))
            if plot.put(asset, paint, x, y, angle, margin=1.5):
                done += 1
                break
    return done
