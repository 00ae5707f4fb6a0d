import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from hardstand.detector import (
    DatasetNotFoundError,
    LabelError,
    MissingDependencyError,
    OutputError,
    RecipeError,
    ShortMemoryError,
)
from hardstand.detector.weights import read_record
from hardstand.training import fit as fitting
from hardstand.training.commands import fit_recipe, self_label
from hardstand.training.diary import Diary
from hardstand.training.recipe import as_plain, read_recipe
from hardstand.training.run import tile_set_of, train, training_tiles
from hardstand.training.shortage import shortage_told
from hardstand.training.tree import node_tree
from hardstand.training.weights_page import page

RECIPE = """
name = "tiny"
nodes = ["fw", "heli", "ad.launcher"]
tile_px = 64
largest_object_m = 10.0
[crop]
size_px = 64
[schedule]
steps = {steps}
batch = 2
workers = 0
save_steps = 2
[[sets]]
folder = "a"
share = 1.0
"""


def _tiles(root: Path) -> Path:
    (root / "a" / "images").mkdir(parents=True)
    lines = []
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 255, (96, 96, 3), np.uint8)
        cv2.imwrite(str(root / "a" / "images" / f"{number}.jpg"), pixels)
        objects = [["fw", 48, 48, 30, 20, 0, 0, 0], ["heli", 20, 20, 12, 12, 0.3, 1, 0]]
        line = {"file": f"images/{number}.jpg", "source": "a", "group": "g", "width": 96, "height": 96, "gsd": 0.5}
        lines.append(json.dumps({**line, "exhaustive": ["fw"], "objects": objects}))
    (root / "a" / "index.jsonl").write_text("\n".join(lines) + "\n")
    return root


def _trained(tmp_path: Path, tiles: Path, out: str, steps: int) -> Path:
    recipe = tmp_path / f"{out}-{steps}.toml"
    recipe.write_text(RECIPE.format(steps=steps))
    return fit_recipe(recipe, tiles, tmp_path / out, resume=True)


def test_a_recipe_becomes_a_weight_file_that_labels_and_has_a_page(tmp_path: Path) -> None:
    tiles = _tiles(tmp_path / "tiles")
    weights = _trained(tmp_path, tiles, "out", 2)
    record = read_record(weights)
    assert record.data[0]["set"] == "a"
    assert record.data[0]["objects"] == 6
    assert record.recipe == json.loads((tmp_path / "out" / "recipe.json").read_text())
    assert record.recipe == json.loads(json.dumps(as_plain(read_recipe(tmp_path / "out-2.toml"))))
    assert (record.recipe["family"], record.recipe["schedule"]["rate"], record.recipe["sets"][0]["share"]) == (
        "yolo11",
        0.002,
        1.0,
    )
    before = (tiles / "a" / "index.jsonl").read_text()
    assert self_label(weights, tiles / "a") == (0, 3, 0)
    assert self_label(weights, tiles / "a", set_aside=1.0) == (0, 3, 0)
    assert [json.loads(line)["objects"] for line in before.splitlines()] == [
        json.loads(line)["objects"] for line in (tiles / "a" / "index.jsonl").read_text().splitlines()
    ]
    text = page([record])
    assert "## tiny" in text
    assert "| a | 3 | 6 | not stated |" in text


def _losses(out: Path) -> list[list[str]]:
    """The table without the column of minutes."""
    with (out / "losses.csv").open() as lines:
        return [[row[0], *row[2:]] for row in csv.reader(lines)]


def _command(recipe: Path, tiles: Path, out: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "hardstand.inference", "train"),
        *(str(recipe), "--tiles", str(tiles), "--out", str(out), *options),
    ]


