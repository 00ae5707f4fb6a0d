"""Who may import whom: read off the source, so that a lazy or an untaken import counts too."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("datasets", "detector", "inference", "training")
ALLOWED_ROOMS = {
    "detector": {"detector"},
    "datasets": {"datasets", "detector"},
    "training": {"training", "datasets", "detector"},
    "inference": {"inference", "detector"},
}
# Packages that the core does not install, or that must be had by one door, and the places that may import them.
ONLY_IN = {
    "torch": ("detector/torch_backend.py", "training/"),
    "torchvision": ("detector/torch_backend.py", "training/"),
    "ultralytics": ("detector/torch_backend.py", "training/"),
    "onnxruntime": ("detector/onnx_backend.py",),
    "nncf": ("training/quantise.py",),
    "albumentations": ("training/",),
    "pycocotools": ("training/",),
    "cv2": ("detector/opencv.py",),
}
COMMAND_LINE = ("inference/cli.py", "inference/cli_bench.py", "inference/cli_datasets.py", "inference/cli_training.py")


class Import(NamedTuple):
    """One imported module, absolute (`hardstand.detector.boxes`, `numpy.typing`), and where."""

    file: str
    line: int
    module: str
    lazy: bool


def _absolute(node: ast.ImportFrom, file: Path) -> list[str]:
    """Return the absolute names that `from ... import ...` may load: the module, or with no module each name."""
    if node.level == 0:
        return [node.module or ""]
    package = ["hardstand", *file.relative_to(ROOT).parent.parts]
    base = package[: len(package) - node.level + 1]
    if node.module:
        return [".".join([*base, node.module])]
    return [".".join([*base, alias.name]) for alias in node.names]


def _imports(file: Path) -> Iterator[Import]:
    """Yield every import of a file; lazy where it stands inside a function."""

    def visit(node: ast.AST, lazy: bool) -> Iterator[Import]:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = _absolute(node, file)
        for name in names:
            yield Import(file.relative_to(ROOT).as_posix(), node.lineno, name, lazy)  # type: ignore[attr-defined]
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    return visit(ast.parse(file.read_text(encoding="utf-8")), lazy=False)


def _all_imports() -> list[Import]:
    return [found for room in ROOMS for file in sorted((ROOT / room).glob("*.py")) for found in _imports(file)]


def _room(module: str) -> str | None:
    """Return the room of `hardstand.ROOM...`, or None for another package."""
    parts = module.split(".")
    return parts[1] if parts[0] == "hardstand" and len(parts) > 1 else None


def test_the_reader_sees_every_form_of_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    source = tmp_path / "inference" / "x.py"
    source.parent.mkdir()
    source.write_text(
        "import numpy.typing as npt\nfrom .tiles import Tile\nfrom ..detector import boxes\nfrom .. import training\n"
        "def f():\n    from ..datasets.labels import read\n"
    )
    found = [(item.module, item.lazy) for item in _imports(source)]
    assert found == [
        ("numpy.typing", False),
        ("hardstand.inference.tiles", False),
        ("hardstand.detector", False),
        ("hardstand.training", False),
        ("hardstand.datasets.labels", True),
    ]


def test_rooms_import_only_the_rooms_below_them() -> None:
    wrong = [
        item
        for item in _all_imports()
        if (room := _room(item.module)) is not None
        and room not in ALLOWED_ROOMS[item.file.split("/")[0]]
        and not (item.file in COMMAND_LINE and item.lazy)
    ]
    assert wrong == []


def test_imports_inside_the_package_are_relative() -> None:
    for room in ROOMS:
        for file in (ROOT / room).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                absolute = isinstance(node, ast.ImportFrom) and node.level == 0 and node.module
                assert not (absolute and str(absolute).split(".")[0] == "hardstand"), f"{file}:{node}"


@pytest.mark.parametrize("package", ONLY_IN)
def test_heavy_packages_stay_in_their_modules(package: str) -> None:
    places = ONLY_IN[package]
    wrong = [
        item for item in _all_imports() if item.module.split(".")[0] == package and not item.file.startswith(places)
    ]
    assert wrong == []


def test_every_imported_package_is_declared_in_its_layer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    core = {_distribution(line) for line in project["dependencies"]}
    extras = {_distribution(line) for lines in project["optional-dependencies"].values() for line in lines}
    providers = packages_distributions()
    wrong = []
    for item in _all_imports():
        package = item.module.split(".")[0]
        if package in sys.stdlib_module_names or package == "hardstand":
            continue
        offered = {name.lower() for name in providers.get(package, [package])}
        optional = item.file.startswith(("training/", "detector/torch_backend.py", "detector/onnx_backend.py"))
        if not offered & (core | extras if optional else core):
            wrong.append(item)
    assert wrong == []


def _distribution(requirement: str) -> str:
    """Return the lower-case name of a requirement: "SQLAlchemy>=2.0" -> "sqlalchemy"."""
    return re.split(r"[\[><=; ]", requirement)[0].lower()
