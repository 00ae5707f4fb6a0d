"""Drawn aircraft as cut-outs, of every type that the generator draws, to stand on real ground among real aircraft."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .cutouts import GSD_M, CutOut, extent
from .synth_aircraft import aircraft_of, draw_aircraft
from .synth_light import Sun
from .synth_paint import aircraft_paint
from .synth_sprite import Placement, draw

__all__ = ["drawn_cutout", "drawn_outline"]


def drawn_cutout(rng: Generator) -> CutOut:
    """One aircraft of a random type in a random paint, nose toward +x, under a sun 35 to 70 degrees high."""
    asset, kind = draw_aircraft(rng)
    paint = aircraft_paint(rng, kind)
    sun = Sun(
        azimuth=float(rng.uniform(0, 2 * np.pi)),
        elevation=float(np.radians(rng.uniform(35, 70))),
        sky=float(rng.uniform(0.2, 0.4)),
        gain=float(rng.uniform(1.0, 1.7)),
    )
    sprite = draw(Placement(asset, 0.0, 0.0, 0.0, paint, int(rng.integers(2**31))), GSD_M, sun, rng)
    alpha = sprite.alpha[..., None]
    light = sprite.colour / np.maximum(alpha, 1e-3)
    colour = 255 * np.sqrt(np.clip(light, 0, 1))  # linear light is the square of the value, as in `synth_render`
    rgba = np.concatenate([colour * alpha, alpha], axis=-1).astype(np.float32)
    return CutOut(asset.name, str(asset.node), rgba[extent(sprite.alpha)], GSD_M)


def drawn_outline(node: str) -> NDArray[np.float32]:
    """The cover, (H, W) 0 to 1 at 0.2 m per pixel, of the aircraft that is drawn for a node, nose to +x, from above.

    ValueError where none is drawn.
    """
    rng = np.random.default_rng(0)
    sun = Sun(azimuth=0.0, elevation=np.pi / 3, sky=0.3, gain=1.0)
    asset = aircraft_of(node, rng)
    sprite = draw(Placement(asset, 0.0, 0.0, 0.0, aircraft_paint(rng, "grey"), 0), GSD_M, sun, rng)
    return sprite.alpha[extent(sprite.alpha)]
