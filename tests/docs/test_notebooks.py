"""The notebooks run from the first cell to the last, and their pages show what they draw."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((REPOSITORY / "docs" / "notebooks").glob("*.ipynb"))
nbformat = pytest.importorskip("nbformat")


@pytest.fixture
def notebooks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(REPOSITORY / "docs" / "generate"))
    module = pytest.importorskip("notebooks")
    sys.modules.pop("notebooks")
    return module


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_what_it_shows_and_the_site_lists_it(path: Path) -> None:
    book = nbformat.read(str(path), as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert set(book.metadata) == {"kernelspec", "language_info"}
    lines = [line for cell in book.cells for line in cell.source.splitlines()]
    assert max(map(len, lines)) <= 128
    assert f"notebooks/{path.stem}.md" in (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")


def test_there_are_two_and_the_site_runs_them() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["first-leg", "your-own-cohort"]
    assert "docs/generate/notebooks.py" in (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_its_page_shows_its_pictures(path: Path, tmp_path: Path, notebooks: ModuleType) -> None:
    text, pictures = notebooks.page(notebooks.executed(path, tmp_path), path.stem)
    assert len(pictures) >= 4
    for name, content in pictures.items():
        assert f"]({name})" in text
        if name.endswith(".png"):
            assert np.ptp(np.asarray(Image.open(io.BytesIO(content)))) > 100
        else:
            assert content.count(b"<") > 10
    assert str(REPOSITORY) not in text
    assert "\x1b" not in text
    # A progress bar would be there a hundred times.
    assert "-:--:--" not in text


def test_a_cell_that_fails_fails_the_build(tmp_path: Path, notebooks: ModuleType) -> None:
    v4 = nbformat.v4
    source = tmp_path / "wrong.ipynb"
    source.write_text(nbformat.writes(v4.new_notebook(cells=[v4.new_code_cell("1 / 0")])), encoding="utf-8")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        notebooks.executed(source, tmp_path)


def test_a_page_has_words_pictures_and_links_to_pages(notebooks: ModuleType) -> None:
    v4 = nbformat.v4
    warned = "/a/b.py:3: InputWarning: two frames are left out\n  check(frames)\n"
    outputs = [
        v4.new_output("stream", name="stdout", text="\x1b[?25l1 of 4\r2 of 4\r\x1b[33mfour\x1b[0m\r\n"),
        v4.new_output("stream", name="stdout", text="\x1b[0m"),
        v4.new_output("stream", name="stderr", text=warned),
        v4.new_output("display_data", data={"image/svg+xml": "<svg/>", "text/plain": "a picture"}),
        v4.new_output("execute_result", data={"text/markdown": "| a |\n|---|"}),
    ]
    cells = [v4.new_markdown_cell("# Title\n\nGo [on](other-one.ipynb)."), v4.new_code_cell("2 + 2", outputs=outputs)]
    text, pictures = notebooks.page(v4.new_notebook(cells=cells), "mine")
    assert text.split("\n\n") == [
        "# Title",
        "Go [on](other-one.md).",
        "[This page as a notebook](mine.ipynb)",
        "```python\n2 + 2\n```",
        "```text\nfour\n```",
        "```text\nInputWarning: two frames are left out\n```",
        "![What this cell shows](mine-pictures/1-3.svg)",
        "| a |\n|---|\n",
    ]
    assert pictures == {"mine-pictures/1-3.svg": b"<svg/>"}
