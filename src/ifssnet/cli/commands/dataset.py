"""`ifss dataset`: public data sets, fetched and looked over."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ifssnet.cli.options import Json, Quiet
from ifssnet.cli.overruled import needs
from ifssnet.cli.terminal import Terminal, written
from ifssnet.core.errors import InputError

if TYPE_CHECKING:
    from ifssnet.workflow.cohorts.dataset import Plan, Source
    from ifssnet.workflow.cohorts.dataset_check import CheckedCohort


def leg_3d_us(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The data set's folder, there or to be made.")],
    *,
    download: Annotated[bool, typer.Option("--download", help="Fetch what is missing, resume what broke.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "--accept-licence", help="Accept the licence without being asked.")] = False,
    base_url: Annotated[str | None, typer.Option("--base-url", help="Fetch from a mirror; the hashes stay.")] = None,
    keep_archives: Annotated[bool, typer.Option("--keep-archives", help="Keep the zip files after unpacking.")] = False,
    headers_only: Annotated[bool, typer.Option("--headers-only", help="Check without reading the label maps.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fetch LEG-3D-US, the paper's 44 legs, or check and list what is there of it.

    Shows the licence and what to cite before it starts. Exit code 1 when something is missing or wrong.

    Example: `ifss dataset leg-3d-us data/leg-3d-us --download`
    """
    from ifssnet.workflow.cohorts.dataset import Source

    needs({"--keep-archives": keep_archives}, "--download", download)
    source = Source() if base_url is None else Source(base_url=base_url)
    ask = _ask if sys.stdin.isatty() else None
    checked = dataset_command(
        folder,
        source,
        Terminal(quiet, as_json=json),
        download=download,
        yes=yes,
        keep_archives=keep_archives,
        headers_only=headers_only,
        ask=ask,
    )
    if checked is None or not checked.complete:
        raise typer.Exit(1)


def shown(json: Json = False, quiet: Quiet = False) -> object:
    """List public data sets of muscle ultrasound, with their licences and what this package does with them.

    Example: `ifss dataset list`
    """
    from ifssnet.workflow.cohorts.public_slices import public_sets

    terminal, found = Terminal(quiet, as_json=json), public_sets()
    if json:
        terminal.answer_json(list(found))
        return found
    rows = [(each.name, each.content, each.licence, each.page, each.use) for each in found]
    terminal.answer_table("Public data sets", ("name", "what", "licence", "page", "here"), rows)
    return found


def dlsegmskneurodisease(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that the data set was unpacked into.")],
    *,
    json: Json = False,
    quiet: Quiet = False,
) -> object:
    """Look over an unpacked DLSegMskNeuroDisease: single slices of three muscles, each with a mask.

    Fetch it by hand from the page that `ifss dataset list` names. Exit code 1 when something is missing or wrong.

    Example: `ifss dataset dlsegmskneurodisease data/dlseg`
    """
    from ifssnet.workflow.cohorts.public_slices import check_slices

    terminal = Terminal(quiet, as_json=json)
    checked = terminal.run(check_slices(folder))
    if json:
        terminal.answer_json(checked)
    else:
        terminal.answer_table(f"Images with a mask in {folder}", ("muscle, condition", "pairs"), list(checked.pairs.items()))
        for problem in checked.problems:
            terminal.err.print(problem, markup=False)
    if not checked.complete:
        raise typer.Exit(1)
    return checked


def dataset_command(
    folder: Path,
    source: Source,
    terminal: Terminal,
    *,
    download: bool = False,
    yes: bool = False,
    keep_archives: bool = False,
    headers_only: bool = False,
    ask: Callable[[], bool] | None = None,
) -> CheckedCohort | None:
    """Fetch if asked to, then check and list.

    Args:
        folder: The data set's folder.
        source: Where its archives come from.
        terminal: How to talk.
        download: Whether to fetch what is missing.
        yes: Whether the user has accepted the licence already.
        keep_archives: Whether the zip files stay.
        headers_only: Whether to leave the label maps unread.
        ask: Asks a person for consent; None where there is none to ask.

    Returns:
        What was found; None when the person did not consent, and nothing was fetched.

    Raises:
        InputError: Consent is needed and there is nobody to ask, and whatever fetching and opening raise.
    """
    from ifssnet.workflow.cohorts.dataset import fetch, plan_fetch
    from ifssnet.workflow.cohorts.dataset_check import check_folder

    if download:
        terminal.say(f"Looking at {folder} and asking {source.base_url} for what is missing ...")
        plan = plan_fetch(folder, source, keep_archives)
        if plan.archives:
            show_terms(plan, terminal)
            if not (yes or _consent(ask)):
                terminal.say("Nothing was fetched.")
                return None
            terminal.run(fetch(plan))
    checked = terminal.run(check_folder(folder, source.archives, read_labels=not headers_only))
    if terminal.as_json:
        terminal.answer_json(checked.as_plain())
    else:
        _show_cases(checked, terminal)
    return checked


def show_terms(plan: Plan, terminal: Terminal) -> None:
    """Licence, citation, facts and sizes: always shown before anything is fetched, `--quiet` or not."""
    for line in plan.terms:
        terminal.err.out(line, highlight=False)


def _consent(ask: Callable[[], bool] | None) -> bool:
    if ask is None:
        raise InputError(
            "consent to the data set's licence", "no terminal to ask on", "Add --yes (or --accept-licence) to accept it."
        )
    return ask()


def _ask() -> bool:
    return typer.confirm("Do you accept the licence, and fetch it now?", err=True)


def _show_cases(checked: CheckedCohort, terminal: Terminal) -> None:
    names = checked.cohort.label_names
    rows = [
        (
            entry.case.split,
            entry.case.name,
            "-" if entry.grid is None else written(tuple(reversed(entry.grid.shape_zyx))),
            "-" if entry.grid is None else written(entry.grid.spacing_xyz_mm),
            "not read" if entry.labels is None else ", ".join(names.get(value, str(value)) for value in entry.labels),
            "; ".join(entry.problems) or "ok",
        )
        for entry in checked.cases
    ]
    title = f"{checked.cohort.name}: {checked.cohort.root}"
    terminal.answer_table(title, ("split", "case", "voxels x, y, z", "spacing mm", "labels", "check"), rows)
    counts = ", ".join(f"{len(checked.cohort.of_split(split))} {split}" for split in checked.cohort.splits)
    terminal.say(f"{len(checked.cases)} cases ({counts}). Licence: {checked.cohort.licence or 'not stated'}.")
    for note in checked.cohort.notes:
        terminal.say(note)
    if checked.ignored:
        terminal.say(f"{len(checked.ignored)} entries of the archives belong to no case: {', '.join(checked.ignored[:5])}")
    for missing in checked.missing:
        terminal.err.print(f"missing: {missing}", markup=False)
    if checked.remedy:
        terminal.err.print(checked.remedy, markup=False)
