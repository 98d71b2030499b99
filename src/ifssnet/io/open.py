"""Any volume, label map or tracked sweep: `format_of` says which format it has, and the format's own reader does the rest."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.masks.values import values_in_use
from ifssnet.io.kinds import FORMATS, SURFACES, Format, format_of, kind, kind_of
from ifssnet.io.sweeps.plus_config import PlusConfiguration, read_plus_configuration
from ifssnet.io.sweeps.slicer_scene import SLICER_SCENE, instead_of_scene, read_scene
from ifssnet.io.sweeps.slicer_sequence import SLICER_TRANSFORMS
from ifssnet.io.sweeps.sweep_format import SweepFormat
from ifssnet.io.sweeps.tracking_files import TrackingFiles, refuse_tracking_files, with_calibration
from ifssnet.io.volumes import label_names
from ifssnet.io.volumes.label_tables import snap_table, used_only
from ifssnet.io.volumes.placement import as_labels, warn_of_nan, with_background_0
from ifssnet.io.volumes.seen_mask import with_seen
from ifssnet.io.volumes.volume_format import CaseFolder, VolumeFormat

__all__ = ["kind_of", "open_grid", "open_label_layers", "open_labels", "open_sweep", "open_sweeps", "open_volume"]

MANY_LABELS = 40
"""More unnamed structures than anybody draws in a leg."""


MOST_LABELS = 2**12
"""Beyond that, a file is no label map: no atlas of the body has as many structures, and each is measured by itself."""


def open_volume(path: Path) -> Volume:
    """Read a grey-level volume.

    Args:
        path: A file of any format in `ifssnet.io.kinds.IMAGES`, or a folder of DICOM images, or an nnU-Net folder of one case.

    Returns:
        The volume, on its grid in LPS, with the file's own type of grey level and the mask of what was seen that lies
        beside it (`ifssnet.io.volumes.seen_mask`); NaN are kept, with a warning that counts them.

    Raises:
        InputError: Nothing there, nothing that is known, or a file that cannot be used.
    """
    found = format_of(path)
    if isinstance(found, CaseFolder):
        path = found.volume_file(path)
        found = format_of(path)
    format = _image_format(found, path, "a volume")
    volume = format.read_volume(path)
    if format.read_labels is None:
        volume = with_seen(volume, path)
    warn_of_nan(volume.array, path.name)
    return volume


def open_labels(path: Path) -> LabelMap:
    """Read a label map.

    Names come from the file, else from the JSON file beside it (`leg.nii.gz`: `leg.json`), else from the `dataset.json` of
    an nnU-Net folder. Without any, the values 100, 150 and 200 alone are SOL, GM and GL as in LEG-3D-US; every other
    value is named by its number. Where segments of a `.seg.nrrd` overlap, the later one wins, with a warning.

    Args:
        path: A file of any format in `ifssnet.io.kinds.IMAGES`, or an nnU-Net folder of one case.

    Raises:
        InputError: Nothing there, nothing that is known, or values that are no labels.
    """
    found = format_of(path)
    if isinstance(found, CaseFolder):
        path = found.labels_file(path)
        found = format_of(path)
    format = _image_format(found, path, "a label map")
    if format.read_labels is not None:
        return format.read_labels(path)
    return _labels_of(format.read_volume(path, labels=True), path)


def open_grid(path: Path, labels: bool = False) -> Grid:
    """Where the voxels of an image lie, by its header alone: a cohort of 45 GB is looked over in a second.

    Nothing is remarked that opening the image will remark.

    Args:
        path: As `open_volume` or `open_labels` takes it.
        labels: Whether its values are labels.

    Raises:
        InputError: As these two, but for what only the voxels tell.
    """
    found = format_of(path)
    if isinstance(found, CaseFolder):
        path = found.labels_file(path) if labels else found.volume_file(path)
        found = format_of(path)
    format = _image_format(found, path, "a label map" if labels else "a volume")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        return format.read_volume(path, labels).grid if format.read_grid is None else format.read_grid(path, labels)


def open_label_layers(path: Path) -> tuple[LabelMap, ...]:
    """Read label maps of which each structure is whole: one, or several on one grid where structures overlap.

    Args:
        path: As `open_labels` takes it.

    Raises:
        InputError: As `open_labels`.
    """
    found = format_of(path)
    if isinstance(found, CaseFolder):
        path = found.labels_file(path)
        found = format_of(path)
    format = _image_format(found, path, "a label map")
    if format.read_layers is not None:
        return format.read_layers(path)
    if format.read_label_values is None:
        return (open_labels(path),)
    volumes = format.read_label_values(path)
    if len(volumes) == 1:
        return (_labels_of(volumes[0], path),)
    layers = [_labels_of(volume, path, only=int(volume.array.max())) for volume in volumes]
    return tuple(layer for layer in layers if layer.names)


def open_sweep(path: Path, config: Path | PlusConfiguration | None = None) -> Sweep:
    """Read a tracked sweep.

    Args:
        path: A sequence metafile (`.igs.mha`, `.mha`, `.mhd`, `.igs.nrrd`, `.nrrd`), the images of 3D Slicer's Sequences
            (`.seq.nrrd`) with their transforms beside them, a scene with one recording (`.mrb`, `.mrml`), a Stradwin file
            (`.sw`, or its `.sxi` when the `.sw` lies beside it), or a folder of PNG frames with `poses.csv` and
            `calibration.toml`.
        config: A PLUS configuration with the calibration, for sequence metafiles and for recordings of 3D Slicer.

    Raises:
        InputError: No such file, a format that is not known, or a file that cannot be used.
    """
    format = _sweep_format(format_of(path), path)
    configuration = read_plus_configuration(config) if isinstance(config, Path) else config
    _refuse_configuration(format, configuration, path)
    return format.read(path, configuration)


def open_sweeps(path: Path, files: TrackingFiles) -> tuple[Sweep, ...]:
    """Read every sweep of a recording; all formats but a scene of 3D Slicer hold one.

    Args:
        path: As `open_sweep` takes it; a scene may hold several recordings.
        files: What goes with it.

    Raises:
        InputError: No such file, a format that is not known, a file that cannot be used, or files that do not go together.
    """
    format = _sweep_format(format_of(path), path)
    if format.read_with_files is not None:
        return format.read_with_files(path, files)
    refuse_tracking_files(files, path, "which holds its own transforms")
    configuration = with_calibration(files)
    _refuse_configuration(format, configuration, path)
    return (format.read(path, configuration),)


def _refuse_configuration(format: SweepFormat, configuration: PlusConfiguration | None, path: Path) -> None:
    if configuration is not None and not format.takes_configuration:
        raise InputError(
            "a PLUS configuration with a sequence metafile only",
            f"a configuration with {path.name}, which carries its own calibration",
            "Leave the configuration out.",
        )


def _of_snap(
    found: tuple[Mapping[int, str], Mapping[int, tuple[int, int, int]], Path], used: set[int]
) -> label_names.LabelNames:
    names, colors, _ = found
    return label_names.LabelNames(used_only(names, used), {value: colors[value] for value in colors if value in used})


def _labels_of(volume: Volume, path: Path, only: int | None = None) -> LabelMap:
    """A volume's values as labels, with names and colours from wherever they are kept; those of one value with `only`."""
    array = as_labels(volume.array, path.name)
    header = dict(volume.header)
    if label_names.HEADER_KEY in header:
        named = label_names.from_text(header.pop(label_names.HEADER_KEY), path.name)
    else:
        named = label_names.read_sidecar(path)
        if not named.names:
            named = label_names.nnunet_names(path)
        if not named.names and (found := snap_table(path)) is not None:
            named = _of_snap(found, set(values_in_use(array)))
    known, background = label_names.without_background(named.names)
    if background and (elsewhere := np.isin(array, list(background))).any():
        shown = ", ".join(map(str, sorted(background)))
        warnings.warn(InputWarning(f"{path.name}: {shown} is called the background, and was taken as such."), stacklevel=3)
        array = np.where(elsewhere, 0, array).astype(array.dtype)
    named = replace(named, names=known)
    array = with_background_0(array, named.names, path.name)
    in_use = values_in_use(array)
    if len(in_use) > MOST_LABELS:
        raise InputError(
            f"at most {MOST_LABELS:,} different labels in {path.name}",
            f"{len(in_use):,} different values",
            "Give a label map; a grey-level volume is opened as a volume.",
        )
    if not named.names and len(in_use) > MANY_LABELS:
        warnings.warn(
            InputWarning(
                f"{path.name} has {len(in_use)} different values and no names for them: it looks like a grey-level volume. "
                "Every value is taken as a structure of its own."
            ),
            stacklevel=3,
        )
    _warn_of_unnamed([value for value in in_use if value not in named.names], named.names, path)
    names = label_names.completed(in_use, named.names)
    if only is not None:
        names = {value: name for value, name in names.items() if value == only}
    colors = MappingProxyType(dict(named.colors))
    return LabelMap(array, volume.grid, MappingProxyType(names), colors, MappingProxyType(header))


