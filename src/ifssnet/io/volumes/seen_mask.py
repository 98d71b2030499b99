"""The mask of voxels that were seen, which travels beside a volume: `leg.mha` has `leg.mha.seen.nrrd`.

Grey level 0 says nothing: black tissue and a place that no frame reached look alike. The mask tells them apart. It is a
label map on the volume's grid, 1 where a frame or hole filling gave a grey level and 0 elsewhere. The volume's header names
its file (`ifss_seen`), so that a mask that was left behind is missed.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.volumes import label_names
from ifssnet.io.volumes.nrrd import NRRD

HEADER_KEY = "ifss_seen"
"""The header entry that names the mask's file."""

SUFFIX = ".seen.nrrd"


def seen_path(volume: Path) -> Path:
    """The mask's file beside a volume's: `leg.nii.gz` has `leg.nii.gz.seen.nrrd`."""
    return volume.with_name(volume.name + SUFFIX)


def with_seen(volume: Volume, path: Path) -> Volume:
    """The volume with the mask beside it, where there is one; without one every voxel counts as seen.

    Args:
        volume: As it was read.
        path: Where from.

    Raises:
        InputError: The mask cannot be read, or lies on another grid.
    """
    named = volume.header.get(HEADER_KEY, "")
    header = MappingProxyType({key: value for key, value in volume.header.items() if key != HEADER_KEY})
    # Of a path only the name counts: what a header says leads to no other folder.
    candidates = [*([path.with_name(PureWindowsPath(named).name)] if PureWindowsPath(named).name else []), seen_path(path)]
    found = next((each for each in candidates if each.is_file()), None)
    if found is None:
        if named:
            what = f"{path.name} belongs with {named}, which says where nothing was seen, and it is not beside it"
            warnings.warn(InputWarning(f"{what}: voxels of grey level 0 count as seen."), stacklevel=3)
        return replace(volume, header=header) if named else volume
    return replace(volume, header=header, seen=_read(found, volume, path))


def mask_of(volume: Volume) -> LabelMap:
    """The mask as the label map that is written.

    Raises:
        ValueError: The volume has none.
    """
    if volume.seen is None:
        raise ValueError("a volume without a mask of what was seen")
    mask = LabelMap(volume.seen.view(np.uint8), volume.grid, {1: "seen"})
    return replace(mask, header=MappingProxyType({label_names.HEADER_KEY: label_names.as_text(mask)}))


def _read(found: Path, volume: Volume, path: Path) -> Bool[np.ndarray, "z y x"]:
    mask = NRRD.read_volume(found)
    if not mask.grid.matches(volume.grid):
        raise InputError(
            f"{found.name} on the grid of {path.name}, whose seen voxels it marks",
            f"{_size(mask)} voxels beside {_size(volume)}, or another place",
            f"Put the mask that belongs to {path.name} there, or remove it: then every voxel counts as seen.",
        )
    return mask.array != 0


def _size(volume: Volume) -> str:
    return " x ".join(map(str, volume.grid.shape_zyx))
