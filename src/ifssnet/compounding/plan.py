"""What compounding will need, said before it is taken."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ifssnet.compounding.grid import automatic_grid, chosen_axes, sweep_angle_deg
from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.spans import frame_spans, pixels_in
from ifssnet.core.errors import InputError
from ifssnet.core.facts.compounding_facts import CompoundPlan
from ifssnet.core.grid import Grid
from ifssnet.core.machine.memory import available_memory
from ifssnet.core.sweep import Sweep

SUPPORTED_TYPES = ("uint8", "uint16", "int16", "float32")

SHARE_OF_MEMORY = 0.9
"""How much of the available memory a plan may take."""


def plan_compounding(sweeps: Sequence[Sweep], options: CompoundOptions, grid: Grid | None = None) -> CompoundPlan:
    """Work out grid and memory, without taking any, and refuse what does not fit.

    Args:
        sweeps: One or more recordings in the same reference frame.
        options: How they are put together.
        grid: Where the volume lies; None: around the frames (`automatic_grid`).

    Raises:
        InputError: Nothing to compound, frames of different kinds, or more memory than there is.
    """
    plan = estimate_compounding(sweeps, options, grid)
    if plan.available_bytes is not None and plan.bytes_needed > SHARE_OF_MEMORY * plan.available_bytes:
        x, y, z = plan.grid.shape_zyx[::-1]
        needed = (plan.bytes_needed / (SHARE_OF_MEMORY * plan.available_bytes)) ** (1 / 3)
        raise InputError(
            f"a volume that fits {SHARE_OF_MEMORY:.0%} of the {plan.available_bytes / 1e9:.1f} GB of free memory",
            f"{x} x {y} x {z} voxels, which take {plan.bytes_needed / 1e9:.1f} GB",
            f"Choose a spacing of at least {plan.grid.spacing_xyz_mm[0] * needed:.2g} mm, or check the poses and the"
            " calibration if a volume of this size cannot be meant.",
        )
    return plan


def estimate_compounding(sweeps: Sequence[Sweep], options: CompoundOptions, grid: Grid | None = None) -> CompoundPlan:
    """The same, whether it fits the memory or not.

    Raises:
        InputError: Nothing to compound, or frames of different kinds.
    """
    dtype = _common_type(sweeps)
    used = [used_frames(sweep, options) for sweep in sweeps]
    if sum(map(len, used)) == 0:
        raise InputError(
            "at least one frame with a valid pose on the skip interval",
            f"{sum(len(s.frames) for s in sweeps)} frames, {sum(s.valid_frames for s in sweeps)} of them valid",
            "Check the tracker's status in the recording, or lower the skip interval.",
        )
    chosen = automatic_grid(sweeps, options) if grid is None else grid
    pixels = sum(
        len(indices) * pixels_in(frame_spans(options, (s.frames.shape[1], s.frames.shape[2])))
        for s, indices in zip(sweeps, used, strict=True)
        if len(indices)
    )
    return CompoundPlan(
        grid=chosen,
        bytes_by_array=_bytes(chosen.voxels, dtype, options),
        frames=sum(len(s.frames) for s in sweeps),
        invalid_frames=sum(len(s.frames) - s.valid_frames for s in sweeps),
        used_frames=sum(map(len, used)),
        pixels=pixels,
        available_bytes=available_memory(),
        axes=chosen_axes(sweeps, options) if grid is None else "given",
        sweep_angle_deg=sweep_angle_deg(sweeps, np.array((0.0, 0.0, 1.0))),
        slice_angle_deg=sweep_angle_deg(sweeps, np.asarray(chosen.direction, dtype=np.float64)[:, 2]),
    )


def used_frames(sweep: Sweep, options: CompoundOptions) -> np.ndarray:
    """Indices of the frames that are inserted: every n-th of all, as PLUS counts, if it is valid."""
    indices = np.arange(0, len(sweep.frames), options.skip_interval)
    return indices[sweep.valid[indices]]


def _common_type(sweeps: Sequence[Sweep]) -> np.dtype:
    if not sweeps:
        raise InputError("at least one sweep", "none", "Give the recordings to compound.")
    types = sorted({str(s.frames.dtype) for s in sweeps})
    if len(types) > 1 or types[0] not in SUPPORTED_TYPES:
        raise InputError(
            f"frames of one of the types {', '.join(SUPPORTED_TYPES)}, the same in every sweep",
            " and ".join(types),
            "Convert the recordings to one type first.",
        )
    return sweeps[0].frames.dtype


def _bytes(voxels: int, dtype: np.dtype, options: CompoundOptions) -> dict[str, int]:
    needed = {"volume": voxels * dtype.itemsize, "mask of what was seen": voxels}
    if options.compounding == "mean":
        needed |= {"sums of grey levels": voxels * 4, "sums of weights": voxels * 4}
    elif options.compounding == "running-mean":
        needed["weights"] = voxels * 2
    else:
        needed["voxels seen"] = voxels
    if options.holes:
        needed["volume before hole filling"] = voxels * dtype.itemsize
        needed["known blocks"] = math.ceil(voxels / 256)
    return needed
