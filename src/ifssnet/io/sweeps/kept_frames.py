"""The frames of sweeps beside the volume that they became: plain arrays, of which one frame is read at a time."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8

from ifssnet.core.errors import InputError
from ifssnet.core.sweep import Sweep
from ifssnet.io.storage.atomic import atomic_folder, to_disk

FOLDER = "sweeps"
_POSES = "poses.npz"


@dataclass(frozen=True, eq=False)
class KeptSweep:
    """A sweep whose frames stay on the disk until they are looked at.

    Attributes:
        frames: Grey levels.
        image_to_world: As of a `Sweep`.
        valid: False where the pose is not to be trusted.
    """

    frames: UInt8[np.ndarray, "frame v u"]
    image_to_world: Float[np.ndarray, "frame 4 4"]
    valid: Bool[np.ndarray, " frame"]


def keep_frames(sweeps: Sequence[Sweep], case: Path) -> None:
    """Write the frames and poses of sweeps into a case's folder; they come into place when all of them are on the disk.

    Raises:
        InputError: There is no room for them, or some are there already.
    """
    with atomic_folder(case / FOLDER) as folder:
        for number, sweep in enumerate(sweeps, start=1):
            np.save(folder / f"{number}.npy", _grey(sweep), allow_pickle=False)
        np.savez(folder / _POSES, *(each for sweep in sweeps for each in (sweep.image_to_world, sweep.valid)))
        for path in folder.iterdir():
            to_disk(path)


def kept_frames(case: Path) -> tuple[KeptSweep, ...]:
    """The sweeps in a case's folder; none where it was not made from sweeps.

    Raises:
        InputError: Files that were damaged, or are not all there.
    """
    folder = case / FOLDER
    if not folder.exists():
        return ()
    try:
        # NumPy leaves a file open that turns out to be none of its own.
        with (folder / _POSES).open("rb") as stream, np.load(stream, allow_pickle=False) as poses:
            found = tuple(
                KeptSweep(
                    np.load(folder / f"{number}.npy", mmap_mode="r", allow_pickle=False),
                    np.asarray(poses[f"arr_{2 * number - 2}"], dtype=np.float64),
                    np.asarray(poses[f"arr_{2 * number - 1}"], dtype=np.bool_),
                )
                for number in range(1, len(poses.files) // 2 + 1)
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"the frames of the sweeps in {folder.name}", str(error), "Make the case again.") from error
    if any(len(each.frames) != len(each.image_to_world) or len(each.valid) != len(each.frames) for each in found):
        raise InputError(f"a pose for each frame in {folder.name}", "more of one than of the other", "Make the case again.")
    return found


def _grey(sweep: Sweep) -> UInt8[np.ndarray, "frame v u"]:
    """Grey levels from 0 to 255: as they are, or from the least to the largest of the sweep."""
    if sweep.frames.dtype == np.uint8:
        return np.ascontiguousarray(sweep.frames)
    low, high = float(sweep.frames.min(initial=0)), float(sweep.frames.max(initial=0))
    scaled = (sweep.frames.astype(np.float32) - low) * (255 / max(high - low, 1e-9))
    return np.rint(scaled).astype(np.uint8)
