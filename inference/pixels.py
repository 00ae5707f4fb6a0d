"""From a raster's bands to what a network sees: three channels of 8 bit, and which pixels are valid."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
Hidden = Callable[[Window, int, int], Mask]
"""Which pixels (height, width) of a window of a scene, seen at `width` x `height`, something hides. For any thread."""

BLANK = 114
"""Grey level of pixels that are not valid: the same as the detector's padding."""
PERCENTILES = (2.0, 98.0)
"""These percentiles of a scene's valid pixels become 0 and 255 where it is not 8 bit."""
_VALUES = 4_000_000  # valid pixels that percentiles are taken from
_VALUES_PER_BLOCK = 16_384  # of a larger block, every so many are taken
_MOST_VALUES = 16_000_000  # pixels that are read for them, as long as any are valid
_OVERVIEW_PX = 512  # longer side of the smallest overview that they are taken from
_OVERVIEW_BLOCK_PX = 256


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

    def takes_all_bands(self, count: int) -> bool:
        """True where a raster of `count` bands is shown as it is stored: 8 bit, one band, or three in their order."""
        return self.stretch is None and self.palette is None and self.bands == tuple(range(1, count + 1))


def plan_rendering(
    dataset: DatasetReader, bands: Sequence[int] | None = None, hidden: Hidden | None = None
) -> Rendering:
    """The rendering of a raster, with `bands` or those that its colour interpretation names.

    Pixels that are `hidden` take no part in a stretch, as long as others are valid: white cloud would leave the ground
    dark.

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
        None if types == {"uint8"} else _find_stretch(dataset, chosen, hidden),
        palette,
        any(flag != MaskFlags.all_valid for flag in flags),
    )


def render(
    dataset: DatasetReader,
    rendering: Rendering,
    window: Window,
    *,
    width: int,
    height: int,
    colours: Pixels | None = None,
) -> tuple[Pixels, Mask]:
    """Colours (height, width, 3) and the mask (height, width) of valid pixels of a window, resampled.

    Averages where both axes shrink, is bilinear otherwise; no-data takes no part. Pixels that are not valid are BLANK.
    A pixel is valid where any band is, by the raster's mask, and no band is NaN or infinite. `colours` are taken and
    changed where they are known already, of a rendering that `takes_all_bands`.

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
    if colours is None:
        colours = _read_colours(dataset, rendering, valid, how)
    if rendering.masked or rendering.stretch is not None:
        colours[~valid] = BLANK
    return colours, valid


def _read_colours(dataset: DatasetReader, rendering: Rendering, valid: Mask, how: dict[str, Any]) -> Pixels:
    """Colours (height, width, 3) of a window; in `valid` it is noted where they are no numbers."""
    colours = np.empty((*valid.shape, 3), dtype=np.uint8)
    layers = colours.transpose(2, 0, 1)
    bands = list(rendering.bands)
    if rendering.stretch is None and rendering.palette is None and len(bands) == 3:
        straight = {name: value for name, value in how.items() if name != "out_shape"}
        dataset.read(bands, out=layers, **straight)  # to its place at once: a copy costs half as much again
    elif rendering.stretch is None:
        band = dataset.read(bands, **how)
        layers[:] = band if rendering.palette is None else rendering.palette[band[0]].transpose(2, 0, 1)
    else:
        values = dataset.read(bands, out_dtype="float32", **how)
        valid &= np.isfinite(values).all(axis=0)
        layers[:] = _stretched(np.where(valid, values, 0), rendering.stretch)
    return colours


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


def _find_stretch(dataset: DatasetReader, bands: tuple[int, ...], hidden: Hidden | None) -> Stretch:
    """The percentiles of each band, from its overview or from some of its blocks; what cannot be read is left out."""
    seen = _seen_values(dataset, bands, hidden)
    if hidden is not None and not all(map(len, seen)):
        seen = _seen_values(dataset, bands, None)
    stretch = []
    for values, band in zip(seen, bands, strict=True):
        if not len(values):
            raise EmptySceneError(f"{dataset.name}: band {band} has no valid pixel: all is no-data or NaN")
        low, high = (float(value) for value in np.percentile(values, PERCENTILES))
        stretch.append((low, high if high > low else low + 1.0))
    return tuple(stretch)


def _seen_values(dataset: DatasetReader, bands: tuple[int, ...], hidden: Hidden | None) -> list[NDArray[np.float32]]:
    """Values of each band that are valid and not hidden, from all over the raster."""
    values: list[list[NDArray[np.float32]]] = [[] for _ in bands]
    read = valid = 0
    for window, width, height in _samples(dataset, bands):
        if valid >= _VALUES or (valid and read >= _MOST_VALUES):
            break
        how: dict[str, Any] = {"window": window, "out_shape": (len(bands), height, width)}
        try:
            pixels = dataset.read(list(bands), out_dtype="float32", **how)
            masks = dataset.read_masks(list(bands), **how) > 0
            if hidden is not None:
                masks &= ~hidden(window, width, height)
        except RasterioError:  # the engine meets the same window again and records it as not read
            continue
        usable = [band[mask & np.isfinite(band)] for band, mask in zip(pixels, masks, strict=True)]
        for own, some in zip(values, usable, strict=True):
            own.append(some[:: max(1, len(some) // _VALUES_PER_BLOCK)])
        read += width * height
        valid += min(map(len, usable))
    return [np.concatenate([np.zeros(0, np.float32), *own]) for own in values]


def _samples(dataset: DatasetReader, bands: tuple[int, ...]) -> Iterator[tuple[Window, int, int]]:
    """Windows that cover a raster, in an order of which each part is spread evenly, and the size to read each at.

    That of the coarsest overview that is not a mere icon, where there are overviews; else stored blocks as they are.
    """
    factors = [1, *sorted(set.intersection(*(set(dataset.overviews(band)) for band in bands)))]
    factor = max(factor for factor in factors if factor == 1 or max(dataset.shape) >= _OVERVIEW_PX * factor)
    rows, columns = dataset.block_shapes[bands[0] - 1] if factor == 1 else (_OVERVIEW_BLOCK_PX * factor,) * 2
    down, across = -(-dataset.height // rows), -(-dataset.width // columns)
    spread = np.add.outer(np.arange(down) * 0.7548776662, np.arange(across) * 0.5698402910) % 1  # the R2 sequence
    for number in np.argsort(spread.ravel(), kind="stable").tolist():
        top, left = number // across * rows, number % across * columns
        bottom, right = min(top + rows, dataset.height), min(left + columns, dataset.width)
        window = Window.from_slices((top, bottom), (left, right))
        yield window, -(-(right - left) // factor), -(-(bottom - top) // factor)


def _stretched(values: NDArray[np.float32], stretch: Stretch) -> Pixels:
    low, high = (np.array(ends, dtype=np.float32)[:, None, None] for ends in zip(*stretch, strict=True))
    return (np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5).astype(np.uint8)
