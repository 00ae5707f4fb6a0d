"""The blur of an image is read off its sharpest edges."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.datasets.softness import SHARPEST, SOFTEST, softness


def blocks(sigma: float) -> NDArray[np.float32]:
    """Turned rectangles of all greys over each other, drawn at four times the size, under a blur of `sigma` pixels."""
    rng = np.random.default_rng(0)
    image = np.full((1600, 1600), 90, np.float32)
    for _ in range(80):
        x, y, width, height, turn = (
            float(value) for value in rng.uniform((0, 0, 30, 30, 0), (1600, 1600, 300, 300, 90))
        )
        corners = cv2.boxPoints(((x, y), (width, height), turn)).astype(np.int32)
        cv2.fillPoly(image, [corners], float(rng.uniform(20, 230)))
    soft = cv2.GaussianBlur(image, (0, 0), 4 * sigma)
    return np.asarray(cv2.resize(soft, (400, 400), interpolation=cv2.INTER_AREA), np.float32)


def as_pixels(image: NDArray[np.float32], noise: float) -> NDArray[np.uint8]:
    seen = image + np.random.default_rng(1).normal(0, noise, image.shape)
    return np.repeat(np.clip(seen, 0, 255).astype(np.uint8)[..., None], 3, 2)


@pytest.mark.parametrize("sigma", [0.6, 1.0, 1.6, 2.2])
@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_softness_is_read_off_the_edges(sigma: float, noise: float) -> None:
    assert softness(as_pixels(blocks(sigma), noise)) == pytest.approx(sigma, abs=0.15 if sigma < 2 else 0.3)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_an_enlarged_image_is_soft_by_half_a_pixel_of_the_original(factor: int) -> None:
    small = cv2.resize(blocks(0.3), (400 // factor, 400 // factor), interpolation=cv2.INTER_AREA)
    enlarged = np.asarray(cv2.resize(small, (400, 400), interpolation=cv2.INTER_CUBIC), np.float32)
    assert softness(as_pixels(enlarged, 1.0)) == pytest.approx(0.5 * factor, rel=0.25)


def test_where_nothing_is_to_be_read_an_image_counts_as_sharp_and_there_is_an_upper_end() -> None:
    assert softness(np.full((64, 64, 3), 120, np.uint8)) == SHARPEST
    assert softness(as_pixels(blocks(6.0), 0.0)) == SOFTEST
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 1)).astype(np.uint8)
    assert softness(np.repeat(noise, 3, 2)) == SHARPEST
