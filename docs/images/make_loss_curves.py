"""What each form of the Tversky loss does with its weights, on a toy whose answer is known.

4096 voxels, a quarter of them muscle, whose grey levels are 1.5 SD brighter; a network of two numbers (a slope and a threshold)
learns to tell them apart together with alpha, by Adam at 0.03 for 2000 steps.
Writes loss-forms.svg and prints a table. Run: python docs/images/make_loss_curves.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ifssnet.figures.evaluation_report.training_curves import Line, Panel, curves
from ifssnet.nn.losses.tversky import FORMS, TverskyConfig, TverskyLoss

STEPS, EVERY = 2000, 5
COLORS = {
    "paper": (190, 40, 40), "fixed": (110, 110, 110), "bounded": (190, 90, 10),
    "min-max": (26, 95, 196), "balance": (0, 130, 90),
}  # fmt: skip


def trained(form: str, seed: int) -> tuple[list[float], list[float], tuple[float, ...]]:
    """Alpha and relative volume over the steps; alpha, precision, recall, Dice and volume at the end."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.rand(4096, generator=generator) < 0.25
    grey = torch.randn(4096, generator=generator) + 1.5 * truth
    loss = TverskyLoss(TverskyConfig(form))
    line = torch.tensor([1.0, 0.0], requires_grad=True)
    optimiser = torch.optim.Adam([line, *loss.parameters()], lr=0.03)
    alphas, volumes = [], []
    for step in range(STEPS):
        logit = line[0] * grey + line[1]
        if step % EVERY == 0:
            alphas.append(loss.alpha.item())
            volumes.append(((logit > 0).sum() / truth.sum()).item())
        optimiser.zero_grad()
        loss(torch.sigmoid(logit)[None], truth.float()[None]).backward()
        optimiser.step()
    said = line[0] * grey + line[1] > 0
    right, seen, there = (said & truth).sum().item(), said.sum().item(), truth.sum().item()
    return alphas, volumes, (loss.alpha.item(), right / seen, right / there, 2 * right / (seen + there), seen / there)


def main() -> None:
    """Write the picture and print the table, means of three seeds; the curves are of the first."""
    steps = np.arange(0, STEPS, EVERY, dtype=float)
    alpha_lines, volume_lines = [], []
    for index, form in enumerate(FORMS):
        runs = [trained(form, seed) for seed in range(3)]
        dash = ("", "2 2.5", "9 3 2 3", "", "7 3")[index]
        alpha_lines.append(Line(form, steps, np.array(runs[0][0]), COLORS[form], dash))
        volume_lines.append(Line(form, steps, np.array(runs[0][1]), COLORS[form], dash))
        alpha, precision, recall, dice, volume = np.mean([run[2] for run in runs], axis=0)
        print(f"| {form} | {alpha:.3f} | {precision:.3f} | {recall:.3f} | {dice:.3f} | {volume:.2f} |")
    panels = [
        Panel("α, the weight of false positives", "α", alpha_lines, (0.0, 1.0), "Step"),
        Panel("Segmented volume / true volume", "Ratio", volume_lines, None, "Step"),
    ]
    Path(__file__).with_name("loss-forms.svg").write_text(curves(panels, "Forms of the Tversky loss"), encoding="utf-8")


if __name__ == "__main__":
    main()
