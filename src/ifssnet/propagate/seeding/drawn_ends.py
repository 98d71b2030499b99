"""Muscles whose ends nobody drew, though other muscles were drawn beyond them: they count as absent there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ifssnet.core.findings import Finding
from ifssnet.core.seeds import Seeds
from ifssnet.measurement.checks.completeness import CLICK_CM2, FEW_SLICES
from ifssnet.propagate.seeding.outlined_seeds import slices_named

FAR_MM = 5.0
"""A muscle may end within this distance of a slice on which it is large: it was looked at on either side of its end."""

LEAST_SHARE, MOST_SHARE = 0.5, 0.9
"""An end is abrupt above some share of the muscle's largest area: between these two, by how far apart slices are drawn."""

MARGIN = 0.15
"""By how much more than an ellipsoid's an area has to be."""

_REMEDY = "Draw the slices where it ends."


def end_findings(seeds: Seeds) -> tuple[Finding, ...]:
    """Muscles that stand at one place only, or are large on their outermost drawn slice and count as absent on the next.

    Returns:
        A warning for each such muscle, and what hangs on it; the figure is that volume in cm3.
    """
    return tuple(finding for label in seeds.labels for finding in _of_muscle(seeds, label))


def _of_muscle(seeds: Seeds, label: int) -> Iterator[Finding]:
    name, present = seeds.name(label), seeds.present(label)
    absent = [z for z in seeds.slices(label) if z not in set(present)]
    if not present or not absent:
        return
    pixel_cm2, step_mm = seeds.grid.pixel_area_mm2 / 100, seeds.grid.spacing_xyz_mm[2]
    area = {z: int(np.count_nonzero(seeds.masks[label][z])) * pixel_cm2 for z in present}
    below = max((z for z in absent if z < present[0]), default=None)
    above = min((z for z in absent if z > present[-1]), default=None)
    ends = [(z, beyond) for z, beyond in ((present[0], below), (present[-1], above)) if beyond is not None]
    far = [(z, beyond) for z, beyond in ends if abs(beyond - z) > FEW_SLICES and abs(beyond - z) * step_mm > FAR_MM]
    largest = max(area.values())
    if largest < CLICK_CM2 or not far:
        return
    if len(present) <= FEW_SLICES and present[-1] - present[0] < FEW_SLICES:
        hangs = sum(area[z] * abs(beyond - z) * step_mm / 10 for z, beyond in far)
        beyond = slices_named([beyond for _, beyond in far])
        what = (
            f"{name} was drawn at one place only, {slices_named(present)}, and counts as absent on {beyond}, where others are "
            f"drawn. Its shape between is a guess: up to {hangs:.2g} cm3 hang on it."
        )
        yield Finding("warning", what, "Draw it on more slices, its two ends among them.", hangs, "cm3")
        return
    half = (present[-1] - present[0] + sum(abs(beyond - z) for z, beyond in ends)) / 2
    for z, beyond in far:
        if area[z] > _allowed(abs(beyond - z) / half) * largest:
            hangs = area[z] * abs(beyond - z) * step_mm / 10
            what = (
                f"{name} still has {area[z]:.3g} cm2 on slice {z}, the outermost on which it was drawn, and counts as absent "
                f"on slice {beyond}, where others are drawn: up to {hangs:.2g} cm3 hang on where it ends."
            )
            yield Finding("warning", what, _REMEDY, hangs, "cm3")


def _allowed(gap: float) -> float:
    """The largest share of its largest area that a tapering muscle has at a distance from its end, in half lengths."""
    ellipsoid = 1 - (1 - min(gap, 1.0)) ** 2
    return min(max(LEAST_SHARE, ellipsoid + MARGIN), MOST_SHARE)
