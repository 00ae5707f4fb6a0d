"""Files that GDAL opens."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from rasterio.errors import NotGeoreferencedWarning


def is_remote(name: str) -> bool:
    """True for an address that GDAL reads but the file system does not know."""
    return "://" in name or name.startswith("/vsi")


@contextmanager
def without_place_warning() -> Iterator[None]:
    """Without rasterio's warning that a raster has no georeference: errors of our own say it where it matters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield
