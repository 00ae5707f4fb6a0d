"""The commands about labels, over a small YOLO set of one's own; and one of them as a process."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from hardstand.inference import cli


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Two images, a plane on one of them."""
    folder = tmp_path / "mine"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, text in (("a", "0 0.5 0.5 0.2 0.3\n"), ("b", "")):
        picture = cv2.resize(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8), (200, 120))
        assert cv2.imwrite(str(folder / f"{name}.jpg"), picture)
        (folder / f"{name}.txt").write_text(text)
    (folder / "data.yaml").write_text("names: [Big plane]\n")
    (folder / "table.csv").write_text("label,node,flag\nbig plane,fw.airliner,~\n")
    return folder


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, [str(each) for each in arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_the_tree() -> None:
    assert "fw.bomber.b2" in run("taxonomy")
    one = run("taxonomy", "--node", "fw.transport.il76")
    assert "cannot be told from Il-78" in one
    assert "error: unknown node 'plane'" in run("taxonomy", "--node", "plane", code=1)


def test_the_list() -> None:
    output = run("datasets", "list")
    assert "xview" in output
    assert "labelstudio" in output
    assert "licence  none stated" in run("datasets", "list", "simd")
    assert "error: no public set 'zoo'" in run("datasets", "list", "zoo", code=1)


def test_a_set_of_ones_own(mine: Path, tmp_path: Path) -> None:
    said = ("--labels", mine / "table.csv", "--gsd", 0.5)
    assert "label 'Big plane'" in run("datasets", "check", mine, "--gsd", 0.5, code=3)
    output = run("datasets", "check", mine, *said, "--report", tmp_path / "report.csv")
    assert "2 images, read as yolo" in output
    assert "1  fw.airliner" in output
    assert "no problems found" in output
    assert (tmp_path / "report.csv").read_text() == "kind,image,problem\n"
    assert "fw.airliner" in run("datasets", "stats", mine, *said, "--plot", tmp_path / "plot.png")
    assert "2 pieces" in run("datasets", "preview", mine, *said, "--out", tmp_path / "sheet.png", "--metres", 40)
    assert "no object of ad" in run(
        "datasets", "preview", mine, *said, "--out", tmp_path / "s.png", "--node", "ad", code=1
    )
    assert "--exhaustive" in run("datasets", "tile", mine, *said, "--out", tmp_path / "tiles", code=1)
    assert "2 tiles" in run("datasets", "tile", mine, *said, "--exhaustive", "fw", "--out", tmp_path / "tiles")
    assert "2 images, read as tiles" in run("datasets", "check", tmp_path / "tiles")
    assert "1 objects of 2 images" in run("datasets", "convert", mine, *said, "--to", "coco", "--out", tmp_path / "c")
    output = run("datasets", "check", tmp_path / "c")
    assert "2 images, read as coco" in output
    assert "1  fw.airliner" in output
    assert "none of coco, yolo-obb, geojson" in run(
        "datasets", "convert", mine, *said, "--to", "voc", "--out", tmp_path / "c", code=2
    )


def test_a_broken_image_is_exit_code_3(mine: Path) -> None:
    image = mine / "b.jpg"
    image.write_bytes(image.read_bytes()[:-300])
    output = run("datasets", "check", mine, "--labels", mine / "table.csv", "--gsd", 0.5, code=3)
    assert "image files that cannot be read to their end: 1" in output


def test_all_sets_of_a_folder(mine: Path, tmp_path: Path) -> None:
    simd = tmp_path / "sets" / "simd"
    (simd / "images").mkdir(parents=True)
    (simd / "labels").mkdir()
    (mine / "a.jpg").rename(simd / "images" / "0001.jpg")
    (simd / "labels" / "0001.txt").write_text("5 0.5 0.5 0.2 0.3\n")
    assert "simd: 1 tile\n" in run("datasets", "tile", tmp_path / "sets", "--all", "--out", tmp_path / "tiles")
    assert (tmp_path / "tiles" / "simd" / "index.jsonl").is_file()
    assert "no set in" in run("datasets", "tile", mine, "--all", "--out", tmp_path / "tiles", code=1)
    (simd / "labels" / "0001.txt").write_text("14 0.5 0.5 0.2 0.3\n")
    said = run("datasets", "tile", tmp_path / "sets", "--all", "--empty", 0, "--out", tmp_path / "boats")
    assert "simd: 0 tiles, as no object is of fw, heli, ad, and empty ground is not learnt from" in said


def test_tiling_that_was_killed_ends_with_the_same_bytes(tmp_path: Path) -> None:
    simd = tmp_path / "simd"
    (simd / "images").mkdir(parents=True)
    (simd / "labels").mkdir()
    rng = np.random.default_rng(1)
    for number in range(60):
        picture = cv2.resize(rng.integers(0, 255, (90, 120, 3), dtype=np.uint8), (1200, 900))
        assert cv2.imwrite(str(simd / "images" / f"{number:04}.jpg"), picture)
        (simd / "labels" / f"{number:04}.txt").write_text("5 0.5 0.5 0.2 0.3\n")
    command = [sys.executable, "-P", "-m", "hardstand.inference", "datasets", "tile", str(simd), "--out"]
    killed = subprocess.Popen([*command, tmp_path / "killed"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = tmp_path / "killed" / "journal.jsonl"
    while killed.poll() is None and not (journal.is_file() and journal.read_bytes().count(b"\n") > 5):
        time.sleep(0.005)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "index.jsonl").exists()
    for out in ("killed", "whole"):
        assert "60 tiles" in run("datasets", "tile", simd, "--out", tmp_path / out)
    files = [sorted(path for path in (tmp_path / out).rglob("*") if path.is_file()) for out in ("killed", "whole")]
    assert [path.name for path in files[0]] == [path.name for path in files[1]]
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(*files, strict=True))


def test_an_error_of_a_process_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "hardstand.inference", "datasets", "check", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "say what it is with --set" in line


def test_tiles_are_drawn_on_drawn_ground_and_on_images_of_ones_own(mine: Path, tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    assert "2 tiles" in run("datasets", "generate", "--count", 2, "--tile-px", 96, "--out", out)
    before = (out / "index.jsonl").read_text()
    run("datasets", "generate", "--count", 2, "--tile-px", 96, "--out", out)
    assert (out / "index.jsonl").read_text() == before
    for name in ("a", "b"):
        (mine / f"{name}.txt").unlink()
    said = ("--ground", mine, "--out", tmp_path / "real", "--tile-px", 128)
    assert "give it with --gsd" in run("datasets", "generate", *said, code=1)
    assert "1 tile" in run("datasets", "generate", *said, "--gsd", 0.6, "--count", 1, "--seed", 3)
    assert (tmp_path / "real" / "images" / "generated_real_000003.jpg").is_file()
    assert "give --ground too" in run("datasets", "generate", "--cutouts", mine, "--out", out, code=2)
    assert "no cut-out with alpha" in run("datasets", "generate", *said, "--gsd", 0.6, "--cutouts", mine, code=1)
