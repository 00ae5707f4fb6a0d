import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.datasets.synth_light import glint
from hardstand.datasets.synth_mesh import Asset, asset, block
from hardstand.datasets.synth_paint import Paint
from hardstand.datasets.synth_render import Placement, Sun, paste, sensor
from hardstand.datasets.synth_sensor import MOST_STRETCH, _stretched

WHITE = Paint({"body": (0.9, 0.9, 0.9)})


def box(node: str | None = "ad.launcher", height: float = 2.0) -> Asset:
    return asset("box", node, block((0, 10), (0, 4), (0, height), "body"))


def grey(size: int = 100) -> NDArray[np.uint8]:
    return np.full((size, size, 3), 120, np.uint8)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_label_is_the_body_in_pixels() -> None:
    _, (label,) = paste(grey(), 0.5, [Placement(box(), 40.0, 50.0, 0.5, WHITE)], Sun(0.0, 0.8), rng())
    assert label.oriented
    assert label.polygon.mean(axis=0) == pytest.approx([40, 50])
    assert (label.length_px, label.width_px, label.angle) == pytest.approx((20, 8, 0.5))


def test_pixels_lie_where_the_label_says() -> None:
    image, (label,) = paste(grey(), 0.5, [Placement(box(), 40.0, 50.0, 0.0, WHITE)], Sun(0.0, 1.5), rng())
    bright = np.argwhere(image[..., 1] > 200)
    x0, y0, x1, y1 = label.bounds
    assert (bright.min(axis=0) == (y0, x0)).all()
    assert (bright.max(axis=0) == (y1 - 1, x1 - 1)).all()


def test_shadow_falls_along_the_azimuth_and_as_long_as_the_sun_is_low() -> None:
    sun = Sun(azimuth=0.0, elevation=np.pi / 4)
    image, _ = paste(grey(), 0.5, [Placement(box(height=5.0), 40.0, 50.0, 0.0, WHITE)], sun, rng())
    dark = np.flatnonzero(image[50, :, 1] < 90)
    assert dark.min() == pytest.approx(50, abs=1)
    assert dark.max() == pytest.approx(59, abs=1)


def test_overlapping_shadows_do_not_add_up() -> None:
    pair = [Placement(box(height=5.0), 40.0, 46.0, 0.0, WHITE), Placement(box(height=5.0), 40.0, 56.0, 0.0, WHITE)]
    sun = Sun(azimuth=0.6, elevation=0.5)
    one, _ = paste(grey(), 0.5, pair[:1], sun, rng())
    two, _ = paste(grey(), 0.5, pair, sun, rng())
    assert int(two.min()) == int(one.min())


def test_confusers_have_no_label_and_the_background_stays() -> None:
    background = grey()
    image, labels = paste(background, 0.5, [Placement(box(None), 40.0, 50.0, 0.0, WHITE)], Sun(0.0, 0.8), rng())
    assert labels == []
    assert (background == 120).all()
    assert (image != 120).any()


@pytest.mark.parametrize(("x", "labels", "ignored"), [(50.0, 1, 0), (1.0, 1, 0), (-4.0, 1, 1), (-12.0, 0, 0)])
def test_objects_over_the_edge(x: float, labels: int, ignored: int) -> None:
    _, found = paste(grey(), 0.5, [Placement(box(), x, 50.0, 0.0, WHITE)], Sun(0.0, 0.8), rng())
    assert len(found) == labels
    assert sum(label.ignore for label in found) == ignored


@pytest.mark.parametrize(("cover", "visible", "ignored"), [(0.0, 1.0, False), (2.5, 0.75, False), (7.5, 0.25, True)])
def test_what_is_drawn_later_hides_what_is_drawn_before(cover: float, visible: float, ignored: bool) -> None:
    roof = asset("roof", None, block((0, 10), (0, 4), (0, 2), "body"))
    pair = [Placement(box(), 40.0, 50.0, 0.0, WHITE), Placement(roof, 40.0 + 2 * (10 - cover), 50.0, 0.0, WHITE)]
    _, (label,) = paste(grey(), 0.5, pair, Sun(0.0, 0.8), rng())
    assert label.visible == pytest.approx(visible, abs=0.03)
    assert label.ignore == ignored
    _, (label,) = paste(grey(), 0.5, pair[::-1], Sun(0.0, 0.8), rng())
    assert (label.visible, label.ignore) == (1.0, False)


def test_half_an_object_at_the_edge_is_half_visible() -> None:
    _, (label,) = paste(grey(), 0.5, [Placement(box(), 0.0, 50.0, 0.0, WHITE)], Sun(0.0, 0.8), rng())
    assert label.visible == pytest.approx(0.5, abs=0.03)


def test_same_seed_same_pixels() -> None:
    placements = [Placement(box(), 40.0, 50.0, 1.0, WHITE)]
    first, second = (paste(grey(), 0.5, placements, Sun(0.0, 0.8), rng())[0] for _ in range(2))
    assert (first == second).all()
    assert (sensor(first, rng()) == sensor(second, rng())).all()


def test_gloss_shines_where_a_facet_mirrors_the_sun_and_nowhere_else() -> None:
    overhead, low = Sun(0.0, np.pi / 2), Sun(azimuth=0.0, elevation=0.3)
    up, aslant = np.array([[0.0, 0.0, 1.0]]), np.array([[-np.sin(0.6354), 0.0, np.cos(0.6354)]])
    assert glint(up, overhead) == pytest.approx([1])
    assert glint(aslant, low) == pytest.approx([1], abs=1e-3)  # half way from the zenith to the sun
    assert glint(up, low)[0] < 0.01
    assert glint(np.array([[np.sin(1.4), 0.0, np.cos(1.4)]]), low) == 0  # turned away
    dull, shining = (Paint({"body": (0.1, 0.1, 0.1)}, gloss=gloss) for gloss in (0.0, 0.4))
    flat = [paste(grey(), 0.5, [Placement(box(), 40, 50, 0, paint)], overhead, rng())[0] for paint in (dull, shining)]
    assert int(flat[1][50, 40].min()) > int(flat[0][50, 40].max()) + 60


def test_contrast_is_stretched_to_the_ends_but_a_flat_image_is_not_made_of_noise() -> None:
    ramp = np.broadcast_to(np.linspace(100, 180, 200).astype(np.uint8)[:, None, None], (200, 200, 3))
    seen = [_stretched(np.ascontiguousarray(ramp), np.random.default_rng(seed)) for seed in range(8)]
    assert all(image.min() <= 41 and image.max() >= 204 for image in seen)
    flat = np.clip(120 + rng().normal(0, 2, (200, 200, 3)), 0, 255).astype(np.uint8)
    assert _stretched(flat, rng()).std() < MOST_STRETCH * 2.1


def test_sensor_keeps_the_mean_and_the_shape() -> None:
    ramp = np.ascontiguousarray(np.broadcast_to(np.arange(20, 220, 2, dtype=np.uint8)[:, None, None], (100, 100, 3)))
    image = sensor(ramp, rng())
    assert image.shape == (100, 100, 3)
    assert abs(float(image.mean()) - float(ramp.mean())) < 30
