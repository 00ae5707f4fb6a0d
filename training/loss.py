"""The loss of an oriented network over a tree of nodes, fed by exact oriented and by horizontal labels.

Three changes to ultralytics' oriented criterion, nothing of it copied:

* one sigmoid per taxonomy node: a label is target for its node and all ancestors; what it does not tell has weight 0
  (design, decision 2; the tree with sigmoids goes back to YOLO9000, arXiv 1612.08242);
* a horizontal label is compared with the horizontal box *by shape* of the predicted oriented box (design, decision 1);
  the angle gets no gradient from it;
* the angle of exact labels is taught modulo 180 degrees, so that length and wingspan do not swap on aircraft whose box
  is nearly square, where the overlap alone cannot tell.

A head without a distribution of distances (YOLO26) learns those of exact labels by their absolute error, as ultralytics
teaches it. Several processes share the sum of alignments that the parts are divided by, so that the mean of their
gradients is the gradient of one process with the whole batch.
"""

from dataclasses import dataclass

import torch
from ultralytics.utils.loss import DFLoss, v8OBBLoss
from ultralytics.utils.metrics import bbox_iou, probiou
from ultralytics.utils.tal import RotatedTaskAlignedAssigner, make_anchors, rbox2dist

from .network import Network
from .place import processes, summed
from .tree import NodeTree

Tensor = torch.Tensor
PARTS = ("box", "cls", "dfl", "angle")


@dataclass(frozen=True, slots=True)
class Gains:
    """What each part of the loss counts."""

    box: float = 7.5
    cls: float = 0.5
    dfl: float = 1.5
    """Of the distances from an anchor to the sides of an exact box: their distribution, or where the head has none
    (YOLO26), the values themselves."""
    angle: float = 8.0
    """High: on an aircraft as long as it is wide the overlap does not see the angle, and 1.5 left it unlearnt."""
    horizontal: float = 1.0
    """Share of the box gain for horizontal labels. 0 while angles are first learnt: a box turned wrongly by 45 degrees
    and too large by a half has the same outline as the right one, so sizes learnt then would hide wrong angles."""


def shape_envelope(boxes: Tensor, diamond: Tensor, ellipse: Tensor) -> Tensor:
    """Return the (N, 4) horizontal boxes x0, y0, x1, y1 by shape of oriented boxes (N, 5).

    `diamond` and `ellipse` are (N,) bool; rows that are neither are rectangles. The angle is detached: moving a
    horizontal box tells nothing certain about a direction. Same rule as `hardstand.detector.boxes.envelope`.
    """
    angle = boxes[:, 4].detach()
    cos, sin = angle.cos().abs(), angle.sin().abs()
    length, width = boxes[:, 2] / 2, boxes[:, 3] / 2
    along = torch.stack((length * cos, length * sin), 1)
    across = torch.stack((width * sin, width * cos), 1)
    half = torch.where(diamond[:, None], torch.maximum(along, across), along + across)
    half = torch.where(ellipse[:, None], (along.square() + across.square() + 1e-9).sqrt(), half)
    return torch.cat((boxes[:, :2] - half, boxes[:, :2] + half), 1)


def angle_miss(predicted: Tensor, target: Tensor) -> Tensor:
    """Return sin^2 of the angle differences: 0 for the same axis, 1 for a right angle, period 180 degrees."""
    return (predicted - target).sin().square()


def node_targets(
    target_scores: Tensor, labels: Tensor, foreground: Tensor, tree: NodeTree, background: Tensor, absent: Tensor
) -> tuple[Tensor, Tensor]:
    """Return targets and weights, both (B, A, K), of the node sigmoids.

    `target_scores` (B, A) is the alignment of each anchor with its object (0 for background), `labels` (B, A) the
    row of the object's label, `foreground` (B, A) bool, `background` (B, K) the weight of empty ground per image,
    `absent` (B, K) 1 for nodes of which no object in the image is.
    """
    targets = tree.path[labels] * target_scores[..., None]
    known = torch.maximum(tree.known[labels], absent[:, None, :])
    weights = torch.where(foreground[..., None], known, background[:, None, :])
    return targets * foreground[..., None], weights


