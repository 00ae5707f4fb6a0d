"""How bright aircraft and helicopters are on tiles, real beside laid on and drawn: what tells them apart by tone.

    python tests/benchmarks/tone.py TILES/hrplanes TILES/among TILES/composites TILES/generated

On places to train on alone. Of each object with an oriented label the strip along its middle, 0.8 lengths long and 0.1
wide, is looked at in grey: the brightest tenth of it over the brightest 0.5 % of the tile without its objects
(`highlight`), and from its darkest tenth to its brightest twentieth (`range`, of 255). Prints JSON: per folder and node
the objects and of both 10 %, median and 90 %.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardstand.datasets.annotation import Annotation, ImageRecord
from hardstand.datasets.images import read_rgb
from hardstand.datasets.split import split_of
from hardstand.datasets.tiles import read_tiles
from hardstand.detector.taxonomy import is_a

NODES = (
    "fw.airliner", "fw.bomber.tu22m", "fw.bomber.tu95", "fw.bomber.tu160", "fw.combat.mig31", "fw.combat.su27fam",
    "fw.combat.f15", "fw.transport.il76", "fw.transport.c17", "fw.tanker.kc135", "fw.combat", "fw.light", "heli",
)  # fmt: skip
MOST = 400


def strip(grey: NDArray[np.float32], item: Annotation) -> NDArray[np.float32]:
    """Grey along the middle of an object; empty where more than 5 % of it lie beyond the tile."""
    (x, y), angle = item.centre, item.angle
    along, across = np.meshgrid(np.linspace(-0.4, 0.4, 60), np.linspace(-0.05, 0.05, 7))
    columns = np.rint(x + (along * np.cos(angle) - across * np.sin(angle)) * item.length_px).astype(int)
    rows = np.rint(y + (along * np.sin(angle) + across * np.cos(angle)) * item.length_px).astype(int)
    inside = (rows >= 0) & (columns >= 0) & (rows < grey.shape[0]) & (columns < grey.shape[1])
    return grey[rows[inside], columns[inside]] if inside.mean() >= 0.95 else np.empty(0, np.float32)


def open_ground(record: ImageRecord) -> NDArray[np.bool_]:
    """(H, W) where nothing is labelled."""
    free = np.ones((record.height, record.width), bool)
    for item in record.annotations:
        (x, y), reach = item.centre, 0.9 * item.length_px
        free[max(0, int(y - reach)) : int(y + reach), max(0, int(x - reach)) : int(x + reach)] = False
    return free


def main(*folders: str) -> None:
    """Measure and print."""
    told: dict[str, dict[str, object]] = {}
    for folder in folders:
        seen = defaultdict[str, list[tuple[float, float]]](list)
        records = [each for each in read_tiles(Path(folder)) if split_of(each.source, each.group) == "train"]
        for number in np.random.default_rng(0).permutation(len(records)):
            record = records[number]
            wanted = [
                (node, item)
                for item in record.annotations
                for node in NODES
                if item.oriented and not item.ignore and is_a(item.node, node) and len(seen[node]) < MOST
            ]
            free = open_ground(record)
            if not wanted or free.mean() < 0.2:
                continue
            grey = read_rgb(record.path).mean(axis=2, dtype=np.float32)
            bright = max(1.0, float(np.percentile(grey[free], 99.5)))
            for node, item in wanted:
                if len(values := strip(grey, item)):
                    low, high, top = np.percentile(values, (10, 90, 95))
                    seen[node].append((float(high) / bright, float(top - low)))
        told[folder] = {
            node: {
                "objects": len(pairs),
                "highlight": np.percentile([pair[0] for pair in pairs], (10, 50, 90)).round(2).tolist(),
                "range": np.percentile([pair[1] for pair in pairs], (10, 50, 90)).round().tolist(),
            }
            for node, pairs in seen.items()
            if pairs
        }
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
