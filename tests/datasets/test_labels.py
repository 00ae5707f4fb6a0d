"""The label tables: every node exists, spellings collide as intended, unknown labels are errors."""

import pytest

from hardstand.datasets.labels import exhaustive_in, meaning_of, spelling
from hardstand.datasets.tables import rows_of
from hardstand.detector.errors import LabelError
from hardstand.detector.taxonomy import NODES, shape_of


def test_every_node_of_the_tables_is_in_the_taxonomy() -> None:
    for row in rows_of("labels.csv"):
        assert (row["node"] == "") == (row["flag"] == "-"), row
        assert row["node"] == "" or row["node"] in NODES, row
    for row in rows_of("cutouts.csv"):
        assert row["sized_as"] in NODES, row
    for row in rows_of("exhaustive.csv"):
        assert row["node"] in NODES or (row["node"] == "" and exhaustive_in(row["set"]) == frozenset()), row


def test_no_label_is_listed_twice() -> None:
    keys = [(row["set"], spelling(row["label"])) for row in rows_of("labels.csv")]
    assert len(keys) == len(set(keys))


def test_spelling_does_not_matter() -> None:
    for label in ("Expressway-Service-area", "expressway_service_area", "EXPRESSWAY SERVICE AREA"):
        assert meaning_of("dior", label).flag == "-"
    assert meaning_of("airbus", "Truncated_airplane").node == "fw"


def test_unknown_labels_and_sets_are_named() -> None:
    with pytest.raises(LabelError, match=r"'zeppelin' is not known in dota: it has .*plane"):
        meaning_of("dota", "zeppelin")
    with pytest.raises(LabelError, match="no labels at all"):
        meaning_of("nowhere", "plane")
    with pytest.raises(LabelError, match="nowhere"):
        exhaustive_in("nowhere")


def test_what_the_sets_label_exhaustively() -> None:
    assert exhaustive_in("hrplanes") == {"fw"}
    assert exhaustive_in("dota") == {"fw", "heli"}
    assert exhaustive_in("simd") == exhaustive_in("composites") == {"fw", "heli", "ad.launcher"}


def test_parts_of_a_set_may_differ_and_a_set_may_label_nothing_exhaustively() -> None:
    assert exhaustive_in("dota/v2.0") == {"fw", "heli", "civ", "ctx.helipad"}
    assert exhaustive_in("rsod/aircraft") - exhaustive_in("rsod/overpass") == {"fw"}
    assert exhaustive_in("mvrsd") == frozenset()
    assert "fw" not in exhaustive_in("mar20")
    assert "fw.bomber.tu95" in exhaustive_in("mar20")
    assert "heli" not in exhaustive_in("fair1m") | exhaustive_in("rareplanes") | exhaustive_in("cors_add")


@pytest.mark.parametrize(
    ("source", "labels"),
    [("xview", 62), ("dota", 18), ("fair1m", 37), ("mar20", 20), ("dior", 20), ("soda_a", 10), ("simd", 15)],
)
def test_every_label_of_a_set_is_mapped(source: str, labels: int) -> None:
    assert sum(row["set"] == source for row in rows_of("labels.csv")) == labels


def test_names_that_begin_alike_are_not_mixed_up() -> None:
    assert meaning_of("mar20", "A2").node == "fw.transport.c130"
    assert meaning_of("mar20", "A20").node == "fw.attack.su24"
    with pytest.raises(LabelError, match="'A21'"):
        meaning_of("mar20", "A21")


def test_simd_other_is_a_vehicle() -> None:
    node = meaning_of("simd", "other").node
    assert shape_of(node) == "rectangle"