class ShapeAssigner(RotatedTaskAlignedAssigner):
    """Ultralytics' task-aligned assigner for boxes (x, y, w, h, angle, exact, diamond, ellipse).

    Rows with exact = 1 overlap as oriented boxes (ProbIoU, arXiv 2106.06072), others by the horizontal box by shape.
    """

    def iou_calculation(self, gt_bboxes: Tensor, pd_bboxes: Tensor) -> Tensor:
        """Return the overlap of each pair of boxes, (N,)."""
        exact = gt_bboxes[:, 5] > 0
        oriented = probiou(gt_bboxes[:, :5], pd_bboxes).squeeze(-1).clamp(0)
        by_shape = shape_envelope(pd_bboxes, gt_bboxes[:, 6] > 0, gt_bboxes[:, 7] > 0)
        centre, half = gt_bboxes[:, :2], gt_bboxes[:, 2:4] / 2
        horizontal = bbox_iou(torch.cat((centre - half, centre + half), 1), by_shape, xywh=False, CIoU=True)
        return torch.where(exact, oriented, horizontal.squeeze(-1).clamp(0))

    def select_candidates_in_gts(
        self, xy_centers: Tensor, gt_bboxes: Tensor, mask_gt: Tensor, eps: float = 0
    ) -> Tensor:
        """Return which anchors lie in which object, (B, n, A); the flags behind the box, and `eps`, are left aside."""
        inside: Tensor = super().select_candidates_in_gts(xy_centers, gt_bboxes[..., :5], mask_gt)  # type: ignore[no-untyped-call]
        return inside


