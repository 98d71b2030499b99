"""LEG-3D-US, the paper's own data set: what is published about it, and how its files are laid out.

Sources: the two publications in `CITATION`, and the data set's own page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

from ifssnet.core.cohort import TEST, TRAIN, VAL
from ifssnet.core.muscles import GL, GM, SOL

NAME = "leg-3d-us"
BASE_URL = "https://www.campar.in.tum.de/public_datasets/2024_IPCAI_Vanessa/"
LICENCE = "GNU General Public License (GPL) 3.0"
CITATION = (
    "https://doi.org/10.1371/journal.pone.0268550 (the recordings)",
    "Gonzalez Duque et al., IPCAI 2024, https://doi.org/10.1007/s11548-024-03170-7 (the data set)",
)
LABEL_NAMES: Mapping[int, str] = MappingProxyType({100: SOL, 150: GM, 200: GL})
ACQUISITION = "r1"
PUBLISHED_CASES = 44
TYPICAL_SHAPE_ZYX = (1443, 632, 564)

FACTS = (
    "44 volumes of 44 volunteers (22 women, 22 men, 18 to 45 years), 20 left and 24 right legs, acquisition r1 only.",
    "Grids of 564 x 632 x 1443 (± 49 x 38 x 207) voxels of 0.277 ± 0.015 mm; a volume and a label map each.",
    "Aixplorer, 40 mm linear probe (2-10 MHz), optical tracking, prone, leg in a water bath, 4 to 6 parallel sweeps from knee "
    "to ankle; compounded nearest-neighbour, holes filled by a Gaussian over 5 voxels.",
    "The raw sweeps and the experts' seeds are not released.",
)
NOTES = (
    "Keep the archives' split into train, val and test.",
    "Training labels come from zero-order interpolation of partial seeds and are about 10 % wrong, mostly at the borders.",
    "Test labels were corrected by an expert and are less than 4 % wrong.",
    "Two experts' volumes differ by 4 %: no method can be shown to be better than that on these data.",
)

_EXPERTS = "Two experts differ by 4 % in volume: smaller errors than that say nothing about which method is better."
LABEL_ERRORS: Mapping[str, str] = MappingProxyType(
    {
        TRAIN: f"{NOTES[1]} {_EXPERTS}",
        VAL: "Nobody says how wrong validation labels are; training labels, made by zero-order interpolation, are about 10 % "
        f"wrong, mostly at the borders. {_EXPERTS}",
        TEST: f"{NOTES[2]} Networks learned from training labels that are about 10 % wrong. {_EXPERTS}",
    }
)
"""Split to what belongs beside every number on it."""


@dataclass(frozen=True)
class Archive:
    """One published zip file.

    Attributes:
        file_name: Its name on the server.
        split: The part of the cohort that it holds.
        sha256: Its published hash.
    """

    file_name: str
    split: str
    sha256: str


ARCHIVES = (
    Archive("leg_train_data.zip", TRAIN, "747e9ada7135979218d93022ac46d40a3a85119e2ea7aebcda4b13f7dfda70d6"),
    Archive("leg_validation_data.zip", VAL, "c204fa0759dd279de722a423401da60657bc0d1ab5f57d135cd0ad55c32af70f"),
    Archive("leg_test_data.zip", TEST, "42ad341e8133f827d35f9cb3afde3ffbe5ae97dc2af448b6f9af6d4ea6ac99f0"),
)

_SPLIT_OF_FOLDER: Mapping[str, str] = MappingProxyType(
    {
        **{"train": TRAIN, "training": TRAIN, "leg_train_data": TRAIN},
        **{"val": VAL, "validation": VAL, "leg_validation_data": VAL},
        **{"test": TEST, "testing": TEST, "leg_test_data": TEST},
    }
)
_VOLUME = re.compile(r"x(\d{1,6})\.mha", re.IGNORECASE)
_LABELS = re.compile(r"masksx(\d{1,6})\.mha", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """What a file of the layout is.

    Attributes:
        split: The part of the cohort that it belongs to.
        patient: Whose leg.
        number: The N of `x<N>.mha` and `masksX<N>.mha`.
        is_labels: Whether it is the label map of the pair.
    """

    split: str
    patient: str
    number: int
    is_labels: bool

    @property
    def path(self) -> PurePosixPath:
        """Where it belongs, relative to the cohort's folder: `<split>/<PATIENT>/x<N>.mha` or `masksX<N>.mha`."""
        return PurePosixPath(self.split, self.patient, f"masksX{self.number}.mha" if self.is_labels else f"x{self.number}.mha")


def is_labels_name(stem: str) -> bool:
    """Whether a file's name without its suffix is that of the layout's label maps.

    >>> is_labels_name("masksX2"), is_labels_name("x2")
    (True, False)
    """
    return _LABELS.fullmatch(f"{stem}.mha") is not None


def split_of_folder(name: str) -> str | None:
    """The split that a folder's name stands for.

    >>> split_of_folder("validation"), split_of_folder("leg_test_data"), split_of_folder("P01")
    ('val', 'test', None)
    """
    return _SPLIT_OF_FOLDER.get(name.lower())


def place_of(parts: Sequence[str], split: str | None = None) -> Place | None:
    """What a file is by its path, given from a folder above the patients' down; None when it is none of the layout.

    Folders around the patients' may be there or not; the innermost one that is named like a split says the split.

    Args:
        parts: The path's parts, the file name last.
        split: The split where no folder says one.

    >>> place_of(["leg_train_data", "train", "P01", "masksX3.mha"])
    Place(split='train', patient='P01', number=3, is_labels=True)
    >>> place_of(["P01", "x3.mha"], "val").path.as_posix()
    'val/P01/x3.mha'
    >>> place_of(["test", "notes.txt"]) is None
    True
    """
    if len(parts) < 2:
        return None
    *around, patient, name = parts
    labels, volume = _LABELS.fullmatch(name), _VOLUME.fullmatch(name)
    matched = labels or volume
    if matched is None or patient.startswith((".", "__MACOSX")) or split_of_folder(patient) is not None:
        return None
    found = next((known for folder in reversed(around) if (known := split_of_folder(folder)) is not None), split)
    return None if found is None else Place(found, patient, int(matched[1]), labels is not None)
