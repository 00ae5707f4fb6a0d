"""From a raster's bands to what a network sees: three channels of 8 bit, and which pixels are valid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from ..detector.errors import BandError, EmptySceneError, NotARasterError

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Stretch = tuple[tuple[float, float], ...]

BLANK = 114
"""Grey level of pixels that are not valid: the same as the detector's padding."""
PERCENTILES = (2.0, 98.0)
"""These percentiles of a scene's valid pixels become 0 and 255 where it is not 8 bit."""
_SAMPLES = 16  # windows per axis that percentiles are taken from
_SAMPLE_PX = 64


@dataclass(frozen=True, slots=True)
class Rendering:
    """How the bands of one raster become red, green and blue.

    Attributes:
        bands: three bands, or one that is shown in all channels; from 1.
        stretch: (low, high) per band; None for 8 bit, taken as it is.
        palette: colours (256, 3) of a palette raster's values; None for others.
        masked: whether the raster says which pixels are valid (no-data, alpha or mask band).
    """

    bands: tuple[int, ...]
    stretch: Stretch | None
    palette: Pixels | None
    masked: bool


def plan_rendering(dataset: DatasetReader, bands: Sequence[int] | None = None) -> Rendering:
    """The rendering of a raster, with `bands` or those that its colour interpretation names.

    Without red, green and blue in the colour interpretation the first three bands are taken, of fewer than three the
    first; alpha is none of them.

    Raises BandError, NotARasterError for complex numbers, and EmptySceneError where a stretch finds no valid pixel.
    """
    chosen = _choose_bands(dataset, bands)
    types = {dataset.dtypes[band - 1] for band in chosen}
    if any(name.startswith("complex") for name in types):
        raise NotARasterError(f"{dataset.name}: bands {chosen} hold complex numbers; give bands of an image")
    flags = [flag for band in chosen for flag in dataset.mask_flag_enums[band - 1]]
    palette = None
    if len(chosen) == 1 and dataset.colorinterp[chosen[0] - 1] == ColorInterp.palette:
        palette = _palette(dataset, chosen[0])
    return Rendering(
        chosen,
        None if types == {"uint8"} else _find_stretch(dataset, chosen),
        palette,
        any(flag != MaskFlags.all_valid for flag in flags),
    )


def render(
    dataset: DatasetReader, rendering: Rendering, window: Window, *, width: int, height: int
) -> tuple[Pixels, Mask]:
    """Colours (height, width, 3) and the mask (height, width) of valid pixels of a window, resampled.

    Averages where both axes shrink, is bilinear otherwise; no-data takes no part. Pixels that are not valid are BLANK.
    A pixel is valid where any band is, by the raster's mask, and no band is NaN or infinite.

    Raises rasterio's RasterioError where the window cannot be read.
    """
    shrinks = window.width >= width and window.height >= height
    how: dict[str, Any] = {
        "window": window,
        "out_shape": (len(rendering.bands), height, width),
        "resampling": Resampling.average if shrinks else Resampling.bilinear,
    }
    valid = np.ones((height, width), dtype=np.bool_)
    if rendering.masked:
        valid = (dataset.read_masks(list(rendering.bands), **how) > 127).any(axis=0)
    if rendering.stretch is None:
        image = dataset.read(list(rendering.bands), **how)
    else:
        values = dataset.read(list(rendering.bands), out_dtype="float32", **how)
        valid &= np.isfinite(values).all(axis=0)
        image = _stretched(np.where(valid, values, 0), rendering.stretch)
    if rendering.palette is not None:
        colours = rendering.palette[image[0]]
    else:
        colours = np.empty((height, width, 3), dtype=np.uint8)
        colours[:] = image.transpose(1, 2, 0)
    colours[~valid] = BLANK
    return colours, valid


def _choose_bands(dataset: DatasetReader, wanted: Sequence[int] | None) -> tuple[int, ...]:
    if wanted is not None:
        if len(wanted) not in (1, 3) or not all(1 <= band <= dataset.count for band in wanted):
            raise BandError(
                f"{dataset.name}: bands {','.join(map(str, wanted))} were asked for; "
                f"give one or three of 1 to {dataset.count}"
            )
        return tuple(wanted)
    meaning = dataset.colorinterp
    if {ColorInterp.red, ColorInterp.green, ColorInterp.blue} <= set(meaning):
        return tuple(meaning.index(colour) + 1 for colour in (ColorInterp.red, ColorInterp.green, ColorInterp.blue))
    seen = [band for band in dataset.indexes if meaning[band - 1] != ColorInterp.alpha]
    if not seen:
        raise BandError(f"{dataset.name}: has no band but alpha")
    return tuple(seen[:3]) if len(seen) >= 3 else (seen[0],)


def _palette(dataset: DatasetReader, band: int) -> Pixels:
    colours = np.zeros((256, 3), dtype=np.uint8)
    for value, colour in dataset.colormap(band).items():
        colours[value] = colour[:3]
    return colours


def _find_stretch(dataset: DatasetReader, bands: tuple[int, ...]) -> Stretch:
    samples = list(_samples(dataset, bands))
    stretch = []
    for column, band in enumerate(bands):
        values = np.concatenate([np.zeros(0, np.float32), *(sample[column] for sample in samples)])
        if not len(values):
            raise EmptySceneError(f"{dataset.name}: band {band} has no valid pixel: all is no-data or NaN")
        low, high = (float(value) for value in np.percentile(values, PERCENTILES))
        stretch.append((low, high if high > low else low + 1.0))
    return tuple(stretch)


def _samples(dataset: DatasetReader, bands: tuple[int, ...]) -> Iterator[list[NDArray[np.float32]]]:
    """Valid values per band from windows on an even lattice; all of a small scene. What cannot be read is left out."""
    for top, bottom in _stripes(dataset.height):
        for left, right in _stripes(dataset.width):
            window = Window.from_slices((top, bottom), (left, right))
            try:
                values = dataset.read(list(bands), window=window, out_dtype="float32")
                masks = dataset.read_masks(list(bands), window=window) > 0
            except RasterioError:  # the engine meets the same window again and records it as not read
                continue
            yield [band[mask & np.isfinite(band)] for band, mask in zip(values, masks, strict=True)]


def _stripes(length: int) -> list[tuple[int, int]]:
    """Up to _SAMPLES stretches of up to _SAMPLE_PX along an axis, evenly spread; they cover a short axis."""
    borders = [step * length // _SAMPLES for step in range(_SAMPLES + 1)]
    return [(a, min(b, a + _SAMPLE_PX)) for a, b in pairwise(borders) if a < b]


def _stretched(values: NDArray[np.float32], stretch: Stretch) -> Pixels:
    low, high = (np.array(ends, dtype=np.float32)[:, None, None] for ends in zip(*stretch, strict=True))
    return (np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5).astype(np.uint8)
