"""Many legs in one folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ifssnet.core.errors import InputError

TRAIN, VAL, TEST = "train", "val", "test"

SPLITS: tuple[str, ...] = (TRAIN, VAL, TEST)
"""The parts of a cohort, in the order of every table."""


@dataclass(frozen=True)
class Case:
    """One leg, as files: nothing is read until somebody opens them.

    Attributes:
        name: Its name, unique in its split; fit to be a file name.
        split: Part of the cohort that it belongs to, one of `SPLITS`.
        volume_path: The grey-level volume; None when it is missing.
        labels_path: The label map; None when it is missing.
        acquisition: Which recording of the leg it is ("r1"), empty when nobody says.
        patient: Whose leg it is. Cases of one person may not be spread over training and test.
    """

    name: str
    split: str
    volume_path: Path | None
    labels_path: Path | None
    acquisition: str = ""
    patient: str = ""

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise InputError(
                f"a split out of {', '.join(SPLITS)}", f"'{self.split}' for the case {self.name}", "Rename its folder."
            )

    @property
    def complete(self) -> bool:
        """Whether both the volume and its labels are there."""
        return self.volume_path is not None and self.labels_path is not None


@dataclass(frozen=True)
class Cohort:
    """Cases that belong together, with what their labels mean and what their owners ask for.

    Attributes:
        name: The data set's name.
        root: The folder that holds it.
        cases: All of them, ordered by split and name.
        label_names: Label value to name ("SOL", "GM", "GL" ...), without the background.
        citation: What to cite, one reference an entry.
        licence: Under which terms the data may be used; empty when nobody says.
        notes: What everyone who reports numbers on it ought to know.
        label_errors: Split to how far its labels are known to be wrong, a sentence that belongs beside every number;
            empty where they are exact, or nobody says.

    Raises:
        InputError: Two cases of one split with the same name.
    """

    name: str
    root: Path
    cases: tuple[Case, ...]
    label_names: Mapping[int, str]
    citation: tuple[str, ...] = ()
    licence: str = ""
    notes: tuple[str, ...] = ()
    label_errors: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        (key, count), *_ = Counter((case.split, case.name) for case in self.cases).most_common(1) or [(("", ""), 0)]
        if count > 1:
            raise InputError(
                "cases with names of their own in each split",
                f"{count} cases '{key[1]}' in {key[0]} of {self.root}",
                "Keep one folder a patient.",
            )

    def of_split(self, split: str) -> tuple[Case, ...]:
        """The cases of one split."""
        return tuple(case for case in self.cases if case.split == split)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have cases, in the order of `SPLITS`."""
        return tuple(split for split in SPLITS if self.of_split(split))

    @property
    def shared_patients(self) -> tuple[str, ...]:
        """Persons with cases in more than one split, whose results on the test split would flatter."""
        seen = {(case.patient, case.split) for case in self.cases if case.patient}
        return tuple(sorted(patient for patient, count in Counter(patient for patient, _ in seen).items() if count > 1))