def test_a_run_that_is_killed_and_resumed_ends_as_one_that_was_not(tmp_path: Path) -> None:
    tiles, recipe = _tiles(tmp_path / "tiles"), tmp_path / "r.toml"
    recipe.write_text(RECIPE.format(steps=8).replace("workers = 0", "workers = 1"))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    whole = subprocess.Popen(_command(recipe, tiles, tmp_path / "whole"), env=environment, stderr=subprocess.DEVNULL)
    killed = subprocess.Popen(
        _command(recipe, tiles, tmp_path / "cut"),
        env=environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # its worker goes with it
    )
    while not (tmp_path / "cut" / "last.pt").is_file():
        assert killed.poll() is None
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    step = torch.load(tmp_path / "cut" / "last.pt", weights_only=True)["step"]
    refused = subprocess.run(
        _command(recipe, tiles, tmp_path / "cut"), env=environment, check=False, capture_output=True, text=True
    )
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("error: ")
    assert "--resume" in refused.stderr
    subprocess.run(_command(recipe, tiles, tmp_path / "cut", "--resume"), env=environment, check=True)
    assert whole.wait() == 0
    assert 2 <= step <= 8
    hashes = {read_record(tmp_path / name / "tiny.safetensors").params_sha256 for name in ("whole", "cut")}
    assert len(hashes) == 1
    states = [torch.load(tmp_path / name / "last.pt", weights_only=True) for name in ("whole", "cut")]
    for part in ("model", "average"):
        assert all(torch.equal(value, states[1][part][name]) for name, value in states[0][part].items())
    assert torch.equal(states[0]["random"], states[1]["random"])
    assert _losses(tmp_path / "whole") == _losses(tmp_path / "cut")
    assert [row[0] for row in _losses(tmp_path / "cut")] == ["step", "2", "4", "6", "8"]


def test_a_run_leaves_curves_and_samples_to_look_at(tmp_path: Path) -> None:
    tiles, recipe = _tiles(tmp_path / "tiles"), tmp_path / "r.toml"
    recipe.write_text(RECIPE.format(steps=3))
    train(read_recipe(recipe), tiles, tmp_path / "out")
    for name in ("losses.png", "samples-000002.jpg", "samples-000003.jpg"):
        picture = cv2.imread(str(tmp_path / "out" / name))
        assert picture is not None
        assert picture.std() > 5
    train(read_recipe(recipe), tiles, tmp_path / "out")  # a finished run is done
    with pytest.raises(OutputError, match="--resume"):
        train(read_recipe(recipe), tiles, tmp_path / "out", resume=False)
    recipe.write_text(RECIPE.format(steps=3).replace('nodes = ["fw",', 'family = "yolo26"\nnodes = ["fw",'))
    with pytest.raises(RecipeError, match="another network"):
        train(read_recipe(recipe), tiles, tmp_path / "out")


def test_shares_and_rare_tiles_say_what_is_drawn(tmp_path: Path) -> None:
    tiles, recipe = _tiles(tmp_path / "tiles"), tmp_path / "r.toml"
    index = tiles / "a" / "index.jsonl"
    rows = [json.loads(line) for line in index.read_text().splitlines()]
    rows[0]["weight"] = 2.0
    index.write_text("".join(json.dumps(row) + "\n" for row in rows))
    more = '[[sets]]\nfolder = "a"\nshare = 3.0\nshare_end = 0.0\n'
    recipe.write_text(RECIPE.format(steps=3) + more)
    _, weights = training_tiles(read_recipe(recipe), tiles)
    assert weights.start.tolist() == pytest.approx([1 / 8, 1 / 16, 1 / 16, 3 / 8, 3 / 16, 3 / 16])
    assert weights.end.tolist() == pytest.approx([1 / 2, 1 / 4, 1 / 4] + [0] * 3)


@pytest.mark.parametrize(
    "shortage",
    [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), MemoryError()],
    ids=["gpu", "numpy"],
)
def test_a_shortage_of_memory_is_advice(shortage: Exception) -> None:
    with pytest.raises(ShortMemoryError, match="not enough memory: batch = 16"), shortage_told("batch = 16"):
        raise shortage


def test_a_shortage_on_the_cpu_is_advice_and_other_errors_stay() -> None:
    with pytest.raises(ShortMemoryError, match="halve"), shortage_told("halve `batch`"):
        torch.empty(2**60, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="shape"), shortage_told("halve `batch`"):
        raise RuntimeError("shape mismatch")


def test_tensorboard_that_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingDependencyError, match="pip install tensorboard"):
        Diary(tmp_path, tensorboard=True)


