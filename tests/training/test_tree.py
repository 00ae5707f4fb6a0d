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
    assert node_tree(NODES).within(("fw",)).tolist() == [1, 1, 1, 1, 0, 0]


def test_a_type_that_the_network_lacks_is_none_of_its_types() -> None:
    tree = node_tree((*NODES, "fw.combat.su27fam", "fw.bomber.tu95"))
    said = {label: (tree.path[tree.row(label)].tolist(), tree.known[tree.row(label)].tolist()) for label in tree.labels}
    assert said["fw.combat.f16"] == ([1, 1, 0, 0, 0, 0, 0, 0], [1] * 8)
    assert said["fw.combat.su34"][1] == [1, 1, 1, 1, 1, 1, 0, 1]  # looks like a Su-27
    assert said["fw.combat.other"][1] == [1, 1, 0, 1, 1, 1, 0, 1]  # other than what else a set names
    assert said["fw.tanker"] == ([1, 0, 0, 0, 0, 0, 0, 0], [1] * 8)
    assert said["ad.launcher.long.s300p"] == ([0, 0, 0, 0, 0, 1, 0, 0], [1] * 8)
    with pytest.raises(LabelError, match="ad\\.radar"):
        tree.row("ad.radar")


def test_what_may_be_a_look_alike_of_a_tanker_is_not_said_to_be_none() -> None:
    tree = node_tree(("fw", "fw.transport", "fw.transport.il76", "fw.airliner"))
    assert tree.known[tree.row("fw.tanker.il78")].tolist() == [1, 0, 0, 1]
    assert tree.known[tree.row("fw.tanker")].tolist() == [1, 0, 0, 1]
    assert tree.known[tree.row("fw.tanker.kc10")].tolist() == [1, 1, 1, 1]


def test_shapes_and_roots() -> None:
    tree = node_tree(NODES)
    assert tree.root[:6].tolist() == [0, 0, 0, 0, 4, 5]
    assert tree.diamond[:6].tolist() == [True] * 4 + [False] * 2
    assert tree.ellipse[:6].tolist() == [False] * 4 + [True, False]
