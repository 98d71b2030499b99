"""Seeds from a complete label map, or from what an expert drew elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.file_facts import AnnotatedMuscle, Annotation
from ifssnet.core.seeds import Seeds
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.seeds.seed_files import save_seeds
from ifssnet.propagate.seeding.seed_sampling import sample_seeds
from ifssnet.workflow.files.opener import open_seeds
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
    """

    consecutive: int = 3
    every: int | None = None
    every_mm: float | None = None
    first_only: bool = False
    ends: bool = True
    noise_mm: float = 0.0
    seed: int = 0

    @property
    def options(self) -> tuple[str, ...]:
        """The options of `ifss seeds` that were given."""
        given = {
            "--consecutive": self.consecutive != SeedChoice.consecutive,
            "--every": self.every is not None,
            "--every-mm": self.every_mm is not None,
            "--first-only": self.first_only,
            "--no-ends": not self.ends,
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
) -> Annotation:
    """Write seeds: a few slices of a complete label map, or what an expert drew, brought into a volume.

    Args:
        sources: One label map; or, with a volume, what an expert drew: PNG masks, seeds, or sweeps with contours.
        output: Where to.
        choice: Which slices of the label map; the paper's where there is none.
        volume: The volume that an expert's drawings belong to.
        config: PLUS configuration of a sweep.
        force: Replace what is there.

    Raises:
        InputError: Options that exclude each other, or files that cannot be read or written.
    """
    choice = choice or SeedChoice()
    if volume is not None and choice.options:
        raise InputError(
            "--volume, for what an expert drew, or options that choose slices",
            f"--volume and {', '.join(choice.options)}",
            "Bring the seeds into the volume without them; a complete label map needs no --volume.",
        )
    if choice.first_only and (choice.every is not None or choice.every_mm is not None):
        raise InputError("--first-only, --every or --every-mm", "more than one of them", "Give one of them.")
    check_image_target(output, force, *sources, volume)
    if volume is None and len(sources) > 1:
        raise InputError(
            "--volume with several sweeps", f"{len(sources)} files without it", "Give the volume, or one label map."
        )
    seeds = draw_seeds(sources[0], choice) if volume is None else bring_seeds(sources, volume, config)
    save_seeds(seeds, output, force=force)
    return annotation_of(seeds)


def draw_seeds(labels_path: Path, choice: SeedChoice) -> Seeds:
    """Annotate a few slices of a complete label map, as an expert would.

    Raises:
        InputError: The label map cannot be read or has no labels, or both `every` and `every_mm` are given.
    """
    if choice.every is not None and choice.every_mm is not None:
        raise InputError("--every or --every-mm", "both", "Give one of them.")
    return sample_seeds(
        open_labels(labels_path),
        consecutive=choice.consecutive,
        every=PAPER_EVERY if choice.every is None and choice.every_mm is None else choice.every,
        every_mm=choice.every_mm,
        first_only=choice.first_only,
        ends=choice.ends,
        noise_mm=choice.noise_mm,
        seed=choice.seed,
    )


def bring_seeds(paths: Path | Sequence[Path], volume_path: Path, config: Path | None = None) -> Seeds:
    """Bring contours, PNG masks or seeds on another grid into a volume.

    Raises:
        InputError: Either cannot be read, or they do not fit each other.
    """
    return open_seeds(paths, open_volume(volume_path).grid, config)


def annotation_of(seeds: Seeds) -> Annotation:
    """How much was annotated."""
    drawn = {seeds.name(label): (len(seeds.slices(label)), len(seeds.present(label))) for label in seeds.labels}
    return Annotation(
        {name: AnnotatedMuscle(slices, present, 100 * slices / seeds.grid.slices) for name, (slices, present) in drawn.items()}
    )
