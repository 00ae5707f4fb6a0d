"""How a crop may look: the differences between sensors, seasons, weather and compressions."""

import os
from collections.abc import Callable
from dataclasses import dataclass, fields

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network for a newer release when imported

import albumentations as A  # noqa: N812 - the name its documentation uses
import numpy as np
from numpy.typing import NDArray

from ..detector.errors import RecipeError
from ..detector.opencv import cv2
from .weather import hazy, shaded, snowy

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The share of the crops, 0 to 1, that each change of looks befalls. Geometry is in [crop].

    The shares are modest: appearance alone brought little in the studies of synthetic overhead data, noise the most
    (Paszke, rareplanes-domain-shift, report V2).
    """

    light: float = 0.6
    """Brightness and contrast, as far as burnt-out concrete; half as often, gamma."""
    colour_cast: float = 0.2
    """Each channel shifted; twice as often, saturation and hue."""
    grey: float = 0.15
    """Panchromatic."""
    blur: float = 0.35
    """Another sensor's sharpness: blurred, coarser and enlarged, or sharpened."""
    noise: float = 0.3
    jpeg: float = 0.25
    """JPEG at quality 45 to 90."""
    haze: float = 0.12
    cloud_shadow: float = 0.08
    snow: float = 0.08
    crosses: float = 0.06
    """Crosses of closed pavement, painted beside the objects."""

    def __post_init__(self) -> None:
        """Raise `RecipeError` for a share outside of 0 to 1."""
        for item in fields(self):
            if not 0 <= getattr(self, item.name) <= 1:
                raise RecipeError(f"augmentation {item.name} = {getattr(self, item.name)} is not from 0 to 1")


def overhead_look(shares: Augmentation = Augmentation()) -> Callable[[Pixels, int], Pixels]:
    """Return a function of (pixels, seed) that changes weather, light, colour, sharpness, noise and compression.

    In the order in which light takes them: ground, air, optics, detector, file.
    """
    sensor = A.Compose(
        [
            A.RandomBrightnessContrast(brightness_limit=(-0.3, 0.2), contrast_limit=(-0.4, 0.5), p=shares.light),
            A.RandomGamma(gamma_limit=(65, 150), p=shares.light / 2),
            A.HueSaturationValue(
                hue_shift_limit=8, sat_shift_limit=35, val_shift_limit=0, p=min(1.0, 2 * shares.colour_cast)
            ),
            A.ToGray(p=shares.grey),
            A.RGBShift(r_shift_limit=14, g_shift_limit=10, b_shift_limit=14, p=shares.colour_cast),
            A.OneOf(
                [
                    A.GaussianBlur(blur_limit=(3, 5), sigma_limit=(0.4, 1.2)),
                    A.Downscale(
                        scale_range=(0.35, 0.85),
                        # its own way, by the nearest pixel, makes blocks that no image has
                        interpolation_pair={"downscale": cv2.INTER_AREA, "upscale": cv2.INTER_CUBIC},
                    ),
                    A.Sharpen(alpha=(0.1, 0.35)),
                ],
                p=shares.blur,
            ),
            A.GaussNoise(std_range=(0.008, 0.045), p=shares.noise),
            A.ImageCompression(quality_range=(45, 90), p=shares.jpeg),
        ],
        seed=0,
    )
    weather = ((shares.snow, snowy), (shares.cloud_shadow, shaded), (shares.haze, hazy))

    def look(pixels: Pixels, seed: int) -> Pixels:
        rng = np.random.default_rng(seed)
        for share, change in weather:
            if rng.random() < share:
                pixels = change(pixels, rng)
        sensor.set_random_seed(seed)
        changed: Pixels = sensor(image=pixels)["image"]
        return changed

    return look
