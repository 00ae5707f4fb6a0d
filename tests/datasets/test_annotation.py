"""Annotations and records: frames, checks, derived sizes."""

from pathlib import Path

import numpy as np
import pytest

from hardstand.datasets.annotation import Annotation, ImageRecord, horizontal, oriented


def test_horizontal_box_runs_clockwise_from_the_top_left_whatever_corners_come() -> None:
    item = horizontal("fw", (30, 5, 10, 25))
    assert item.polygon.tolist() == [[10, 5], [30, 5], [30, 25], [10, 25]]
    assert not item.oriented
    assert item.bounds == (10, 5, 30, 25)
    assert (item.length_px, item.width_px, item.angle) == (20, 20, 0)


@pytest.mark.parametrize("angle", [-0.7, 0.0, 1.0, 2.3])
def test_oriented_box_keeps_its_numbers(angle: float) -> None:
    item = oriented("fw", (50, 40, 20, 30, angle))
    assert item.length_px == pytest.approx(20)
    assert item.width_px == pytest.approx(30)
    assert item.angle == pytest.approx(angle)
    assert item.polygon.mean(axis=0) == pytest.approx([50, 40])


def test_angle_is_modulo_a_half_turn() -> None:
    assert oriented("fw", (0, 0, 4, 2, 2.6)).angle == pytest.approx(2.6 - np.pi)


def test_polygons_are_checked_and_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="four finite points"):
        Annotation("fw", np.zeros((3, 2)), oriented=False)
    with pytest.raises(ValueError, match="four finite points"):
        horizontal("fw", (0, 0, float("nan"), 1))
    with pytest.raises(ValueError, match="read-only"):
        horizontal("fw", (0, 0, 1, 1)).polygon[0, 0] = 5


def test_flags_are_off_unless_said() -> None:
    for item in (horizontal("fw", (0, 0, 4, 2)), oriented("fw", (0, 0, 4, 2, 0))):
        assert (item.ignore, item.difficult, item.truncated) == (False, False, False)
    assert horizontal("fw", (0, 0, 4, 2), difficult=True).difficult
    assert oriented("fw", (0, 0, 4, 2, 0), truncated=True).truncated


def test_what_is_visible_is_a_share() -> None:
    assert horizontal("fw", (0, 0, 4, 2)).visible == 1
    assert oriented("fw", (0, 0, 4, 2, 0), visible=0.3).visible == 0.3
    with pytest.raises(ValueError, match=r"visible of fw is 1\.2"):
        oriented("fw", (0, 0, 4, 2, 0), visible=1.2)


@pytest.mark.parametrize(("width", "height", "gsd"), [(0, 5, 1.0), (5, -1, 1.0), (5, 5, 0.0), (5, 5, float("nan"))])
def test_records_have_a_size_and_a_scale(width: int, height: int, gsd: float) -> None:
    with pytest.raises(ValueError, match="not positive"):
        ImageRecord(Path("a.jpg"), width, height, gsd, "g", "s", frozenset())
