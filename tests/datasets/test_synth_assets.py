from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator

from hardstand.datasets.synth_aircraft import jet, plane
from hardstand.datasets.synth_airframes import JETS, LARGE, Jet, Plane
from hardstand.datasets.synth_helicopters import KINDS, Kind, helicopter
from hardstand.datasets.synth_launchers import LAUNCHERS
from hardstand.datasets.synth_mesh import Asset, block, tube, turned
from hardstand.datasets.synth_radars import RADARS
from hardstand.datasets.synth_trucks import CIVIL_CONFUSERS, MILITARY_CONFUSERS
from hardstand.detector.taxonomy import NODES, size_objection

Builder = Callable[[Generator], Asset]


def _name(build: Builder) -> str:
    return getattr(build, "__name__", "")


def test_block_has_five_outward_faces() -> None:
    facets = block((0, 2), (0, 1), (0, 3), "body")
    assert len(facets) == 5
    middle = np.array([1, 0.5, 1.5])
    assert all((f.points.mean(axis=0) - middle) @ f.normal > 0 for f in facets)


def test_turned_goes_from_x_toward_y() -> None:
    (facet,) = [f for f in turned(block((1, 2), (0, 0.1), (0, 1), "body"), np.pi / 2) if f.normal[2] > 0.5]
    assert facet.points[:, 1].max() == pytest.approx(2.0)
    assert facet.points[:, 0].min() == pytest.approx(-0.1)


def test_upright_tube_shows_its_cap() -> None:
    caps = [f for f in tube((0, 0, 0), (0, 0, 8), 0.5, "tube", cap="dark") if f.material == "dark"]
    assert sorted(round(float(f.normal[2])) for f in caps) == [-1, 1]


@pytest.mark.parametrize("build", list(LAUNCHERS), ids=_name)
def test_launchers_are_launchers_of_published_size(build: Builder) -> None:
    for seed in range(6):
        asset = build(np.random.default_rng(seed))
        assert asset.node == "ad.launcher"
        assert 5 < asset.length < 22
        assert 2.4 < asset.width < 3.5


@pytest.mark.parametrize("build", [*MILITARY_CONFUSERS, *CIVIL_CONFUSERS, *RADARS], ids=_name)
def test_confusers_are_not_labelled(build: Builder) -> None:
    assert build(np.random.default_rng(0)).node is None


@pytest.mark.parametrize("shape", LARGE, ids=lambda p: p.name)
def test_large_aircraft_fill_their_box(shape: Plane) -> None:
    asset = plane(shape, np.random.default_rng(0))
    assert asset.body[0] == pytest.approx(-asset.length / 2, abs=0.04 * asset.length)
    assert asset.body[1] == pytest.approx(asset.length / 2, abs=0.04 * asset.length)
    assert asset.body[3] - asset.body[2] == pytest.approx(asset.width, rel=0.03)


@pytest.mark.parametrize("shape", JETS, ids=lambda j: j.name)
def test_combat_aircraft_fill_their_box(shape: Jet) -> None:
    asset = jet(shape, np.random.default_rng(0))
    assert asset.body[1] - asset.body[0] == pytest.approx(asset.length, rel=0.04)
    assert asset.body[3] - asset.body[2] == pytest.approx(asset.width, rel=0.05)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_helicopter_box_is_overall_length_by_rotor(kind: Kind) -> None:
    asset = helicopter(kind, "still", np.random.default_rng(0))
    assert asset.width == pytest.approx(kind.rotor)
    assert asset.length >= kind.fuselage
    folded = helicopter(kind, "folded", np.random.default_rng(0))
    assert folded.width < 0.6 * asset.width


@pytest.mark.parametrize("shape", [*LARGE, *JETS], ids=lambda each: str(getattr(each, "name", each)))
def test_airframes_have_the_sizes_of_the_taxonomy(shape: Plane | Jet) -> None:
    node = f"{shape.node}.{shape.name.removesuffix('_swept').removesuffix('_spread')}"
    if node in NODES:
        assert size_objection(node, shape.length, shape.span, tolerance=0.05) is None


def test_what_people_look_for_is_drawn() -> None:
    drawn = {shape.name for shape in LARGE} | {shape.name for shape in JETS}
    assert drawn >= {"an124", "an22", "an12", "an26", "c17", "c5", "c130", "b52", "kc135", "e3"}
    assert drawn >= {"f15", "f16", "f22", "f35", "a10", "b1b", "b2", "su34", "su24", "su25", "tu22m", "tu160"}
    assert {kind.blades for kind in KINDS} >= {2, 3, 4, 5, 6, 7, 8}
    assert {kind.layout for kind in KINDS} == {"single", "coaxial", "tandem"}
