"""The documents name only what exists, and leave out no command."""

import ast
import importlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from hardstand.inference import cli

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "weights.md")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", _text(name), flags=re.MULTILINE | re.DOTALL)


def _targets() -> set[str]:
    """The targets that the Makefile offers to people."""
    phony = re.search(r"^\.PHONY: (.*)$", _text("Makefile"), flags=re.MULTILINE)
    assert phony
    return set(phony[1].split()) - {"help"}


def _tree() -> dict[str, Any]:
    """Each subcommand of `hardstand` by its name, those of a group by both names."""
    found: dict[str, Any] = {}
    for name, each in getattr(typer.main.get_command(cli.app), "commands", {}).items():
        below = getattr(each, "commands", None)
        found |= {f"{name} {inner}": command for inner, command in below.items()} if below else {name: each}
    return found


def _commands() -> dict[str, set[str]]:
    """Options of each subcommand of `hardstand`."""
    return {
        name: {option for part in each.params for option in (*part.opts, *part.secondary_opts)}
        for name, each in _tree().items()
    }


def test_the_first_two_commands_of_the_readme() -> None:
    lines = [line for block in _blocks("README.md", "sh") for line in block.splitlines()]
    assert [line.split("#")[0].strip() for line in lines[:2]] == ["make demo", "make test"]


def test_make_targets_are_documented_and_exist() -> None:
    named = set(re.findall(r"make ([a-z][a-z-]*)`", _text("CONTRIBUTING.md")))
    assert named == _targets()
    assert set(re.findall(r"^make ([a-z-]+)", "\n".join(_blocks("README.md", "sh")), flags=re.MULTILINE)) <= _targets()


def test_commands_are_documented_and_exist() -> None:
    used = re.findall(
        r"hardstand ((?:datasets )?[a-z-]+)([^\n`]*)", "\n".join(_blocks("README.md", "sh")).replace("\\\n", " ")
    )
    commands = _commands()
    assert {name for name, _ in used} == set(commands)
    for name, rest in used:
        assert set(re.findall(r"--[a-z-]+", rest)) <= commands[name], f"hardstand {name}{rest}"


def test_every_command_has_help() -> None:
    assert all(each.help for each in _tree().values())


@pytest.mark.parametrize("block", _blocks("README.md", "python"))
def test_python_in_the_readme_imports_names_that_exist(block: str) -> None:
    imports = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.ImportFrom)]
    assert imports
    for node in imports:
        module = importlib.import_module(str(node.module))
        assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def test_changelog_has_the_version() -> None:
    assert re.search(rf"^## \[{re.escape(VERSION)}\] - \d{{4}}-\d\d-\d\d$", _text("CHANGELOG.md"), flags=re.MULTILINE)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_documents_lead_somewhere(name: str) -> None:
    targets = re.findall(r"\]\((?![a-z]+:)([^)#]+)[^)]*\)", _text(name))
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_licence_is_the_agpl() -> None:
    assert " ".join(_text("LICENSE").split()[:7]) == "GNU AFFERO GENERAL PUBLIC LICENSE Version 3,"
