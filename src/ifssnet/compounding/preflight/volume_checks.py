"""Checks of a volume whose recordings are not at hand: what its voxels alone say about how far it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ifssnet.core.findings import Finding
from ifssnet.core.images import LabelMap, Volume
from ifssnet.geometry.masks.runs import longest_run

LEG_LENGTH_MM = (100.0, 600.0)
"""From the shortest scan that holds a muscle's belly to the longest lower leg."""

MUCH_UNSEEN = 0.05
DARK_RUN_MM = 5.0


def check_volume(volume: Volume, layers: Sequence[LabelMap]) -> list[Finding]:
    """Check length and coverage; where the volume does not say what was seen, a voxel of grey level 0 counts as never seen.

    Args:
        volume: Grey levels.
        layers: Muscles on the same grid, several where they overlap; what was never seen matters inside them.
    """
    findings: list[Finding] = []
    length_mm = volume.grid.slices * volume.grid.spacing_xyz_mm[2]
    if not LEG_LENGTH_MM[0] <= length_mm <= LEG_LENGTH_MM[1]:
        findings.append(
            Finding(
                "warning",
                f"The volume is {length_mm:.0f} mm long along its slices, a lower leg 100 to 600 mm.",
                "Check the spacing in its header: mm are expected.",
                length_mm,
                "mm",
            )
        )
    inside, unseen = 0, 0
    blank = np.zeros(volume.grid.slices, dtype=np.bool_)
    # Slice by slice: masks of the whole volume would take as much memory as the volume itself.
    for z in range(volume.grid.slices):
        muscles = np.any([labels.array[z] > 0 for labels in layers], axis=0)
        pixels = int(np.count_nonzero(muscles))
        if pixels:
            known = volume.array[z] != 0 if volume.seen is None else volume.seen[z]
            inside, unseen = inside + pixels, unseen + int(np.count_nonzero(muscles & ~known))
            blank[z] = not known.any()
    # With a mask, the share is reported muscle by muscle where muscles are measured.
    share = unseen / inside if inside and volume.seen is None else 0.0
    if share > MUCH_UNSEEN:
        findings.append(
            Finding(
                "warning",
                f"{100 * share:.0f} % of the voxels inside the muscles have grey level 0.",
                "Black there means never seen or in shadow: outlines are guesses in such places.",
                share,
            )
        )
    run_mm = longest_run(blank) * volume.grid.spacing_xyz_mm[2]
    if run_mm > DARK_RUN_MM:
        findings.append(
            Finding(
                "error",
                f"{run_mm:.0f} mm of the muscles lie on slices that hold no image at all.",
                "Scan that part again, or say so beside every number.",
                run_mm,
                "mm",
            )
        )
    return findings
