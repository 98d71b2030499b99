"""What the docs mean by `leg.mha`, `seeds.seg.nrrd`, `volume` and `labels`: one small leg, made once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

import ifssnet
from ifssnet.core.images import Volume
from ifssnet.phantom.anatomy.labels import leg_grid, leg_labels
from ifssnet.phantom.anatomy.subject import draw_subject


def make_conventional_files(folder: Path) -> dict[str, Any]:
    """Write them into a folder, and return the names that the pages' Python takes for granted."""
    subject = draw_subject(5)
    labels = leg_labels(subject, leg_grid(subject, (2.5, 2.5, 5.0)))
    reference = replace(labels, array=np.roll(labels.array, 1, axis=2))
    grey = ndimage.gaussian_filter(40.0 + 100.0 * (labels.array > 0), 1.0) + 10.0 * np.sin(np.arange(labels.array.shape[2]))
    volume = Volume(grey.astype(np.uint8), labels.grid)
    ifssnet.save(volume, folder / "leg.mha")
    for name, mask in (("leg", labels), ("after", labels), ("before", reference), ("reference", reference)):
        ifssnet.save(mask, folder / f"{name}.seg.nrrd")
    drawn = labels.array.copy()
    drawn[np.arange(len(drawn)) % 10 > 1] = 0
    for name in ("seeds", "drawn"):
        ifssnet.save(replace(labels, array=drawn), folder / f"{name}.seg.nrrd")
    seeds = ifssnet.open_seeds(folder / "seeds.seg.nrrd", volume)
    return {"volume": volume, "labels": labels, "reference": reference, "seeds": seeds}
