"""What stands in two places says the same in both: versions, the steps that have to pass, the README's first steps."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import ifssnet

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def _tool(name: str) -> ModuleType:
    sys.path.insert(0, str(REPOSITORY / "tools"))
    try:
        return __import__(name)
    finally:
        sys.path.pop(0)


def _text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def test_the_version_stands_in_one_place() -> None:
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "src/ifssnet/__init__.py"
    assert yaml.safe_load(_text("CITATION.cff"))["version"] == ifssnet.__version__ == version("ifssnet")
    assert f"## {ifssnet.__version__} - " in _text("CHANGELOG.md")


def test_the_command_says_its_version() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "ifssnet", "--version"], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert said.stdout.strip() == ifssnet.__version__


def test_make_and_the_workflow_run_the_same_steps() -> None:
    steps = _tool("steps")
    in_workflow = re.findall(r"python tools/steps\.py ([a-z-]+)", _text(".github/workflows/tests.yml"))
    in_make = re.findall(r"\$\(STEPS\) ([a-z-]+)", _text("Makefile"))
    assert {"install", "test", "docs"} <= set(in_workflow) <= {"install", *steps.STEPS}
    assert set(in_make) == {"install", *steps.STEPS}
    programs = dict.fromkeys(step[0] for step in steps.STEPS["test"])
    assert list(programs) == ["ruff", "lint-imports", "pyright", "npm", "pytest"]


def test_a_failed_step_ends_the_run_with_its_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = _tool("steps")
    monkeypatch.setattr(steps, "SCRIPTS", Path(sys.executable).parent)
    python = Path(sys.executable).name
    steps.run((python, "-c", ""), {})
    with pytest.raises(SystemExit) as left:
        steps.run((python, "-c", "import os; raise SystemExit(int(os.environ['CODE']))"), {"CODE": "3"})
    assert left.value.code == 3
    with pytest.raises(SystemExit, match="not installed"):
        steps.run(("no-such-program",), {})


def test_checks_run_two_at_a_time_and_one_that_fails_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = _tool("steps")
    monkeypatch.setattr(steps, "SCRIPTS", Path(sys.executable).parent)
    python = Path(sys.executable).name
    steps.run_side_by_side([(python, "-c", "print('first')"), (python, "-c", "print('second')")], {})
    assert re.findall(r"^\w+$", capsys.readouterr().out, re.MULTILINE) == ["first", "second"]
    with pytest.raises(SystemExit) as left:
        steps.run_side_by_side([(python, "-c", ""), (python, "-c", "print('why'); raise SystemExit(4)")], {})
    assert left.value.code == 4
    assert "why" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="not installed"):
        steps.run_side_by_side([("no-such-program",)], {})


def test_every_supported_python_is_tried_on_every_system() -> None:
    jobs = yaml.safe_load(_text(".github/workflows/tests.yml"))["jobs"]
    matrix = jobs["tests"]["strategy"]["matrix"]
    assert {system.split("-")[0] for system in matrix["system"]} == {"ubuntu", "macos", "windows"}
    classifiers = [line.rsplit(" ", 1)[1] for line in PROJECT["project"]["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert matrix["python"] == classifiers
    assert PROJECT["project"]["requires-python"] == f">={classifiers[0]}"


def test_actions_are_pinned_and_may_only_read() -> None:
    for path in (REPOSITORY / ".github" / "workflows").glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
        for used in re.findall(r"uses: (\S+)", text):
            assert used.startswith("./") or re.search(r"@[0-9a-f]{40}$", used), used


def test_a_tag_is_released_only_if_it_is_the_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    release = _tool("release")
    for name, text in {
        "src/ifssnet/__init__.py": '__version__ = "1.2.3"\n',
        "pyproject.toml": '[project.urls]\nSource = "https://example.org/x"\n',
        "CHANGELOG.md": "## 1.2.3 - 2030-01-01\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(release, "REPOSITORY", tmp_path)
    release.check_tag("v1.2.3", "https://example.org/x")
    for tag, address in (("v1.2.4", "https://example.org/x"), ("v1.2.3", "https://example.org/y")):
        with pytest.raises(SystemExit):
            release.check_tag(tag, address)
    (tmp_path / "CHANGELOG.md").write_text("## 1.2.3 - unreleased\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="CHANGELOG"):
        release.check_tag("v1.2.3", "https://example.org/x")


def test_the_first_steps_of_a_release_are_the_readmes() -> None:
    steps = _tool("release").five_minutes()
    assert steps[0].startswith("ifss phantom leg")
    assert any(step.startswith("ifss segment") for step in steps)
    assert any(step.startswith("ifss report") for step in steps)


def test_the_hooks_before_a_commit_download_nothing() -> None:
    hooks = yaml.safe_load(_text(".pre-commit-config.yaml"))["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    for hook in hooks[0]["hooks"]:
        assert hook["language"] == "system"
        program = Path(sys.executable).parent / hook["entry"].split()[0]
        assert program.exists() or program.with_suffix(".exe").exists() or os.name == "nt", program