class TreeLoss(v8OBBLoss):
    """Criterion for an ultralytics oriented model whose classes are the nodes of `tree`.

    The batch is a dict of: `objects` (M, 8) float [image, label row, x, y, w, h, angle, exact] in pixels, `ignore`
    (I, 5) float [image, x0, y0, x1, y1] in pixels: ground about which nothing is said, `background` and `absent`
    (B, K) float as of `node_targets`.
    """

    def __init__(self, model: Network, tree: NodeTree, gains: Gains = Gains()) -> None:
        super().__init__(model)
        self.gains = gains
        self.spread = DFLoss(self.reg_max)
        self.tree = tree.to(self.device)
        self.assigner = ShapeAssigner(
            topk=10, num_classes=self.nc, alpha=0.5, beta=6.0, stride=[int(value) for value in model.stride]
        )

    def pack(self, objects: Tensor, images: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return (B, n, 1) labels, (B, n, 8) boxes with flags and (B, n, 1) mask of objects padded per image."""
        objects = objects[(objects[:, 4] >= 2) & (objects[:, 5] >= 2)].to(self.device)
        index = objects[:, 0].long()
        most = int(torch.bincount(index, minlength=1).max()) if len(index) else 0
        packed = torch.zeros(images, most, 10, device=self.device)
        for image in range(images):
            rows = objects[index == image]
            label = rows[:, 1].long()
            flags = (torch.ones(len(rows), device=self.device), self.tree.diamond[label], self.tree.ellipse[label])
            packed[image, : len(rows)] = torch.cat((rows[:, 1:], torch.stack([f.float() for f in flags], 1)), 1)
        return packed[..., :1], packed[..., [1, 2, 3, 4, 5, 6, 8, 9]], packed[..., 7:8]

    def loss(self, preds: dict[str, Tensor], batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the summed loss times the batch size, and its parts (box, cls, dfl, angle) for the log."""
        distances, logits, angles = (preds[key].permute(0, 2, 1).float() for key in ("boxes", "scores", "angle"))
        points, strides = make_anchors(preds["feats"], self.stride, 0.5)
        points, strides = points.float(), strides.float()
        labels, boxes, mask = self.pack(batch["objects"], len(logits))
        predicted = self.bbox_decode(points, distances, angles)
        unturned = self.bbox_decode(points, distances, angles.detach())
        scaled = predicted.detach().clone()
        scaled[..., :4] *= strides
        label, target, aligned, foreground = self.assign(logits, scaled, points * strides, labels, boxes, mask)
        total = summed(aligned.sum()).clamp(min=1) / processes()
        background, absent = (batch[key].to(self.device) for key in ("background", "absent"))
        targets, weights = node_targets(aligned, label, foreground, self.tree, background, absent)
        weights = weights * (foreground | ~self.ignored(points * strides, batch["ignore"], len(logits)))[..., None]
        parts = torch.zeros(4, device=self.device)
        parts[1] = (self.bce(logits, targets) * weights).sum() / total
        if foreground.any():
            target[..., :4] /= strides
            side = points[:, 0].max() + 0.5  # of the image, in strides of its finest layer
            parts[0], parts[2], parts[3] = self.box_terms(
                torch.where(target[..., 5:6] > 0, predicted, unturned)[foreground],
                distances[foreground],
                points.expand(len(logits), -1, -1)[foreground],
                target[foreground],
                aligned[foreground] / total,
                (strides / (side * strides[0])).expand(len(logits), -1, -1)[foreground],
            )
        parts = parts * torch.tensor([getattr(self.gains, name) for name in PARTS], device=self.device)
        return parts.sum() * len(logits) * processes(), dict(zip(PARTS, parts.detach(), strict=True))

    def assign(
        self, logits: Tensor, scaled: Tensor, points: Tensor, labels: Tensor, boxes: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return per anchor: label row, target box (8), alignment (0 for background) and foreground.

        Anchors compete by the score of the counted root, so that a deep type that is not learnt yet still gets its
        anchors by "is an aircraft".
        """
        roots = self.tree.root[labels.long()].to(labels.dtype)
        none = torch.zeros(logits.shape[:2], device=self.device)
        if not boxes.shape[1]:
            return none.long(), torch.zeros(*logits.shape[:2], 8, device=self.device), none, none.bool()
        _, target, scores, foreground, index = self.assigner(
            logits.detach().sigmoid(), scaled, points, roots, boxes, mask
        )
        return labels[..., 0].long().gather(1, index), target, scores.sum(-1), foreground

    def box_terms(
        self, predicted: Tensor, distances: Tensor, points: Tensor, target: Tensor, weight: Tensor, unit: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return overlap, distance and angle loss of the foreground anchors.

        `predicted` (N, 5) and `target` (N, 8) are in units of the stride, which is `unit` (N, 1) sides of the image;
        rows of horizontal labels must come with their angle detached, and take part in the overlap alone.
        """
        exact = target[:, 5] > 0
        oriented = 1 - probiou(predicted, target[:, :5], floor=0.01).squeeze(-1)
        by_shape = shape_envelope(predicted, target[:, 6] > 0, target[:, 7] > 0)
        centre, half = target[:, :2], target[:, 2:4] / 2
        horizontal = 1 - bbox_iou(
            by_shape, torch.cat((centre - half, centre + half), 1), xywh=False, CIoU=True
        ).squeeze(-1)
        overlap = (torch.where(exact, oriented, self.gains.horizontal * horizontal) * weight).sum()
        weight = weight * exact
        return (
            overlap,
            (self.side_terms(distances, points, target, unit) * weight).sum(),
            (angle_miss(predicted[:, 4], target[:, 4]) * weight).sum(),
        )

    def side_terms(self, distances: Tensor, points: Tensor, target: Tensor, unit: Tensor) -> Tensor:
        """Return (N,) how far the distances to the sides of oriented boxes are off, as their distribution or value."""
        if self.use_dfl:
            sides = rbox2dist(target[:, :4], points, target[:, 4:5], reg_max=self.reg_max - 1)
            spread: Tensor = self.spread(distances.reshape(-1, self.reg_max), sides).squeeze(-1)
            return spread
        sides = rbox2dist(target[:, :4], points, target[:, 4:5])
        off: Tensor = ((distances - sides).abs() * unit).mean(-1)
        return off

    def ignored(self, points: Tensor, ignore: Tensor, images: int) -> Tensor:
        """Return (B, A) bool: anchors inside a region about which nothing is said."""
        inside = torch.zeros(images, len(points), dtype=torch.bool, device=self.device)
        for image, x0, y0, x1, y1 in ignore.tolist():
            hit = (points[:, 0] >= x0) & (points[:, 0] < x1) & (points[:, 1] >= y0) & (points[:, 1] < y1)
            inside[int(image)] |= hit
        return inside
