"""What works on one system and not on another: encodings of text, ends of lines, and calls that Windows does not have."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ifssnet import Grid, Volume, save
from ifssnet.core.machine import memory as machine

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = ("src", "tests", "tools", "benchmarks", "recipes", "docs/generate")
NOT_ON_WINDOWS = {
    *("os.fork", "os.sysconf", "os.sysconf_names", "os.getuid", "os.geteuid", "os.mkfifo", "os.killpg", "os.chown"),
    *("signal.SIGKILL", "signal.SIGALRM", "signal.SIGHUP", "signal.setitimer", "signal.alarm"),
}
NO_MODULES_OF_WINDOWS = {"fcntl", "resource", "pwd", "grp", "termios"}
# These ask first whether the system has what they use.
ASK_FIRST = {"src/ifssnet/core/machine/memory.py"}


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _text_mode(node: ast.Call) -> str | None:
    """The mode of a call that opens a file for text; None for everything else."""
    name = _called(node)
    if name in ("read_text", "write_text"):
        return name[0]
    if name != "open":
        return None
    places = node.args if isinstance(node.func, ast.Attribute) else node.args[1:]
    mode = places[0] if places else next((word.value for word in node.keywords if word.arg == "mode"), ast.Constant("r"))
    if isinstance(mode, ast.Constant) and isinstance(mode.value, str) and set(mode.value) <= set("rwaxt+"):
        return mode.value
    return None


def careless(source: str, own_lines: bool) -> Iterator[str]:
    """Places where text is read or written in whichever encoding, or with whichever ends of lines, the system has."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(word.arg is None for word in node.keywords):
            continue
        words = {word.arg for word in node.keywords}
        mode = _text_mode(node)
        if mode is not None and "encoding" not in words:
            yield f"line {node.lineno}: {_called(node)} without an encoding"
        if own_lines and mode is not None and mode[0] in "wax" and "newline" not in words:
            yield f"line {node.lineno}: {_called(node)} without newline: Windows would end lines otherwise"
        if _called(node) in ("run", "Popen", "check_output") and "text" in words and "encoding" not in words:
            yield f"line {node.lineno}: {_called(node)} with text and without an encoding"


def _texts(room: str) -> Iterator[tuple[str, str]]:
    for path in sorted((REPOSITORY / room).rglob("*.py")):
        yield path.relative_to(REPOSITORY).as_posix(), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("room", ROOMS)
def test_text_has_an_encoding_and_what_we_write_has_the_same_lines_everywhere(room: str) -> None:
    found = [f"{name}, {place}" for name, text in _texts(room) for place in careless(text, own_lines=room == "src")]
    assert not found


def test_careless_text_is_found() -> None:
    source = "\n".join(
        [
            "path.read_text()",
            "path.open()",
            "open(path, 'w', newline='')",
            "path.write_text(text, encoding='utf-8')",
            "subprocess.run(words, text=True)",
            "path.open('rb'), archive.open(name), path.read_text(encoding='utf-8'), open(path, mode='wb')",
        ]
    )
    assert [found.split(":")[0] for found in careless(source, own_lines=True)] == [f"line {n}" for n in (1, 2, 3, 4, 5)]
    assert len(list(careless(source, own_lines=False))) == 4


def test_the_package_calls_nothing_that_windows_lacks() -> None:
    found: list[str] = []
    for name, text in _texts("src"):
        nodes = list(ast.walk(ast.parse(text)))
        imported = {each.name.partition(".")[0] for node in nodes if isinstance(node, ast.Import) for each in node.names}
        used = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}
        # Who asks for the system first may have what only some systems have.
        lacking = set() if "sys.platform" in text else imported & NO_MODULES_OF_WINDOWS
        lacking |= set() if name in ASK_FIRST else used & NOT_ON_WINDOWS
        found += [f"{name}: {each}" for each in sorted(lacking)]
    assert not found


ONLY_POSIX = {"symlink_to", "mkfifo", "SIGKILL", "SIGALRM", "setrlimit", "is_char_device"}


def test_tests_that_windows_cannot_run_say_so() -> None:
    found: list[str] = []
    for name, text in _texts("tests"):
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            used = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)} & ONLY_POSIX
            marked = any("posix" in ast.unparse(each) or "skipif" in ast.unparse(each) for each in node.decorator_list)
            if used and not marked:
                found.append(f"{name}: {node.name} uses {', '.join(sorted(used))}")
    assert not found


def test_without_a_word_from_the_system_the_memory_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, left = machine.total_memory(), machine.available_memory()
    assert whole is None or left is None or 0 < left <= whole
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert machine.total_memory() is None


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_name_that_the_terminal_cannot_show_is_written_with_escapes(encoding: str, tmp_path: Path) -> None:
    name = "Wadé→.mha"
    save(Volume(np.zeros((2, 3, 4), np.uint8), Grid((2, 3, 4))), tmp_path / name)
    said = subprocess.run(
        [sys.executable, "-m", "ifssnet", "info", name, "--json"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )
    assert json.loads(said.stdout.decode(encoding))["path"] == name
