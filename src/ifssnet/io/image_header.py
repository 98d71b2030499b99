"""Where an image's voxels lie, from its header alone: a cohort of 45 GB is looked over in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid, Matrix3


def read_grid(path: Path) -> Grid:
    """The grid of a 3-D image with one value a voxel, its voxels unread.

    Args:
        path: `.mha`, `.mhd`, `.nrrd`, `.nii` or `.nii.gz`.

    Raises:
        InputError: No readable header, not three dimensions, several values a voxel, or an impossible grid.
    """
    itk: Any = sitk
    reader = itk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        itk.ProcessObject.SetGlobalWarningDisplay(False)
        reader.ReadImageInformation()
    except RuntimeError as error:
        detail = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise InputError(
            f"an image with a readable header in {path}", f"'{detail}'", "Fetch or export the file again."
        ) from error
    size, components = reader.GetSize(), reader.GetNumberOfComponents()
    if len(size) != 3 or components != 1:
        raise InputError(
            f"three dimensions and one value a voxel in {path}",
            f"{len(size)} dimensions and {components} values",
            "Use a 3-D grey-level volume or label map.",
        )
    flat = [float(value) for value in reader.GetDirection()]
    rows = [(flat[i], flat[i + 1], flat[i + 2]) for i in (0, 3, 6)]
    direction: Matrix3 = (rows[0], rows[1], rows[2])
    spacing = [float(value) for value in reader.GetSpacing()]
    origin = [float(value) for value in reader.GetOrigin()]
    try:
        return Grid(
            (int(size[2]), int(size[1]), int(size[0])),
            (spacing[0], spacing[1], spacing[2]),
            (origin[0], origin[1], origin[2]),
            direction,
        )
    except InputError as error:
        raise InputError(error.expected, f"{error.received} in {path}", error.remedy) from error