def _index(folder: Path, tiles: list[tuple[list[str], float | None]]) -> None:
    """An index of tiles with objects of the nodes, and weights where they are not None."""
    folder.mkdir(parents=True)
    rows: list[dict[str, object]] = []
    for number, (nodes, weight) in enumerate(tiles):
        tile: dict[str, object] = {"file": f"images/{number}.jpg", "source": "a", "group": "g", "exhaustive": ["fw"]}
        tile |= {"width": 96, "height": 96, "gsd": 0.5}
        tile["objects"] = [[node, 48, 48, 30, 20, 0, 0, 0] for node in nodes]
        rows.append(tile if weight is None else {**tile, "weight": weight})
    (folder / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_tiles_are_drawn_by_the_weights_of_their_index_inside_the_share_of_their_set(tmp_path: Path) -> None:
    _index(tmp_path / "a", [(["fw"], 1.0), (["heli"], 2.5), (["fw"], 1.0), ([], 1.0), ([], 1.0)])
    _index(tmp_path / "b", [(["fw"], None), (["heli"], None), ([], None)])  # of a release before the weights
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE.format(steps=1) + 'empty_share = 0.1\n[[sets]]\nfolder = "b"\nshare = 0.5\n')
    entries, weights = training_tiles(read_recipe(recipe), tmp_path)
    assert [entry.nodes for entry in entries[:2]] == [("fw",), ("heli",)]
    drawn = 1.5 * weights.start  # the shares of the sets are 1 and 0.5
    assert drawn[:5] == pytest.approx([0.2, 0.5, 0.2, 0.05, 0.05])  # 1 : 2.5 : 1 of 0.9; two of 0.1
    assert drawn[5:] == pytest.approx([0.2125, 0.2125, 0.075])  # alike; 15 % from empty tiles by default


def test_around_takes_the_tiles_with_one_of_these_alone(tmp_path: Path) -> None:
    _index(tmp_path / "a", [(["fw"], 1.0), (["fw.combat", "heli"], 1.0), (["heli"], 1.0), ([], 1.0)])
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE.format(steps=1) + 'around = ["heli"]\n')
    entries, weights = training_tiles(read_recipe(recipe), tmp_path)
    around = [entry.around for entry in entries if entry.around is not None]
    assert [entry.nodes for entry in entries] == [("fw.combat", "heli"), ("heli",)]
    assert [rows.tolist() for rows in around] == [[1], [0]]
    assert weights.start == pytest.approx([0.5, 0.5])
    recipe.write_text(RECIPE.format(steps=1) + 'around = ["ad.launcher"]\n')
    with pytest.raises(DatasetNotFoundError, match=r"no tile with an object of ad\.launcher outside"):
        training_tiles(read_recipe(recipe), tmp_path)


def test_what_does_not_occur_in_a_set_is_said_of_its_ground_and_of_its_objects(tmp_path: Path) -> None:
    tiles, recipe = _tiles(tmp_path / "tiles"), tmp_path / "r.toml"
    recipe.write_text(RECIPE.format(steps=1) + 'negatives = ["ad.launcher"]\n')
    read = read_recipe(recipe)
    entries, _ = training_tiles(read, tiles)
    assert {entry.absent for entry in entries} == {("ad.launcher",)}
    item = tile_set_of(read, entries, node_tree(read.nodes))[0, 0]
    assert item["absent"].tolist() == [0, 0, 1]
    assert item["background"][2] == 1


def test_a_torn_index_is_named(tmp_path: Path) -> None:
    _index(tmp_path / "a", [(["fw"], 1.0)])
    index = tmp_path / "a" / "index.jsonl"
    index.write_text(index.read_text()[:-20])
    (tmp_path / "r.toml").write_text(RECIPE.format(steps=1))
    with pytest.raises(LabelError, match=r"index\.jsonl, line 1: .*make the tiles again"):
        training_tiles(read_recipe(tmp_path / "r.toml"), tmp_path)


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_compiled_run_learns_what_another_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("g++") is None:
        pytest.skip("no C++ compiler")
    monkeypatch.setattr(fitting, "fast_bf16", lambda device: False)  # its rounding would hide what compiling changes
    tiles, recipe = _tiles(tmp_path / "tiles"), tmp_path / "r.toml"
    text = 'family = "yolo11-look"\n' + RECIPE.format(steps=3)
    for name, schedule in (("plain", "[schedule]"), ("fast", "[schedule]\ncompile = true")):
        recipe.write_text(text.replace("[schedule]", schedule))
        fit_recipe(recipe, tiles, tmp_path / name, resume=True)
    plain, fast = (np.array(_losses(tmp_path / name)[1:], float) for name in ("plain", "fast"))
    assert plain.shape == fast.shape
    np.testing.assert_allclose(fast, plain, rtol=1e-3)


def test_a_compiler_that_is_not_there_is_said(tmp_path: Path) -> None:
    tiles, recipe = _tiles(tmp_path / "tiles"), tmp_path / "r.toml"
    text = 'family = "yolo11-look"\n' + RECIPE.format(steps=1)
    recipe.write_text(text.replace("[schedule]", "[schedule]\ncompile = true"))
    environment = {**os.environ, "CXX": "no-compiler", "PATH": str(tmp_path), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    command = _command(recipe, tiles, tmp_path / "out")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1 or "Traceback" not in done.stderr
    assert "or leave `compile` out of [schedule]" in done.stderr
