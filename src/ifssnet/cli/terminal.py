"""Words and progress bars. Answers go to standard output, everything else to standard error."""

from __future__ import annotations

import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from ifssnet.cli.interruption import interruptible
from ifssnet.core.errors import InputError, silence_libraries
from ifssnet.core.findings import Finding
from ifssnet.core.progress import Progress, drain
from ifssnet.io.plain_data import plain

Result = TypeVar("Result")

SILENCE_S = 5.0
"""Work that is longer says how far it is, where its output goes into a file or another program too."""


@dataclass(frozen=True)
class Terminal:
    """How one command talks.

    Attributes:
        quiet: No bars and no remarks; errors and warnings stay.
        verbose: The stages of the work, and how long it took, as well.
        as_json: The answer is JSON on standard output, and nothing else is there.
    """

    quiet: bool = False
    verbose: bool = False
    as_json: bool = False
    out: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False, soft_wrap=True))
    said: list[Finding] = field(default_factory=list["Finding"])

    def run(self, work: Generator[Progress, None, Result]) -> Result:
        """Run long work to its end behind a progress bar, and return its result."""
        started = time.perf_counter()
        try:
            return self._watched(self._with_findings(work))
        finally:
            self.detail(f"{time.perf_counter() - started:.1f} s")

    def work(self, what: str, compute: Callable[[], Result]) -> Result:
        """Run work that cannot say how far it is; on a terminal something turns while it lasts."""

        def once() -> Generator[Progress, None, Result]:
            yield Progress(what, 0, 1)
            return compute()

        return self.run(once())

    def _with_findings(self, work: Generator[Progress, None, Result]) -> Generator[Progress, None, Result]:
        """The same work; its findings are printed as they come."""
        while True:
            try:
                progress = next(work)
            except StopIteration as stop:
                return stop.value
            self.tell(progress.findings)
            yield progress

    def _watched(self, work: Generator[Progress, None, Result]) -> Result:
        with interruptible() as stop_if_asked:
            return self._listened(work, stop_if_asked)

    def _listened(self, work: Generator[Progress, None, Result], stop_if_asked: Callable[[], None]) -> Result:
        if self.quiet or not self.err.is_terminal:
            return drain(work, self._lines(stop_if_asked))
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bars(*columns, console=self.err, transient=not self.verbose) as bars:
            tasks: dict[str, TaskID] = {}

            def listen(progress: Progress) -> None:
                stop_if_asked()
                # One step is not a bar that stands at nothing until it is over, but one that moves.
                total = progress.total if progress.total > 1 or progress.done else None
                if progress.stage not in tasks:
                    tasks[progress.stage] = bars.add_task(escape(progress.stage), total=total)
                words = f"{progress.stage}: {progress.note}" if progress.note else progress.stage
                bars.update(tasks[progress.stage], completed=progress.done, total=total, description=escape(words))

            return drain(work, listen)

    def _lines(self, stop_if_asked: Callable[[], None]) -> Callable[[Progress], None]:
        """Without bars: how far it is, every few seconds; each stage as it begins for those who asked for details."""
        seen: set[str] = set()
        said = time.perf_counter()

        def listen(progress: Progress) -> None:
            nonlocal said
            stop_if_asked()
            now = time.perf_counter()
            if progress.stage not in seen and self.verbose:
                self.detail(f"{progress.stage} ...")
                said = now
            elif now - said >= SILENCE_S:
                self.say(f"{progress.stage}: {progress.done} of {progress.total}")
                said = now
            seen.add(progress.stage)

        return listen

    def say(self, text: str) -> None:
        """A remark for a person."""
        if not self.quiet:
            self.err.print(escape(text))

    def warn(self, text: str) -> None:
        """What stands whatever the reader asked for."""
        self.err.print(escape(text))

    def tell(self, findings: Iterable[Finding]) -> None:
        """Remarks that stand whatever the reader asked for, but for notes; each of them once."""
        for finding in findings:
            if finding in self.said:
                continue
            self.said.append(finding)
            words = f"{finding.severity}: {finding.text} {finding.remedy}".rstrip()
            if finding.severity == "note":
                self.say(words)
            else:
                self.err.print(escape(words))

    def detail(self, text: str) -> None:
        """A remark for a person who asked for details."""
        if self.verbose:
            self.err.print(escape(text), style="dim")

    def answer_json(self, answer: object) -> None:
        """The answer, for a program: a dataclass or plain data; NaN becomes null."""
        # JSON has escapes of its own for what the output's encoding lacks.
        plainly = not (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf8")
        sys.stdout.write(json.dumps(plain(answer), indent=2, ensure_ascii=plainly, allow_nan=False) + "\n")

    def answer_table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """The answer, for a person: text to the left, numbers to the right.

        Columns of numbers that do not fit the terminal's width go on in a table below, under the same first column.
        """
        cells = [[cell if isinstance(cell, str) else written(cell) for cell in row] for row in rows]
        widths = [max(len(text) for text in (column, *(row[i] for row in cells))) for i, column in enumerate(columns)]
        numeric = [all(row[i] == "-" or row[i][:1] in "-+0123456789" for row in cells) for i in range(len(columns))]
        parts = _parts(widths, self.out.width) if all(numeric[1:]) else [range(1, len(columns))]
        for part in parts:
            table = Table(title=escape(title), title_justify="left")
            for i in (0, *part):
                # What does not fit goes on in the next line: half a number or half a name is worse than a tall table.
                right = numeric[i] and bool(cells)
                table.add_column(escape(columns[i]), justify="right" if right else "left", overflow="fold")
            for row in cells:
                table.add_row(*(escape(row[i]) for i in (0, *part)))
            self.out.print(table)


def _parts(widths: Sequence[int], room: int) -> list[Sequence[int]]:
    """The columns after the first, in tables that fit the room; a column that never fits stands alone.

    >>> _parts([10, 5, 5, 5], 80)
    [[1, 2, 3]]
    >>> _parts([10, 20, 20, 20], 64)
    [[1, 2], [3]]
    """
    parts: list[list[int]] = [[]]
    # A column takes its text, a blank on both sides and a line; the table has one line more.
    taken = start = widths[0] + 4
    for place, width in enumerate(widths[1:], start=1):
        if parts[-1] and taken + width + 3 > room:
            parts.append([])
            taken = start
        parts[-1].append(place)
        taken += width + 3
    return list(parts)


def written(value: object) -> str:
    """A value as a person reads it: four significant digits, a dash for what is not there."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, list | tuple):
        return " x ".join(written(item) for item in cast("Sequence[object]", value))
    return str(value)


def show_error(error: InputError) -> None:
    """The three lines that a user gets instead of a traceback."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]Error[/]  expected {escape(error.expected)}")
    console.print(f"       got      {escape(error.received)}")
    console.print(f"       {escape(error.remedy)}")


def print_any_character() -> None:
    """Print what the output's encoding lacks as an escape: Windows' code pages lack characters that names have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def show_warnings() -> None:
    """Print what the house warns about as one line on standard error; what libraries warn of or log stays unseen."""
    silence_libraries()
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    def show(message: Warning | str, *_: object, **__: object) -> None:
        console.print(f"[yellow]Warning[/] {escape(str(message))}")

    warnings.showwarning = show
