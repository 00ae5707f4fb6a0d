"""YOLO text with horizontal boxes: `class cx cy width height` a line, the box in shares of the image."""

from typing import NamedTuple

from ..detector.errors import LabelError

__all__ = ["Line", "parse_lines"]


class Line(NamedTuple):
    """One object of a YOLO text: class number and box x0, y0, x1, y1 in pixels, as it is."""

    number: int
    box: tuple[float, float, float, float]


def parse_lines(text: str, *, width: int, height: int) -> list[Line]:
    """The objects of a YOLO text of an image of the size in pixels; empty lines are skipped.

    LabelError for a line that is not a whole number and four numbers.
    """
    found = []
    for line in filter(str.strip, text.splitlines()):
        try:
            number, cx, cy, w, h = (float(word) for word in line.split())
        except ValueError as error:
            raise LabelError(f"line {line!r}: a class and four numbers expected") from error
        if not number.is_integer():
            raise LabelError(f"line {line!r}: class {number} is no whole number")
        x0, x1 = (value * width for value in (cx - w / 2, cx + w / 2))
        y0, y1 = (value * height for value in (cy - h / 2, cy + h / 2))
        found.append(Line(int(number), (x0, y0, x1, y1)))
    return found
