"""Any volume, label map or tracked sweep: `kind_of` says which format it is, one reader a format does the rest."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.values import values_in_use
from ifssnet.io.cohorts.nnunet import read_nnunet
from ifssnet.io.kinds import IMAGES, KINDS, SWEEPS, kind_of
from ifssnet.io.sweeps.frames_folder import read_frames_folder
from ifssnet.io.sweeps.plus_config import PlusConfiguration, read_plus_configuration
from ifssnet.io.sweeps.sequence import read_sequence
from ifssnet.io.sweeps.stradwin import read_stradwin
from ifssnet.io.volumes import label_names
from ifssnet.io.volumes.dicom import read_dicom_volume
from ifssnet.io.volumes.metaimage import read_metaimage_volume
from ifssnet.io.volumes.nifti import read_nifti_volume
from ifssnet.io.volumes.nrrd import read_nrrd_volume
from ifssnet.io.volumes.placement import as_labels, warn_of_nan
from ifssnet.io.volumes.seg_nrrd import read_seg_nrrd

__all__ = ["kind_of", "open_labels", "open_sweep", "open_volume"]

_READERS: Mapping[str, Callable[[Path], Volume]] = {
    "metaimage": read_metaimage_volume,
    "nrrd": read_nrrd_volume,
    "nifti": read_nifti_volume,
    "dicom": read_dicom_volume,
    "dicom-folder": read_dicom_volume,
}


MANY_LABELS = 40
"""More unnamed structures than anybody draws in a leg."""


def open_volume(path: Path) -> Volume:
    """Read a grey-level volume.

    Args:
        path: A file of any format in `ifssnet.io.kinds.IMAGES`, or a folder of DICOM images, or an nnU-Net folder of one case.

    Returns:
        The volume, on its grid in LPS, grey levels of the file's own type; NaN are kept, with a warning that counts them.

    Raises:
        InputError: Nothing there, nothing that is known, or a file that cannot be used.
    """
    kind = _image_kind(path, "a volume")
    if kind == "nnunet":
        case = read_nnunet(path).only_case()
        path, kind = case.images[0], kind_of(case.images[0])
    if kind == "seg-nrrd":
        labels = read_seg_nrrd(path)
        return Volume(labels.array, labels.grid, labels.header)
    volume = _READERS[_image_kind(path, "a volume")](path)
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
    kind = _image_kind(path, "a label map")
    if kind == "nnunet":
        case = read_nnunet(path).only_case()
        if case.labels is None:
            raise InputError(f"labels of {case.name} in {path}", "none", "Give a folder with labelsTr.")
        path, kind = case.labels, kind_of(case.labels)
    if kind == "seg-nrrd":
        return read_seg_nrrd(path)
    volume = _READERS[_image_kind(path, "a label map")](path)
    array = as_labels(volume.array, path.name)
    header = dict(volume.header)
    if label_names.HEADER_KEY in header:
        names, colors = label_names.from_text(header.pop(label_names.HEADER_KEY), path.name)
    else:
        names, colors = label_names.read_sidecar(path)
        if not names:
            names, colors = label_names.nnunet_names(path)
    in_use = values_in_use(array)
    if not names and len(in_use) > MANY_LABELS:
        warnings.warn(
            InputWarning(
                f"{path.name} has {len(in_use)} different values and no names for them: it looks like a grey-level volume. "
                "Every value is taken as a structure of its own."
            ),
            stacklevel=2,
        )
    names = label_names.completed(in_use, names)
    return LabelMap(array, volume.grid, MappingProxyType(names), MappingProxyType(colors), MappingProxyType(header))


def open_sweep(path: Path, config: Path | PlusConfiguration | None = None) -> Sweep:
    """Read a tracked sweep.

    Args:
        path: A sequence metafile (`.igs.mha`, `.mha`, `.mhd`, `.igs.nrrd`, `.nrrd`), a Stradwin file (`.sw`, or its
            `.sxi` when the `.sw` lies beside it), or a folder of PNG frames with `poses.csv` and `calibration.toml`.
        config: A PLUS configuration with the calibration, for sequence metafiles.

    Raises:
        InputError: No such file, a format that is not known, or a file that cannot be used.
    """
    kind = kind_of(path)
    if kind in ("sequence", "metaimage", "nrrd"):
        return read_sequence(path, read_plus_configuration(config) if isinstance(config, Path) else config)
    if kind not in ("stradwin", "frames-folder"):
        raise InputError(
            "a sequence metafile (.igs.mha, .igs.nrrd), a Stradwin .sw file, or a folder of frames with poses",
            f"{path.name}, which is {KINDS[kind]}",
            "Give the recording, or convert it to one of these.",
        )
    if config is not None:
        raise InputError(
            "a PLUS configuration with a sequence metafile only",
            f"a configuration with {path.name}, which carries its own calibration",
            "Leave the configuration out.",
        )
    if kind == "frames-folder":
        return read_frames_folder(path)
    return read_stradwin(path.with_suffix(".sw") if path.suffix.lower() == ".sxi" else path)


def _image_kind(path: Path, wanted: str) -> str:
    kind = kind_of(path)
    if kind in IMAGES:
        return kind
    remedy = "Give a volume or a label map."
    if kind in SWEEPS:
        remedy = "Compound it into a volume first (ifss compound)."
    elif kind.startswith("surface"):
        remedy = "Turn surfaces into a label map first (ifss convert)."
    elif kind == "masks-folder":
        remedy = "Masks on some slices are seeds: give them as such, beside the volume."
    raise InputError(wanted, f"{path.name}, which is {KINDS[kind]}", remedy)
