"""An evaluation's summary in words: the same wherever methods were compared."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from ifssnet.cli.terminal import Terminal
from ifssnet.core.results.evaluation_results import MEAN, Results, Summary

COLUMNS = {
    "Dice": "dice",
    "HD95 mm": "hausdorff95_mm",
    "ASD mm": "asd_mm",
    "volume error %": "whole_absolute_volume_error_percent",
}


def show_summary(results: Results, title: str, terminal: Terminal, *, timed: bool = False) -> None:
    """A line for each method, and how wrong the labels are known to be.

    Args:
        results: The results with their summary.
        title: The table's title.
        terminal: How to talk.
        timed: Whether the seconds for a leg are shown.
    """
    summary = results.summary
    if summary is None:
        return
    rows = [
        (
            label,
            *(_mean(summary, metric, label) for metric in COLUMNS.values()),
            *([summary.cost[label].seconds_mean] if timed else []),
        )
        for label in results.methods
    ]
    terminal.answer_table(title, ("method", *COLUMNS, *(["s a leg"] if timed else [])), rows)
    if label_error := results.about.cohort.label_error:
        terminal.say(label_error)


def end_where_runs_failed(results: Iterable[Results], terminal: Terminal) -> None:
    """Name the runs that failed, whatever else is printed; the tables and pages of the others are written by then.

    Raises:
        typer.Exit: With code 1, where any failed.
    """
    failed = [failure for each in results for failure in each.absences.failed]
    for failure in failed:
        terminal.warn(f"failed: {failure.method} on {failure.case}: {failure.error}")
    if failed:
        raise typer.Exit(1)


def _mean(summary: Summary, metric: str, label: str) -> float | None:
    found = summary.metrics.get(metric, {}).get(MEAN, {}).get(label)
    return None if found is None else found.mean
