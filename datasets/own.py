"""A user's own labels: what they mean, what they cover, and from which shape an annotation is made.

A label is a node of the taxonomy, or is mapped to one by a table of the user (CSV: label, node, flag; the flags of
`labels.csv`). The formats say nothing about what was labelled in full or about scale, so the user does.
"""

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..detector.errors import DatasetNotFoundError, LabelError, NoGsdError
from ..detector.opencv import cv2
from ..detector.taxonomy import NODES, is_wider_than_long, shape_of
from .annotation import Annotation, ImageRecord, horizontal, oriented
from .georeference import georeference_of
from .images import SUFFIXES, image_size
from .labels import Flag, Meaning, spelling

__all__ = ["ImageIndex", "OwnLabels", "outline", "own_labels", "own_record", "read_table", "rectangle", "turned_box"]

FILLED = 0.9
"""A polygon that fills at least this share of its minimum-area rectangle is taken for that rectangle."""


@dataclass(frozen=True, slots=True)
class OwnLabels:
    """What the user says about labels of their own.

    exhaustive: nodes of which every instance in every image is labelled. meanings: by `labels.spelling`, for labels
    that are not nodes. gsd: metres per pixel of images that do not say it. attribute: the field of a GeoJSON feature
    that holds its label.
    """

    exhaustive: frozenset[str] = frozenset()
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    gsd: float | None = None
    attribute: str = "class"

    def __post_init__(self) -> None:
        """Check the nodes and the scale; LabelError or NoGsdError."""
        for node in sorted(self.exhaustive):
            if node not in NODES:
                raise LabelError(f"labelled in full: {node!r} is not in the taxonomy, see `hardstand taxonomy`")
        if self.gsd is not None and not (math.isfinite(self.gsd) and self.gsd > 0):
            raise NoGsdError(f"ground sampling distance {self.gsd} is not a positive number of metres per pixel")

    def meaning(self, label: str, where: str) -> Meaning:
        """The node and flag of a label; LabelError that names the label and `where` it stands, and what to do."""
        if found := self.meanings.get(spelling(label)):
            return found
        if label in NODES:
            return Meaning(label, "=")
        raise LabelError(
            f"label {label!r} in {where} is not in the taxonomy: take a node that `hardstand taxonomy` prints, or map "
            f"it in a table (label,node,flag) given with --labels"
        )

    def drawn(self, label: str, where: str, draw: Callable[[str], Annotation]) -> tuple[Annotation, ...]:
        """What `draw` makes of the label's node, as an ignore region by flag I; nothing for a label that is dropped."""
        node, flag = self.meaning(label, where)
        if flag == "-":
            return ()
        item = draw(node)
        return (replace(item, ignore=True),) if flag == "I" else (item,)

    def scale(self, path: Path, told: float | None = None) -> float:
        """Metres per pixel of an image: what the user says, else `told`, else the georeference of a GeoTIFF.

        NoGsdError where nothing says it.
        """
        gsd = self.gsd if self.gsd is not None else told
        if gsd is None and path.suffix.lower() in (".tif", ".tiff"):
            gsd = georeference_of(path).gsd
        if gsd is None:
            raise NoGsdError(f"{path} says no ground sampling distance: give it with --gsd METRES")
        return gsd


def own_labels(table: Path | None, exhaustive: str | None, gsd: float | None, attribute: str) -> OwnLabels:
    """What the user says, from the options of a command; `exhaustive` is a list such as `fw,heli`, or `none`."""
    nodes = [] if exhaustive is None or exhaustive == "none" else [node.strip() for node in exhaustive.split(",")]
    meanings = read_table(table) if table else {}
    return OwnLabels(exhaustive=frozenset(nodes), meanings=meanings, gsd=gsd, attribute=attribute)


def read_table(path: Path) -> dict[str, Meaning]:
    """The meanings in a user's CSV table (label, node, flag), by `labels.spelling`.

    DatasetNotFoundError without the file; LabelError for a missing column, a node or flag that does not exist, a
    dropped label (flag -) that has a node, or a label that is listed twice.
    """
    if not path.is_file():
        raise DatasetNotFoundError(f"no table of labels {path}: a CSV file with the columns label,node,flag")
    meanings: dict[str, Meaning] = {}
    with path.open(newline="", encoding="utf-8-sig") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            label, node, flag = ((row.get(name) or "").strip() for name in ("label", "node", "flag"))
            if not label or flag not in get_args(Flag) or (flag == "-") != (not node):
                raise LabelError(
                    f"{path}, line {number}: label,node,flag expected, flag one of {' '.join(get_args(Flag))}; only a "
                    f"label with flag - has no node"
                )
            if node and node not in NODES:
                raise LabelError(f"{path}, line {number}: {node!r} is not in the taxonomy, see `hardstand taxonomy`")
            if spelling(label) in meanings:
                raise LabelError(f"{path}, line {number}: label {label!r} is listed twice")
            meanings[spelling(label)] = Meaning(node, flag)  # type: ignore[arg-type]  # a Flag, as checked
    return meanings


