"""Events: what a run has to say while it works; `--json` prints them as they are, one JSON object a line.

Every object has "event", the name of its class below in lower case with underscores, and the fields of that class.
A run that ends in an error, or is stopped, has no `done`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Start:
    """A run begins."""

    hardstand: str
    """The release."""
    scenes: int
    """How many scenes were named."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene was opened, and this is what is known of it."""

    scene: str
    """Its name, unique in the run."""
    path: str
    width: int
    """In scene pixels, as `height`."""
    height: int
    gsd_m: tuple[float, float]
    """Metres per scene pixel along columns and rows."""
    date: str | None
    """ISO, UTC."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Tiles of a scene are done. Rate and remaining time are of the whole run; None until they can be told."""

    scene: str
    number: int
    """The scene is the so-many-eth of `scenes`, from 1."""
    scenes: int
    tiles: int
    """Done, of `tiles_total`."""
    tiles_total: int
    mpx_per_s: float | None
    """Scene megapixels per second, without what came from the journal."""
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Unread:
    """A tile could not be read; its part of the scene counts as not seen."""

    scene: str
    message: str
    """Which file, where, and why."""


@dataclass(frozen=True, slots=True)
class SceneDone:
    """A scene is done."""

    scene: str
    number: int
    scenes: int
    boxes: Mapping[str, int]
    """How many boxes with a probability of one half or more, per counted class."""
    unread_tiles: int
    seen: float
    """The share of the scene that was read and is valid, 0 to 1."""
    seconds: float


@dataclass(frozen=True, slots=True)
class SceneFailed:
    """A scene could not be used; the others go on."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Step:
    """Another piece of work has begun, or is done to a share of 0 to 1."""

    what: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that the user should know, and that stops nothing."""

    message: str


@dataclass(frozen=True, slots=True)
class Done:
    """The results are written."""

    files: tuple[str, ...]
    report: str
    remarks: tuple[str, ...]
    unread_tiles: int
    failed: tuple[str, ...]
    """Paths of the scenes that could not be used."""
    exit_code: int


Event = Start | Scene | Progress | Unread | SceneDone | SceneFailed | Step | Warned | Done
Tell = Callable[[Event], None]


def untold(event: Event) -> None:
    """Tell nobody."""


def as_json(event: Event) -> str:
    """The event on one line.

    >>> as_json(Step("writing results"))
    '{"event": "step", "what": "writing results", "share": null}'
    """
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    return json.dumps({"event": name, **asdict(event)}, ensure_ascii=False)
