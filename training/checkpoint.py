"""What a stopped run needs to go on as if it had not been stopped, in one file that is whole at every moment."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ..detector.errors import OutputError, RecipeError

LAST = "last.pt"


@dataclass(slots=True)
class Run:
    """The moving parts of a run: what learns, the average that is kept, and how far it is."""

    model: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0


def save_run(run: Run, path: Path) -> None:
    """Write a checkpoint; the one before stays until this one is whole. `OutputError` where it cannot."""
    state = {
        "model": run.model.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "step": run.step,
        "seconds": run.seconds,
        "random": torch.get_rng_state(),
    }
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, part)
        part.replace(path)
    except (OSError, RuntimeError) as error:  # torch's writer says RuntimeError when the disk is full
        part.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {' '.join(str(error).split())}") from error


def load_run(run: Run, path: Path) -> bool:
    """Continue `run` from a checkpoint; False where there is none. `RecipeError` for one of another network."""
    if not path.is_file():
        return False
    state = torch.load(path, weights_only=True, map_location="cpu")
    try:
        run.model.load_state_dict(state["model"])
        run.average.load_state_dict(state["average"])
        run.optimiser.load_state_dict(state["optimiser"])
    except (RuntimeError, ValueError) as error:
        raise RecipeError(f"{path} is of another network than the recipe's; name another folder with --out") from error
    run.step, run.seconds = int(state["step"]), float(state["seconds"])
    torch.set_rng_state(state["random"])
    return True
