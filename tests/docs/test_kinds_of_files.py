"""The table of kinds of files names tests that exist: a row whose test went away is no promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "kinds-of-files.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[tuple[str, str, str]]:
    """Kind, what becomes of it, and its tests, from every table of the page."""
    found: list[tuple[str, str, str]] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and not set(cells[0]) <= set("-: ") and cells[0] != "kind":
            found.append((cells[0], cells[1], cells[2]))
    return found


def test_the_page_has_a_table() -> None:
    assert len(rows()) > 30


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:50])
def test_every_row_names_tests_that_exist(row: tuple[str, str, str]) -> None:
    kind, becomes, tests = row
    named = TEST.findall(tests)
    assert kind
    assert becomes
    assert named, f"no test stands for: {kind}"
    for file, name in named:
        assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), f"{file}::{name}"


def test_a_row_whose_test_is_gone_would_be_found() -> None:
    assert TEST.findall("`tests/io/test_nrrd.py::test_no_such_test`") == [("tests/io/test_nrrd.py", "test_no_such_test")]
    assert "def test_no_such_test(" not in (ROOT / "tests/io/test_nrrd.py").read_text(encoding="utf-8")
