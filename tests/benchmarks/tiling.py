"""Is tiling bound by the JPEG codec? Tiles per CPU second of our code, against the codec alone on the same pixels.

    python tests/benchmarks/tiling.py AIRBUS_FOLDER [SCENES [ROUNDS]]

On one core, alternating, in process CPU time, which a busy machine disturbs least; medians. `decoding` reads every
scene; `reading` reads the labels and scenes and gives every tile with its objects, in memory; `codec` decodes every
scene and encodes the same tiles; `tiling` is the command's own work: read, cut, encode, index.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from hardstand.datasets import airbus, cutting
from hardstand.datasets.cutting import Cut, cut_tiles, starts
from hardstand.datasets.tiles import INDEX

CUT = Cut()
QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 92]


def _decoding(root: Path, scenes: int, _: Path) -> None:
    for path in sorted((root / "images").glob("*.jpg"))[:scenes]:
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)  # held until the next is there, as the others do
        assert pixels is not None


def _reading(root: Path, scenes: int, _: Path) -> None:
    for record in airbus.read(root)[:scenes]:
        pixels = cutting._resized(record, CUT.gsd)
        for line, _tile in cutting._windows(record, record.path.stem, pixels, CUT):
            line.row()


def _codec(root: Path, scenes: int, out: Path) -> None:
    for path in sorted((root / "images").glob("*.jpg"))[:scenes]:
        _recoded(path, out)


def _recoded(path: Path, out: Path) -> None:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert pixels is not None
    for top in starts(pixels.shape[0], CUT.tile_px, CUT.stride_px):
        for left in starts(pixels.shape[1], CUT.tile_px, CUT.stride_px):
            tile = pixels[top : top + CUT.tile_px, left : left + CUT.tile_px]
            assert cv2.imwrite(str(out / f"{path.stem}_{left}_{top}.jpg"), tile, QUALITY)


def _tiling(root: Path, scenes: int, out: Path) -> None:
    cut_tiles(airbus.read(root)[:scenes], out, CUT)


def main() -> None:
    """Print CPU seconds, tiles per CPU second, and what our code adds to the codec."""
    root, scenes, rounds = Path(sys.argv[1]), *(int(word) for word in (*sys.argv[2:], "73", "5")[:2])
    cv2.setNumThreads(1)
    works: dict[str, Callable[[Path, int, Path], None]] = {
        "decoding": _decoding,
        "reading": _reading,
        "codec": _codec,
        "tiling": _tiling,
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    tiles = 0
    for _ in range(rounds):
        for name, work in works.items():
            with tempfile.TemporaryDirectory() as folder:
                began = time.process_time()
                work(root, scenes, Path(folder))
                seconds[name].append(time.process_time() - began)
                index = Path(folder) / INDEX
                tiles = len(index.read_text().splitlines()) if index.is_file() else tiles
    middle = {name: statistics.median(each) for name, each in seconds.items()}
    for name, value in middle.items():
        spread = f"{min(seconds[name]):.2f} to {max(seconds[name]):.2f}"
        print(f"{name:<9} {value:6.2f} s ({spread})  {tiles / value:7.1f} tiles/s")
    print(f"reading costs {middle['reading'] / middle['decoding']:.2f} times plain decoding")
    print(f"tiling costs {middle['tiling'] / middle['codec']:.2f} times the codec alone")


if __name__ == "__main__":
    main()
