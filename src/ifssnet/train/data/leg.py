"""Legs to learn from: a volume and its labels, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.cohort import Case, Cohort
from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap, Volume
from ifssnet.geometry.grey_levels import on_grey_scale
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.open import open_labels, open_volume

FIRST_ACQUISITION = "r1"
"""The recordings that the paper trains on (its III-C; r2 is the second one of the same leg)."""


@dataclass(frozen=True, eq=False)
class LabelledLeg:
    """One recorded leg with the truth about it.

    Attributes:
        name: The case's name, unique in its split.
        patient: Whose leg it is.
        volume: Grey levels.
        labels: The truth, on the same grid; `names` are the muscles by value.
    """

    name: str
    patient: str
    volume: Volume
    labels: LabelMap

    @property
    def muscles(self) -> tuple[str, ...]:
        """Names of its muscles, in the order of their values."""
        return tuple(self.labels.names[value] for value in sorted(self.labels.names))


def load_legs(
    cohort: Cohort | Path,
    split: str,
    muscles: Sequence[str] | None = None,
    limit: int | None = None,
    acquisitions: Sequence[str] = (FIRST_ACQUISITION,),
) -> tuple[LabelledLeg, ...]:
    """Read the legs of one split.

    Args:
        cohort: Which cohort, or its folder.
        split: train, val or test.
        muscles: Only these are named in the labels, and every leg has to have a value for each; None for all that have names.
        limit: The most legs, the first by name.
        acquisitions: Which recordings; those of which nobody says which they are always count.

    Raises:
        InputError: No leg, a file that is missing or cannot be read, labels on another grid, or a muscle that is not there.
    """
    cohort = cohort if isinstance(cohort, Cohort) else open_cohort(cohort)
    cases = [case for case in cohort.of_split(split) if case.acquisition in ("", *acquisitions)]
    if not cases:
        raise InputError(
            f"legs of the split '{split}' in {cohort.root}",
            f"none of {' or '.join(acquisitions)}",
            "Give a cohort with <train|val|test>/<PATIENT>/x1.mha and masksX1.mha.",
        )
    return tuple(_load(cohort, case, muscles) for case in cases[:limit])


def _load(cohort: Cohort, case: Case, muscles: Sequence[str] | None) -> LabelledLeg:
    if case.volume_path is None or case.labels_path is None:
        missing = "volume" if case.volume_path is None else "labels"
        raise InputError(f"a volume and labels of {case.name}", f"no {missing}", "Add the file, or remove the case.")
    volume, found = open_volume(case.volume_path), open_labels(case.labels_path)
    if not found.grid.matches(volume.grid):
        raise InputError(
            f"{case.labels_path.name} on the grid of {case.volume_path.name}",
            f"{found.grid.shape_zyx} beside {volume.grid.shape_zyx} voxels, or elsewhere",
            "Resample the labels onto the volume.",
        )
    # Values without voxels in this leg keep their names: a muscle may be absent from a part of a leg.
    names = {**found.names, **cohort.label_names}
    if muscles is not None:
        names = {value: name for value, name in names.items() if name in muscles}
        if lacking := [muscle for muscle in muscles if muscle not in names.values()]:
            known = sorted({*found.names.values(), *cohort.label_names.values()})
            raise InputError(
                f"one of the muscles {', '.join(known)} of {cohort.name}", f"{', '.join(lacking)}", "Choose these."
            )
    labels = LabelMap(found.array, volume.grid, dict(sorted(names.items())), found.colors, found.header)
    return LabelledLeg(case.name, case.patient or case.name, on_grey_scale(volume)[0], labels)
