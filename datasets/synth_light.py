"""Where light and viewer are, and what that does to shadows, lean and brightness."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

MIN_ELEVATION = float(np.radians(12.0))
"""Lower suns cast no longer shadows."""
SHININESS = 24.0
"""Of painted metal that is old and not quite even: half as bright 14 degrees beside the highlight."""


@dataclass(frozen=True, slots=True)
class Sun:
    """Where light and viewer are: one per scene.

    azimuth: direction on screen that shadows fall to, radians from +x toward +y. elevation: radians above ground.
    tilt: viewer off nadir, radians; lean: direction on screen that tall things lean to. sky: share of the light of
    level ground that comes from the sky, so what is left in a shadow. gain: linear image value of reflectance 1.
    haze: linear red, green, blue that the air adds to everything, so the darkest value there is.
    """

    azimuth: float
    elevation: float
    tilt: float = 0.0
    lean: float = 0.0
    sky: float = 0.28
    gain: float = 1.4
    haze: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def direction(self) -> NDArray[np.float64]:
        """Unit vector (3,) from the ground to the sun."""
        level = np.cos(self.elevation)
        return np.array([-np.cos(self.azimuth) * level, -np.sin(self.azimuth) * level, np.sin(self.elevation)])

    def view(self) -> NDArray[np.float64]:
        """Unit vector (3,) from the ground to the viewer."""
        level = np.sin(self.tilt)
        return np.array([-np.cos(self.lean) * level, -np.sin(self.lean) * level, np.cos(self.tilt)])

    def shadow_per_metre(self) -> NDArray[np.float64]:
        """Where the shadow of a point one metre up falls, metres (2,) on screen."""
        reach = 1.0 / np.tan(max(self.elevation, MIN_ELEVATION))
        return np.array([np.cos(self.azimuth) * reach, np.sin(self.azimuth) * reach])

    def lean_per_metre(self) -> NDArray[np.float64]:
        """Where a point one metre up is drawn, metres (2,) on screen from its foot."""
        reach = np.tan(self.tilt)
        return np.array([np.cos(self.lean) * reach, np.sin(self.lean) * reach])


def draw_sun(rng: Generator) -> Sun:
    """A sun as satellites meet it: elevation 20 to 70 degrees, viewer up to 25 degrees off nadir, mostly below 15."""
    return Sun(
        azimuth=float(rng.uniform(0, 2 * np.pi)),
        elevation=float(np.radians(rng.uniform(20, 70))),
        tilt=float(np.radians(25 * rng.beta(1.2, 2.6))),
        lean=float(rng.uniform(0, 2 * np.pi)),
        sky=float(rng.uniform(0.18, 0.42)),
        gain=float(rng.uniform(1.0, 1.9)),
    )


def shade(facet_normals: NDArray[np.float64], sun: Sun) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Direct and sky light of each facet, relative to all light on level ground."""
    direct = (1 - sun.sky) * np.maximum(facet_normals @ sun.direction(), 0) / np.sin(sun.elevation)
    sky = sun.sky * (0.5 + 0.5 * facet_normals[:, 2]) + 0.04
    return np.minimum(direct, 2.4), sky


def glint(facet_normals: NDArray[np.float64], sun: Sun) -> NDArray[np.float64]:
    """Light that gloss throws to the viewer from each facet, 0 to 1: the half vector's cosine to the power SHININESS.

    Blinn, "Models of light reflection for computer synthesized pictures", SIGGRAPH 1977. What turns away from the sun
    has none.
    """
    half = sun.direction() + sun.view()
    near = np.maximum(facet_normals @ (half / np.linalg.norm(half)), 0)
    return np.asarray(np.where(facet_normals @ sun.direction() > 0, near**SHININESS, 0.0), np.float64)
