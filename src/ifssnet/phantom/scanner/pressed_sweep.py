"""A probe that is pressed into the leg: the frames of a sweep as they would look then, with the truth of what was pressed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Shaped

from ifssnet.core.sweep import Sweep
from ifssnet.phantom.anatomy.tissue import Tissue

STILL_MM = 60.0
"""Depth below the skin at which a push is no longer felt: where the bones are."""

FAT_SOFTNESS = 3.0
"""How much more fat and skin give way than muscle."""


@dataclass(frozen=True, eq=False)
class PressedSweep:
    """A sweep with a pressed probe.

    Attributes:
        sweep: Frames and poses as they are recorded then.
        truth: The tissue of every pixel then.
        fat_left: Share of the fat's thickness that is left, frame by frame.
    """

    sweep: Sweep
    truth: Sweep
    fat_left: Float[np.ndarray, " frame"]


def pressed(sweep: Sweep, truth: Sweep, push_mm: Float[np.ndarray, " frame"]) -> PressedSweep:
    """Press the probe into the leg, along the beam; the water between probe and skin keeps its thickness.

    The skin moves by the push. Below it the push wears off in proportion to what each tissue gives way, down to `STILL_MM`.

    Args:
        sweep: As it was scanned.
        truth: The tissue of each of its pixels (`Tissue` codes).
        push_mm: How far the skin is pushed in, frame by frame; 0 leaves a frame as it is.
    """
    rows = sweep.frames.shape[1]
    pixel_mm = sweep.pixel_spacing_uv_mm[1]
    frames, codes, poses = sweep.frames.copy(), truth.frames.copy(), sweep.image_to_world.copy()
    fat_left = np.ones(len(frames))
    for number in np.flatnonzero(push_mm):
        push = float(push_mm[number])
        down = poses[number, :3, 1] / np.linalg.norm(poses[number, :3, 1])
        poses[number, :3, 3] += push * down
        fat_left[number] = _bent(frames[number], codes[number], push, pixel_mm, rows)
    return PressedSweep(
        replace(sweep, frames=frames, image_to_world=poses),
        replace(truth, frames=codes, image_to_world=poses),
        fat_left,
    )


def _bent(
    frame: Shaped[np.ndarray, "row column"], codes: Shaped[np.ndarray, "row column"], push: float, pixel_mm: float, rows: int
) -> float:
    """Bend a frame and its truth in place; return the share of the fat that is left under the probe's middle columns."""
    at = np.arange(rows, dtype=np.float64)
    left: list[float] = []
    for column in range(frame.shape[1]):
        tissue = codes[:, column] != Tissue.WATER
        if not tissue.any():
            continue
        skin = int(tissue.argmax())
        depth_mm = (at - skin) * pixel_mm
        soft = np.isin(codes[:, column], (Tissue.SKIN, Tissue.FAT)) & (np.cumsum(~np.isin(codes[:, column], _OUTER)) == 0)
        gives = np.where(depth_mm < 0, 0.0, np.where(soft, FAT_SOFTNESS, 1.0)) * (depth_mm < STILL_MM)
        strain = push * gives / max(float(gives.sum()) * pixel_mm, 1e-9)
        # Where each row's tissue goes, seen from the probe: up by what is lost above it.
        moved = at - np.cumsum(strain)
        source = np.clip(np.rint(np.interp(at, moved, at)), 0, rows - 1).astype(np.int64)
        if soft.any():
            left.append(1.0 - float(strain[soft].mean()))
        frame[:, column], codes[:, column] = frame[source, column], codes[source, column]
    return float(np.mean(left)) if left else 1.0


_OUTER = (Tissue.WATER, Tissue.SKIN, Tissue.FAT)
