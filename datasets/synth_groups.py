"""What a group of objects consists of: functions that draw the next object and its paint."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from .synth_aircraft import draw_aircraft
from .synth_helicopters import draw_helicopter
from .synth_launchers import draw_launcher
from .synth_layout import Draw
from .synth_lookalikes import sign
from .synth_mesh import Asset
from .synth_military import command_post
from .synth_paint import Paint, aircraft_paint, vehicle_paint
from .synth_radars import draw_radar
from .synth_render import Placement
from .synth_trucks import draw_confuser


def vehicles(*, military: bool, mixed: float = 0.3) -> Draw:
    """Confusers; a share `mixed` of them wear the other side's paint."""

    def draw(rng: Generator) -> tuple[Asset, Paint]:
        paint = vehicle_paint(rng, military=military ^ bool(rng.random() < mixed))
        return draw_confuser(rng, military=military), paint

    return draw


def launchers(rng: Generator) -> tuple[Asset, Paint]:
    """A launcher in a paint that the confusers wear too."""
    return draw_launcher(rng), vehicle_paint(rng, military=bool(rng.random() < 0.95))


def helicopters(rng: Generator) -> tuple[Asset, Paint]:
    """A helicopter, military or gaudy."""
    return draw_helicopter(rng), aircraft_paint(rng, "helicopter" if rng.random() < 0.75 else "gaudy")


def aircraft(largest_m: float) -> Draw:
    """Aircraft of up to `largest_m` in length and span."""

    def draw(rng: Generator) -> tuple[Asset, Paint]:
        asset, kind = draw_aircraft(rng, largest_m=largest_m)
        return asset, aircraft_paint(rng, kind)

    return draw


def signs(rng: Generator) -> tuple[Asset, Paint]:
    """A taxiway sign."""
    return sign(rng), vehicle_paint(rng, military=False)


def snowed(placement: Placement, rng: Generator) -> Placement:
    """An object that stood in the open when it snowed, or arrived since."""
    share = float(rng.uniform(0.25, 1.0)) if rng.random() < 0.6 else 0.0
    return replace(placement, paint=replace(placement.paint, snow=share))


def posts(rng: Generator) -> tuple[Asset, Paint]:
    """A command post or a radar."""
    return (draw_radar if rng.random() < 0.75 else command_post)(rng), vehicle_paint(rng, military=True)


def alike(draw: Draw, rng: Generator) -> Draw:
    """The same object over and over in nearly the same coat: a unit has one type and one paint shop."""
    asset, paint = draw(rng)

    def again(rng: Generator) -> tuple[Asset, Paint]:
        fade = float(np.exp(rng.normal(0, 0.07)))
        faded = {name: (r * fade, g * fade, b * fade) for name, (r, g, b) in paint.colours.items()}
        return asset, replace(paint, colours=faded)

    return again
