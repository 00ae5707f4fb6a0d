"""A sheet of generated tiles at full size, all on drawn ground: no real imagery is in it.

    python scripts/generated_sheet.py docs/generated.jpg

Same version, same bytes. Wants the installed package.
"""

import sys

import cv2
import numpy as np

from hardstand.datasets.synth_tiles import make_tile

SEEDS = (113, 121, 54, 111, 60, 63, 104, 103)
"""Fighters in rows and stored, mixed aprons, a row of transports, launcher sites, snow, bombers: by eye."""
COLUMNS, SIDE_PX, GAP_PX = 4, 480, 6


def main(path: str) -> None:
    """Write the sheet."""
    rows = -(-len(SEEDS) // COLUMNS)
    step = SIDE_PX + GAP_PX
    sheet = np.full((rows * step - GAP_PX, COLUMNS * step - GAP_PX, 3), 255, np.uint8)
    for number, seed in enumerate(SEEDS):
        top, left = (part * step for part in divmod(number, COLUMNS))
        sheet[top : top + SIDE_PX, left : left + SIDE_PX] = make_tile(seed, size_px=SIDE_PX)[0]
    if not cv2.imwrite(path, sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 78]):
        raise SystemExit(f"error: {path} could not be written")


if __name__ == "__main__":
    main(sys.argv[1])
