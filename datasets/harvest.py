"""Cut-outs of the real aircraft on labelled tiles, so that rare types are seen on other ground and in other company.

A label gives the type, a box and a direction without a nose. The outline of the type, from its real cut-outs or else as
drawn, is fitted to the edges in the picture, nose first and tail first, and what is inside is the cut-out. Of those
where both ways fit about as well nothing is taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..detector.opencv import cv2
from .annotation import Annotation, ImageRecord
from .blend import onto
from .cutouts import GSD_M, OPAQUE, CutOut
from .images import read_rgb
from .softness import softness
from .synth_cutouts import drawn_outline

__all__ = ["Fit", "fit", "harvest", "outlines"]

HARVESTED = (
    "fw.combat.f15", "fw.combat.f16", "fw.combat.fa18", "fw.combat.mig29", "fw.combat.mig31", "fw.combat.su27fam",
    "fw.attack.a10", "fw.bomber.b52", "fw.tanker.kc135",
    "fw.transport.c17", "fw.transport.c130", "fw.transport.c5", "fw.transport.an12", "fw.transport.an26",
    "fw.transport.il76", "fw.isr.e3", "fw.isr.p3",
)  # fmt: skip
"""Types with one outline: wings that swing have two, and other nodes stand for several types."""
POINTS = 240
"""Of an outline, that are compared with the picture."""
TURNS = np.radians(np.arange(-8, 9, 2))
SIZES = (0.90, 0.94, 0.97, 1.0, 1.03, 1.06, 1.10)
SHIFT_PX = 3
STRONGEST = 25.0
"""Grey levels per pixel from which an edge counts no more: a shadow's is stronger than a wing's."""
CLEAR = 1.1
"""How much better one way must fit than the other."""
EDGE_PX = 4
"""What is nearer to the tile's edge may be cut."""
RIM_M = 0.3
"""The outlines are rough: so much more is taken around them, fading out."""

Floats = NDArray[np.float32]


class Fit(NamedTuple):
    """Where an outline lies in a picture: middle in pixels, the nose's direction in radians, pixels per metre of the
    type's true size; and how much better it fits than the other way round.
    """

    x: float
    y: float
    angle: float
    scale: float
    clear: float


def outlines(cutouts: Sequence[CutOut]) -> dict[str, Floats]:
    """The cover, (H, W) 0 to 1 at 0.2 m per pixel, of one aircraft of each type that is harvested, nose to +x.

    That of its first cut-out, and where it has none as it is drawn.
    """
    real = {each.node: each.rgba[..., 3] for each in reversed(cutouts)}
    return {node: real[node] if node in real else drawn_outline(node) for node in HARVESTED}


def harvest(tiles: Sequence[ImageRecord], shapes: Mapping[str, Floats]) -> Iterator[CutOut]:
    """A cut-out of every whole, labelled and oriented aircraft of the types in `shapes` whose outline fits clearly."""
    for tile in tiles:
        wanted = [item for item in tile.annotations if item.node in shapes and _is_whole(item, tile)]
        if not wanted:
            continue
        pixels = read_rgb(tile.path)
        blur_px = softness(pixels)
        for number, item in enumerate(wanted):
            place = fit(pixels, item, shapes[item.node], gsd=tile.gsd)
            if place.clear >= CLEAR:
                name = f"{tile.path.stem}-{number}"
                blur_m = blur_px / place.scale
                yield CutOut(name, item.node, _cut(pixels, place, shapes[item.node], blur_m), GSD_M, blur_m)


def _is_whole(item: Annotation, tile: ImageRecord) -> bool:
    x0, y0, x1, y1 = item.bounds
    inside = min(x0, y0, tile.width - x1, tile.height - y1) >= EDGE_PX
    return item.oriented and not item.ignore and item.visible == 1 and inside


def fit(pixels: NDArray[np.uint8], item: Annotation, shape: Floats, *, gsd: float) -> Fit:
    """Lay the outline of `shape` where edges across it are strongest in an image (H, W, 3), near the label `item`.

    Tried are middles up to 3 px, directions up to 8 degrees and sizes up to a tenth off the label's.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    steps = np.stack([cv2.Sobel(grey, cv2.CV_32F, *axis, ksize=3) for axis in ((1, 0), (0, 1))])
    edges = np.asarray(steps / 8, np.float32)
    points, normals = _outline(shape)
    size = np.sqrt(item.length_px * item.width_px / (shape.shape[1] * shape.shape[0])) / GSD_M
    either = [_best(edges, item, points, normals, item.angle + turn, float(size)) for turn in (0.0, np.pi)]
    (best, place), (other, _) = sorted(either, key=lambda each: each[0], reverse=True)
    return Fit(*place, best / max(other, 1e-6))


def _best(
    edges: Floats, item: Annotation, points: Floats, normals: Floats, angle: float, size: float
) -> tuple[float, tuple[float, float, float, float]]:
    """The strongest mean of edges across the outline, and x, y, angle and scale that give it."""
    steps = np.arange(-SHIFT_PX, SHIFT_PX + 1)
    shifts = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 1, 2)
    limits = np.array([edges.shape[2] - 1, edges.shape[1] - 1])
    best, found = -1.0, (*item.centre, angle, size)
    for turn, factor in product(TURNS, SIZES):
        cos, sin = np.cos(angle + turn), np.sin(angle + turn)
        rotation = np.array([[cos, sin], [-sin, cos]])
        laid = points * (size * factor) @ rotation + item.centre
        x, y = np.moveaxis(np.clip(np.floor(laid + shifts).astype(int), 0, limits), -1, 0)
        across = normals @ rotation
        strength = np.abs(edges[0, y, x] * across[:, 0] + edges[1, y, x] * across[:, 1])
        means = np.minimum(strength, STRONGEST).mean(axis=1)
        first = int(means.argmax())
        if means[first] > best:
            x0, y0 = np.add(item.centre, shifts[first, 0])
            best, found = float(means[first]), (float(x0), float(y0), float(angle + turn), size * factor)
    return best, found


def _outline(shape: Floats) -> tuple[Floats, Floats]:
    """Points (N, 2) in metres about the middle of the shape and the unit normals there."""
    solid = (shape > OPAQUE).astype(np.uint8)
    lines, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    line = max(lines, key=len)[:, 0].astype(np.float32)
    along = np.roll(line, -3, axis=0) - np.roll(line, 3, axis=0)
    normals = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    chosen = np.linspace(0, len(line) - 1, POINTS).astype(int)
    middle = np.array([shape.shape[1], shape.shape[0]]) / 2
    return ((line + 0.5 - middle) * GSD_M)[chosen].astype(np.float32), normals[chosen].astype(np.float32)


def _cut(pixels: NDArray[np.uint8], place: Fit, shape: Floats, blur_m: float) -> Floats:
    """What is inside the outline, (H, W, 4) as of `CutOut`; the rim is as soft as the picture."""
    way = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    lies = onto(shape.shape, place.x, place.y, place.angle, place.scale * GSD_M)
    colour = cv2.warpAffine(pixels, lies, shape.shape[::-1], flags=way, borderMode=cv2.BORDER_REPLICATE)
    rim = max(RIM_M, blur_m) / GSD_M
    grown = cv2.dilate(shape, np.ones((3, 3), np.uint8))
    alpha = np.asarray(cv2.GaussianBlur(grown, (0, 0), rim), np.float32)[..., None]
    return np.concatenate([colour.astype(np.float32) * alpha, alpha], axis=-1)
