"""What is told about a run while it goes on."""

import logging
from dataclasses import dataclass
from typing import Protocol

from torch import nn

logger = logging.getLogger(__name__)

ROW_STEPS = 10
"""A run is told about every so many steps, and whenever it is saved."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run is. `parts` are the parts of the loss with their gains, means over the steps since the last told."""

    step: int
    steps: int
    minutes: float
    share: float
    rate: float
    parts: dict[str, float]

    @property
    def total(self) -> float:
        """The loss."""
        return sum(self.parts.values())

    def __str__(self) -> str:
        """One line for people."""
        parts = ", ".join(f"{name} {value:.3f}" for name, value in self.parts.items())
        return f"step {self.step}, {self.minutes:.1f} min, {100 * self.share:.0f} %: loss {self.total:.3f} ({parts})"


class Watch(Protocol):
    """Something that is told how a run goes; only in the process that writes."""

    def begun(self, step: int) -> None:
        """The run begins, or goes on, after `step` steps."""

    def told(self, standing: Standing) -> None:
        """Every ROW_STEPS steps."""

    def saved(self, step: int, average: nn.Module) -> None:
        """A checkpoint was written; `average` is the network that would be kept."""


class LogLines:
    """A line of the log every so often."""

    def __init__(self, every_steps: int = 50) -> None:
        self.every_steps = every_steps

    def begun(self, step: int) -> None:
        """Say where it goes on."""
        if step:
            logger.info("going on at step %d", step)

    def told(self, standing: Standing) -> None:
        """Say it where it is due."""
        if standing.step % self.every_steps == 0:
            logger.info("%s", standing)

    def saved(self, step: int, average: nn.Module) -> None:
        """Nothing: the lines are enough."""
