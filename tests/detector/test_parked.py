"""Parked close: aircraft wing to wing and slanted, lorries beside helicopters; and parts that are no objects."""

from itertools import permutations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import affinity

from hardstand.detector import Decoder, Detections, WeightRecord
from hardstand.detector.boxes import is_part

GSD = 0.5
SIZES_M = {
    "Su-27": (21.9, 14.7),
    "MiG-29": (17.3, 11.4),
    "Il-76": (46.6, 50.5),
    "An-124": (69.1, 73.3),
    "Mi-8": (25.3, 21.3),
    "launcher": (13.0, 3.0),
}
Box = tuple[float, float, float, float, float]


def airframe(length: float, width: float) -> shapely.Geometry:
    """Fuselage, swept wing and tailplane from above, nose along +x, in metres."""
    fuselage = shapely.box(-length / 2, -width * 0.05, length / 2, width * 0.05)
    chord = length * 0.14
    half = [(chord, 0), (-chord * 0.6, width / 2), (-chord * 1.6, width / 2), (-chord, 0)]
    wing = shapely.union(shapely.Polygon(half), shapely.Polygon([(x, -y) for x, y in half]))
    tail = shapely.box(-length / 2, -width * 0.2, -length * 0.4, width * 0.2)
    return shapely.union_all([fuselage, wing, tail])


def closest_step(length: float, width: float, slant: float, gap: float = 0.5) -> float:
    """How far apart the centres of two alike airframes are that leave `gap` metres, in a row at `slant` to the wing."""
    frame = airframe(length, width)
    steps = np.arange(np.hypot(length, width) * 1.05, 0, -0.1)
    clear = [
        bool(shapely.distance(frame, affinity.translate(frame, -np.sin(slant) * step, np.cos(slant) * step)) >= gap)
        for step in steps
    ]
    return float(steps[max(clear.index(False) - 1, 0)])


def row(size: tuple[float, float], step: float, *, heading: float, along: float) -> list[Box]:
    """Seven objects of a size, `step` metres apart in direction `along`, in pixels around (512, 512)."""
    length, width = (side / GSD for side in size)
    places = [(512 + k * step / GSD * np.cos(along), 512 + k * step / GSD * np.sin(along)) for k in range(-3, 4)]
    return [(float(x), float(y), length, width, heading) for x, y in places]


