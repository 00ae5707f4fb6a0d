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
from .synth_render import Placement, Sun, footprint

Draw = Callable[[Generator], tuple[Asset, Paint]]
"""Draws the next object of a group, with its paint."""


@dataclass(slots=True)
class Plot:
    """The free places of a scene while objects are put down. free: (H, W) uint8, 1 where something may stand.

    lean: metres (2,) on screen by which a point one metre up is seen away from its foot: what is seen of an object
    keeps clear of its neighbours as its foot does.
    """

    free: NDArray[np.uint8]
    gsd: float
    rng: Generator
    placed: list[Placement]
    lean: NDArray[np.float64]

    @classmethod
    def of(cls, free: NDArray[np.bool_], gsd: float, rng: Generator, sun: Sun) -> "Plot":
        """A plot on a copy of a mask, seen as under `sun`."""
        return cls(free.astype(np.uint8), gsd, rng, [], sun.lean_per_metre())

    def put(self, asset: Asset, paint: Paint, x: float, y: float, angle: float, *, margin: float = 0.8) -> bool:
        """Place an object if its extents and `margin` metres around them are free and inside; whether it was placed."""
        foot = footprint(asset, x, y, angle, self.gsd, margin)
        seen = foot + np.rint(self.lean * asset.label_height / self.gsd).astype(np.int32)
        outline = cv2.convexHull(np.concatenate([foot, seen]))[:, 0]
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


def park_block(plot: Plot, spot: Spot, draw: Draw, *, gap: float, aisle: float, slant: float = 0.0) -> int:
    """Rows side by side until the spot is full: how a garrison parks, and, slanted and dense, a boneyard.

    gap: metres between neighbours; aisle: metres between rows; slant: radians off the row's normal, the other way in
    every second row. Returns how many found room.
    """
    across = np.array([-np.sin(spot.heading), np.cos(spot.heading)])
    first, _ = draw(plot.rng)
    step = (first.body[1] - first.body[0]) * abs(np.cos(slant)) + aisle
    rows, done = max(1, int(spot.width / step)), 0
    turned = plot.rng.random() < 0.5
    for row in range(rows):
        x, y = np.array([spot.x, spot.y]) + across * (row - (rows - 1) / 2) * step / plot.gsd
        lane = Spot(spot.kind, float(x), float(y), spot.heading, spot.length, 0.0)
        back = np.pi if turned and row % 2 else 0.0
        done += park_row(plot, lane, draw, 60, gap=gap, slant=back + (slant if row % 2 == 0 else -slant))
    return done


def take_position(plot: Plot, x: float, y: float, heading: float, launcher: Draw, radar: Draw, count: int) -> int:
    """A position in the field, without a ring: launchers in pairs along a line, the radar behind; launchers placed."""
    rng, done = plot.rng, 0
    along = np.array([np.cos(heading), np.sin(heading)])
    across = np.array([-along[1], along[0]])
    spacing = float(rng.uniform(35, 90))
    for number in range(count):
        ahead = (number // 2 - count / 4) * spacing + (number % 2) * float(rng.uniform(8, 22))
        place = np.array([x, y]) + (along * ahead + across * rng.normal(0, 8)) / plot.gsd
        asset, paint = launcher(rng)
        done += plot.put(
            asset, paint, float(place[0]), float(place[1]), heading + np.pi / 2 + float(rng.normal(0, 0.2))
        )
    for _ in range(int(rng.integers(1, 4))):
        asset, paint = radar(rng)
        behind = np.array([x, y]) + (across * rng.uniform(30, 90) + along * rng.uniform(-60, 60)) / plot.gsd
        plot.put(asset, paint, float(behind[0]), float(behind[1]), heading + float(rng.normal(0, 0.5)), margin=1.5)
    return done
