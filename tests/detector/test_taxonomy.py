import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardstand.detector import (
    COUNTED,
    NODES,
    LabelError,
    ancestors,
    children,
    deepest,
    fits,
    is_a,
    lookalikes,
    parent,
    root,
    shape_of,
    size_objection,
)
from hardstand.detector.taxonomy_text import node_text, tree_text

TREE: tuple[str, ...] = (
    "fw",
    "fw.bomber",
    "fw.bomber.tu95",
    "fw.bomber.tu160",
    "fw.isr.a50",
    "heli",
    "heli.attack",
    "ad.launcher",
)


def test_every_inner_step_of_an_id_is_a_node() -> None:
    for id in NODES:
        above = id.rpartition(".")[0]
        assert not above or above == "ctx" or above in NODES


def test_the_tree_has_the_nodes_of_the_design() -> None:
    assert len(NODES) == 145
    assert [id for id in NODES if parent(id) is None and not id.startswith("ctx.")] == [
        "fw",
        "heli",
        "ad",
        "msl",
        "mil",
        "civ",
    ]
    assert all(node.name for node in NODES.values())


def test_sizes_are_metres_and_carry_their_source() -> None:
    for node in NODES.values():
        for size in node.sizes:
            assert 5 < size.length_m < 80
            assert 2 < size.width_m < 80
            assert size.source
            assert size.swept_width_m is None or size.swept_width_m < size.width_m


def test_ancestors_run_from_the_root_to_the_node() -> None:
    assert ancestors("ad.launcher.long.s400") == ("ad", "ad.launcher", "ad.launcher.long", "ad.launcher.long.s400")
    assert is_a("ad.launcher.long.s400", "ad.launcher")
    assert not is_a("ad.launcher", "ad.launcher.long.s400")
    assert not is_a("fw.combat.mig31", "fw.combat.mig29")


def test_the_launcher_is_a_root_to_count_at() -> None:
    assert {root(node) for node in ("ad.launcher", "ad.launcher.short.tor")} == {"ad.launcher"}
    assert root("ad.radar") == "ad"
    assert all(root(node) == node for node in COUNTED)


@pytest.mark.parametrize(
    ("node", "shape"),
    [("fw.isr.a50", "diamond"), ("heli.light", "ellipse"), ("ad.launcher", "rectangle"), ("civ.car", "rectangle")],
)
def test_shapes(node: str, shape: str) -> None:
    assert shape_of(node) == shape


def test_an_unknown_node_is_named() -> None:
    for use in (parent, ancestors, root, shape_of):
        with pytest.raises(LabelError, match=r"'fw\.zeppelin'"):
            use("fw.zeppelin")
    with pytest.raises(LabelError, match="'plane'"):
        is_a("fw", "plane")


def test_fits_knows_spread_and_swept_wings() -> None:
    assert fits("fw.bomber.tu160", 54.1, 55.7)
    assert fits("fw.bomber.tu160", 54.1, 35.6)
    assert not fits("fw.bomber.tu160", 54.1, 20.0)
    assert not fits("fw.combat.mig29", 54.1, 35.6)


def test_what_is_not_known_fits() -> None:
    assert fits("fw", 12.0, 9.0)
    assert fits("fw.transport.other", 12.0, 9.0)  # the sizes in the table are examples of a mixed class


def test_children_skip_levels_that_the_network_lacks() -> None:
    assert children("fw", TREE) == ("fw.bomber", "fw.isr.a50")
    assert children("fw.bomber", TREE) == ("fw.bomber.tu95", "fw.bomber.tu160")
    assert children("heli.attack", TREE) == ()


def walk(scores: list[float], thresholds: dict[str, float]) -> str:
    """The rule of `deepest` for one row, in words of the design."""
    score = dict(zip(TREE, scores, strict=True))
    node = max((id for id in COUNTED if id in TREE), key=lambda id: score[id])
    while below := children(node, TREE):
        reaching = [id for id in below if score[id] >= thresholds.get(id, 0.5)]
        if not reaching:
            break
        node = max(reaching, key=lambda id: score[id])
    return node


def test_of_siblings_the_one_that_is_worth_most_is_taken() -> None:
    nodes = ("fw", "fw.bomber", "fw.isr")
    scores = np.array([[0.9, 0.6, 0.8]] * 3, np.float32)
    worth = np.array([[1, 0.7, 0.4], [1, 0.4, 0.7], [0, 0, 0]], np.float32)
    assert deepest(scores, nodes, {}, worth).tolist() == [1, 2, 1]
    assert deepest(scores, nodes, {"fw.bomber": 0.7}, worth).tolist() == [2, 2, 2]
    assert deepest(scores, nodes, {"fw.bomber": 0.7, "fw.isr": 0.9}, worth).tolist() == [0, 0, 0]


@given(
    st.lists(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=8, max_size=8), max_size=8),
    st.dictionaries(st.sampled_from(TREE), st.sampled_from([0.25, 0.75]), max_size=8),
)
def test_deepest_walks_down_every_row(rows: list[list[float]], thresholds: dict[str, float]) -> None:
    scores = np.array(rows, dtype=np.float32).reshape(-1, len(TREE))
    columns = deepest(scores, TREE, thresholds)
    assert columns.dtype == np.intp
    assert [TREE[column] for column in columns] == [walk(row, thresholds) for row in rows]


def test_deepest_needs_a_counted_node() -> None:
    with pytest.raises(LabelError, match="no counted node"):
        deepest(np.zeros((1, 1), dtype=np.float32), ["civ.car"], {})


def test_every_type_has_a_size_or_is_a_mixed_class() -> None:
    mixed = {"other", "regional", "bizjet", "turboprop", "light"}
    unsized = [
        id for id, node in NODES.items() if id.split(".")[0] in ("fw", "heli") and id.count(".") == 2 and not node.sizes
    ]
    assert {id.rpartition(".")[2] for id in unsized} <= mixed
    launchers = [id for id in NODES if id.startswith("ad.launcher.") and id.count(".") == 3]
    assert all(NODES[id].sizes for id in launchers)


def test_a_size_that_cannot_be_says_so() -> None:
    assert size_objection("fw.transport.il76", 46, 49) is None
    assert size_objection("fw.transport.il76", 73, 69) == ("a box of 73 m by 69 m cannot be: Il-76 (46.6 m by 50.5 m)")
    assert size_objection("fw", 73, 69) is None


def test_lookalikes_are_mutual_and_in_the_taxonomy() -> None:
    assert {other.node for other in lookalikes("fw.isr.a50")} == {"fw.transport.il76", "fw.tanker.il78", "fw.isr.other"}
    assert lookalikes("fw.bomber.b2") == ()
    for id in NODES:
        for other in lookalikes(id):
            assert id in {back.node for back in lookalikes(other.node)}
    with pytest.raises(LabelError, match="zeppelin"):
        lookalikes("fw.zeppelin")


def test_the_tree_as_text() -> None:
    assert len(tree_text().splitlines()) == len(NODES)
    lines = tree_text("fw.bomber").splitlines()
    assert lines[0] == "fw.bomber          bomber"
    assert "  fw.bomber.b2     B-2          21.03 x 52.43 m" in lines
    assert tree_text("fw.bomber.b2", sizes=False) == "fw.bomber.b2  B-2"
    assert "cannot be told from Su-34 (fw.combat.su34)" in node_text("fw.combat.su27fam")
    assert "one example of many" in node_text("ad.radar.engagement")
