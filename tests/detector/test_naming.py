"""Names: by an object's own scores and curves, and of several roles by what stands around it."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.detector.detections import Detections
from hardstand.detector.naming import COMPANY_M, ROUNDS, UNDECIDED, in_company, named
from hardstand.detector.weights import WeightRecord

NODES = ("fw", "fw.bomber", "fw.airliner", "fw.bomber.tu95", "fw.bomber.tu160", "heli")
BOMBER = (0.9, 0.8, 0.1, 0.0, 0.0, 0.0)
AIRLINER = (0.9, 0.1, 0.8, 0.0, 0.0, 0.0)
EITHER = (0.9, 0.4, 0.5, 0.0, 0.0, 0.0)


def network(record: WeightRecord, **thresholds: float) -> WeightRecord:
    low = {node: 0.3 for node in NODES if "." in node}
    return replace(record, nodes=NODES, calibration={}, recall={}, recall_by_gsd={}, thresholds={**low, **thresholds})


def row_of(*scores: tuple[float, ...], apart_m: float = 60.0, gsd: float = 0.5) -> Detections:
    """Aircraft in a row; each is labelled at its counted node alone."""
    number = len(scores)
    boxes = np.array([(200 + k * apart_m / gsd, 300, 80, 70, 0) for k in range(number)], np.float32)
    table = np.array(scores, np.float32)
    label = np.where(table[:, 5] > table[:, 0], 5, 0).astype(np.intp)
    return Detections(NODES, boxes, table, label, table[:, 0].copy(), gsd)


def test_an_object_alone_is_named_by_its_own_scores(record: WeightRecord) -> None:
    labels = [named(row_of(each), network(record)).labels[0] for each in (BOMBER, AIRLINER, EITHER)]
    assert labels == ["fw.bomber", "fw.airliner", "fw.airliner"]


@pytest.mark.parametrize(("company", "name"), [(BOMBER, "fw.bomber"), (AIRLINER, "fw.airliner")])
def test_what_could_be_either_is_what_stands_around_it(
    record: WeightRecord, company: tuple[float, ...], name: str
) -> None:
    assert named(row_of(company, EITHER, company, company), network(record)).labels == (name,) * 4


def test_what_is_clear_keeps_its_name_in_any_company(record: WeightRecord) -> None:
    found = named(row_of(*[AIRLINER] * 4, BOMBER, *[AIRLINER] * 4, apart_m=20), network(record))
    assert found.labels == (*["fw.airliner"] * 4, "fw.bomber", *["fw.airliner"] * 4)


def test_what_stands_far_away_says_nothing(record: WeightRecord) -> None:
    far = named(row_of(BOMBER, EITHER, BOMBER, apart_m=COMPANY_M + 1), network(record))
    assert far.labels == ("fw.bomber", "fw.airliner", "fw.bomber")


def test_a_role_below_its_threshold_is_no_name_in_any_company(record: WeightRecord) -> None:
    strict = network(record, **{"fw.bomber": 0.45, "fw.airliner": 0.45})
    assert named(row_of(BOMBER, EITHER, BOMBER, BOMBER), strict).labels[1] == "fw.airliner"


def test_helicopters_are_no_company_of_aircraft(record: WeightRecord) -> None:
    heli = (0.1, 0.8, 0.0, 0.0, 0.0, 0.9)
    assert named(row_of(heli, heli, EITHER, heli), network(record)).labels == ("heli", "heli", "fw.airliner", "heli")


def test_types_are_told_apart_by_what_is_probable(record: WeightRecord) -> None:
    both = row_of((0.9, 0.8, 0.1, 0.7, 0.6, 0.0))
    rarely_right = {"fw.bomber.tu95": {"score": [0.0, 1.0], "probability": [0.0, 0.1]}}
    assert named(both, network(record)).labels == ("fw.bomber.tu95",)
    assert named(both, replace(network(record), calibration=rarely_right)).labels == ("fw.bomber.tu160",)


def test_nothing_is_named_nothing(record: WeightRecord) -> None:
    assert len(named(Detections.empty(NODES, 0.5), network(record))) == 0


def slowly(scores: NDArray[np.float32], places: NDArray[np.float32], real: NDArray[np.float32]) -> list[list[float]]:
    """As `in_company`, in loops."""
    number, roles = scores.shape
    own = [[float(score) + 1e-4 for score in row] for row in scores]
    own = [[value / sum(row) for value in row] for row in own]
    probable = own
    for _ in range(ROUNDS):
        after = []
        for i in range(number):
            near = [j for j in range(number) if np.hypot(*(places[i] - places[j])) <= COMPANY_M]
            weight = sum(float(real[j]) for j in near) + UNDECIDED
            share = [
                (sum(float(real[j]) * probable[j][k] for j in near) + UNDECIDED / roles) / weight for k in range(roles)
            ]
            row = [own[i][k] * share[k] for k in range(roles)]
            after.append([value / sum(row) for value in row])
        probable = after
    return probable


def test_shares_around_against_plain_loops() -> None:
    rng = np.random.default_rng(2)
    scores, places = rng.random((25, 4), dtype=np.float32), rng.random((25, 2), dtype=np.float32) * 600
    real = rng.random(25, dtype=np.float32)
    probable = in_company(scores, places, real)
    assert probable == pytest.approx(np.array(slowly(scores, places, real)), abs=1e-5)
    assert probable.sum(axis=1) == pytest.approx(np.ones(25), abs=1e-5)
