"""What a format of tracked sweeps can do: each file of this room describes its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ifssnet.core.sweep import Sweep
from ifssnet.io.recognition import Kind
from ifssnet.io.sweeps.plus_config import PlusConfiguration
from ifssnet.io.sweeps.tracking_files import TrackingFiles


@dataclass(frozen=True)
class SweepFormat:
    """One format of tracked sweeps.

    Attributes:
        kind: How it is recognised.
        read: Reads a sweep with the calibration of a PLUS configuration, where one is given.
        takes_configuration: Whether the calibration may stand in a PLUS configuration; else the file carries its own.
        tried_for: Kinds of volumes that are read as this format when a sweep is wanted, so that the error says what they lack.
        read_with_files: Reads every sweep of a file whose transforms may stand in files of their own; None where a file is one
            sweep and holds them.
        writers: Suffix, empty for a folder, to what writes a sweep to a path, replacing what is there or not.
    """

    kind: Kind
    read: Callable[[Path, PlusConfiguration | None], Sweep]
    takes_configuration: bool = False
    tried_for: tuple[str, ...] = ()
    read_with_files: Callable[[Path, TrackingFiles], tuple[Sweep, ...]] | None = None
    writers: Mapping[str, Callable[[Sweep, Path, bool], None]] = field(
        default_factory=dict[str, Callable[[Sweep, Path, bool], None]]
    )
