"""Several processes that train together do what one does."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hardstand.detector import RecipeError
from hardstand.training.draws import Draws, DrawWeights
from hardstand.training.place import leads, processes, summed, taken_place

WEIGHTS = DrawWeights.of([1, 2, 3], [3, 2, 1])


def test_processes_draw_together_what_one_draws() -> None:
    whole = next(iter(Draws(WEIGHTS, batch=6, seed=1, steps=10, start=4)))
    parts = [next(iter(Draws(WEIGHTS, batch=6, seed=1, steps=10, start=4, rank=rank, world=2))) for rank in range(2)]
    assert sorted(parts[0] + parts[1]) == sorted(whole)
    assert [draw for _, draw in whole] == list(range(24, 30))


def test_shares_move_from_the_start_of_a_run_to_its_end() -> None:
    weights = DrawWeights.of([8, 2], [1, 9])
    assert weights.at(0).tolist() == [0.8, 0.2]
    assert weights.at(1).tolist() == [0.1, 0.9]
    draws = iter(Draws(weights, batch=2000, seed=0, steps=4))
    synthetic = [sum(tile == 0 for tile, _ in next(draws)) / 2000 for _ in range(6)]
    assert synthetic == pytest.approx([0.8, 0.625, 0.45, 0.275, 0.1, 0.1], abs=0.04)


def test_one_process_needs_no_others() -> None:
    value = torch.tensor(2.0)
    with taken_place("cpu") as place:
        assert (place.device.type, place.rank, place.world, place.leads) == ("cpu", 0, 1, True)
        assert (processes(), summed(value)) == (1, value)


def test_the_first_of_several_processes_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    assert leads()
    for rank, first in (("0", True), ("1", False), ("12", False)):
        monkeypatch.setenv("RANK", rank)
        assert leads() is first


@pytest.mark.parametrize("device", ["cuda:99", "abacus"])
def test_a_device_that_is_not_there_is_said(device: str) -> None:
    with pytest.raises(RecipeError, match=f"device '{device}' cannot be used here"), taken_place(device):
        pass


def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(__file__).with_name("together.py")
    common = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    two = [{"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"} for rank in range(2)]
    running = [
        subprocess.Popen(
            [sys.executable, script, tmp_path / name], env=common | each, stderr=subprocess.PIPE, text=True
        )
        for name, each in (("one", {}), ("two", two[0]), ("two", two[1]))
    ]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    one, both = (torch.load(tmp_path / name / "last.pt", weights_only=True) for name in ("one", "two"))
    assert both["step"] == 3
    for name, value in one["model"].items():
        assert torch.allclose(value, both["model"][name], atol=2e-5), name
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == ["last.pt", "written-by-0"]
