"""What holds for every page: short lines, links that lead somewhere, a first paragraph; and every command is listed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import typer.main

from ifssnet.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "recipes").glob("*.md")])
WIDE_TABLES = ("docs/experiments/", "docs/reference/kinds-of-files.md")
WRITTEN_BY_COMMANDS = {"docs/experiments/campaign/table-1.md"}
ROOMS = {folder.name for folder in (ROOT / "src" / "ifssnet").iterdir() if folder.is_dir()}
GENERATED = {f"docs/reference/{name}.md" for name in {"commands", "library", *ROOMS}}
GENERATED |= {f"docs/notebooks/{notebook.stem}.md" for notebook in (ROOT / "docs" / "notebooks").glob("*.ipynb")}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)\s]*)?\)")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def test_lines_are_shorter_than_120_characters() -> None:
    """Rows of tables with measured numbers or with names of tests are as wide as these: Markdown cannot break a row."""
    long = [
        f"{name_of(page)}:{number}"
        for page in PAGES
        if name_of(page) not in WRITTEN_BY_COMMANDS
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) >= 120 and not (line.startswith("|") and name_of(page).startswith(WIDE_TABLES))
    ]
    assert long == []


def test_links_lead_to_files_of_the_repository() -> None:
    generated = {(ROOT / name).resolve() for name in GENERATED}
    broken = [
        f"{name_of(page)}: {target}"
        for page in PAGES
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target)
        and (file := (page.parent / target).resolve()) not in generated
        and not (file.exists() and file.is_relative_to(ROOT))
    ]
    assert broken == []


def test_pages_that_code_names_exist() -> None:
    """A path like docs/concepts/anchored.md in a docstring, a message, a recipe or a card is a page."""
    files = [
        file
        for folder in ("src", "benchmarks", "recipes", "tests")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in {".py", ".toml", ".sh", ".md"} and file != Path(__file__)
    ]
    missing = [
        f"{name_of(file)}: {named}"
        for file in files
        for named in re.findall(r"docs/[\w/.-]+\.md", file.read_text(encoding="utf-8"))
        if not (ROOT / named).exists() and named not in GENERATED
    ]
    assert missing == []


@pytest.mark.parametrize("page", [page for page in PAGES if name_of(page).startswith("docs/")], ids=name_of)
def test_a_page_begins_with_its_title_and_a_paragraph(page: Path) -> None:
    if name_of(page) in WRITTEN_BY_COMMANDS:
        return
    title, blank, text = page.read_text(encoding="utf-8").split("\n", 2)
    first = " ".join(text.partition("\n\n")[0].split())
    assert title.startswith("# ")
    assert not blank
    assert re.match(r"(This (page|tutorial) is for|For) \w", first), "the first paragraph says who needs the page"


def test_the_reference_lists_every_command_and_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "generate"))
    pages = pytest.importorskip("pages")
    try:
        written = pages.commands_page()
        commands = typer.main.get_command(app).commands
        for name, command in commands.items():
            assert re.search(rf"(?m)^## ifss {name}$", written)
            for inner in getattr(command, "commands", {"": command}).values():
                for parameter in inner.params:
                    if parameter.param_type_name == "option":
                        assert parameter.opts[-1] in written
        assert all(f"::: ifssnet.{name}" in pages.library_page() for name in ("segment", "measure", "save"))
        assert "::: ifssnet.core.grid" in pages.room_page("core")
        assert pages.plain_term("--seeds <list[Path]>") == "--seeds PATH"
    finally:
        sys.modules.pop("pages", None)


def test_commands_can_be_copied_as_they_stand() -> None:
    """A prompt before a command is copied with it, and the shell does not know it."""
    prompts = [
        f"{name_of(page)}:{number}"
        for page in PAGES
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if line.startswith(("$ ", "> ifss ", "% "))
    ]
    assert prompts == []
