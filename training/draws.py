"""Which tiles are drawn when: by shares that may move from the start of a run to its end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class DrawWeights:
    """How often each tile is drawn: (N,) at the start and at the end of a run; each adds up to 1."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]

    @classmethod
    def of(cls, start: Sequence[float], end: Sequence[float] | None = None) -> "DrawWeights":
        """Return the weights for numbers of any sum; without `end` they stay as they are."""
        first = np.asarray(start, np.float64)
        last = first if end is None else np.asarray(end, np.float64)
        return cls(first / first.sum(), last / last.sum())

    def at(self, share: float) -> NDArray[np.float64]:
        """Return the weights when `share` of the run is done.

        >>> DrawWeights.of([1, 1], [0, 1]).at(0.5).tolist()
        [0.25, 0.75]
        """
        return (1 - share) * self.start + share * self.end


class Draws(torch.utils.data.Sampler[list[tuple[int, int]]]):
    """Endless batches of (tile, draw number): tiles drawn by weight, every draw with a number of its own.

    Of `world` processes, each takes every `world`th draw of a batch, so that together they draw what one would.
    """

    def __init__(
        self,
        weights: DrawWeights,
        *,
        batch: int,
        seed: int,
        steps: int,
        start: int = 0,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.weights, self.batch, self.seed, self.steps, self.start = weights, batch, seed, steps, start
        self.rank, self.world = rank, world

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        step = self.start
        while True:
            rng = np.random.default_rng((self.seed, step))
            shares = self.weights.at(min(step / self.steps, 1.0))
            tiles = rng.choice(len(shares), self.batch, p=shares)
            drawn = [(int(tile), step * self.batch + i) for i, tile in enumerate(tiles)]
            yield drawn[self.rank :: self.world]
            step += 1
