"""The files that belong to a recording, where it does not hold everything itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from ifssnet.core.errors import InputError
from ifssnet.io.sweeps.linear_transform import constants_of, refuse_other_constants
from ifssnet.io.sweeps.plus_config import PlusConfiguration


@dataclass(frozen=True)
class TrackingFiles:
    """What goes with the images of a sweep.

    Attributes:
        configuration: A PLUS configuration.
        poses: Files with the transforms of the tracked probe.
        reference: The file with the transforms of the tracked reference.
        calibration: The file of the transform from the image to the probe.
    """

    configuration: PlusConfiguration | None = None
    poses: tuple[Path, ...] = ()
    reference: Path | None = None
    calibration: Path | None = None

    @property
    def of_other_files(self) -> tuple[Path, ...]:
        """The files of transforms over time."""
        return self.poses if self.reference is None else (*self.poses, self.reference)


def with_calibration(files: TrackingFiles) -> PlusConfiguration | None:
    """The configuration with the calibration's own file in it.

    Raises:
        InputError: The file cannot be used, or the configuration has another calibration.
    """
    if files.calibration is None:
        return files.configuration
    own = constants_of(files.calibration)
    configuration = files.configuration or PlusConfiguration({})
    refuse_other_constants(own, configuration.transforms, files.calibration)
    return replace(configuration, transforms=MappingProxyType({**configuration.transforms, **own}))


def refuse_tracking_files(files: TrackingFiles, path: Path, why: str) -> None:
    """Refuse files of transforms beside a recording that holds its own.

    Raises:
        InputError: There are some.
    """
    if files.of_other_files:
        raise InputError(
            "--poses and --reference with the images of 3D Slicer's Sequences (.seq.nrrd)",
            f"{files.of_other_files[0].name} with {path.name}, {why}",
            "Leave them out.",
        )
