"""Hardstand beside SAHI, supervision, GeoDeep and Ultralytics on one drawn scene with truth, with the same parameters.

    python tests/benchmarks/peers/compare.py --work FOLDER [--rounds 3] [--size 8000] [--only sahi-torch-640 ...]

Needs Python 3.11 or newer and a package index; everything else is installed into FOLDER/venv (some gigabytes), and is
found there the next time. Runs on the processor alone. Every run is a process of its own, so its peak memory is its
own; tools take turns, round by round, because a machine's speed drifts. The clock runs from opening the file to merged
detections (Hardstand: written detections); imports, loading and a first tile are not counted, but for GeoDeep, which
loads its network anew for every scene. FOLDER/results.json holds every run; the table has medians.

Doubles, misses and false alarms are told by `hardstand.datasets.score`, with boxes from score 0.25 on.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SETTINGS: dict[str, dict[str, Any]] = {
    "hardstand": {"tool": "hardstand", "tile": 1024},
    "sahi-openvino-640": {"tool": "sahi", "model": "openvino", "tile": 640},
    "sahi-openvino-1024": {"tool": "sahi", "model": "openvino", "tile": 1024},
    "sahi-torch-640": {"tool": "sahi", "model": "torch", "tile": 640},
    "sahi-torch-640-batch8": {"tool": "sahi", "model": "torch", "tile": 640, "batch": 8},
    "sahi-torch-1024": {"tool": "sahi", "model": "torch", "tile": 1024},
    "supervision-openvino-640": {"tool": "supervision", "model": "openvino", "tile": 640},
    "supervision-openvino-1024": {"tool": "supervision", "model": "openvino", "tile": 1024},
    "geodeep-640": {"tool": "geodeep", "tile": 640},
    "geodeep-1024": {"tool": "geodeep", "tile": 1024},
    "ultralytics-openvino-640": {"tool": "ultralytics", "model": "openvino", "tile": 640},
    "ultralytics-torch-640-batch8": {"tool": "ultralytics", "model": "torch", "tile": 640, "batch": 8},
}
COLUMNS = (
    "scene Mpx/s",
    "low",
    "high",
    "tiles/s",
    "peak MB",
    "counted",
    "doubles",
    "misses",
    "false",
    "error %",
    "aircraft",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the comparison and print its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for environment, networks, scene and results")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=8000, help="side of the scene in pixels, a multiple of 1000")
    parser.add_argument("--only", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--weights", default="hardstand-n")
    given = parser.parse_args(arguments)
    work = given.work.resolve()
    python = environment(work / "venv")
    scene = work / f"drawn-{given.size}.tif"
    if not scene.exists():
        call(python, "models.py", "scene", str(scene), str(given.size))
    weights = given.weights if Path(given.weights).suffix == "" else str(Path(given.weights).resolve())
    call(python, "models.py", "convert", weights, str(work / "models"))
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in given.only}
    for number in range(given.rounds):
        for name in given.only:
            setting = json.dumps({**SETTINGS[name], "models": str(work / "models"), "weights": weights})
            runs[name].append(json.loads(call(python, "tools.py", setting, str(scene)).splitlines()[-1]))
            print(f"round {number + 1}: {name} {runs[name][-1]['seconds']:.1f} s", file=sys.stderr, flush=True)
            (work / "results.json").write_text(
                json.dumps({"settings": SETTINGS, "runs": runs}, indent=1), encoding="utf-8"
            )
    print(table(runs))


def environment(folder: Path) -> str:
    """The interpreter of the environment, which is made or completed first; ends with one line where that fails."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    wanted = (HERE / "requirements.txt").read_text(encoding="utf-8") + str(ROOT)
    made = folder / "made-of"
    if made.exists() and made.read_text(encoding="utf-8") == wanted:
        return str(python)
    print(f"installing the peers into {folder}; this takes some minutes", file=sys.stderr, flush=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    uv = [str(python.with_name("uv")), "pip", "--quiet"]
    here = ["--python", str(python)]
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [*pip, "install", "uv"],  # pip alone takes a quarter of an hour over torch
        [*uv, "install", *here, "-r", str(HERE / "requirements.txt"), "--editable", str(ROOT)],
        # ultralytics brings opencv-python, which overwrites the headless one and needs libGL.
        [*uv, "uninstall", *here, "opencv-python"],
        [*uv, "install", *here, "--reinstall", "--no-deps", "opencv-python-headless"],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False, env=uv_environment())
        if done.returncode:
            said = " ".join(done.stderr.split())[-400:]
            sys.exit(f"error: the peers cannot be installed into {folder}: {said}")
    made.write_text(wanted, encoding="utf-8")
    return str(python)


def uv_environment() -> dict[str, str]:
    """The environment variables, and for uv, which does not read pip's settings, the index that pip is told of."""
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    index = os.environ.get("PIP_INDEX_URL", told)
    return {"UV_DEFAULT_INDEX": index, **os.environ} if index else dict(os.environ)


def call(python: str, script: str, *arguments: str) -> str:
    """What a script of this folder prints in the environment; ends with one line where it fails."""
    quiet = {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false", "CUDA_VISIBLE_DEVICES": ""}
    line = [python, "-P", str(HERE / script), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env={**os.environ, **quiet})
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        sys.exit(f"error: {script} {' '.join(arguments)} failed: {last}")
    return done.stdout


def table(runs: dict[str, list[dict[str, Any]]]) -> str:
    """Medians over the rounds, a line per setting."""
    lines = [f"{'':30}" + "".join(f"{name:>12}" for name in COLUMNS)]
    for name, each in runs.items():
        if not each:
            continue
        speeds = [run["scene_mpx"] / run["seconds"] for run in each]
        tiles = median(run["tiles"] / run["seconds"] for run in each)
        peak = median(run["peak_mb"] for run in each)
        found = each[-1]["score"]
        error = 100 * (found["counted"] / found["true"] - 1)
        aircraft = f"{found['counted_of']['fw']}/{found['true_of']['fw']}"
        numbers = [f"{value:.2f}" for value in (median(speeds), min(speeds), max(speeds), tiles)]
        counts = [str(found[key]) for key in ("counted", "doubles", "misses", "false_alarms")]
        cells = [*numbers, f"{peak:.0f}", *counts, f"{error:+.1f}", aircraft]
        lines.append(f"{name:30}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
