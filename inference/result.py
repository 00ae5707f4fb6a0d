"""What was seen in a scene: detections with their place on the map, and what was not seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..detector.boxes import corners
from ..detector.detections import Detections
from .georeference import SceneInfo
from .packed import PackedMask
from .tiles import Tile


@dataclass(frozen=True, slots=True)
class SceneResult:
    """What was seen in one scene, and what was not.

    Attributes:
        scene: the scene.
        grid_scale: scene pixels per grid pixel, along x and y.
        detections: in grid pixels; its `gsd` is the grid's, so lengths and widths are metres on the ground. Ordered by
            cy, then cx.
        unread: tiles that could not be read, in grid pixels: nothing is known of their cores. Not a count of zero.
        valid: `valid_mask`, packed.
        valid_fraction: the share of the scene that was read and is valid, 0 to 1.
        coarse_fraction: the share of the scene that is valid and had a coarse look alone (`screen`), 0 to 1.
    """

    scene: SceneInfo
    grid_scale: tuple[float, float]
    detections: Detections
    unread: tuple[Tile, ...]
    valid: PackedMask
    valid_fraction: float
    coarse_fraction: float = 0.0

    @property
    def valid_mask(self) -> NDArray[np.bool_]:
        """(rows, columns) over the whole scene, at most 1024 on the longer side: True where half of a cell or more was
        read and is valid (not no-data, alpha, NaN or cloud).

        What was not run, because it lies outside of the sites to look within, was not read.
        """
        return self.valid.mask()

    def pixel_polygons(self) -> NDArray[np.float64]:
        """Corners (N, 4, 2) of the boxes as x, y in scene pixels, in the order of `boxes.corners`."""
        return corners(self.detections.boxes).astype(np.float64) * self.grid_scale

    def map_polygons(self) -> NDArray[np.float64]:
        """Corners (N, 4, 2) of the boxes in map coordinates; in scene pixels for a scene without georeference."""
        return self.scene.to_map(self.pixel_polygons())

    def lonlat(self) -> NDArray[np.float64]:
        """Longitude and latitude (N, 2) of the boxes' centres.

        Raises NoCrsError for a scene without a coordinate reference system.
        """
        return self.scene.lonlat(self.detections.boxes[:, :2].astype(np.float64) * self.grid_scale)

    def lonlat_polygons(self) -> NDArray[np.float64]:
        """Corners (N, 4, 2) of the boxes as longitude and latitude.

        Raises NoCrsError for a scene without a coordinate reference system.
        """
        return self.scene.lonlat(self.pixel_polygons())
