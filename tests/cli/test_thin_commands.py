"""A command makes one workflow call and computes nothing: its file is read, not run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ifssnet.cli.commands
from ifssnet.cli.main import COMMANDS, Group, app

FILES = sorted(path for path in Path(ifssnet.cli.commands.__path__[0]).glob("*.py") if path.name != "__init__.py")

FLOORS = ("ifssnet.cli", "ifssnet.core", "ifssnet.workflow", "ifssnet.io.plain_data")
OPTIONS = {
    # The words and the options of a method are a configuration, which stands beside what it configures.
    "compound": {"ifssnet.compounding.options", "ifssnet.compounding.holes.options"},
    "phantom": {"ifssnet.phantom.files.cohort", "ifssnet.phantom.files.recording"},
    "pseudo_labels": {"ifssnet.train.data.budget"},
    "segment": {"ifssnet.propagate.methods"},
    # The page is a floor of its own beside the commands.
    "serve": {"ifssnet.web.server"},
    "train": {"ifssnet.train.recipe"},
}
COMPUTING = {"numpy", "scipy", "numba", "torch", "SimpleITK", "skimage"}

TWO_STEPS = {
    # The user looks at the plan, or at the recording, before the work; or is asked for consent in between.
    ("compound", "run"): {"plan_files", "check_files", "compound_files"},
    ("dataset", "dataset_command"): {"plan_fetch", "fetch", "check_folder"},
    ("experiment", "experiment_command"): {"plan_experiment", "run_experiment"},
}


def _is_a_use_case(name: str) -> bool:
    """Neither a check of what was given, nor the words of what came out, nor a class of options."""
    words = name.startswith(("plain_", "check_", "default_")) or name.endswith(("_table", "_facts")) or name == "flat"
    return name[0].islower() and (not words or name in {"check_files", "check_folder"})


def _imports(tree: ast.Module) -> list[tuple[str, str]]:
    """Module and name of everything that a file imports."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found += [(node.module or "", alias.asname or alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, alias.asname or alias.name) for alias in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_command_knows_the_workflow_and_nothing_that_computes(path: Path) -> None:
    modules = {module for module, _ in _imports(ast.parse(path.read_text(encoding="utf-8")))}
    below = {module for module in modules if module.startswith("ifssnet.") and not module.startswith(FLOORS)}
    assert below <= OPTIONS.get(path.stem, set())
    assert not COMPUTING & {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_command_makes_one_workflow_call(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    cases = {name for module, name in _imports(tree) if module.startswith("ifssnet.workflow") and _is_a_use_case(name)}
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
        called = [call.id for call in calls if isinstance(call, ast.Name) and call.id in cases]
        allowed = TWO_STEPS.get((path.stem, function.name))
        assert len(called) <= 1 if allowed is None else set(called) == allowed, (function.name, called)
        assert len(called) == len(set(called))


def test_every_file_of_a_command_is_on_the_table() -> None:
    functions = [
        function
        for command in COMMANDS.values()
        for function in (command.commands.values() if isinstance(command, Group) else [command])
    ]
    assert {function.__module__.rsplit(".", 1)[1] for function in functions} == {path.stem for path in FILES}
    named = [command.name for command in app.registered_commands] + [group.name for group in app.registered_groups]
    assert named == list(COMMANDS)
