"""How a crop may look: the differences between sensors, seasons and compressions."""

import os
from collections.abc import Callable

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network for a newer release when imported

import albumentations as A  # noqa: N812 - the name its documentation uses
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def overhead_look() -> Callable[[Pixels, int], Pixels]:
    """Return a function of (pixels, seed) that changes light, colour, sharpness, noise and compression.

    Geometry stays as it is. The shares are modest: appearance alone brought little in the studies of synthetic
    overhead data, noise the most (Paszke, rareplanes-domain-shift, report V2).
    """
    change = A.Compose(
        [
            A.RandomBrightnessContrast(brightness_limit=(-0.2, 0.1), contrast_limit=0.2, p=0.6),
            A.RandomGamma(gamma_limit=(65, 150), p=0.3),
            A.HueSaturationValue(hue_shift_limit=8, sat_shift_limit=35, val_shift_limit=0, p=0.4),
            A.ToGray(p=0.06),
            A.RGBShift(r_shift_limit=14, g_shift_limit=10, b_shift_limit=14, p=0.2),
            A.OneOf(
                [
                    A.GaussianBlur(blur_limit=(3, 5), sigma_limit=(0.4, 1.2)),
                    A.Downscale(scale_range=(0.45, 0.8)),
                    A.Sharpen(alpha=(0.1, 0.35)),
                ],
                p=0.35,
            ),
            A.GaussNoise(std_range=(0.008, 0.045), p=0.3),
            A.ImageCompression(quality_range=(45, 90), p=0.25),
        ],
        seed=0,
    )

    def look(pixels: Pixels, seed: int) -> Pixels:
        change.set_random_seed(seed)
        changed: Pixels = change(image=pixels)["image"]
        return changed

    return look
