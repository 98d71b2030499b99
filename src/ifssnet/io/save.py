"""Volumes, label maps, segmentations and sweeps into files: the suffix chooses the format.

Label maps are compressed (a twentieth of the size in the time of writing them raw twice), volumes are not: speckle
shrinks by a tenth at best and takes ten times as long. `.nii.gz` is always compressed, `.nii` never.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.segmentation import Segmentation
from ifssnet.core.sweep import Sweep
from ifssnet.io.kinds import FORMATS
from ifssnet.io.storage.atomic import atomic_paths
from ifssnet.io.storage.provenance import provenance_table
from ifssnet.io.sweeps.sweep_format import SweepFormat
from ifssnet.io.volumes import label_names
from ifssnet.io.volumes.nrrd import write_nrrd_volume
from ifssnet.io.volumes.seen_mask import HEADER_KEY as SEEN_KEY
from ifssnet.io.volumes.seen_mask import mask_of, seen_path
from ifssnet.io.volumes.seg_nrrd import SEGMENT_KEY, SegmentLayers, flattened, write_seg_nrrd
from ifssnet.io.volumes.volume_format import VolumeFormat, VolumeWriter

WRITERS: Mapping[str, VolumeWriter] = MappingProxyType(
    {
        writer.suffix: writer
        for writer in sorted(
            (writer for each in FORMATS if isinstance(each, VolumeFormat) for writer in each.writers),
            key=lambda writer: -len(writer.suffix),
        )
    }
)
"""What writes each suffix, longer suffixes before the shorter ones that they end in."""

Beside = str | LabelMap
"""What goes into a file beside a volume's: text, or a mask."""

SUFFIXES = tuple(WRITERS)
"""What can be written."""


def save(
    thing: Volume | LabelMap | Segmentation,
    path: Path,
    force: bool = False,
    compress: bool | None = None,
    provenance: bool = True,
) -> None:
    """Write a volume, a label map or a segmentation.

    Names and colours of labels are kept in every format: in `.seg.nrrd` as 3D Slicer keeps them, in MetaImage and NRRD
    as the header line `ifss_labels`, beside NIfTI as `<name>.json`. A volume's mask of what was seen goes beside it
    (`ifssnet.io.volumes.seen_mask`). Files that belong together come into place together or not at all.

    Args:
        thing: What to write. A segmentation is written as its labels.
        path: Where to; the suffix chooses the format, one of `SUFFIXES`.
        force: Replace what is there.
        compress: None compresses label maps and leaves volumes raw.
        provenance: Whether to write how a segmentation came about to `<name with suffix>.json`.

    Raises:
        InputError: An unknown suffix, a target that exists, a place that cannot be written, or pixels that the format
            has no type for.
    """
    writer = WRITERS[suffix_of(path)]
    if isinstance(thing, Segmentation):
        beside: dict[Path, Beside] = {}
        if provenance and thing.provenance is not None:
            text = json.dumps(provenance_table(thing.provenance), indent=2, ensure_ascii=False)
            beside = {path.with_name(f"{path.name}.json"): text + "\n"}
        _save_labels(thing.labels, path, writer, force, compress is not False, beside)
    elif isinstance(thing, LabelMap):
        _save_labels(thing, path, writer, force, compress is not False, {})
    else:
        _save_volume(replace(thing, array=_storable(thing.array)), path, writer, force, bool(compress), {})
        if thing.seen is None and force:
            # The mask of the volume that was replaced would say of this one what is not so.
            seen_path(path).unlink(missing_ok=True)


def save_layers(layers: Sequence[LabelMap], path: Path, force: bool = False) -> None:
    """Write label maps on one grid, of which each structure is whole.

    A `.seg.nrrd` keeps structures that overlap apart; in any other format a later one covers the others, with a warning.

    Args:
        layers: One label map, or several where structures overlap.
        path: Where to, as `save` takes it.
        force: Replace what is there.

    Raises:
        InputError: As `save`.
    """
    if len(layers) == 1:
        save(layers[0], path, force=force)
        return
    header = {key: value for layer in layers for key, value in layer.header.items() if not SEGMENT_KEY.match(key)}
    segments = SegmentLayers(tuple(replace(each, array=_storable(each.array)) for each in layers), MappingProxyType(header))
    if WRITERS[suffix_of(path)].write_labels is None:
        save(flattened(segments, path.name), path, force=force)
        return
    with atomic_paths([path], force) as (partial,):
        write_seg_nrrd(segments, partial, True)


def suffix_of(path: Path) -> str:
    """Which of `SUFFIXES` a name ends in.

    Raises:
        InputError: None of them.
    """
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix):
            return suffix
    remedy = "Choose the format by the name's ending."
    if path.suffix.lower() == ".dcm":
        # A DICOM object refers to the series that it belongs to, which only that command is told.
        remedy = f"Write {path.stem}.seg.nrrd, then: ifss convert {path.stem}.seg.nrrd {path.name} --dicom-source SERIES."
    raise InputError(f"a name that ends in one of {', '.join(SUFFIXES)}", f"'{path.name}'", remedy)


