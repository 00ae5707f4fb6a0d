import math

import numpy as np
import pytest
import torch

from hardstand.detector.boxes import envelope
from hardstand.training.loss import TreeLoss, angle_miss, node_targets, shape_envelope
from hardstand.training.network import build_network
from hardstand.training.tree import node_tree

NODES = ("fw", "fw.combat", "fw.combat.mig29", "heli", "ad.launcher")


def slow_envelope(box: list[float], shape: str) -> list[float]:
    """The outline walked point by point."""
    cx, cy, length, width, angle = box
    if shape == "ellipse":
        points = [(length / 2 * math.cos(t), width / 2 * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 20001)]
    elif shape == "diamond":
        points = [(length / 2, 0), (-length / 2, 0), (0, width / 2), (0, -width / 2)]
    else:
        points = [(sx * length / 2, sy * width / 2) for sx in (-1, 1) for sy in (-1, 1)]
    turned = [
        (cx + x * math.cos(angle) - y * math.sin(angle), cy + x * math.sin(angle) + y * math.cos(angle))
        for x, y in points
    ]
    xs, ys = [p[0] for p in turned], [p[1] for p in turned]
    return [min(xs), min(ys), max(xs), max(ys)]


@pytest.mark.parametrize("shape", ["diamond", "ellipse", "rectangle"])
def test_envelope_by_shape_matches_walked_outline_and_the_detectors(shape: str) -> None:
    rng = np.random.default_rng(0)
    boxes = np.column_stack((rng.uniform(0, 99, (40, 2)), rng.uniform(2, 60, (40, 2)), rng.uniform(-0.78, 2.35, 40)))
    flag = torch.ones(40, dtype=torch.bool)
    fast = shape_envelope(torch.tensor(boxes), flag & (shape == "diamond"), flag & (shape == "ellipse")).numpy()
    slow = np.array([slow_envelope(list(box), shape) for box in boxes])
    assert np.abs(fast - slow).max() < 1e-3
    assert np.abs(fast - envelope(boxes, shape)).max() < 1e-3


def test_horizontal_label_gives_the_angle_no_gradient() -> None:
    boxes = torch.tensor([[50.0, 50, 40, 20, 0.4]], requires_grad=True)
    none = torch.zeros(1, dtype=torch.bool)
    shape_envelope(boxes, ~none, none).sum().backward()
    shape_envelope(boxes * 1, none, ~none).pow(2).sum().backward()
    assert boxes.grad is not None
    assert boxes.grad[0, 4] == 0
    assert boxes.grad[0, :4].abs().sum() > 0


def test_angle_miss_has_period_180_degrees_and_sees_a_quarter_turn() -> None:
    here = torch.tensor([0.3, 0.3, 0.3])
    there = torch.tensor([0.3, 0.3 + math.pi, 0.3 + math.pi / 2])
    assert angle_miss(here, there).tolist() == pytest.approx([0, 0, 1], abs=1e-6)


def test_node_targets_match_a_slow_reading_of_the_rule() -> None:
    tree = node_tree(NODES)
    labels = torch.tensor([[0, 2, 1, 0], [3, 0, 4, 0]])
    foreground = torch.tensor([[True, True, False, False], [True, False, True, False]])
    aligned = torch.tensor([[0.5, 0.9, 0.0, 0.0], [0.7, 0.0, 0.2, 0.0]])
    background = torch.stack((tree.within(("fw",)), tree.within(("heli", "fw"))))
    absent = torch.stack((tree.within(()), tree.within(("fw.combat",))))
    targets, weights = node_targets(aligned, labels, foreground, tree, background, absent)
    for image in range(2):
        for anchor in range(4):
            label = NODES[int(labels[image, anchor])]
            for column, node in enumerate(NODES):
                on_path = label == node or label.startswith(node + ".")
                below = node.startswith(label + ".") and not absent[image, column]
                if foreground[image, anchor]:
                    expected = (float(aligned[image, anchor]) * on_path, 0.0 if below else 1.0)
                else:
                    expected = (0.0, float(background[image, column]))
                assert (float(targets[image, anchor, column]), float(weights[image, anchor, column])) == pytest.approx(
                    expected
                )


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    model: torch.nn.Module = build_network("n", len(NODES)).train()
    return model