def _warn_of_unnamed(values: Sequence[int], names: Mapping[int, str], path: Path) -> None:
    """Say which values have no name where others have one: the list of names was meant for another file, or is not whole."""
    if not names or not values:
        return
    shown = ", ".join(map(str, values[:8])) + (" ..." if len(values) > 8 else "")
    warnings.warn(
        InputWarning(
            f"{path.name}: no name for {shown}, where other values have one ({', '.join(list(names.values())[:4])}). "
            "Each goes by its number; complete the list of names."
        ),
        stacklevel=4,
    )


def _image_format(found: Format, path: Path, wanted: str) -> VolumeFormat:
    if isinstance(found, VolumeFormat):
        return found
    remedy = "Give a volume or a label map."
    if found is SLICER_SCENE:
        remedy = instead_of_scene(read_scene(path))
    elif isinstance(found, SweepFormat):
        remedy = "Compound it into a volume first (ifss compound)."
    elif kind(found).name in SURFACES:
        remedy = "Turn surfaces into a label map first (ifss convert)."
    elif kind(found).name == "masks-folder":
        remedy = "Masks on some slices are seeds: give them as such, beside the volume."
    raise InputError(wanted, f"{path.name}, which is {kind(found).words}", remedy)


def _sweep_format(found: Format, path: Path) -> SweepFormat:
    if isinstance(found, SweepFormat):
        return found
    for each in FORMATS:
        if isinstance(each, SweepFormat) and kind(found).name in each.tried_for:
            return each
    remedy = "Give the recording, or convert it to one of these."
    if found is SLICER_TRANSFORMS:
        remedy = "Give the images, and name this file with --poses."
    raise InputError(
        "a sequence metafile (.igs.mha, .igs.nrrd), a recording of 3D Slicer (.seq.nrrd, .mrb), a Stradwin .sw file, or a "
        "folder of frames with poses",
        f"{path.name}, which is {kind(found).words}",
        remedy,
    )
