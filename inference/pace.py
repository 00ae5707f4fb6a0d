"""The pace of a run: scene megapixels per second, and the time that is left."""

import time
from collections.abc import Callable, Sequence


class Pace:
    """Measures a run over scenes of these megapixels, from the first tile that it runs itself."""

    def __init__(self, megapixels: Sequence[float], clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock, which counts seconds."""
        self._megapixels, self._clock = tuple(megapixels), clock
        self._start = clock()
        self._before = 0.0  # megapixels run in earlier scenes
        self._scene, self._kept, self._share = -1, 0.0, 0.0

    def at(self, scene: int, done: int, total: int) -> tuple[float | None, float | None]:
        """Megapixels per second and seconds left, with `done` of `total` tiles of a scene (from 0) done.

        Tiles that are done in a scene's first call, but for one, were there before and do not count. None, None where
        nothing was run yet.
        """
        if scene != self._scene:
            if self._scene >= 0:
                self._before += self._megapixels[self._scene] * (self._share - self._kept)
            self._scene, self._kept = scene, 0.0 if done == 1 else done / total
        self._share = done / total
        run = self._before + self._megapixels[scene] * (self._share - self._kept)
        spent = self._clock() - self._start
        if run <= 0 or spent <= 0:
            return None, None
        left = self._megapixels[scene] * (1 - self._share) + sum(self._megapixels[scene + 1 :])
        return run / spent, left * spent / run
