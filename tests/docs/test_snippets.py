"""The README and every page of the docs do what they show: see `snippets.py` for what a page may say about its blocks."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conventional_files import make_conventional_files
from snippets import Snippet, carry_out, snippets

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(path.relative_to(REPOSITORY) for path in [*(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "README.md"])
WITH_SNIPPETS = [page for page in PAGES if list(snippets((REPOSITORY / page).read_text(encoding="utf-8")))]


FROM_NOTHING = [page for page in WITH_SNIPPETS if page.name == "README.md" or "tutorials" in page.parts]
"""The README and the tutorials make every file that they use; other pages take the docs' usual ones for granted."""
LONG = [*FROM_NOTHING, Path("docs/concepts/digital-leg.md")]
"""A minute of work each: run by `make test-all`; `make test` parses their commands and tries their imports."""


@pytest.fixture(scope="module")
def conventional(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("conventional")
    return folder, make_conventional_files(folder)


def _carry_out_page(page: Path, folder: Path, names: dict[str, Any], runs: bool = True) -> None:
    with contextlib.chdir(folder):
        for snippet in snippets((REPOSITORY / page).read_text(encoding="utf-8")):
            try:
                carry_out(replace(snippet, runs=snippet.runs and runs), folder, names, page in FROM_NOTHING)
            except BaseException as error:
                error.add_note(f"{page}:{snippet.line}")
                raise


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.slow] if page in LONG else []) for page in WITH_SNIPPETS],
    ids=lambda page: page.as_posix(),
)
def test_a_page_does_what_it_shows(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Readers have the weights that come with the package.
    monkeypatch.delenv("IFSSNET_WEIGHTS")
    names: dict[str, Any] = {}
    if page not in FROM_NOTHING:
        folder, usual = request.getfixturevalue("conventional")
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
        names |= usual
    _carry_out_page(page, tmp_path, names)


@pytest.mark.parametrize("page", LONG, ids=lambda page: page.as_posix())
def test_a_long_page_names_commands_options_and_modules_that_exist(page: Path, tmp_path: Path) -> None:
    _carry_out_page(page, tmp_path, {}, runs=False)


def test_blocks_are_found_with_what_is_said_of_them() -> None:
    page = """Words.

<!-- run first
ifss phantom leg -o leg
-->

```console
$ ifss info leg/x1.mha   # what is it?
a table
```

<!-- not run: takes hours -->

```sh
ifss train legs
```

```python
1 / 0
```
"""
    assert list(snippets(page)) == [
        Snippet("sh", "ifss phantom leg -o leg\n", 3, True),
        Snippet("console", "$ ifss info leg/x1.mha   # what is it?\na table\n", 7, True),
        Snippet("sh", "ifss train legs\n", 14, False),
        Snippet("python", "1 / 0\n", 18, True),
    ]


@pytest.mark.parametrize(
    ("kind", "text", "runs"),
    [
        ("sh", "ifss info nothing-here.mha", True),
        ("sh", "ifss no-such-command", False),
        ("sh", "ifss segment leg.mha --no-such-option", False),
        ("sh", "make no-such-target", False),
        ("sh", "pip install '.[no-such-extra]'", False),
        ("sh", "python benchmarks/no_such_file.py", False),
        ("sh", "cd somewhere", True),
        ("python", "1 / 0", True),
        ("python", ">>> 1 + 1\n3\n", True),
        ("python", "from ifssnet.core.grid import NoSuchName", False),
        ("python", "def f(:", False),
        ("json", "{", True),
        ("toml", "a = ", True),
    ],
)
def test_a_snippet_that_does_not_work_is_found(kind: str, text: str, runs: bool, tmp_path: Path) -> None:
    with pytest.raises(BaseException):  # noqa: B017 - each kind has an error of its own
        carry_out(Snippet(kind, text, 1, runs), tmp_path, {})


@pytest.mark.slow
def test_a_real_shell_runs_loops_and_stops_at_the_first_error(tmp_path: Path) -> None:
    carry_out(
        Snippet("sh", "for x in a b; do\n  ifss --version > $x.txt\ndone\nmake test\n", 1, True), tmp_path, {}, real_shell=True
    )
    assert (tmp_path / "b.txt").read_text(encoding="utf-8")[0].isdigit()
    with pytest.raises(AssertionError, match="nothing-here"):
        carry_out(Snippet("sh", "ifss info nothing-here.mha\nifss --version", 1, True), tmp_path, {}, real_shell=True)


def test_python_of_a_page_remembers(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    carry_out(Snippet("python", "x = 3", 1, True), tmp_path, names)
    carry_out(Snippet("python", ">>> x + 1\n4\n", 1, True), tmp_path, names)
    assert names["x"] == 3
