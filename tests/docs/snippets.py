"""The snippets of a page, in order, and how each kind is carried out.

Every `sh`, `console`, `python`, `toml` and `json` block of a page runs, in one folder and one Python namespace for the page.
The page itself says what differs, in comments that no reader sees:

- `<!-- not run: why -->` before a block: its commands are only parsed against their options, its Python is only compiled and
  its imports of this package are tried.
- `<!-- run first` … `-->` holds lines of commands that make what the next block needs.

The README and the tutorials run in a real shell, as a reader would run them. On other pages `ifss …` runs in this process,
which is faster; of `make`, `pip` and `python` the target, the extra and the file have to exist, and nothing else runs there.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from markdown_it import MarkdownIt

from ifssnet.cli.main import app

REPOSITORY = Path(__file__).resolve().parents[2]
SHELL = ("sh", "console")
KINDS = (*SHELL, "python", "toml", "json")
NOT_RUN = re.compile(r"<!--\s*not run:\s*\S.*?-->", re.DOTALL)
RUN_FIRST = re.compile(r"<!--\s*run first\s*\n(.*?)-->", re.DOTALL)


@dataclass(frozen=True)
class Snippet:
    """One block of a page: its language, its text, the line that it begins on, and whether it is carried out."""

    kind: str
    text: str
    line: int
    runs: bool


def snippets(text: str) -> Iterator[Snippet]:
    """The blocks of a page that can be carried out, those in comments included."""
    runs = True
    for token in MarkdownIt("commonmark").parse(text):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            if first := RUN_FIRST.search(token.content):
                yield Snippet("sh", first[1], line, True)
            runs = not NOT_RUN.search(token.content)
        elif token.type == "fence":
            kind = token.info.split()[0] if token.info else ""
            if kind in KINDS:
                yield Snippet(kind, token.content, line, runs)
            runs = True
        elif token.type.endswith("_open"):
            runs = True


def carry_out(snippet: Snippet, folder: Path, names: dict[str, Any], real_shell: bool = False) -> None:
    """Run, or at least parse, one snippet.

    Args:
        snippet: What to run.
        folder: Where its files are.
        names: What the page's Python knows by now; it grows.
        real_shell: Run in bash, not in this process. In this process, a later command may write what an earlier one
            wrote: they show alternatives.
    """
    if snippet.kind in SHELL:
        for words in commands(snippet.text):
            if words[0] != "ifss":
                _check_program(words, snippet.runs and not real_shell)
            elif not snippet.runs:
                _parse_command(words[1:])
            elif not real_shell:
                _run_command(words[1:], folder)
        if snippet.runs and real_shell:
            _run_in_shell(snippet.text, folder)
    elif snippet.kind == "python":
        _run_python(snippet, names) if snippet.runs else _try_python(snippet)
    elif snippet.kind == "toml":
        tomllib.loads(snippet.text)
    else:
        json.loads(snippet.text)


def commands(text: str) -> list[list[str]]:
    """The words of each line; a line of a console that does not begin with `$` is what was printed."""
    joined = text.replace("\\\n", " ").splitlines()
    prompted = [line.removeprefix("$ ") for line in joined if line.startswith("$ ")]
    split = (shlex.split(line, comments=True) for line in prompted or joined)
    return [words for words in split if words]


def _check_program(words: list[str], runs: bool) -> None:
    """What can be said of a command that is not ours without running it."""
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        missing = set(words[1:]) - set(targets)
    elif words[0] == "pip":
        project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        asked = [extra for word in words for found in re.findall(r"\[(.+)\]", word) for extra in found.split(",")]
        missing = set(asked) - set(project["optional-dependencies"])
    elif words[0] == "python":
        missing = {word for word in words[1:] if word.endswith(".py") and not (REPOSITORY / word).is_file()}
    elif runs:
        raise ValueError(f"'{words[0]}' does not run here: say <!-- not run: why --> before the block")
    else:
        return
    if missing:
        raise ValueError(f"'{' '.join(words)}' names what does not exist: {', '.join(sorted(missing))}")


def _run_command(words: list[str], folder: Path) -> None:
    target = folder / words[-1] if words[-2:-1] == [">"] else None
    expanded: list[str] = []
    for word in words[:-2] if target else words:
        found = [str(path.relative_to(folder)) for path in sorted(folder.glob(word))] if set(word) & set("*?[") else []
        expanded.extend(found or [word])
    if "-o" in expanded:
        (folder / expanded[expanded.index("-o") + 1]).unlink(missing_ok=True)
    said = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(said), contextlib.suppress(typer.Exit):
        app(expanded, standalone_mode=False)
    if target:
        target.write_text(said.getvalue(), encoding="utf-8")


def _run_in_shell(text: str, folder: Path) -> None:
    """What makes and installs is left out: it was done before this test ran."""
    kept = "\n".join(line for line in text.splitlines() if not re.match(r"(make|pip) ", line))
    script = f'ifss() {{ "{Path(sys.executable).as_posix()}" -m ifssnet "$@"; }}\n{kept}\n'
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr


def _parse_command(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    rest = words[: words.index(">") if ">" in words else None]
    while commands_within := getattr(command, "commands", None):
        name, *rest = rest if rest[0] in commands_within or not getattr(command, "default", "") else [command.default, *rest]
        if name not in commands_within:
            raise ValueError(f"there is no command '{name}' in: ifss {' '.join(words)}")
        command = commands_within[name]
    command.make_context(command.name, rest)


def _run_python(snippet: Snippet, names: dict[str, Any]) -> None:
    if snippet.text.startswith(">>>"):
        example = doctest.DocTestParser().get_doctest(snippet.text, names, "page", None, snippet.line)
        failed = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, clear_globs=False)
        names.update(example.globs)
        assert not failed.failed, "the page prints something else"
        return
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(snippet.text, f"line {snippet.line}", "exec"), names)


def _try_python(snippet: Snippet) -> None:
    imports = [part for part in ast.walk(ast.parse(snippet.text)) if isinstance(part, ast.Import | ast.ImportFrom)]
    ours = [part for part in imports if "ifssnet" in ast.unparse(part)]
    exec(compile(ast.Module(list(ours), []), f"line {snippet.line}", "exec"), {})