def seen(record: WeightRecord, boxes: list[Box], seed: int, node: str = "fw") -> Detections:
    """What is decoded where six anchors see each box, a pixel or so, five percent and three degrees off."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.array(boxes), 6, axis=0)
    views = truth.copy()
    views[:, :2] += rng.uniform(-1, 1, (len(truth), 2)) * np.minimum(1.5, 0.12 * truth[:, 3:4])
    views[:, 2:4] *= rng.normal(1, 0.03, (len(truth), 2)).clip(0.95, 1.05)
    views[:, 4] += rng.normal(0, np.radians(1.5), len(truth)).clip(-0.05, 0.05)
    scores = np.zeros((len(truth), len(record.nodes)))
    scores[:, record.nodes.index(node)] = rng.uniform(0.2, 0.9, len(truth))
    raw = np.concatenate([views[:, :4], scores, views[:, 4:]], axis=1).T.astype(np.float32)
    return Decoder(record)(raw, 1024, 1024)


def assert_each_once(found: Detections, boxes: list[Box]) -> None:
    inside = [box for box in boxes if 0 <= box[0] < 1024 and 0 <= box[1] < 1024]
    assert len(found) == len(inside)
    for x, y, *_ in inside:
        assert np.hypot(found.boxes[:, 0] - x, found.boxes[:, 1] - y).min() < 4


@pytest.mark.parametrize("degrees", range(0, 180, 10))
@pytest.mark.parametrize("kind", SIZES_M)
def test_wing_to_wing_with_half_a_metre_between(record: WeightRecord, kind: str, degrees: int) -> None:
    heading = float(np.radians(degrees))
    boxes = row(SIZES_M[kind], SIZES_M[kind][1] + 0.5, heading=heading, along=heading + np.pi / 2)
    assert_each_once(seen(record, boxes, degrees), boxes)


@pytest.mark.parametrize("slant", range(0, 91, 10))
@pytest.mark.parametrize("kind", ["Su-27", "MiG-29", "Il-76", "An-124"])
def test_slanted_rows_with_half_a_metre_between_the_airframes(record: WeightRecord, kind: str, slant: int) -> None:
    # Here the boxes overlap: wing tips reach into the boxes of the neighbours.
    size = SIZES_M[kind]
    step = closest_step(*size, np.radians(slant))
    heading = 0.3
    boxes = row(size, step, heading=heading, along=heading + np.pi / 2 + np.radians(slant))
    assert_each_once(seen(record, boxes, slant), boxes)


@pytest.mark.parametrize("degrees", range(0, 180, 10))
@pytest.mark.parametrize("gap", [0.5, 3.0])
def test_lorries_between_helicopters_stay(record: WeightRecord, degrees: int, gap: float) -> None:
    # Rotor discs of 21 m with `gap` between them; a lorry beside each fuselage, 0.5 m from it and under the rotor.
    heading = float(np.radians(degrees))
    across = np.array([-np.sin(heading), np.cos(heading)])
    helicopters = row(SIZES_M["Mi-8"], 21.3 + gap, heading=heading, along=heading + np.pi / 2)
    offset = (1.25 + 0.5 + 1.25) / GSD
    lorries = [(x + across[0] * offset, y + across[1] * offset, 16.0, 5.0, heading) for x, y, *_ in helicopters]
    raw = np.zeros((10, 14), np.float32)
    for column, (box, node, score) in enumerate(
        [(box, "heli", 0.6) for box in helicopters] + [(box, "ad.launcher", 0.7) for box in lorries]
    ):
        raw[:4, column], raw[-1, column], raw[4 + record.nodes.index(node), column] = box[:4], box[4], score
    found = Decoder(record)(raw, 1024, 1024)
    assert sorted(found.labels) == ["ad.launcher"] * 7 + ["heli"] * 7


@pytest.mark.parametrize("degrees", range(0, 180, 10))
@pytest.mark.parametrize(("first", "second"), list(permutations(("fw", "heli", "ad.launcher"), 2)))
def test_one_object_seen_as_two_kinds_is_one(record: WeightRecord, first: str, second: str, degrees: int) -> None:
    # The better view wins, whichever kind it is. A launcher box covers the fuselage, a few pixels off its axis.
    size = {"fw": (44.0, 30.0), "heli": (50.0, 42.0), "ad.launcher": (26.0, 6.0)}
    heading = np.radians(degrees)
    raw = np.zeros((10, 2), np.float32)
    for column, (node, score, off) in enumerate([(first, 0.7, 0.0), (second, 0.4, 1.5)]):
        raw[:4, column] = (100 - np.sin(heading) * off, 100 + np.cos(heading) * off, *size[node])
        raw[-1, column], raw[4 + record.nodes.index(node), column] = heading + off * 0.02, score
    found = Decoder(record)(raw, 256, 256)
    assert [label.split(".")[0] for label in found.labels] == [first.split(".", maxsplit=1)[0]]


def test_nested_classes_are_one_object_with_one_label(record: WeightRecord) -> None:
    # Two anchors on one airframe, one sure of the type, one of the role: one detection, on one path of the tree.
    raw = np.zeros((10, 2), np.float32)
    raw[:, 0] = (100, 100, 92, 100, 0.9, 0.8, 0.75, 0, 0, 0.1)
    raw[:, 1] = (102, 101, 90, 101, 0.8, 0.3, 0.0, 0, 0, 0.1)
    assert Decoder(record)(raw, 256, 256).labels == ("fw.bomber.tu95",)


def parts(boxes: list[Box], other: Box, off_axis: float) -> NDArray[np.bool_]:
    return is_part(boxes, [other] * len(boxes), off_axis)


def test_what_is_a_part() -> None:
    aircraft = (0.0, 0.0, 92.0, 100.0, 0.5)
    cos, sin = np.cos(0.5), np.sin(0.5)
    nose, wing = (35 * cos, 35 * sin, 20.0, 16.0, 1.2), (-25 * sin, 25 * cos, 20.0, 40.0, 0.5)
    tug = (50 * cos, 50 * sin, 12.0, 6.0, 0.5)  # before the nose
    tail = (-38 * cos, -38 * sin, 32.0, 34.0, 0.3)  # reaches out behind
    behind = (-50 * cos, -50 * sin, 32.0, 34.0, 0.5)  # another aircraft, nose to tail
    assert parts([nose, tail, aircraft], aircraft, 4).all()
    assert not parts([wing, tug, behind], aircraft, 4).any()
    assert is_part([aircraft], [nose], 4).tolist() == [True]  # whichever comes first
    assert is_part(np.zeros((0, 5)), np.zeros((0, 5)), 4).shape == (0,)
