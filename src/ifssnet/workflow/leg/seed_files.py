"""Seeds from a complete label map, or from what an expert drew elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Json
from ifssnet.io.open import open_labels, open_volume
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.workflow.files.opener import open_seeds

PAPER_EVERY = 100
"""Slices from one annotated place to the next (paper, III-C2)."""


def draw_seeds(
    labels_path: Path,
    *,
    consecutive: int = 3,
    every: int | None = None,
    every_mm: float | None = None,
    first_only: bool = False,
    ends: bool = True,
    noise_mm: float = 0.0,
    seed: int = 0,
) -> Seeds:
    """Annotate a few slices of a complete label map, as an expert would.

    Raises:
        InputError: The label map cannot be read or has no labels, or both `every` and `every_mm` are given.
    """
    if every is not None and every_mm is not None:
        raise InputError("--every or --every-mm", "both", "Give one of them.")
    labels = open_labels(labels_path)
    return sample_seeds(
        labels,
        consecutive=consecutive,
        every=PAPER_EVERY if every is None and every_mm is None else every,
        every_mm=every_mm,
        first_only=first_only,
        ends=ends,
        noise_mm=noise_mm,
        seed=seed,
    )


def bring_seeds(path: Path | Sequence[Path], volume_path: Path, config: Path | None = None) -> Seeds:
    """Bring contours, PNG masks or seeds on another grid into a volume.

    Raises:
        InputError: Either cannot be read, or they do not fit each other.
    """
    return open_seeds(path, open_volume(volume_path).grid, config)


def seeds_facts(seeds: Seeds) -> dict[str, dict[str, dict[str, Json]]]:
    """How much was annotated, as plain data."""
    drawn = {seeds.name(label): (len(seeds.slices(label)), len(seeds.present(label))) for label in seeds.labels}
    return {
        "muscles": {
            name: {"slices": slices, "present": present, "percent_of_slices": 100 * slices / seeds.grid.slices}
            for name, (slices, present) in drawn.items()
        }
    }