def files_of(path: Path, *, labels: bool) -> tuple[Path, ...]:
    """The files that `save` would write for a name, known before there is anything to write.

    Args:
        path: The name.
        labels: Whether a label map is written; else a volume.

    Raises:
        InputError: An unknown suffix, or one whose format holds labels only where a volume is to be written.
    """
    writer = WRITERS[suffix_of(path)]
    if not labels and writer.write is None:
        raise _labels_only(writer)
    if writer.data_suffixes is None:
        return (path,)
    return (path, path.with_name(path.name[: -len(writer.suffix)] + writer.data_suffixes[labels]))


def save_sweep(sweep: Sweep, path: Path, force: bool = False) -> None:
    """Write a tracked sweep.

    Args:
        sweep: What to write.
        path: Where to; `.mha`, `.mhd` and `.nrrd` are sequence metafiles, `.sw` is Stradwin's, without a suffix it is a
            folder of frames.
        force: Replace what is there.

    Raises:
        InputError: An unknown suffix, or a sweep that the format cannot hold.
    """
    _sweep_writer(path)(sweep, path, force)


def check_sweep_name(path: Path) -> None:
    """Refuse a name that no sweep can be written to.

    Raises:
        InputError: An unknown suffix.
    """
    _sweep_writer(path)


def _sweep_writer(path: Path) -> Callable[[Sweep, Path, bool], None]:
    for each in FORMATS:
        if isinstance(each, SweepFormat) and (write := each.writers.get(path.suffix.lower())) is not None:
            return write
    raise InputError("a sweep as .igs.mha, .igs.nrrd, .sw or a folder", f"{path.name}", "Choose one of these.")


def _save_labels(
    labels: LabelMap, path: Path, writer: VolumeWriter, force: bool, compress: bool, beside: Mapping[Path, Beside]
) -> None:
    labels = replace(labels, array=_storable(labels.array))
    if writer.write_labels is not None:
        with atomic_paths([*beside, path], force) as (*others, partial):
            writer.write_labels(labels, partial, compress)
            _write_beside(others, beside)
        return
    # What 3D Slicer said of its segments would make the file one of its segmentations, with names that are not there.
    header = {key: value for key, value in labels.header.items() if not SEGMENT_KEY.match(key)}
    if labels.names and writer.label_names == "beside":
        sidecar, text = label_names.sidecar_text(path, labels)
        beside = {sidecar: text, **beside}
    elif labels.names:
        header[label_names.HEADER_KEY] = label_names.as_text(labels)
    _save_volume(Volume(labels.array, labels.grid, MappingProxyType(header)), path, writer, force, compress, beside)


def _save_volume(
    volume: Volume, path: Path, writer: VolumeWriter, force: bool, compress: bool, beside: Mapping[Path, Beside]
) -> None:
    """The file of a suffix with those that belong to it: first what is beside, last what readers open."""
    if writer.write is None:
        raise _labels_only(writer)
    header = {key: value for key, value in volume.header.items() if key != SEEN_KEY}
    if volume.seen is not None:
        beside = {seen_path(path): mask_of(volume), **beside}
        header[SEEN_KEY] = seen_path(path).name
    volume = replace(volume, header=MappingProxyType(header))
    if writer.data_suffixes is None:
        with atomic_paths([*beside, path], force) as (*others, partial):
            _write_beside(others, beside)
            writer.write(volume, partial, compress, None)
        return
    data = path.with_name(path.name[: -len(writer.suffix)] + writer.data_suffixes[compress])
    with atomic_paths([*beside, data, path], force) as (*others, partial_data, partial):
        _write_beside(others, beside)
        writer.write(volume, partial, compress, (partial_data, data.name))


def _labels_only(writer: VolumeWriter) -> InputError:
    return InputError(f"labels for a {writer.suffix} file", "a grey-level volume", "Name it .nrrd.")


def _write_beside(partials: list[Path], things: Mapping[Path, Beside]) -> None:
    for partial, thing in zip(partials, things.values(), strict=True):
        if isinstance(thing, LabelMap):
            write_nrrd_volume(Volume(thing.array, thing.grid, thing.header), partial, True, None)
        else:
            partial.write_text(thing, encoding="utf-8", newline="\n")


def _storable(array: Shaped[np.ndarray, "z y x"]) -> Shaped[np.ndarray, "z y x"]:
    """Pixels of a type that every format has: booleans as uint8, half precision as single."""
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        return array.astype(np.float32 if array.dtype.itemsize < 4 else np.float64)
    return array
