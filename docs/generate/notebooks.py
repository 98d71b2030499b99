"""The notebooks as pages of the site: each is run when the site is built, so that its pictures are never old.

The repository holds the notebooks without what they print and draw. `mkdocs serve` shows them as they are, without running
them.
"""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient

FOLDER = "notebooks"
PICTURES = {"image/png": "png", "image/svg+xml": "svg"}
TERMINAL_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|.*\r(?!\n)")
WHERE_WARNED = re.compile(r"^(?:/|[A-Z]:\\).*?:\d+: (?=\w+: )")
SECONDS_A_CELL = 600
_command: list[str] = []


def executed(source: Path, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook in a folder.

    Args:
        source: The notebook's file; it stays as it is.
        folder: Where the notebook finds and leaves its files.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell of the notebook failed.
    """
    book = nbformat.read(str(source), as_version=4)
    # As in an activated environment: `!ifss …` in a cell finds the command beside this Python.
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    client = NotebookClient(book, timeout=SECONDS_A_CELL, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=os.environ | {"PATH": scripts, "TERM": "dumb"})
    return book


def page(book: nbformat.NotebookNode, name: str) -> tuple[str, dict[str, bytes]]:
    """A notebook as Markdown.

    Args:
        book: The notebook, run or not.
        name: Of its file, without the suffix.

    Returns:
        The text, and its pictures by the path that the text has for them.
    """
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for number, cell in enumerate(book.cells):
        if cell.cell_type == "markdown":
            parts.append(re.sub(r"\(([\w-]+)\.ipynb\)", r"(\1.md)", cell.source))
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for place, output in enumerate(cell.outputs):
            kind = next((each for each in PICTURES if each in output.get("data", {})), None)
            if kind is None:
                parts.extend(words_of(output))
                continue
            path = f"{name}-pictures/{number}-{place}.{PICTURES[kind]}"
            data = output["data"][kind]
            pictures[path] = base64.b64decode(data) if kind == "image/png" else data.encode("utf-8")
            parts.append(f"![What this cell shows]({path})")
    first, *others = parts
    return "\n\n".join([first, f"[This page as a notebook]({name}.ipynb)", *others]) + "\n", pictures


def words_of(output: dict[str, Any]) -> Iterator[str]:
    """What a cell printed or returned, without a terminal's colours and without where a warning came from."""
    data = output.get("data", {})
    if "text/markdown" in data:
        yield data["text/markdown"]
        return
    plain = TERMINAL_CODES.sub("", output.get("text") or data.get("text/plain", ""))
    lines = [WHERE_WARNED.sub("", line) for line in plain.splitlines()]
    # The second line of a Python warning is the code that warned.
    kept = [line for line in lines if not (output.get("name") == "stderr" and line.startswith("  "))]
    if text := "\n".join(kept).strip():
        yield f"```text\n{text}\n```"


def on_startup(command: Literal["build", "gh-deploy", "serve"], **_: Any) -> None:
    """Remember whether this is a build (an event of mkdocs)."""
    _command[:] = [command]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each notebook (an event of mkdocs)."""
    for source in sorted((Path(config.docs_dir) / FOLDER).glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            serving = _command == ["serve"]
            book = nbformat.read(str(source), as_version=4) if serving else executed(source, Path(folder))
        text, pictures = page(book, source.stem)
        files.append(File.generated(config, f"{FOLDER}/{source.stem}.md", content=text))
        for path, content in pictures.items():
            files.append(File.generated(config, f"{FOLDER}/{path}", content=content))
    return files
