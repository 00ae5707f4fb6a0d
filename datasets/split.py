"""Which places are held back: whole airports, never single tiles.

`test` places are for the figures in weights.md, `dev` places for calibration, thresholds and the int8 check; training
sees neither. `aside` is for images to train on that turned out to show a place held back: they teach nothing, and
measure nothing, as weights of before know them. A place is an airport (Airbus: groups.json; HRPlanes: file prefix), or
the record's own group. Sets of few places are split by the lists here, fixed before any network was trained; sets of
many by a hash of the name.
"""

from hashlib import sha256
from typing import Literal

Split = Literal["train", "dev", "test", "aside"]

NAMED: dict[str, dict[Split, frozenset[str]]] = {
    "airbus": {
        "test": frozenset(("airport4", "airport8", "airport9", "airport12", "38ff8d64-3460-4f83-bf9c-383832aeba0d")),
        "dev": frozenset(("airport7", "airport13", "airport15")),
    },
    "hrplanes": {
        "test": frozenset(("DT1", "DT2", "GBG", "SEO", "SIN")),
        "dev": frozenset(("DEN", "PIN", "SUV")),
        "aside": frozenset(("aside",)),
    },
    "dota": {"test": frozenset(("P0032",))},
}
"""Held-back airports of sets that have few."""
SHARES: dict[str, tuple[float, float]] = {
    "aerial_airport": (0.12, 0.06),
    "simd": (0.15, 0.08),
    "nwpu": (0.10, 0.05),
}
"""Per set of many places: the share for `test` and the share for `dev`."""


def split_of(source: str, group: str) -> Split:
    """Return the split of a place of a set; the same for ever, whatever is added to the set.

    >>> split_of("airbus", "airport4"), split_of("airbus", "airport2"), split_of("unheard-of", "x")
    ('test', 'train', 'train')
    """
    for split, groups in NAMED.get(source, {}).items():
        if group in groups:
            return split
    test, dev = SHARES.get(source, (0.0, 0.0))
    position = int(sha256(f"{source}/{group}".encode()).hexdigest()[:8], 16) / 0x100000000
    if position < test:
        return "test"
    return "dev" if position < test + dev else "train"
