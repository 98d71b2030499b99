"""Seeds from a complete label map, or from what an expert drew elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.facts.file_facts import AnnotatedMuscle, Annotation
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.grids.long_axis import along, leg_order
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.seeds import seed_files as seeds_files
from ifssnet.io.seeds.seed_files import save_seeds
from ifssnet.propagate.seeding.joined_seeds import is_complete
from ifssnet.propagate.seeding.outlined_seeds import slices_named
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.workflow.files.opener import AS_DRAWN, SeedReading, open_seeds
from ifssnet.workflow.files.result_files import check_image_target

PAPER_EVERY = 100
"""Slices from one annotated place to the next (paper, III-C2)."""


@dataclass(frozen=True)
class SeedChoice:
    """Which slices of a complete label map are annotated, and how well.

    Attributes:
        consecutive: Slices drawn side by side in each group.
        every: Slices from one group to the next; None: as the paper, unless `every_mm` is given.
        every_mm: The same in mm.
        first_only: Only at the first slice with the muscle.
        ends: Also the last slices with the muscle, and the ones beside them where it is absent.
        noise_mm: Displace borders at random by this standard deviation.
        seed: What the random numbers start from.
        slices: These slices and no others; every muscle is annotated on them, as absent where it is not there.
    """

    consecutive: int = 3
    every: int | None = None
    every_mm: float | None = None
    first_only: bool = False
    ends: bool = True
    noise_mm: float = 0.0
    seed: int = 0
    slices: tuple[int, ...] | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """The options of `ifss seeds` that were given."""
        given = {
            "--consecutive": self.consecutive != SeedChoice.consecutive,
            "--every": self.every is not None,
            "--every-mm": self.every_mm is not None,
            "--first-only": self.first_only,
            "--no-ends": not self.ends,
            "--slices": self.slices is not None,
            "--noise-mm": self.noise_mm != SeedChoice.noise_mm,
        }
        return tuple(option for option, is_given in given.items() if is_given)


def make_seeds(
    sources: Sequence[Path],
    output: Path,
    choice: SeedChoice | None = None,
    volume: Path | None = None,
    config: Path | None = None,
    *,
    force: bool = False,
    reading: SeedReading = AS_DRAWN,
) -> Annotation:
    """Write seeds: a few slices of a complete label map, or what an expert drew, brought into a volume.

    Args:
        sources: One label map; or several files of seeds, which are joined; or, with a volume, what an expert drew: PNG masks,
            seeds, or sweeps with contours.
        output: Where to.
        choice: Which slices of the label map; the paper's where there is none.
        volume: The volume that an expert's drawings belong to.
        config: PLUS configuration of a sweep.
        force: Replace what is there.
        reading: How seeds are taken; with corrections, LABELS are seeds too.

    Raises:
        InputError: Options that exclude each other, or files that cannot be read or written.
    """
    choice = choice or SeedChoice()
    drawn = volume is not None or len(sources) > 1 or replace(reading, names=AS_DRAWN.names) != AS_DRAWN
    if drawn and choice.options:
        given = "--volume" if volume is not None else f"{len(sources)} files" if len(sources) > 1 else "options for seeds"
        raise InputError(
            "--volume, several files or corrections, for what an expert drew, or options that choose slices",
            f"{given} and {', '.join(choice.options)}",
            "Join the seeds or bring them into the volume first, and choose slices of the result.",
        )
    _check_choice(choice)
    check_image_target(output, force, *sources, volume, *reading.corrections)
    seeds = bring_seeds(sources, volume, config, reading) if drawn else _named(draw_seeds(sources[0], choice), reading.names)
    save_seeds(seeds, output, force=force)
    return annotation_of(seeds)


def _check_choice(choice: SeedChoice) -> None:
    if choice.first_only and (choice.every is not None or choice.every_mm is not None):
        raise InputError("--first-only, --every or --every-mm", "more than one of them", "Give one of them.")
    others = [option for option in choice.options if option != "--slices"]
    if choice.slices is not None and others:
        raise InputError(
            "--slices, or options that choose slices by rule", f"--slices and {', '.join(others)}", "Leave one of them out."
        )


def _named(seeds: Seeds, names: Mapping[int, str]) -> Seeds:
    if unknown := sorted(set(names) - set(seeds.labels)):
        known = ", ".join(map(str, seeds.labels))
        raise InputError(f"names for the label values {known}", f"a name for {unknown[0]}", "Correct --names.")
    return replace(seeds, names={**seeds.names, **names})


def draw_seeds(labels_path: Path, choice: SeedChoice) -> Seeds:
    """Annotate a few slices of a complete label map, as an expert would.

    Raises:
        InputError: The label map cannot be read or has no labels, or both `every` and `every_mm` are given.
    """
    if choice.slices is not None:
        return chosen_slices(labels_path, choice.slices)
    if choice.every is not None and choice.every_mm is not None:
        raise InputError("--every or --every-mm", "both", "Give one of them.")
    labels = open_labels(labels_path)
    order = leg_order(labels)
    drawn = sample_seeds(
        along(labels, order),
        consecutive=choice.consecutive,
        every=PAPER_EVERY if choice.every is None and choice.every_mm is None else choice.every,
        every_mm=choice.every_mm,
        first_only=choice.first_only,
        ends=choice.ends,
        noise_mm=choice.noise_mm,
        seed=choice.seed,
    )
    return replace(drawn, axes=order)


def chosen_slices(path: Path, slices: Sequence[int]) -> Seeds:
    """Some slices of a complete label map, or of seeds, by their indices.

    A muscle that is not on such a slice is annotated as absent, unless it was drawn on both sides of it and not there.

    Raises:
        InputError: Nothing is drawn on one of the slices, or the file cannot be read.
    """
    seeds = seeds_files.open_seeds(path)
    if is_complete(seeds):
        seeds = along_the_leg(path, seeds)
    drawn = {z for label in seeds.labels for z in seeds.present(label)}
    if missing := sorted(set(slices) - drawn):
        raise InputError(
            f"slices of {path.name} on which something is drawn ({slices_named(sorted(drawn))})",
            slices_named(missing),
            "Choose others.",
        )
    nothing = np.zeros(seeds.grid.shape_zyx[1:], dtype=bool)
    masks: dict[int, dict[int, Mask]] = {}
    for label in seeds.labels:
        present = seeds.present(label)
        inside = present[0] if present else 0, present[-1] if present else -1
        kept = {z: seeds.masks[label].get(z, nothing) for z in slices}
        skipped = {z for z in slices if z not in seeds.masks[label] and inside[0] < z < inside[1]}
        masks[label] = {z: mask for z, mask in kept.items() if z not in skipped}
    return replace(seeds, masks=masks)


def along_the_leg(path: Path, seeds: Seeds) -> Seeds:
    """Seeds that are a complete label map, on the slices across the leg."""
    order = leg_order(open_labels(path))
    return seeds if order == seeds.axes else seeds_files.open_seeds(path, order=order)


def bring_seeds(
    paths: Path | Sequence[Path], volume_path: Path | None, config: Path | None = None, reading: SeedReading = AS_DRAWN
) -> Seeds:
    """Join seeds, correct them, and bring contours, PNG masks or seeds on another grid into a volume.

    Raises:
        InputError: Either cannot be read, or they do not fit each other.
    """
    return open_seeds(paths, None if volume_path is None else open_volume(volume_path).grid, config, reading)


def annotation_of(seeds: Seeds) -> Annotation:
    """How much was annotated."""
    drawn = {seeds.name(label): (len(seeds.slices(label)), len(seeds.present(label))) for label in seeds.labels}
    muscles = {
        name: AnnotatedMuscle(slices, present, 100 * slices / seeds.grid.slices) for name, (slices, present) in drawn.items()
    }
    return Annotation(muscles, seeds.findings)
