"""The package as a user gets it: what is in the wheel, what an import costs, which versions the locks hold."""

import ast
import doctest
import importlib
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hardstand.detector import taxonomy

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("datasets", "detector", "inference", "training")
NOT_PACKAGES = {"tests", "typings", "scripts", "build", "dist"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SLOW = ("torch", "torchvision", "ultralytics", "rasterio")


def _modules() -> list[str]:
    """Names of every module of the four rooms, but for `__main__`, which runs when it is imported."""
    files = [file for room in ROOMS for file in sorted((ROOT / room).glob("*.py")) if file.stem != "__main__"]
    return [f"hardstand.{file.parent.name}" + ("" if file.stem == "__init__" else f".{file.stem}") for file in files]


def _run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


# The tree


def test_package_list_equals_the_tree() -> None:
    top = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
    folders = {file.parent for path in top if path.name not in NOT_PACKAGES for file in path.rglob("*.py")}
    names = sorted("hardstand." + ".".join(folder.relative_to(ROOT).parts) for folder in folders)
    assert PROJECT["tool"]["setuptools"]["packages"] == names


@pytest.mark.parametrize("room", ROOMS)
def test_typing_links_lead_to_the_rooms(room: str) -> None:
    link = ROOT / "typings" / "hardstand" / room
    assert link.resolve() == (ROOT / room).resolve()
    assert (ROOT / room / "py.typed").is_file()


def test_a_bare_import_of_datasets_is_refused() -> None:
    result = _run(sys.executable, "-c", "import datasets", cwd=ROOT)
    assert result.returncode != 0
    assert "this folder is hardstand.datasets" in result.stderr


def test_the_checkout_is_not_on_the_path_of_tests() -> None:
    assert ROOT not in [Path(entry or ".").resolve() for entry in sys.path]


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the source distribution of a copy of this tree."""
    copy = tmp_path_factory.mktemp("wheel") / "tree"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for room in (*ROOMS, "tests"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    result = _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", copy.parent / "dist", cwd=copy)
    assert result.returncode == 0, result.stdout + result.stderr
    return next((copy.parent / "dist").glob("*.whl"))


def test_wheel_has_every_file_of_the_rooms_and_nothing_else(wheel: Path) -> None:
    expected = {
        "hardstand/" + file.relative_to(ROOT).as_posix()
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith(".")
    }
    names = set(zipfile.ZipFile(wheel).namelist())
    information = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    assert names - information == expected
    assert any(name.endswith("/licenses/LICENSE") for name in information)


def test_wheel_imports_from_outside_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "from importlib.resources import files; import hardstand.detector.taxonomy as t, hardstand.datasets;"
        "print(t.__file__, files('hardstand.detector').joinpath('taxonomy.csv').is_file(), t.root('fw.bomber'))"
    )
    result = _run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert result.stdout.split()[1:] == ["True", "fw"], result.stderr
    assert str(tmp_path / "site") in result.stdout


# The modules


@pytest.mark.parametrize("name", _modules())
def test_doctests(name: str) -> None:
    module = importlib.import_module(name)
    with np.printoptions(formatter=None, linewidth=75):  # ultralytics sets its own when it is imported
        assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("room", ROOMS)
def test_the_public_names_of_a_room_are_complete(room: str) -> None:
    tree = ast.parse((ROOT / room / "__init__.py").read_text(encoding="utf-8"))
    module = importlib.import_module(f"hardstand.{room}")
    bound = {name for node in ast.walk(tree) for name in _bound(node) if not name.startswith("_")}
    public = list(getattr(module, "__all__", []))
    assert len(public) == len(set(public))  # ruff keeps their order
    assert [name for name in public if not hasattr(module, name)] == []
    assert bound - set(public) == set()


def _bound(node: ast.AST) -> Iterable[str]:
    """Names that a relative import, a class or a function gives to a module."""
    if isinstance(node, ast.ImportFrom) and node.level > 0:
        return [alias.asname or alias.name for alias in node.names]
    return [node.name] if isinstance(node, ast.ClassDef | ast.FunctionDef) else []


def test_a_spawned_worker_imports_the_package() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(taxonomy.root, "fw.bomber.tu22m").result(timeout=120) == "fw"


# The command


def test_help_imports_nothing_slow() -> None:
    code = (
        "import sys; sys.argv = ['hardstand', '--help']\n"
        "from hardstand.inference.cli import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        f"print('loaded:', [name for name in {SLOW} if name in sys.modules])"
    )
    result = _run(sys.executable, "-P", "-c", code, cwd=ROOT)
    assert result.stdout.splitlines()[-1:] == ["loaded: []"], result.stderr


def test_help_answers_within_half_a_second() -> None:
    command = Path(sys.executable).parent / "hardstand"
    times = []
    for _ in range(7):  # processor time, and the least of some: other tests use the same cores
        before = os.times()
        result = _run(command, "--help", cwd=ROOT)
        after = os.times()
        times.append(after.children_user + after.children_system - before.children_user - before.children_system)
        assert result.returncode == 0, result.stderr
    assert min(times) < 0.5, times


# OpenCV, torch and the locks


def _pins(lock: str) -> dict[str, set[str]]:
    """Versions by distribution; several where they differ by Python or system."""
    pins: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / lock).read_text(encoding="utf-8").splitlines():
        if pinned := re.match(r"([a-z0-9._-]+)==(\S+)", line):
            pins.setdefault(pinned[1], set()).add(pinned[2])
    return pins


@pytest.mark.parametrize("lock", ["core.txt", "all.txt"])
def test_locks_hold_one_opencv_and_name_no_host(lock: str) -> None:
    assert [name for name in _pins(lock) if name.startswith("opencv")] == ["opencv-python-headless"]
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|--(index|extra-index|find-links)|^-[ef]", text, flags=re.MULTILINE)
    assert text.count("--hash=sha256:") > len(_pins(lock))


def test_the_core_lock_is_a_part_of_the_whole_one_without_torch() -> None:
    core, everything = _pins("core.txt"), _pins("all.txt")
    assert core.items() <= everything.items()
    assert not {"torch", "torchvision", "ultralytics", "albumentations"} & core.keys()


def test_locks_have_every_declared_dependency() -> None:
    def names(requirements: Iterable[str]) -> set[str]:
        return {re.split(r"[\[><=; ]", line)[0].lower() for line in requirements} - {"hardstand"}

    core = names(PROJECT["project"]["dependencies"])
    extras = names(line for lines in PROJECT["project"]["optional-dependencies"].values() for line in lines)
    groups = names(line for lines in PROJECT["dependency-groups"].values() for line in lines)
    assert core <= _pins("core.txt").keys()
    assert core | extras | groups <= _pins("all.txt").keys()


def test_torch_and_torchvision_belong_together() -> None:
    torch = pytest.importorskip("torch", reason="the core alone is installed")
    torchvision = pytest.importorskip("torchvision", reason="the core alone is installed")
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [1.0, 1.0, 11.0, 11.0], [20.0, 20.0, 30.0, 30.0]])
    kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5)
    assert kept.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("body", "metadata", "advice"),
    [
        (
            "raise ImportError('libGL.so.1: cannot open shared object file')",
            True,
            "pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python-headless",
        ),
        ("", True, "pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python-headless"),
        ("", False, "pip install --force-reinstall --no-deps opencv-python-headless"),
    ],
    ids=["no libGL", "half removed, both recorded", "half removed"],
)
def test_an_opencv_that_does_not_load_is_explained_in_one_line(
    body: str, metadata: bool, advice: str, tmp_path: Path
) -> None:
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text(body)
    if metadata:
        record = tmp_path / "opencv_python-5.0.0.93.dist-info"
        record.mkdir()
        (record / "METADATA").write_text("Metadata-Version: 2.1\nName: opencv-python\nVersion: 5.0.0.93\n")
    code = "import hardstand.detector.opencv"
    result = _run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    message = result.stderr.splitlines()[-1]
    assert message.startswith("hardstand.detector.errors.MissingDependencyError: OpenCV does not load (")
    assert message.endswith(advice)
