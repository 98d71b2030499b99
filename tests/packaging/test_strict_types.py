"""All of the package is checked strictly; where a check is switched off, the file says why, and it is one of a few."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "ifssnet"
UNTYPED = {"geometry/untyped.py", "measurement/statistics/distributions.py", "nn/blocks/depthwise.py"}
"""Where libraries without types enter."""


def test_strict_types_hold_in_the_whole_package() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pyright"]
    assert settings["strict"] == settings["include"] == ["src"]
    assert not {"ignore", "exclude"} & settings.keys()


def test_a_check_is_switched_off_only_where_untyped_libraries_enter() -> None:
    pragma = re.compile(r"#\s*(?:type:\s*ignore|pyright:)")
    files = {file.relative_to(PACKAGE).as_posix(): file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")}
    assert {name for name, text in files.items() if pragma.search(text)} == UNTYPED
    for name in UNTYPED:
        lines = files[name].splitlines()
        first = next(i for i, line in enumerate(lines) if pragma.search(line))
        reason_above = lines[first - 1].startswith("# ")
        assert reason_above or re.search(r"\] - \w", lines[first]), name


def test_only_the_edge_of_files_asks_whether_a_value_is_a_table() -> None:
    """Elsewhere results are dataclasses. A checkpoint is a file, too, but torch reads it, which `io/` does not know."""
    asked = re.compile(r"isinstance\([^()]*\bdict\b")
    files = {file.relative_to(PACKAGE): file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")}
    found = {name.as_posix() for name, text in files.items() if asked.search(text) and name.parts[0] != "io"}
    assert found == {"train/loop/checkpoint.py"}
