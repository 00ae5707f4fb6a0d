"""The loss against plain Python, number by number, and its gradients against finite differences."""

import math

import pytest
import torch

from hardstand.training.loss import Gains, ShapeAssigner, TreeLoss, angle_miss, node_targets, shape_envelope
from hardstand.training.network import FAMILIES, build_network
from hardstand.training.tree import node_tree

NODES = ("fw", "fw.combat", "heli", "ad.launcher")
GAINS = Gains()
Box = list[float]


def slow_probiou(one: Box, two: Box, floor: float) -> float:
    """ProbIoU of x, y, length, width, angle: boxes as Gaussians, 1 - Hellinger distance (arXiv 2106.06072)."""

    def spread(box: Box) -> tuple[float, float, float]:
        a, b, cos, sin = box[2] ** 2 / 12 + floor, box[3] ** 2 / 12 + floor, math.cos(box[4]), math.sin(box[4])
        return a * cos**2 + b * sin**2, a * sin**2 + b * cos**2, (a - b) * cos * sin

    (a1, b1, c1), (a2, b2, c2) = spread(one), spread(two)
    dx, dy = two[0] - one[0], two[1] - one[1]
    a, b, c = (a1 + a2) / 2, (b1 + b2) / 2, (c1 + c2) / 2
    determinant = a * b - c * c
    distance = (b * dx * dx + a * dy * dy - 2 * c * dx * dy) / determinant / 8
    distance += math.log(determinant / math.sqrt((a1 * b1 - c1 * c1) * (a2 * b2 - c2 * c2))) / 2
    return 1 - math.sqrt(1 - math.exp(-min(max(distance, 1e-7), 100)))


def slow_ciou(one: Box, two: Box) -> float:
    """Complete IoU of x0, y0, x1, y1 (arXiv 1911.08287)."""
    shared = max(0.0, min(one[2], two[2]) - max(one[0], two[0])) * max(0.0, min(one[3], two[3]) - max(one[1], two[1]))
    w1, h1, w2, h2 = one[2] - one[0], one[3] - one[1], two[2] - two[0], two[3] - two[1]
    iou = shared / (w1 * h1 + w2 * h2 - shared)
    width, height = max(one[2], two[2]) - min(one[0], two[0]), max(one[3], two[3]) - min(one[1], two[1])
    apart = ((one[0] + one[2] - two[0] - two[2]) ** 2 + (one[1] + one[3] - two[1] - two[3]) ** 2) / 4
    v = 4 / math.pi**2 * (math.atan(w2 / h2) - math.atan(w1 / h1)) ** 2
    return iou - apart / (width**2 + height**2) - v * v / (1 - iou + v + 1e-12)


def slow_envelope(box: Box, shape: str) -> Box:
    x, y, length, width, angle = box
    cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
    along, across = (length / 2 * cos, length / 2 * sin), (width / 2 * sin, width / 2 * cos)
    half = {
        "diamond": [max(a, b) for a, b in zip(along, across, strict=True)],
        "ellipse": [math.hypot(a, b) for a, b in zip(along, across, strict=True)],
        "rectangle": [a + b for a, b in zip(along, across, strict=True)],
    }[shape]
    return [x - half[0], y - half[1], x + half[0], y + half[1]]


# predicted box, labelled box, exact, shape; in strides
CASES: list[tuple[Box, Box, bool, str]] = [
    ([5.0, 5.0, 6.0, 4.0, 0.3], [5.2, 4.9, 6.5, 4.1, 0.5], True, "diamond"),
    ([9.0, 7.0, 3.0, 2.0, -0.4], [9.0, 7.5, 3.0, 3.0, 2.0], True, "ellipse"),
    ([4.0, 6.0, 7.0, 5.0, 0.9], [4.3, 6.2, 6.0, 6.5, 0.0], False, "diamond"),
    ([8.0, 3.0, 4.0, 4.5, 0.2], [7.6, 3.1, 5.0, 4.0, 0.0], False, "ellipse"),
    ([2.0, 9.0, 5.0, 1.5, 0.6], [2.1, 9.0, 5.0, 3.0, 0.0], False, "rectangle"),
]
POINTS = [[5.5, 5.5], [9.5, 7.5], [4.5, 6.5], [8.5, 3.5], [2.5, 9.5]]
WEIGHTS = [0.5, 0.25, 0.8, 0.1, 0.3]


def loss_of(family: str, gains: Gains = GAINS) -> TreeLoss:
    torch.manual_seed(0)
    return TreeLoss(build_network("n", len(NODES), family), node_tree(NODES), gains)


def tensors() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    target = [[*box, float(exact), float(s == "diamond"), float(s == "ellipse")] for _, box, exact, s in CASES]
    rows = ([p for p, *_ in CASES], POINTS, target, WEIGHTS, [[1 / 16]] * len(CASES))
    predicted, points, targets, weight, unit = (torch.tensor(each, dtype=torch.float64) for each in rows)
    return predicted, points, targets, weight, unit


