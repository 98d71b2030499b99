"""What each number of outlines gives, by the rule that chooses them, with the spread over legs.

Usage: `ifss simulate-expert COHORT -o curves.json`, then `python docs/images/make_expert_curves.py curves.json PICTURE.svg`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ifssnet.figures.evaluation_report.training_curves import Line, Panel, curves

RULES = {
    "even": ("even", (70, 80, 95)),
    "volume": ("suggested", (26, 95, 196)),
    "correct": ("corrected", (190, 90, 10)),
}
MEASURES = {"dice": ("Dice", (0.8, 1.0)), "volume_error_percent": ("Volume error (%)", (0.0, 9.0))}


def panel(found: dict[str, Any], measure: str) -> Panel:
    """The mean of each rule, and the mean with and without an SD over legs, dashed."""
    label, span = MEASURES[measure]
    lines: list[Line] = []
    for rule, (name, color) in RULES.items():
        legs = [own[rule] for own in found["curves"].values()]
        # A leg that goes on past an end of the recording begins with an outline more: the others have its number as well.
        x = np.arange(max(each[0]["outlines"] for each in legs), min(each[-1]["outlines"] for each in legs) + 1, dtype=float)
        y = np.array([np.interp(x, [s["outlines"] for s in each], [s[measure] for s in each]) for each in legs])
        mean, sd = y.mean(axis=0), y.std(axis=0, ddof=1)
        lines.append(Line(name, x, mean, color))
        pale = tuple(int(130 + value / 2) for value in color)
        lines += [Line("", x, np.clip(mean + side * sd, *span), pale, dash="3 3") for side in (-1, 1)]
    return Panel(label, label, lines, span, "Outlines of all muscles")


def main() -> None:
    """Read the curves, and draw both measures."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    found = json.loads(source.read_text(encoding="utf-8"))
    title = f"Outlines of a simulated expert, {found['method']}, {len(found['curves'])} legs: mean, and SD over legs dashed"
    target.write_text(curves([panel(found, measure) for measure in MEASURES], title), encoding="utf-8")


if __name__ == "__main__":
    main()
