"""Where an image's voxels lie, from its header alone: a cohort of 45 GB is looked over in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.io.storage.existing_file import existing_file
from ifssnet.io.volumes.placement import grid_from


def read_grid(path: Path) -> Grid:
    """The grid of a 3-D image with one value a voxel, its voxels unread.

    Args:
        path: `.mha`, `.mhd`, `.nrrd`, `.nii` or `.nii.gz`.

    Raises:
        InputError: No readable header, not three dimensions, several values a voxel, or an impossible grid.
    """
    existing_file(path, "an image")
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
    direction = np.array(reader.GetDirection(), dtype=np.float64).reshape(3, 3)
    return grid_from(size[::-1], reader.GetSpacing(), reader.GetOrigin(), direction, str(path))
