"""Wording: how counts, changes, coverage and dates read, the same in the printed table and in the report."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..detector.taxonomy import COUNTED, NODES
from .change import Change, overall
from .counts import Count
from .passes import Pass

MINUS = "\N{MINUS SIGN}"
NOT_SEEN = "not seen"
UNDATED = "undated"
COARSE = 1.6
"""A scene with more than so many times the network's metres per pixel is coarse for small objects."""


def signed(value: int) -> str:
    """A difference for people, with its sign.

    >>> signed(2), signed(-3), signed(0)
    ('+2', '\u22123', '0')
    """
    return f"{value:+d}".replace("-", MINUS) if value else "0"


def node_name(node: str) -> str:
    """The name of a node for people, starting with a capital."""
    name = NODES[node].name
    return name[:1].upper() + name[1:]


def when(time: datetime | None) -> str:
    """The date, with the time of day (UTC) where one is known; "undated" for None."""
    if time is None:
        return UNDATED
    has_time = (time.hour, time.minute, time.second) != (0, 0, 0)
    return time.strftime("%Y-%m-%d %H:%M" if has_time else "%Y-%m-%d")


def pass_labels(passes: Sequence[Pass]) -> list[str]:
    """One label per pass of a site: its date, and the scene as well where the date is missing or not alone."""
    dates = [when(one.time) for one in passes]
    return [
        f"{date} ({one.scene})" if one.time is None or dates.count(date) > 1 else date
        for date, one in zip(dates, passes, strict=True)
    ]


def covered(one: Pass) -> str:
    """The coverage in per cent; "not seen" below 1 %, and never 100 % by rounding up."""
    if not one.seen:
        return NOT_SEEN
    percent = 100 if one.coverage == 1 else min(99, round(one.coverage * 100))
    return f"{percent} %"


def interval(count: Count) -> str:
    """The 90 % interval of a count."""
    return f"{count.low} to {count.high}"


def change_interval(change: Change) -> str:
    """The 90 % interval of a change."""
    return f"{signed(change.low)} to {signed(change.high)}"


def verdict(change: Change) -> str:
    """What a change means: not comparable, more than noise, or within noise."""
    if not change.comparable:
        return "not comparable"
    return "more than noise" if change.more_than_noise else "within noise"


def since(change: Change) -> str:
    """Against which pass a change is, where that is not simply the pass before; else empty."""
    return "" if change.direct else f"since {when(change.since.time)}"


def answer(passes: Sequence[Pass]) -> list[tuple[str, str]]:
    """The change over a series in words: (direction, sentence) per counted root; direction is up, down, same or none.

    The passes are those of one site in order of time.
    """
    changes = overall(passes)
    if not changes:
        return [("none", _no_answer(passes))]
    return [_sentence(change) for node, change in changes.items() if node in COUNTED]


def _sentence(change: Change) -> tuple[str, str]:
    earlier, later = change.since.counts[change.node], change.now.counts[change.node]
    both = (
        f"{earlier.median} ({interval(earlier)}) on {when(change.since.time)},"
        f" {later.median} ({interval(later)}) on {when(change.now.time)}"
    )
    nothing = not any((earlier.detections, later.detections, earlier.median, later.median))
    if nothing and not change.more_than_noise:
        at_most = max(earlier.high, later.high)
        dates = f"on {when(change.since.time)} and {when(change.now.time)}"
        bound = f" (at most {at_most} by the 90 % interval)" if at_most else ""
        return "same", f"{node_name(change.node)}: none found {dates}{bound}."
    if not change.more_than_noise:
        return "same", f"{node_name(change.node)}: {both}: no change beyond noise."
    word = "more" if change.low > 0 else "fewer"
    fewest, most = sorted((abs(change.low), abs(change.high)))
    return (
        "up" if change.low > 0 else "down",
        f"{node_name(change.node)}: {both}: {abs(change.difference)} {word} ({fewest} to {most}), more than noise.",
    )


def _no_answer(passes: Sequence[Pass]) -> str:
    seen = [one for one in passes if one.seen]
    if not seen:
        return "Not seen in any pass: there is no count, which is not a count of zero."
    if len([one for one in seen if one.time is not None]) < 2:
        return "One dated pass at most: no change can be computed."
    return "No two passes saw the same part of the site: no change can be computed."


def unmeasured(nodes: Sequence[str], recall: Mapping[str, float]) -> str:
    """A remark naming the counted roots among `nodes` whose share of objects found is not known; empty without any."""
    names = [node_name(node).lower() for node in COUNTED if node in nodes and node not in recall]
    if not names:
        return ""
    return f"How many are missed was not measured for: {', '.join(names)}. Those intervals know false alarms alone."


def too_coarse(
    nodes: Sequence[str], recall_by_gsd: Mapping[str, object], scenes: Mapping[str, float], gsd: float
) -> str:
    """A remark naming scenes, by their metres per pixel, that are much coarser than a network's `gsd`; empty without.

    It names the counted roots among `nodes` of which it is not known how many are missed there.
    """
    names = [node_name(node) for node in COUNTED if node in nodes and node not in recall_by_gsd]
    coarse = [f"{name} ({own:.2g} m)" for name, own in scenes.items() if own > COARSE * gsd]
    if not names or not coarse:
        return ""
    return (
        f"Coarse for small objects: {', '.join(coarse)}. The share that is missed of {' and '.join(names)} was "
        f"measured at {gsd:.2g} m per pixel; there it is larger, and these counts are too low."
    )
