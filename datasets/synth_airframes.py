"""The measures of fixed-wing aircraft that are drawn: lengths, spans, outlines, where engines and tails sit.

Lengths and spans after the reference taxonomy of the project, part 4; the rest by eye from plan views.
"""

from dataclasses import dataclass
from typing import Literal

Engines = Literal["pod", "prop", "rear", "none"]


@dataclass(frozen=True, slots=True)
class Plane:
    """An aircraft with a tube for a fuselage; x positions are shares of the length from the nose.

    wing: (root leading edge, root chord, tip chord, sweep of the leading edge in degrees), chords in metres.
    engines: kind, and how far out they hang, as shares of the half span. tail: span and chord in metres.
    """

    name: str
    node: str
    length: float
    span: float
    body: float
    wing: tuple[float, float, float, float]
    high: bool
    engines: Engines
    at: tuple[float, ...]
    engine: tuple[float, float]
    tail: tuple[float, float]
    t_tail: bool = False
    paint: str = "grey"
    dome: bool = False


LARGE: tuple[Plane, ...] = (
    Plane("an124", "fw.transport", 69.1, 73.3, 7.3, (0.27, 14.0, 4.2, 30),
          True, "pod", (0.33, 0.55), (6.5, 1.6), (25, 7.5)),
    Plane("il76", "fw.transport", 46.6, 50.5, 4.8, (0.33, 9.5, 3.0, 27),
          True, "pod", (0.25, 0.44), (5.2, 0.9), (17.4, 5.0), True),
    Plane("a50", "fw.isr", 46.6, 50.5, 4.8, (0.33, 9.5, 3.0, 27),
          True, "pod", (0.25, 0.44), (5.2, 0.9), (17.4, 5.0), True, dome=True),
    Plane("e3", "fw.isr", 46.6, 44.4, 3.8, (0.31, 10.0, 2.6, 36),
          False, "pod", (0.36, 0.62), (3.8, 0.7), (13.9, 4.0), dome=True),
    Plane("an12", "fw.transport", 33.1, 38.0, 4.1, (0.28, 5.2, 2.0, 6),
          True, "prop", (0.27, 0.53), (6.0, 0.6), (12.2, 3.2)),
    Plane("c130", "fw.transport", 29.8, 40.4, 4.3, (0.33, 5.2, 2.4, 3),
          True, "prop", (0.25, 0.5), (5.0, 0.6), (16.0, 3.6)),
    Plane("an22", "fw.transport", 57.8, 64.4, 6.0, (0.28, 8.0, 2.6, 6),
          True, "prop", (0.25, 0.5), (8.5, 0.9), (19.0, 5.0)),
    Plane("an26", "fw.transport", 23.8, 29.2, 2.9, (0.34, 3.6, 1.4, 5), True, "prop", (0.26,), (5.0, 0.7), (9.9, 2.4)),
    Plane("c17", "fw.transport", 53.0, 51.8, 6.9, (0.29, 11.5, 3.6, 28),
          True, "pod", (0.26, 0.47), (5.6, 1.2), (19.8, 5.5), True),
    Plane("a400m", "fw.transport", 45.1, 42.4, 5.6, (0.32, 7.2, 2.6, 15),
          True, "prop", (0.26, 0.5), (5.5, 0.7), (17.0, 4.6), True),
    Plane("b52", "fw.bomber", 49.0, 56.4, 3.2, (0.24, 9.4, 3.6, 37),
          True, "pod", (0.33, 0.59), (4.6, 1.2), (15.9, 4.6)),
    Plane("tu95", "fw.bomber", 49.5, 50.6, 2.9, (0.27, 8.0, 2.8, 36),
          False, "prop", (0.24, 0.46), (8.5, 0.7), (14.8, 4.2), paint="bright"),
    Plane("a320", "fw.airliner", 37.6, 34.1, 3.95, (0.31, 7.5, 1.7, 27),
          False, "pod", (0.33,), (4.4, 1.1), (12.4, 3.4), paint="white"),
    Plane("b737", "fw.airliner", 39.5, 34.3, 3.8, (0.32, 7.4, 1.7, 27),
          False, "pod", (0.29,), (4.4, 1.0), (14.3, 3.4), paint="white"),
    Plane("b777", "fw.airliner", 73.9, 64.8, 6.2, (0.29, 13.5, 2.6, 34),
          False, "pod", (0.32,), (7.0, 1.8), (21.5, 6.2), paint="white"),
    Plane("a330", "fw.airliner", 63.7, 60.3, 5.6, (0.31, 11.5, 2.6, 32),
          False, "pod", (0.32,), (6.6, 1.4), (19.4, 5.4), paint="white"),
    Plane("tu154", "fw.airliner", 48.0, 37.6, 3.8, (0.38, 8.5, 2.4, 37),
          False, "rear", (0.15,), (5.2, 0.7), (13.4, 4.2), True, paint="white"),
    Plane("il62", "fw.airliner", 53.1, 43.2, 3.9, (0.36, 9.6, 2.8, 35),
          False, "rear", (0.15, 0.21), (5.4, 0.7), (12.2, 4.6), True, paint="white"),
    Plane("bizjet", "fw.light", 20.0, 19.0, 2.1, (0.42, 4.0, 1.4, 25),
          False, "rear", (0.17,), (3.2, 0.55), (8.0, 2.0), True, paint="white"),
    Plane("l410", "fw.light", 13.6, 17.5, 1.9, (0.33, 2.4, 1.3, 3),
          True, "prop", (0.28,), (3.0, 0.45), (6.6, 1.6), paint="white"),
    Plane("cessna", "fw.light", 8.3, 11.0, 1.2, (0.27, 1.6, 1.1, 1),
          True, "none", (), (1.0, 0.3), (3.4, 1.0), paint="white"),
    Plane("an2", "fw.light", 12.7, 18.2, 1.8, (0.16, 2.3, 2.3, 0),
          True, "none", (), (1.0, 0.3), (7.2, 1.9), paint="grey"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Jet:
    """A combat aircraft as outlines: each polygon is one half, (x share from the nose, y share of the half span)."""

    name: str
    node: str
    length: float
    span: float
    body: float
    wing: tuple[tuple[float, float], ...]
    tail: tuple[tuple[float, float], ...]
    nozzles: tuple[float, ...]
    fins: tuple[float, ...]
    trunk: float = 0.0


JETS: tuple[Jet, ...] = (
    Jet("su27", "fw.combat", 21.9, 14.7, 1.7,
        ((0.30, 0.06), (0.38, 0.17), (0.46, 0.24), (0.66, 0.97), (0.73, 0.97), (0.75, 0.24)),
        ((0.74, 0.24), (0.86, 0.62), (0.94, 0.66), (0.92, 0.26)), (0.15,), (0.27,), 0.24),
    Jet("mig29", "fw.combat", 17.2, 11.4, 1.5, ((0.27, 0.08), (0.40, 0.22), (0.60, 0.97), (0.68, 0.97), (0.72, 0.24)),
        ((0.75, 0.24), (0.90, 0.66), (0.98, 0.68), (0.95, 0.25)), (0.16,), (0.29,), 0.24),
    Jet("f15", "fw.combat", 19.4, 13.05, 1.6,
        ((0.36, 0.22), (0.42, 0.26), (0.66, 0.90), (0.71, 1.0), (0.74, 0.98), (0.77, 0.26)),
        ((0.78, 0.28), (0.90, 0.64), (0.98, 0.66), (0.96, 0.28)), (0.14,), (0.30,), 0.26),
    Jet("f16", "fw.combat", 15.0, 9.45, 1.5, ((0.28, 0.10), (0.42, 0.20), (0.62, 0.96), (0.72, 0.96), (0.74, 0.16)),
        ((0.79, 0.14), (0.89, 0.56), (0.96, 0.58), (0.97, 0.14)), (0.0,), (0.0,), 0.12),
    Jet("fa18", "fw.combat", 17.1, 12.3, 1.5, ((0.27, 0.08), (0.46, 0.22), (0.58, 0.95), (0.68, 0.98), (0.70, 0.22)),
        ((0.80, 0.20), (0.90, 0.56), (0.98, 0.58), (0.94, 0.20)), (0.12,), (0.22,), 0.2),
    Jet("mig31", "fw.combat", 22.7, 13.5, 1.8, ((0.34, 0.24), (0.46, 0.28), (0.68, 0.99), (0.78, 0.99), (0.76, 0.28)),
        ((0.78, 0.26), (0.90, 0.64), (0.97, 0.66), (0.96, 0.28)), (0.15,), (0.27,), 0.28),
    Jet("delta", "fw.combat", 14.4, 9.1, 1.5,
        ((0.40, 0.14), (0.86, 1.0), (0.93, 1.0), (0.93, 0.12)),
        ((0.27, 0.14), (0.36, 0.42), (0.40, 0.42), (0.38, 0.14)), (0.0,), (0.0,), 0.13),
    Jet("su25", "fw.attack", 15.5, 14.4, 1.6, ((0.36, 0.12), (0.45, 0.98), (0.55, 0.98), (0.57, 0.12)),
        ((0.83, 0.06), (0.87, 0.32), (0.94, 0.32), (0.95, 0.06)), (0.11,), (0.0,), 0.13),
    Jet("su24", "fw.attack", 24.5, 17.6, 2.4,
        ((0.34, 0.12), (0.44, 0.26), (0.55, 0.98), (0.61, 0.99), (0.60, 0.28), (0.72, 0.26)),
        ((0.78, 0.16), (0.90, 0.50), (0.97, 0.50), (0.97, 0.16)), (0.07,), (0.0,), 0.15),
    Jet("swept", "fw.attack", 24.5, 10.4, 2.4, ((0.34, 0.18), (0.48, 0.42), (0.78, 0.98), (0.83, 0.96), (0.74, 0.42)),
        ((0.80, 0.28), (0.91, 0.86), (0.97, 0.86), (0.97, 0.28)), (0.12,), (0.0,), 0.26),
    Jet("tu22m", "fw.bomber", 42.5, 23.3, 3.0,
        ((0.36, 0.16), (0.52, 0.42), (0.74, 0.98), (0.79, 0.98), (0.72, 0.42), (0.78, 0.2)),
        ((0.80, 0.16), (0.93, 0.48), (0.98, 0.48), (0.96, 0.16)), (0.10,), (0.0,), 0.2),
    Jet("tu160", "fw.bomber", 54.1, 35.6, 3.4,
        ((0.24, 0.05), (0.44, 0.28), (0.74, 0.98), (0.79, 0.98), (0.68, 0.36), (0.74, 0.3)),
        ((0.84, 0.06), (0.93, 0.38), (0.98, 0.38), (0.95, 0.06)), (0.17, 0.25), (0.0,), 0.0),
    Jet("l39", "fw.light", 12.1, 9.5, 1.2,
        ((0.40, 0.1), (0.45, 0.98), (0.53, 0.98), (0.57, 0.1)),
        ((0.84, 0.05), (0.88, 0.44), (0.94, 0.44), (0.95, 0.05)), (0.0,), (0.0,), 0.12),
)  # fmt: skip
