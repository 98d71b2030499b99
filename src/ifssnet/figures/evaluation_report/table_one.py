"""Table I with the paper's numbers beside ours, and those that the paper gives in its text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ifssnet.core.results.evaluation_results import MEAN, WHOLE, Results
from ifssnet.figures.drawing.method_theme import method_styles
from ifssnet.measurement.statistics.spread import mean_and_sd

COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("dice", "Dice", 3),
    ("iou", "mIoU", 3),
    ("hausdorff_mm", "HDD (mm)", 2),
    ("asd_mm", "ASD (mm)", 3),
    (f"{WHOLE}absolute_volume_error_percent", "Volume error (%)", 2),
)
"""Metric, heading and decimals. The paper's mIoU is a mean of the muscle's IoU: its FBS has .849 at a Dice of .918."""

CAUTION = (
    "The paper's numbers belong to real images and to unknown training hours; ours to the legs, the protocol and the seeds "
    "named here. They stand side by side for their order and size, not as a contest."
)


@dataclass(frozen=True)
class PaperRow:
    """What the paper reports of a method.

    Attributes:
        name: The paper's.
        source: Where in the paper.
        values: In the order of `COLUMNS`; None where it gives none.
        sd: The same.
    """

    name: str
    source: str
    values: tuple[float | None, ...]
    sd: tuple[float | None, ...] = (None,) * len(COLUMNS)


PAPER: Mapping[str, PaperRow] = MappingProxyType(
    {
        "fs": PaperRow("IFSS-Net-FS", "IV-C1", (0.9872, 0.977, 0.578, 0.197, 1.2315), (0.0016, 0.0047, 0.039, 0.026, 0.465)),
        "ws": PaperRow("IFSS-Net-WS", "IV-C1", (0.985, 0.971, 0.728, 0.275, 1.6035), (0.004, 0.006, 0.084, 0.031, 0.587)),
        "pg-net": PaperRow("PG-Net", "IV-C1", (None, None, 18.407, 7.126, 18.617), (None, None, 0.13, 0.16, 3.984)),
        "unet-3d": PaperRow("3D-Unet", "IV-C1", (0.767, 0.678, 13.374, 5.46, 13.013), (0.149, 0.137, 0.125, 0.18, 2.84105)),
        "fill-between-slices": PaperRow("FBS", "Table I", (0.918, 0.849, 16.6, 1.057, 10.78)),
        "grow-from-seeds": PaperRow("GFS", "Table I", (0.779, 0.645, 66.06, 6.826, 16.71)),
        "watershed": PaperRow("WS", "Table I", (0.770, 0.628, 18.55, 2.462, 6.80)),
    }
)


@dataclass(frozen=True)
class TableRow:
    """One method.

    Attributes:
        label: Ours.
        name: For a person.
        paper: What the paper has of it; None where it has nothing.
        ours: Mean and SD over the legs of the mean over the muscles, in the order of `COLUMNS`.
        legs: How many.
    """

    label: str
    name: str
    paper: PaperRow | None
    ours: tuple[tuple[float, float | None], ...]
    legs: int


def table_rows(results: Results) -> list[TableRow]:
    """A row a method, in the order of the evaluation. IFSS-Net is the paper's WS where its label says "ws" or "weak"."""
    rows: list[TableRow] = []
    for style in method_styles(results):
        ours = tuple(mean_and_sd(list(results.values(metric, MEAN)[style.label].values())) for metric, _, _ in COLUMNS)
        legs = len(results.values("dice", MEAN)[style.label])
        kind = results.kinds.get(style.label, style.label)
        if kind == "ifss-net":
            kind = "ws" if "ws" in style.label.lower() or "weak" in style.label.lower() else "fs"
        rows.append(TableRow(style.label, style.name, PAPER.get(kind), ours, legs))
    return rows


def written(value: float | None, sd: float | None, decimals: int) -> str:
    """A mean with its SD, a dash where there is none.

    >>> written(0.918, None, 3), written(1.2315, 0.465, 2), written(None, None, 2)
    ('0.918', '1.23 ± 0.47', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    return f"{value:.{decimals}f}" + (f" ± {sd:.{decimals}f}" if sd is not None else "")


def table_columns(results: Results) -> dict[str, list[str | float]]:
    """Table I as columns for a CSV: paper and ours, means and SDs; an empty field where there is none."""
    columns: dict[str, list[str | float]] = {"method": [], "paper_method": [], "legs": []}
    for row in table_rows(results):
        columns["method"].append(row.label)
        columns["paper_method"].append(row.paper.name if row.paper else "")
        columns["legs"].append(row.legs)
        for place, (metric, _, _) in enumerate(COLUMNS):
            there = row.paper.values[place] if row.paper else None
            there_sd = row.paper.sd[place] if row.paper else None
            for name, value in (
                ("paper", there),
                ("paper_sd", there_sd),
                ("ours", row.ours[place][0]),
                ("ours_sd", row.ours[place][1]),
            ):
                columns.setdefault(f"{metric}_{name}", []).append(math.nan if value is None else value)
    return columns


def table_text(results: Results) -> str:
    """Table I as Markdown: ours, with the paper's below each number, and the cautions that belong to it."""
    lines = [
        "| method | in the paper | legs | " + " | ".join(heading for _, heading, _ in COLUMNS) + " |",
        "|---" * (3 + len(COLUMNS)) + "|",
    ]
    for row in table_rows(results):
        cells: list[str] = []
        for place, (_, _, decimals) in enumerate(COLUMNS):
            mean, sd = row.ours[place]
            there = f"<br>paper {written(row.paper.values[place], row.paper.sd[place], decimals)}" if row.paper else ""
            cells.append(written(mean, sd, decimals) + there)
        source = f"{row.paper.name}, {row.paper.source}" if row.paper else "–"
        lines.append(f"| {row.name} | {source} | {row.legs} | " + " | ".join(cells) + " |")
    cautions = [CAUTION, *([results.about.cohort.label_error] if results.about.cohort.label_error else [])]
    return "\n".join([*lines, "", *cautions, ""])
