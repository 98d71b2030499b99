"""Any tracked sweep: the content says which format it is, then the name."""

from __future__ import annotations

from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.sweep import Sweep
from ifssnet.io.frames_folder import read_frames_folder
from ifssnet.io.kinds import KINDS, kind_of
from ifssnet.io.plus_xml import PlusConfiguration, read_plus_configuration
from ifssnet.io.sequence import read_sequence
from ifssnet.io.stradwin import read_stradwin


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
