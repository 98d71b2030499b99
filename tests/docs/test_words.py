"""One concept, one name (docs/concepts/glossary.md): words of our own that readers had to guess do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ROOMS = sorted(folder.name for folder in (ROOT / "src" / "ifssnet").iterdir() if folder.is_dir())

WORDS = {
    r"knots?": "annotated group",
    r"way back": "projecting to frames",
    r"put(s|ting)? back": "restore (masks), paste (regions)",
    r"(un)?steady|(un)?steadiness": "smooth seeds, border scatter",
    r"pieces? of": "gap, part, or what it is",
    r"(is|are|was|were|be|been) (not )?told": "knows, is given, is reported",
    r"stretch(es)? (of|that|where|along|between)": "gap, or run",
    r"look before": "preflight",
    r"(?<!\w )(?<!\w, )Of [a-z]": "a sentence with a verb",
    r"so[- ]many?[- ]?(th|ieth)": "every fourth, every n-th, or the number's name",
    r"drawn places?": "annotated group",
    r"(unsteady|drawing) hands?": "border scatter, the annotator's errors",
    r"so many": "this many, the number of",
}
"""What must not appear, and what to write instead."""

NAMES = re.compile(r"_*(\w+_)?(told|knots?|(un)?steady|steadiness|way_back|put_back)(_\w+)?")
"""Names of code that say the same words."""


def found_in(text: str) -> list[str]:
    """Which of the words stand in a text. Code is not held to them, nor the name of a spline's end condition."""
    plain = re.sub(r"not-a-knot", "", re.sub(r"`[^`\n]*`", "", text))
    return [f"{match[0]} (write: {better})" for word, better in WORDS.items() for match in re.finditer(rf"\b(?:{word})", plain)]


@cache
def syntax(file: Path) -> ast.Module:
    """A file's syntax; two tests look at it."""
    return ast.parse(file.read_text(encoding="utf-8"))


def docstrings(file: Path) -> Iterator[str]:
    """Docstrings of a module, its classes, its functions and its constants."""
    for node in ast.walk(syntax(file)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def names_in(file: Path) -> Iterator[str]:
    """What a file defines: modules, functions, classes, arguments and variables, fields of classes among them."""
    yield file.stem
    for node in ast.walk(syntax(file)):
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                yield node.name
            case ast.arg():
                yield node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.id


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_use_the_words_of_the_glossary(page: Path) -> None:
    """Pages of measurements are left out: they name settings and conditions as they were when they were measured."""
    if not page.relative_to(ROOT).as_posix().startswith("docs/experiments"):
        assert found_in(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_use_the_words_of_the_glossary(room: str) -> None:
    files = (ROOT / "src" / "ifssnet" / room).rglob("*.py")
    assert {file.name: words for file in files if (words := [w for text in docstrings(file) for w in found_in(text)])} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_names_of_code_use_the_words_of_the_glossary(room: str) -> None:
    files = (ROOT / "src" / "ifssnet" / room).rglob("*.py")
    assert {file.name: names for file in files if (names := sorted(filter(NAMES.fullmatch, names_in(file))))} == {}


def test_the_list_finds_what_it_names() -> None:
    assert NAMES.fullmatch("_told")
    assert NAMES.fullmatch("groups_told")
    assert not NAMES.fullmatch("knotted")
    assert found_in("The knots are told") != []
    assert found_in("One piece of it") != []
    assert found_in("A spline (not-a-knot) through `knots`") == []
    assert found_in("seed: Of everything.") != []
    assert found_in("every so-many-th, the so manieth") == [
        "so-many-th (write: every fourth, every n-th, or the number's name)",
        "so manieth (write: every fourth, every n-th, or the number's name)",
    ]
    assert {"propagate", "phantom", "io"} <= set(ROOMS)
