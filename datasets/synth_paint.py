"""Paint schemes: what reflectance each material of an asset has.

Launchers and confusers draw from the same military schemes, so that a launcher is known by its structure and
never by its colour. Reflectances are linear, red, green, blue, 0 to 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Colour = tuple[float, float, float]

MILITARY: tuple[Colour, ...] = (
    (0.085, 0.105, 0.060),  # dark green
    (0.115, 0.130, 0.080),  # olive, sun-bleached
    (0.150, 0.155, 0.110),  # grey-green
    (0.070, 0.080, 0.055),  # forest
    (0.330, 0.270, 0.180),  # sand
    (0.270, 0.235, 0.170),  # dusty tan
    (0.210, 0.205, 0.190),  # grey
)
FOLIAGE: tuple[Colour, ...] = (
    (0.042, 0.067, 0.022),
    (0.063, 0.084, 0.027),
    (0.030, 0.055, 0.025),
    (0.093, 0.098, 0.035),
)
CIVIL: tuple[Colour, ...] = (
    (0.70, 0.70, 0.68),
    (0.80, 0.80, 0.80),
    (0.45, 0.46, 0.47),
    (0.58, 0.59, 0.58),
    (0.75, 0.74, 0.72),
    (0.10, 0.15, 0.28),
    (0.32, 0.08, 0.07),
    (0.48, 0.36, 0.12),
    (0.10, 0.18, 0.13),
    (0.05, 0.05, 0.06),
    (0.34, 0.20, 0.12),
    (0.24, 0.32, 0.38),
)
AIRCRAFT: Mapping[str, tuple[Colour, ...]] = {
    "grey": ((0.36, 0.38, 0.40), (0.26, 0.28, 0.30), (0.46, 0.48, 0.50), (0.30, 0.36, 0.42)),
    "white": ((0.78, 0.78, 0.78), (0.68, 0.69, 0.70)),
    "bomber": ((0.40, 0.41, 0.42), (0.55, 0.56, 0.56), (0.12, 0.13, 0.14), (0.24, 0.26, 0.27)),
    "combat": (
        (0.24, 0.30, 0.37),
        (0.20, 0.23, 0.26),
        (0.33, 0.35, 0.36),
        (0.14, 0.16, 0.18),
        (0.22, 0.24, 0.18),
        (0.46, 0.49, 0.52),
        (0.60, 0.61, 0.62),
    ),
    "helicopter": (
        (0.10, 0.115, 0.075),
        (0.16, 0.165, 0.13),
        (0.26, 0.26, 0.23),
        (0.06, 0.065, 0.07),
        (0.42, 0.43, 0.43),
        (0.62, 0.62, 0.60),
    ),
    "gaudy": ((0.70, 0.70, 0.68), (0.50, 0.06, 0.05), (0.62, 0.46, 0.05), (0.06, 0.12, 0.34)),
}
_FIXED: Mapping[str, Colour] = {
    "tyre": (0.030, 0.030, 0.032),
    "dark": (0.040, 0.042, 0.045),
    "glass": (0.045, 0.055, 0.070),
    "metal": (0.300, 0.300, 0.300),
    "bright": (0.620, 0.620, 0.610),
    "white": (0.720, 0.720, 0.710),
    "rust": (0.190, 0.110, 0.070),
    "pipe": (0.360, 0.350, 0.340),
    "concrete": (0.330, 0.320, 0.300),
    "blade": (0.070, 0.072, 0.074),
    "blur": (0.140, 0.142, 0.145),
    "red": (0.420, 0.050, 0.040),
    "yellow": (0.550, 0.400, 0.060),
    "snow": (0.740, 0.755, 0.780),
    "wood": (0.300, 0.210, 0.120),
}
MOST_GLOSS = 1.5
"""Real fighters are at their brightest brighter than the brightest 0.5 % of the ground; dull paint leaves drawn ones at
0.73 of it (`tests/benchmarks/tone.py`). Launchers and lorries have the same, so that gloss tells neither."""


@dataclass(frozen=True, slots=True)
class Paint:
    """Reflectance by material; `camo` is the factor of a second tone in blotches (1 where there is none).

    `snow` is how much of what lies flat is under snow, 0 to 1; `gloss` is what it mirrors of the sun at most.
    """

    colours: Mapping[str, Colour]
    camo: float = 1.0
    snow: float = 0.0
    gloss: float = 0.0

    def of(self, material: str) -> NDArray[np.float32]:
        """The linear colour (3,) of a material; a material without its own colour is painted like the body."""
        return np.asarray(self.colours.get(material, self.colours["body"]), dtype=np.float32)


def _jitter(colour: Colour, rng: Generator, spread: float) -> Colour:
    level = float(np.exp(rng.normal(0.0, spread)))
    tint = np.exp(rng.normal(0.0, spread / 5, 3))
    red, green, blue = (np.asarray(colour) * level * tint).clip(0.015, 0.92).tolist()
    return red, green, blue


def _scheme(body: Colour, trim: Colour, rng: Generator, camo: float) -> Paint:
    fixed = {name: _jitter(colour, rng, 0.18) for name, colour in _FIXED.items()}
    shades = {
        "body": body,
        "tube": _jitter(body, rng, 0.10),
        "deck": _jitter(body, rng, 0.18),
        "cab": _jitter(body, rng, 0.06),
        "load": trim,
        "missile": _jitter(body if rng.random() < 0.5 else (0.45, 0.46, 0.44), rng, 0.25),
    }
    return Paint({**fixed, **shades}, camo, gloss=float(rng.uniform(0, MOST_GLOSS)))


def vehicle_paint(rng: Generator, *, military: bool) -> Paint:
    """A paint for one vehicle; its load (a cover, a container) may differ from its body."""
    table = MILITARY if military else CIVIL
    body = _jitter(table[int(rng.integers(len(table)))], rng, 0.16)
    trims = MILITARY if rng.random() < (0.75 if military else 0.25) else CIVIL
    trim = body if rng.random() < 0.5 else trims[int(rng.integers(len(trims)))]
    camo = float(rng.uniform(0.45, 0.75)) if military and rng.random() < 0.3 else 1.0
    return _scheme(body, _jitter(trim, rng, 0.16), rng, camo)


def aircraft_paint(rng: Generator, kind: str) -> Paint:
    """A paint of one of the `AIRCRAFT` kinds."""
    table = AIRCRAFT[kind]
    body = _jitter(table[int(rng.integers(len(table)))], rng, 0.14)
    camo = float(rng.uniform(0.55, 0.85)) if kind in ("combat", "helicopter") and rng.random() < 0.4 else 1.0
    stripes = CIVIL[int(rng.integers(len(CIVIL)))] if kind in ("white", "gaudy") else body
    return _scheme(body, _jitter(stripes, rng, 0.1), rng, camo)


def net_paint(rng: Generator) -> Paint:
    """A camouflage net: three tones of the schemes that vehicles wear, blotched."""
    return _three_tones(MILITARY[int(rng.integers(len(MILITARY)))], rng, 0.3, camo=float(rng.uniform(0.5, 0.8)))


def foliage_paint(rng: Generator) -> Paint:
    """The crown of a tree."""
    greens: tuple[Colour, ...] = (
        (0.042, 0.067, 0.022),
        (0.063, 0.084, 0.027),
        (0.030, 0.055, 0.025),
        (0.09, 0.1, 0.04),
    )
    return _three_tones(greens[int(rng.integers(len(greens)))], rng, 0.25, camo=0.7)


def _three_tones(base: Colour, rng: Generator, spread: float, *, camo: float) -> Paint:
    tones = {f"tone{number}": _jitter(base, rng, spread) for number in (1, 2, 3)}
    return Paint({"body": base, **tones}, camo)
