"""Any tracked sweep: the content says which format it is, then the name."""

from __future__ import annotations

import re
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.sweep import Sweep
from ifssnet.io.frames_folder import CALIBRATION_NAME, POSES_NAME, read_frames_folder
from ifssnet.io.plus_xml import PlusConfiguration, read_plus_configuration
from ifssnet.io.sequence import read_sequence
from ifssnet.io.stradwin import read_stradwin

_STRADWIN = re.compile(rb"^\s*(RES_[A-Z_]+|IM|OBJECT|CONT|LANDMARK)\b", re.MULTILINE)
_METAIMAGE = re.compile(rb"^\s*(ObjectType|NDims|DimSize|BinaryData)\s*=", re.MULTILINE)


def open_sweep(path: Path, config: Path | PlusConfiguration | None = None) -> Sweep:
    """Read a tracked sweep.

    Args:
        path: A sequence metafile (`.igs.mha`, `.mha`, `.mhd`, `.igs.nrrd`, `.nrrd`), a Stradwin file (`.sw`, or its
            `.sxi` when the `.sw` lies beside it), or a folder of PNG frames with `poses.csv` and `calibration.toml`.
        config: A PLUS configuration with the calibration, for sequence metafiles.

    Raises:
        InputError: No such file, a format that is not known, or a file that cannot be used.
    """
    kind = sweep_kind(path)
    if kind == "sequence":
        return read_sequence(path, read_plus_configuration(config) if isinstance(config, Path) else config)
    if config is not None:
        raise InputError(
            "a PLUS configuration with a sequence metafile only",
            f"a configuration with {path.name}, which carries its own calibration",
            "Leave the configuration out.",
        )
    if kind == "stradwin":
        return read_stradwin(path.with_suffix(".sw") if path.suffix.lower() == ".sxi" else path)
    return read_frames_folder(path)


def sweep_kind(path: Path) -> str:
    """What holds a sweep: "sequence", "stradwin" or "folder".

    Raises:
        InputError: Nothing there, or nothing that a sweep is stored in.
    """
    if path.is_dir():
        if (path / POSES_NAME).is_file() or (path / CALIBRATION_NAME).is_file():
            return "folder"
        raise InputError(
            f"a folder with {POSES_NAME} and {CALIBRATION_NAME}",
            f"{path} without either",
            "Give the folder that holds the frames.",
        )
    try:
        with path.open("rb") as stream:
            start = stream.read(4096)
    except (OSError, ValueError) as error:
        raise InputError("a readable sweep", f"{path} ({error})", "Check the path and its permissions.") from error
    if start.startswith(b"NRRD") or _METAIMAGE.search(start):
        return "sequence"
    if _STRADWIN.search(start) or (path.suffix.lower() == ".sxi" and path.with_suffix(".sw").is_file()):
        return "stradwin"
    raise InputError(
        "a sequence metafile (.igs.mha, .igs.nrrd), a Stradwin .sw file, or a folder of frames",
        f"{path.name}, which is none of these",
        "Convert the recording to one of them.",
    )
