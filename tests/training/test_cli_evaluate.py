"""`hardstand evaluate` as a person runs it, on labels of their own."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hardstand.datasets.synth_tiles import make_tile
from hardstand.detector.weights import SHIPPED, read_record
from hardstand.inference import cli
from hardstand.training import calibrate, commands


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Two drawn tiles with COCO labels of their aircraft and helicopters."""
    folder = tmp_path / "mine"
    folder.mkdir()
    names = ["fw", "heli"]
    images: list[dict[str, Any]] = []
    objects: list[dict[str, Any]] = []
    for number, seed in enumerate((15, 19)):  # five aircraft on each
        pixels, marks = make_tile(seed, size_px=320)
        cv2.imwrite(str(folder / f"{number}.png"), np.ascontiguousarray(pixels[:, :, ::-1]))
        images.append({"id": number, "file_name": f"{number}.png", "width": 320, "height": 320})
        for mark in marks:
            top = mark.node.partition(".")[0]
            if top in names:
                x0, y0, x1, y1 = mark.bounds
                about = {"id": len(objects), "image_id": number, "bbox": [x0, y0, x1 - x0, y1 - y0]}
                objects.append({**about, "category_id": names.index(top)})
    kinds = [{"id": number, "name": name} for number, name in enumerate(names)]
    (folder / "labels.json").write_text(json.dumps({"images": images, "annotations": objects, "categories": kinds}))
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["evaluate", "hardstand-n", *map(str, arguments)])


def test_labels_of_ones_own_are_measured_whole(own: Path, tmp_path: Path) -> None:
    done = run("--own", own, "--exhaustive", "fw,heli", "--gsd", 0.5, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert "mine fw" in done.stdout
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert {"mine fw", "mine heli"} <= set(found["scenes"])
    assert "mine ad.launcher" not in found["scenes"]  # not labelled in full, so not scored
    assert found["scenes"]["mine fw"]["scenes"] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "--data, --tiles, or --own"),
        (("--own", "{own}", "--gsd", 0.5), 2, "labelled in full"),
        (("--own", "{own}", "--exhaustive", "fw"), 1, "--gsd METRES"),
        (("--own", "{own}/none", "--exhaustive", "fw"), 1, "none"),
        (("--data", "{own}"), 1, "none of the sets"),
        (("--data", "{own}", "--split", "train"), 2, "'train'"),
    ],
)
def test_what_is_missing_is_said_in_one_line(own: Path, arguments: tuple[object, ...], code: int, said: str) -> None:
    done = run(*(str(each).replace("{own}", str(own)) for each in arguments))
    assert done.exit_code == code
    assert said in " ".join(done.stderr.replace("│", " ").split())
    if code == 1:
        assert done.stderr.count("error: ") == 1


@pytest.mark.parametrize(("fewest", "kept"), [(1, {"heli"}), (10_000, {"fw", "heli"})])
def test_weights_are_calibrated_on_labels_of_ones_own(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fewest: int, kept: set[str]
) -> None:
    for file in SHIPPED.glob("hardstand-n.*"):
        shutil.copy(file, tmp_path)
    weights = tmp_path / "hardstand-n.safetensors"
    before = read_record(weights)
    monkeypatch.setattr(calibrate, "FEWEST_COUNTED", fewest)
    said = ("--own", str(own), "--exhaustive", "fw", "--gsd", "0.5")
    done = CliRunner().invoke(cli.app, ["calibrate", str(weights), *said])
    assert done.exit_code == 0, done.stderr
    after = read_record(weights)
    same = {node for node in ("fw", "heli") if after.calibration[node] == before.calibration[node]}
    assert same == kept  # helicopters are not labelled in full there
    assert after.params_sha256 == before.params_sha256
    assert ("too few, left as it was" in done.stdout) == ("fw" in kept)


def test_the_score_of_the_coarse_look_is_chosen_on_labels_of_ones_own(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "aircraft_cues", lambda full, _: np.full(5 * len(full), 0.5))
    for file in SHIPPED.glob("hardstand-look.*"):
        shutil.copy(file, tmp_path)
    weights = tmp_path / "hardstand-look.safetensors"
    before = read_record(weights)
    said = ("--own", str(own), "--exhaustive", "fw", "--gsd", "0.5")
    done = CliRunner().invoke(cli.app, ["calibrate", str(weights), *said])
    assert done.exit_code == 0, done.stderr
    after = read_record(weights)
    found = after.metrics["look"]
    assert after.screen_score == found["score"]
    assert f"from score {found['score']:g} on, and passes over" in done.stdout
    assert (found["aircraft"], found["passed_over"]) == (10, 0)
    assert after.params_sha256 == before.params_sha256
    monkeypatch.undo()
    none = CliRunner().invoke(cli.app, ["calibrate", str(weights), "--tiles", str(tmp_path)])
    assert none.exit_code == 1
    assert "no whole airport with labelled aircraft" in none.stderr


def test_a_root_with_too_little_has_nothing_to_inherit() -> None:
    nothing = calibrate.calibration([])
    fields = calibrate.record_fields({"fw": nothing, "fw.light": nothing}, {"fw": None, "fw.light": "fw"})
    assert fields["recall"] == {}
    assert {row["inherits"] for row in fields["report"].values()} == {None}
