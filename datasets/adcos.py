"""ADCOS: 3,903 images of more than 400 airports with oriented boxes of one class of aircraft.

The form of its files is not known for certain; it is read as that of CORS-ADD, which the same group made (`cors_add`):
DOTA text beside `images/`, any one class name, patches of a scene in one group, scale from the aircraft.
"""

from pathlib import Path

from .annotation import ImageRecord
from .cors_add import single_class

__all__ = ["read"]

SOURCE = "adcos"


def read(root: Path) -> list[ImageRecord]:
    """One record per image, by folder and name.

    DatasetNotFoundError without images and labels, or where a label file is missing; LabelError for a second class.
    """
    return single_class(root, source=SOURCE)
