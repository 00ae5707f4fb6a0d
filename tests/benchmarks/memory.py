"""Peak memory of `hardstand detect` on a scene of 8,000 px and on one of 40,000 px square.

    python tests/benchmarks/memory.py FOLDER [LARGE_PX] [WEIGHTS]

The large scene repeats the drawn one; about a gigabyte on disk, removed afterwards. The run over it does 25 times the
work of the small one. Prints JSON.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import rasterio
from rasterio.windows import Window

from hardstand.datasets.synth_scene import make_scene
from hardstand.inference.peak import command_peak

SMALL_PX = 8000


def repeat(small: Path, large: Path, side_px: int) -> None:
    """Write a scene of `side_px` that repeats a smaller one: a tiled JPEG GeoTIFF, a row of blocks at a time."""
    with rasterio.open(small) as source:
        pixels, profile = source.read(), source.profile
    profile.update(width=side_px, height=side_px, jpeg_quality=90, photometric="YCBCR", BIGTIFF="IF_SAFER")
    profile.update(NUM_THREADS="ALL_CPUS")
    rows = profile["blockysize"]
    columns = np.arange(side_px) % pixels.shape[2]
    with rasterio.open(large, "w", **profile) as target:
        for top in range(0, side_px, rows):
            height = min(rows, side_px - top)
            strip = pixels[:, (top + np.arange(height)) % pixels.shape[1]][:, :, columns]
            target.write(strip, window=Window.from_slices((top, top + height), (0, side_px)))


def main(folder: str, large_px: str = "40000", weights: str = "hardstand-n") -> None:
    """Measure both scenes and print JSON."""
    small = Path(folder) / f"drawn-{SMALL_PX}.tif"
    if not small.exists():
        make_scene(small, size_px=SMALL_PX)
    with TemporaryDirectory(dir=folder) as temporary:
        large = Path(temporary) / f"repeated-{large_px}.tif"
        repeat(small, large, int(large_px))
        peaks = {
            path.stem: command_peak(["detect", str(path), "--weights", weights, "--out", f"{temporary}/out"]) / 1e6
            for path in (small, large)
        }
    first, second = peaks.values()
    print(json.dumps({"peak_mb": peaks, "large_over_small": second / first}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
