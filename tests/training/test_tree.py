import pytest

from hardstand.detector import LabelError
from hardstand.training.tree import node_tree

NODES = ("fw", "fw.combat", "fw.combat.mig29", "fw.bomber", "heli", "ad.launcher")


def test_a_label_is_target_for_itself_and_its_ancestors() -> None:
    tree = node_tree(NODES)
    assert tree.path[NODES.index("fw.combat.mig29")].tolist() == [1, 1, 1, 0, 0, 0]
    assert tree.path[NODES.index("fw")].tolist() == [1, 0, 0, 0, 0, 0]


def test_a_label_says_nothing_about_what_lies_below_it() -> None:
    tree = node_tree(NODES)
    assert tree.known[NODES.index("fw")].tolist() == [1, 0, 0, 0, 1, 1]
    assert tree.known[NODES.index("fw.combat")].tolist() == [1, 1, 0, 1, 1, 1]


def test_background_is_known_only_where_the_set_is_exhaustive() -> None:
    assert node_tree(NODES).background(("fw",)).tolist() == [1, 1, 1, 1, 0, 0]


def test_a_label_deeper_than_the_network_falls_on_its_ancestor() -> None:
    tree = node_tree(NODES)
    assert tree.column("fw.bomber.tu95") == NODES.index("fw.bomber")
    with pytest.raises(LabelError, match="ad\\.radar"):
        tree.column("ad.radar")


def test_shapes_and_roots() -> None:
    tree = node_tree(NODES)
    assert tree.root.tolist() == [0, 0, 0, 0, 4, 5]
    assert tree.diamond.tolist() == [True] * 4 + [False] * 2
    assert tree.ellipse.tolist() == [False] * 4 + [True, False]