def turned_box(node: str, corner: ArrayLike, size: Sequence[float], radians: float) -> Annotation:
    """Annotation of a box (width, height) whose top left corner lies at `corner`, turned about it, clockwise positive.

    A box that is not turned stays horizontal: that is how horizontal labels are drawn.
    """
    width, height = size
    if abs(math.remainder(radians, 2 * math.pi)) < 1e-9:
        x, y = np.asarray(corner, dtype=np.float64)
        return horizontal(node, (x, y, x + width, y + height))
    along = np.array([math.cos(radians), math.sin(radians)]) * width
    across = np.array([-math.sin(radians), math.cos(radians)]) * height
    start = np.asarray(corner, dtype=np.float64)
    return rectangle(node, np.array([start, start + along, start + along + across, start + across]))


def rectangle(node: str, points: ArrayLike) -> Annotation:
    """Exact oriented annotation: the minimum-area rectangle of the points (N, 2).

    The length axis runs along the longer side; along the shorter one for a type that is wider than long.
    """
    corners = np.asarray(points, dtype=np.float64)
    origin = corners.mean(axis=0)  # float32 in OpenCV: a large image would cost a tenth of a pixel
    (cx, cy), (first, second), degrees = cv2.minAreaRect((corners - origin).astype(np.float32))
    along_first = (first >= second) != is_wider_than_long(node)
    length, width, turn = (first, second, 0.0) if along_first else (second, first, math.pi / 2)
    return oriented(node, (cx + origin[0], cy + origin[1], length, width, math.radians(degrees) + turn))


def outline(node: str, points: ArrayLike) -> Annotation:
    """Annotation of a drawn polygon (N, 2), N at least 3.

    A polygon that is about a rectangle is that oriented rectangle, and an axis-aligned one a horizontal box. The free
    outline of an aircraft or a helicopter becomes its horizontal box: the minimum-area rectangle of a diamond does not
    lie along the fuselage. The outline of anything else becomes its minimum-area rectangle.
    """
    corners = np.asarray(points, dtype=np.float64)
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    area, envelope = _area(corners), float((x1 - x0) * (y1 - y0))
    if envelope == 0 or area > 0.999 * envelope:
        return horizontal(node, (x0, y0, x1, y1))
    found = rectangle(node, corners)
    if shape_of(node) == "rectangle" or area >= FILLED * found.length_px * found.width_px:
        return found
    return horizontal(node, (x0, y0, x1, y1))


def _area(points: NDArray[np.float64]) -> float:
    x, y = points.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


class ImageIndex:
    """The images below a folder, to be found by the name that a label file gives them."""

    def __init__(self, root: Path) -> None:
        found = (path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))
        self.root, self.paths = root, tuple(sorted(found))
        if not self.paths:
            raise DatasetNotFoundError(f"no images below {root}: give the folder that holds labels and images")

    def find(self, name: str, where: str) -> Path:
        """The image of that name or relative path; the longest common ending decides between several.

        DatasetNotFoundError where there is none; LabelError where several fit equally well.
        """
        wanted = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
        fits = [(_common_ending(path, wanted), path) for path in self.paths if wanted and path.name == wanted[-1]]
        if not fits:
            raise DatasetNotFoundError(f"image {name!r}, named in {where}, is not below {self.root}")
        best = max(depth for depth, _ in fits)
        chosen = [path for depth, path in fits if depth == best]
        if len(chosen) > 1:
            raise LabelError(f"image {name!r}, named in {where}, could be {chosen[0]} or {chosen[1]}: rename one")
        return chosen[0]

    def group(self, path: Path) -> str:
        """The image's path below the root without its ending: each image is its own place."""
        return path.relative_to(self.root).with_suffix("").as_posix()


def _common_ending(path: Path, wanted: Iterable[str]) -> int:
    depth = 0
    for mine, theirs in zip(reversed(path.parts), reversed(list(wanted)), strict=False):
        if mine != theirs:
            break
        depth += 1
    return depth


def own_record(
    path: Path,
    annotations: Iterable[Annotation],
    *,
    index: ImageIndex,
    own: OwnLabels,
    stated: tuple[int, int] | None = None,
    told_gsd: float | None = None,
) -> ImageRecord:
    """The record of one image of a user's set; its source is the name of the folder.

    stated: width and height that the label file gives; LabelError where the image has another size. told_gsd: metres
    per pixel that the label file gives.
    """
    size = image_size(path)
    if stated is not None and stated != size:
        raise LabelError(
            f"{path.name} is {size[0]} x {size[1]} pixels, but its labels were made on {stated[0]} x {stated[1]}: "
            "export them for this image"
        )
    return ImageRecord(
        path=path,
        width=size[0],
        height=size[1],
        gsd=own.scale(path, told_gsd),
        group=index.group(path),
        source=index.root.resolve().name,
        exhaustive=own.exhaustive,
        annotations=tuple(annotations),
    )