def _batch(
    objects: list[list[float]], exhaustive: tuple[str, ...], ignore: list[list[float]] | None = None
) -> dict[str, torch.Tensor]:
    return {
        "objects": torch.tensor(objects).reshape(-1, 8),
        "ignore": torch.tensor(ignore or []).reshape(-1, 5),
        "background": node_tree(NODES).within(exhaustive)[None],
        "absent": torch.zeros(1, len(NODES)),
    }


def _class_gradient(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Gradient of the loss by the class logits, (A, K)."""
    predictions = network(torch.full((1, 3, 128, 128), 0.5))
    predictions["scores"].retain_grad()
    loss, _ = TreeLoss(network, node_tree(NODES))(predictions, batch)
    loss.backward()
    gradient: torch.Tensor = predictions["scores"].grad[0].T
    return gradient


def test_what_the_set_does_not_tell_gets_no_gradient(network: torch.nn.Module) -> None:
    gradient = _class_gradient(network, _batch([[0, 0, 64, 64, 50, 40, 0, 0]], ("fw",)))
    assert gradient[:, 0].abs().sum() > 0
    # on ground, helicopters and launchers are unknown; on the aircraft they are known not to be
    assert (gradient[:, 3] != 0).sum() == (gradient[:, 4] != 0).sum() <= 10
    # a plain "fixed-wing" says nothing of types on the object, but the set's ground has no MiG-29
    assert (gradient[:, 2] == 0).sum() == (gradient[:, 3] != 0).sum()


def test_ignored_ground_gets_no_gradient(network: torch.nn.Module) -> None:
    gradient = _class_gradient(network, _batch([], ("fw",), ignore=[[0, 0, 0, 128, 128]]))
    assert float(gradient.abs().sum()) == 0


def test_exact_labels_teach_the_angle_and_horizontal_ones_do_not(network: torch.nn.Module) -> None:
    for exact in (1.0, 0.0):
        predictions = network(torch.full((1, 3, 128, 128), 0.5))
        predictions["angle"].retain_grad()
        _, parts = TreeLoss(network, node_tree(NODES))(
            predictions, _batch([[0, 2, 64, 64, 50, 40, 0.5, exact]], ("fw",))
        )
        loss, _ = TreeLoss(network, node_tree(NODES))(
            predictions, _batch([[0, 2, 64, 64, 50, 40, 0.5, exact]], ("fw",))
        )
        loss.backward()
        assert (float(predictions["angle"].grad.abs().sum()) > 0) is bool(exact)
        assert (float(parts["angle"]) > 0) is bool(exact)
        assert (float(parts["dfl"]) > 0) is bool(exact)


def test_a_batch_without_objects_has_a_loss(network: torch.nn.Module) -> None:
    loss, parts = TreeLoss(network, node_tree(NODES))(network(torch.full((1, 3, 128, 128), 0.5)), _batch([], ("fw",)))
    assert torch.isfinite(loss)
    assert float(parts["box"]) == 0


def test_a_few_steps_on_one_tile_find_box_angle_and_type() -> None:
    torch.manual_seed(1)
    model = build_network("n", len(NODES)).train()
    image = torch.full((1, 3, 128, 128), 0.3)
    image[:, :, 56:72, 34:94] = 0.9
    image[:, :, 40:88, 60:68] = 0.9
    batch = _batch([[0, 2, 64, 64, 60, 48, 0.0, 1]], ("fw", "heli", "ad.launcher"))
    loss_of = TreeLoss(model, node_tree(NODES))
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(60):
        loss, _ = loss_of(model(image), batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        predictions = model(image)
        loss_of.loss(predictions, batch)
        best = int(predictions["scores"][0, 2].argmax())
        scores = predictions["scores"][0, :, best].sigmoid()
        angle = float(predictions["angle"][0, 0, best])
    assert scores[0] > 0.5
    assert scores[2] > 0.5
    assert scores[3] < 0.2
    assert math.sin(angle) ** 2 < 0.05
