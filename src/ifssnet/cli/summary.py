"""An evaluation's summary in words: the same wherever methods were compared."""

from __future__ import annotations

from typing import Any

from ifssnet.cli.terminal import Terminal

COLUMNS = {
    "Dice": "dice",
    "HD95 mm": "hausdorff95_mm",
    "ASD mm": "asd_mm",
    "volume error %": "whole_absolute_volume_error_percent",
}


def show_summary(summary: dict[str, Any], title: str, terminal: Terminal, *, timed: bool = False) -> None:
    """A line a method, how wrong the labels are known to be, and what failed.

    Args:
        summary: As `evaluate` returns it.
        title: Of the table.
        terminal: How to talk.
        timed: Whether the seconds a leg are shown.
    """
    rows: list[tuple[Any, ...]] = []
    for label in summary["about"]["methods"]:
        means = [_mean_of(summary, metric, label) for metric in COLUMNS.values()]
        rows.append((label, *means, *([summary["cost"][label]["seconds_mean"]] if timed else [])))
    terminal.answer_table(title, ("method", *COLUMNS, *(["s a leg"] if timed else [])), rows)
    if label_error := summary["about"]["cohort"]["label_error"]:
        terminal.say(label_error)
    for failure in summary["failed"]:
        terminal.say(f"failed: {failure['method']} on {failure['case']}: {failure['error']}")


def _mean_of(summary: dict[str, Any], metric: str, label: str) -> float | None:
    return summary["metrics"].get(metric, {}).get("mean", {}).get(label, {}).get("mean")