@pytest.mark.parametrize("horizontal", [1.0, 0.25])
@pytest.mark.parametrize("family", FAMILIES)
def test_box_terms_match_plain_python(family: str, horizontal: float) -> None:
    criterion = loss_of(family, Gains(horizontal=horizontal))
    predicted, points, target, weight, unit = tensors()
    width = 4 * criterion.reg_max
    distances = torch.rand(len(CASES), width, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 5
    fast = criterion.box_terms(predicted, distances, points, target.clone(), weight, unit)
    overlap = side = angle = 0.0
    for row, (found, label, exact, shape) in enumerate(CASES):
        if exact:
            overlap += WEIGHTS[row] * (1 - slow_probiou(found, label, 0.01))
            angle += WEIGHTS[row] * math.sin(found[4] - label[4]) ** 2
            side += WEIGHTS[row] * slow_sides(distances[row].tolist(), POINTS[row], label, criterion.reg_max)
        else:
            outline = slow_envelope(label, "rectangle")
            overlap += WEIGHTS[row] * horizontal * (1 - slow_ciou(slow_envelope(found, shape), outline))
    assert [float(value) for value in fast] == pytest.approx([overlap, side, angle], abs=2e-4)


def slow_sides(distances: list[float], point: list[float], label: Box, bins: int) -> float:
    """How far the four distances from a point to the sides of an oriented box are off, mean over the sides."""
    x, y = label[0] - point[0], label[1] - point[1]
    along = x * math.cos(label[4]) + y * math.sin(label[4])
    across = -x * math.sin(label[4]) + y * math.cos(label[4])
    wanted = [label[2] / 2 - along, label[3] / 2 - across, label[2] / 2 + along, label[3] / 2 + across]
    if bins == 1:
        return sum(abs(one - two) / 16 for one, two in zip(distances, wanted, strict=True)) / 4
    total = 0.0
    for side, distance in enumerate(wanted):
        logits = distances[side * bins : (side + 1) * bins]
        value = min(max(distance, 0.0), bins - 1 - 0.01)
        norm = math.log(sum(math.exp(each) for each in logits))
        below = int(value)
        total -= (below + 1 - value) * (logits[below] - norm) + (value - below) * (logits[below + 1] - norm)
    return total / 4


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_of_the_box_terms_are_those_of_finite_differences(family: str) -> None:
    criterion = loss_of(family)
    predicted, points, target, weight, unit = tensors()
    distances = torch.rand(len(CASES), 4 * criterion.reg_max, dtype=torch.float64) * 3
    exact = target[:, 5] > 0
    predicted, distances = predicted[exact].requires_grad_(), distances[exact].requires_grad_()
    rest = [each[exact] for each in (points, target, weight, unit)]

    def terms(boxes: torch.Tensor, sides: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return criterion.box_terms(boxes, sides, rest[0], rest[1].clone(), rest[2], rest[3])

    assert torch.autograd.gradcheck(terms, (predicted, distances))


@pytest.mark.parametrize("shape", ["diamond", "ellipse", "rectangle"])
def test_gradients_by_shape_are_those_of_finite_differences_but_for_the_angle(shape: str) -> None:
    boxes = torch.tensor([row[0] for row in CASES], dtype=torch.float64)
    diamond, ellipse = torch.full((len(CASES),), shape == "diamond"), torch.full((len(CASES),), shape == "ellipse")
    sized = boxes[:, :4].clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda known: shape_envelope(torch.cat((known, boxes[:, 4:]), 1), diamond, ellipse), (sized,)
    )


def test_gradients_of_angles_and_of_node_scores_are_those_of_finite_differences() -> None:
    angles = torch.linspace(-0.7, 2.3, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda each: angle_miss(each, torch.full_like(each, 0.4)), (angles,))
    tree = node_tree(NODES)
    logits = torch.randn(1, 3, len(NODES), dtype=torch.float64, requires_grad=True)
    aligned, labels = torch.tensor([[0.7, 0.0, 0.4]]), torch.tensor([[1, 0, 2]])
    targets, weights = node_targets(
        aligned, labels, aligned > 0, tree, tree.within(("fw",))[None], torch.zeros(1, len(NODES))
    )

    def classes(each: torch.Tensor) -> torch.Tensor:
        loss = torch.nn.functional.binary_cross_entropy_with_logits(each, targets.double(), reduction="none")
        return (loss * weights).sum()

    assert torch.autograd.gradcheck(classes, (logits,))
    (gradient,) = torch.autograd.grad(classes(logits), logits)
    expected = (logits.detach().sigmoid() - targets) * weights
    assert torch.allclose(gradient, expected)


def test_objects_are_packed_per_image_with_their_flags() -> None:
    rows = [
        [1.0, 0, 10, 11, 12, 13, 0.1, 1],  # image, column, box, exact
        [0.0, 3, 20, 21, 22, 8, 0.2, 0],
        [1.0, 2, 30, 31, 32, 33, 0.3, 1],
        [0.0, 0, 40, 41, 1.5, 9, 0.0, 1],  # thinner than 2 px: left out
    ]
    rows.append([0.0, 1, 50, 51, 14, 15, 0.0, 0.0])
    labels, boxes, mask = loss_of("yolo11").pack(torch.tensor(rows), 3)
    assert labels[..., 0].tolist() == [[3, 1], [0, 2], [0, 0]]
    assert mask[..., 0].tolist() == [[1, 1], [1, 1], [0, 0]]
    assert boxes[1, 0].tolist() == pytest.approx([10, 11, 12, 13, 0.1, 1, 1, 0])  # a diamond
    assert boxes[1, 1].tolist() == pytest.approx([30, 31, 32, 33, 0.3, 1, 0, 1])  # an ellipse
    assert boxes[0, 0].tolist() == pytest.approx([20, 21, 22, 8, 0.2, 0, 0, 0])  # a rectangle
    assert loss_of("yolo11").pack(torch.zeros(0, 8), 2)[1].shape == (2, 0, 8)


def test_ignored_ground_is_half_open() -> None:
    points = torch.tensor([[4.0, 4.0], [12.0, 4.0], [4.0, 12.0], [12.0, 12.0]])
    regions = torch.tensor([[0.0, 4, 4, 12, 12.5], [1.0, 0, 0, 5, 5]])
    assert loss_of("yolo11").ignored(points, regions, 2).tolist() == [
        [True, False, True, False],
        [True, False, False, False],
    ]


def test_each_anchor_goes_to_the_object_that_it_fits_best_by_the_score_of_its_root() -> None:
    criterion = loss_of("yolo11")
    points = torch.tensor([[x + 4.0, y + 4.0] for y in range(0, 64, 8) for x in range(0, 64, 8)])
    objects = torch.tensor([[0.0, 1, 20, 20, 24, 24, 0.0, 1], [0.0, 2, 48, 44, 20, 20, 0.0, 0]])
    labels, boxes, mask = criterion.pack(objects, 1)
    predicted = torch.zeros(1, len(points), 5)
    predicted[..., :2], predicted[..., 2:4] = points, 24.0
    logits = torch.full((1, len(points), len(NODES)), -8.0)
    logits[..., 0] = logits[..., 2] = 2.0  # the roots are sure, "combat" is not learnt yet
    column, target, aligned, foreground = criterion.assign(logits, predicted, points, labels, boxes, mask)
    for anchor, (x, y) in enumerate(points.tolist()):
        inside = [abs(x - 20) <= 12 and abs(y - 20) <= 12, abs(x - 48) <= 10 and abs(y - 44) <= 10]
        if foreground[0, anchor]:
            row = inside.index(True)
            assert int(column[0, anchor]) == (1, 2)[row]
            assert target[0, anchor].tolist() == boxes[0, row].tolist()
        else:
            assert float(aligned[0, anchor]) == 0
    assert 1 <= int(((column == 1) & foreground).sum()) <= 10
    best = [slow_probiou([20, 20, 24, 24, 0], [*point, 24, 24, 0], 0.0) for point in points.tolist()]
    assert float(aligned[0][column[0] == 1].max()) == pytest.approx(max(best), abs=1e-3)
    empty = criterion.assign(logits, predicted, points, *criterion.pack(torch.zeros(0, 8), 1))
    assert not empty[3].any()


def test_overlaps_of_the_assigner_match_plain_python() -> None:
    labels = torch.tensor(
        [[*box, float(exact), float(s == "diamond"), float(s == "ellipse")] for _, box, exact, s in CASES]
    )
    found = torch.tensor([row[0] for row in CASES])
    slow = [
        slow_probiou(box, label, 0.0)
        if exact
        else slow_ciou(slow_envelope(box, shape), slow_envelope(label, "rectangle"))
        for box, label, exact, shape in CASES
    ]
    assert ShapeAssigner().iou_calculation(labels, found).tolist() == pytest.approx(slow, abs=1e-3)


def test_a_few_steps_find_an_object_also_without_a_distribution_of_distances() -> None:
    torch.manual_seed(1)
    model = build_network("n", len(NODES), "yolo26").train()
    image = torch.full((1, 3, 64, 64), 0.3)
    image[:, :, 26:38, 16:48] = 0.9
    batch = {
        "objects": torch.tensor([[0.0, 0, 32, 32, 32, 12, 0.0, 1]]),
        "ignore": torch.zeros(0, 5),
        "background": torch.ones(1, len(NODES)),
        "absent": torch.zeros(1, len(NODES)),
    }
    criterion = TreeLoss(model, node_tree(NODES))
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    losses = []
    for _ in range(30):
        loss, parts = criterion(model(image), batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append({name: float(value) for name, value in parts.items()})
    assert losses[-1]["box"] < losses[0]["box"] / 2
    assert losses[-1]["dfl"] < losses[0]["dfl"]
    assert min(losses[-1]["angle"], losses[0]["angle"]) < 0.5
