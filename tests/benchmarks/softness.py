"""Are aircraft that are laid on tiles as soft as the real ones beside them? Per range of the ground's softness.

    python tests/benchmarks/softness.py TILES/hrplanes TILES/among ...

The first folder holds real tiles, of which places to train on are taken alone; the others tiles of `among`, of which
those that were made from the first are. Printed are quartiles of the blur that the edges of aircraft show, in pixels,
by what the whole tile shows. Of `among` only what is laid counts: what no tile of the first has at the same place.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from hardstand.datasets.annotation import ImageRecord
from hardstand.datasets.images import read_rgb
from hardstand.datasets.softness import softness
from hardstand.datasets.split import split_of
from hardstand.datasets.tiles import read_tiles

EDGES = (0.4, 0.7, 1.0, 1.5, 2.6)
TILES = 300
LEAST_PX = 24
"""A chip's shorter side: below, too few edges are in it."""


def places(folder: Path) -> set[tuple[float, float]]:
    """The middles of the real aircraft of a folder."""
    return {middle(item.polygon) for tile in read_tiles(folder) for item in tile.annotations}


def middle(polygon: np.ndarray) -> tuple[float, float]:
    """The middle of a box, to a tenth of a pixel."""
    x, y = polygon.mean(axis=0)
    return round(float(x), 1), round(float(y), 1)


def aircraft(tile: ImageRecord, left_out: set[tuple[float, float]]) -> list[float]:
    """The softness of each whole aircraft of a tile but for those at some places."""
    pixels = read_rgb(tile.path)
    out = []
    for item in tile.annotations:
        x0, y0, x1, y1 = (round(value) for value in item.bounds)
        whole = min(x0, y0, tile.width - x1, tile.height - y1) >= 0 and min(x1 - x0, y1 - y0) >= LEAST_PX
        if whole and item.oriented and middle(item.polygon) not in left_out:
            out.append(softness(pixels[y0:y1, x0:x1]))
    return out


def main(real: Path, *others: Path) -> None:
    """Print a table."""
    trained_on = [tile for tile in read_tiles(real) if split_of(tile.source, tile.group) == "train"]
    known = places(real)
    made_of = {each: [tile for tile in read_tiles(each) if tile.group.startswith(f"{real.name}/")] for each in others}
    for folder, tiles in {real: trained_on, **made_of}.items():
        rows: dict[int, list[float]] = defaultdict(list)
        for index in np.random.default_rng(0).permutation(len(tiles))[:TILES]:
            tile = tiles[int(index)]
            bin_of = int(np.digitize(softness(read_rgb(tile.path)), EDGES))
            rows[bin_of] += aircraft(tile, known if folder in made_of else set())
        for number in sorted(rows):
            values = rows[number]
            if values:
                low, high = EDGES[number - 1], EDGES[number]
                quarters = " ".join(f"{value:.2f}" for value in np.percentile(values, (25, 50, 75)))
                print(f"{folder}  ground {low} to {high} px: {len(values)} aircraft, quartiles {quarters}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
