"""Tiny image files for the readers' fixtures."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

ImageWriter = Callable[..., Path]


@pytest.fixture
def write_image(tmp_path: Path) -> ImageWriter:
    """Writes a flat image below the test's folder: `write_image("images/1.jpg", width, height)`."""

    def write(name: str, width: int = 40, height: int = 30, *, grey: int = 120) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.full((height, width, 3), grey, np.uint8))
        return path

    return write
