"""Volumes, label maps and segmentations into files: the suffix chooses the format.

Label maps are compressed (a twentieth of the size in the time of writing them raw twice), volumes are not: speckle
shrinks by a tenth at best and takes ten times as long. `.nii.gz` is always compressed, `.nii` never.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.segmentation import Segmentation
from ifssnet.io.storage.atomic import atomic_paths
from ifssnet.io.volumes import label_names
from ifssnet.io.volumes.metaimage import write_metaimage_volume
from ifssnet.io.volumes.nifti import write_nifti_volume
from ifssnet.io.volumes.nrrd import write_nrrd_volume
from ifssnet.io.volumes.seg_nrrd import SEGMENT_KEY, SegmentLayers, write_seg_nrrd

SUFFIXES = (".seg.nrrd", ".nii.gz", ".nii", ".mha", ".mhd", ".nrrd", ".nhdr")
"""What can be written, longer suffixes before the shorter ones that they end in."""

_DETACHED: Mapping[str, Callable[[Volume, Path, bool, tuple[Path, str] | None], None]] = {
    ".mhd": write_metaimage_volume,
    ".nhdr": write_nrrd_volume,
}


def save(
    thing: Volume | LabelMap | Segmentation,
    path: Path,
    force: bool = False,
    compress: bool | None = None,
    provenance: bool = True,
) -> None:
    """Write a volume, a label map or a segmentation.

    Names and colours of labels are kept in every format: in `.seg.nrrd` as 3D Slicer keeps them, in MetaImage and NRRD
    as the header line `ifss_labels`, beside NIfTI as `<name>.json`. Files that belong together come into place
    together or not at all.

    Args:
        thing: What to write. Of a segmentation, the labels.
        path: Where to; the suffix chooses the format, one of `SUFFIXES`.
        force: Replace what is there.
        compress: None compresses label maps and leaves volumes raw.
        provenance: Of a segmentation, write how it came about to `<name with suffix>.json`.

    Raises:
        InputError: An unknown suffix, a target that exists, a place that cannot be written, or pixels that the format
            has no type for.
    """
    suffix = suffix_of(path)
    if isinstance(thing, Segmentation):
        beside = {}
        if provenance:
            text = json.dumps(_plain(thing.provenance), indent=2, ensure_ascii=False)
            beside = {path.with_name(f"{path.name}.json"): text + "\n"}
        _save_labels(thing.labels, path, suffix, force, compress is not False, beside)
    elif isinstance(thing, LabelMap):
        _save_labels(thing, path, suffix, force, compress is not False, {})
    elif suffix == ".seg.nrrd":
        raise InputError("labels for a .seg.nrrd file", "a grey-level volume", "Name it .nrrd.")
    else:
        _write(replace(thing, array=_storable(thing.array)), path, suffix, force, bool(compress), {})


def suffix_of(path: Path) -> str:
    """Which of `SUFFIXES` a name ends in.

    Raises:
        InputError: None of them.
    """
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix):
            return suffix
    raise InputError(
        f"a name that ends in one of {', '.join(SUFFIXES)}", f"'{path.name}'", "Choose the format by the name's ending."
    )


def _save_labels(labels: LabelMap, path: Path, suffix: str, force: bool, compress: bool, beside: Mapping[Path, str]) -> None:
    labels = replace(labels, array=_storable(labels.array))
    if suffix == ".seg.nrrd":
        own = {key: value for key, value in labels.header.items() if not SEGMENT_KEY.match(key)}
        with atomic_paths([*beside, path], force) as (*others, partial):
            write_seg_nrrd(SegmentLayers((labels,), MappingProxyType(own)), partial, compress)
            for other, text in zip(others, beside.values(), strict=True):
                other.write_text(text, encoding="utf-8")
        return
    # What 3D Slicer said of its segments would make the file one of its segmentations, with names that are not there.
    header = {key: value for key, value in labels.header.items() if not SEGMENT_KEY.match(key)}
    if labels.names:
        if suffix.startswith(".nii"):
            beside = {label_names.sidecar_of(path): label_names.as_text(labels) + "\n", **beside}
        else:
            header[label_names.HEADER_KEY] = label_names.as_text(labels)
    _write(Volume(labels.array, labels.grid, MappingProxyType(header)), path, suffix, force, compress, beside)


def _write(volume: Volume, path: Path, suffix: str, force: bool, compress: bool, beside: Mapping[Path, str]) -> None:
    """The file of a suffix with those that belong to it: first what is beside, last what readers open."""
    targets = list(beside)
    if suffix in _DETACHED:
        ending = {".mhd": ".zraw" if compress else ".raw", ".nhdr": ".raw.gz" if compress else ".raw"}[suffix]
        data = path.with_name(path.name[: -len(suffix)] + ending)
        targets.append(data)
    with atomic_paths([*targets, path], force) as partials:
        for partial, text in zip(partials, beside.values(), strict=False):
            partial.write_text(text, encoding="utf-8")
        if suffix in _DETACHED:
            _DETACHED[suffix](volume, partials[-1], compress, (partials[-2], targets[-1].name))
        elif suffix == ".mha":
            write_metaimage_volume(volume, partials[-1], compress)
        elif suffix == ".nrrd":
            write_nrrd_volume(volume, partials[-1], compress)
        else:
            write_nifti_volume(volume, partials[-1], suffix == ".nii.gz")


def _storable(array: Shaped[np.ndarray, "z y x"]) -> Shaped[np.ndarray, "z y x"]:
    """Pixels of a type that every format has: booleans as uint8, half precision as single."""
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        return array.astype(np.float32 if array.dtype.itemsize < 4 else np.float64)
    return array


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in cast("list[Any]", value)]
    return cast("Any", value).item() if isinstance(value, np.generic) else value
