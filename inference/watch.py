"""The watch over a survey: what becomes of each scene is told, and one that is of no use does not end the others."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ..detector.errors import (
    BandError,
    CloudMaskError,
    EmptySceneError,
    HardstandError,
    MissingFileError,
    NoCrsError,
    NoGsdError,
    NotARasterError,
    TileReadError,
    TooCoarseError,
)
from ..detector.taxonomy import COUNTED
from . import events
from .counts import CERTAIN
from .events import Tell
from .pace import Pace
from .result import SceneResult

SCENE_ERRORS = (
    MissingFileError, NotARasterError, NoCrsError, NoGsdError, BandError, TooCoarseError,
    EmptySceneError, TileReadError, CloudMaskError,
)  # fmt: skip
"""Errors of one scene, which the other scenes of a survey do not share."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A scene that could not be used, and why."""

    path: str
    reason: str


class Failures:
    """Scenes that cannot be used: recorded and told, or raised."""

    def __init__(self, raised: bool, tell: Tell, found: Sequence[Failure] = ()) -> None:
        """Raise or tell what is caught; `found` are failures from before."""
        self.found = list(found)
        self._raised, self._tell = raised, tell
        self._first: HardstandError | None = None

    @contextmanager
    def of(self, path: str) -> Iterator[None]:
        """A block of work on one scene."""
        try:
            yield
        except SCENE_ERRORS as error:
            if self._raised:
                raise
            self._first = self._first or error
            self.found.append(Failure(path, str(error)))
            self._tell(events.SceneFailed(path, str(error)))

    def check(self, of_use: int) -> None:
        """Raise the first error where no scene is of use."""
        if not of_use and self._first is not None:
            raise self._first


class SceneWatch:
    """Tells how the work on one scene goes on."""

    def __init__(self, name: str, number: int, scenes: int, pace: Pace, tell: Tell) -> None:
        """Name the scene and its place among all, from 0."""
        self._name, self._number, self._scenes = name, number, scenes
        self._pace, self._tell = pace, tell
        self._start = time.monotonic()

    def progress(self, done: int, total: int) -> None:
        """Tell the tiles that are done."""
        rate, left = self._pace.at(self._number, done, total)
        rate, left = (None if value is None else round(value, 3) for value in (rate, left))
        self._tell(events.Progress(self._name, self._number + 1, self._scenes, done, total, rate, left))

    def unread(self, error: TileReadError) -> None:
        """Tell of a tile that cannot be read."""
        self._tell(events.Unread(self._name, str(error)))

    def done(self, result: SceneResult) -> events.SceneDone:
        """That the scene is done, and what was found."""
        certain = result.detections.select(result.detections.probability >= CERTAIN)
        boxes = {node: int(certain.at(node).sum()) for node in COUNTED if node in certain.nodes}
        seconds = round(time.monotonic() - self._start, 3)
        return events.SceneDone(
            self._name, self._number + 1, self._scenes, boxes, len(result.unread), round(result.valid_fraction, 4),
            seconds,
        )  # fmt: skip
