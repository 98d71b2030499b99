"""Where the skin and the fascia below the fat lie in each sweep, on one map of the leg that all sweeps share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.plan import used_frames
from ifssnet.core.sweep import Sweep

STEP_MM = 2.0
"""Between two places of the map, across the leg and along it: frames and columns closer than that say the same."""

DEEPEST_FAT_MM = 25.0
"""Fat over a calf is 2 to 20 mm thick; what lies deeper is no border of it."""

SKIN_MM = 1.6
"""Thickness of the skin's own echo: the border of the fat is looked for below it."""

SAMPLE_MM = 0.25
"""Between two samples of a profile of grey levels along the beam."""

LONGEST_MM = 2000.0
"""No leg is longer: a broken pose must not cost memory."""

BESIDE_DEG = 40.0
"""Frames that look further aside than this from the others have no place on the map."""


@dataclass(frozen=True, eq=False)
class SkinMap:
    """One sweep on the common map of the leg.

    Attributes:
        skin_mm: Depth of the skin along the beam, from a plane that all sweeps share; NaN where the sweep saw none.
        fat_mm: From the skin to the brightest line below it; NaN where there is none.
    """

    skin_mm: Float[np.ndarray, "across along"]
    fat_mm: Float[np.ndarray, "across along"]


@dataclass(frozen=True, eq=False)
class SkinMaps:
    """All sweeps of a leg on one map.

    Attributes:
        along_mm: Places along the leg, from the first frame of all.
        maps: One a sweep.
    """

    along_mm: Float[np.ndarray, " along"]
    maps: tuple[SkinMap, ...]


@dataclass(frozen=True, eq=False)
class _Axes:
    """Unit vectors of the map: across the leg, along the beam, along the leg."""

    across: Float[np.ndarray, " 3"]
    beam: Float[np.ndarray, " 3"]
    along: Float[np.ndarray, " 3"]

    @property
    def rows(self) -> Float[np.ndarray, "3 3"]:
        """The three as rows of a matrix."""
        return np.stack([self.across, self.beam, self.along])


def skin_maps(sweeps: Sequence[Sweep], options: CompoundOptions) -> SkinMaps | None:
    """Find the skin and the border of the fat in a sample of the frames.

    Args:
        sweeps: Recordings in one reference frame.
        options: How they are to be compounded: which frames and which pixels.

    Returns:
        None where there is nothing to map: no frame, no motion, or a fan, whose lines are no columns of pixels.
    """
    frames = [used_frames(sweep, options) for sweep in sweeps]
    axes = _axes(sweeps, frames)
    if axes is None or options.fan is not None:
        return None
    found = [_places(sweep, chosen, axes, options) for sweep, chosen in zip(sweeps, frames, strict=True)]
    every = np.concatenate([place[:, :, :3].reshape(-1, 3) for place in found if place.size])
    every = every[np.isfinite(every).all(axis=1)]
    if len(every) == 0:
        return None
    low, high = every.min(axis=0), every.max(axis=0)
    if (high - low)[[0, 2]].max() > LONGEST_MM:
        return None
    across = np.arange(low[0], high[0] + STEP_MM, STEP_MM)
    along = np.arange(low[2], high[2] + STEP_MM, STEP_MM)
    return SkinMaps(along - along[0], tuple(_mapped(place, across, along) for place in found))


def _axes(sweeps: Sequence[Sweep], frames: Sequence[Int[np.ndarray, " _"]]) -> _Axes | None:
    down = np.concatenate([_away_from_probe(sweep, chosen) for sweep, chosen in zip(sweeps, frames, strict=True)])
    middles = [
        sweep.image_to_world[chosen] @ np.array([(sweep.frames.shape[2] - 1) / 2, 0.0, 0.0, 1.0])
        for sweep, chosen in zip(sweeps, frames, strict=True)
    ]
    if len(down) < 3:
        return None
    beam = down.mean(axis=0)
    beam /= max(float(np.linalg.norm(beam)), 1e-12)
    # Sweeps run side by side: the way along the leg is that within each of them.
    moved = np.concatenate([each[:, :3] - each[:, :3].mean(axis=0) for each in middles if len(each)])
    moved -= np.outer(moved @ beam, beam)
    strengths, ways = np.linalg.eigh(moved.T @ moved)
    if strengths[2] / len(moved) < STEP_MM**2:
        return None
    along = ways[:, 2] - (ways[:, 2] @ beam) * beam
    along /= np.linalg.norm(along)
    # Places count the way the first sweep went.
    first = next(each for each in middles if len(each))
    if (first[-1, :3] - first[0, :3]) @ along < 0:
        along = -along
    return _Axes(np.cross(beam, along), beam, along)


def _places(
    sweep: Sweep, chosen: Int[np.ndarray, " frame"], axes: _Axes, options: CompoundOptions
) -> Float[np.ndarray, "kept column 4"]:
    """Skin of some columns of some frames: across, depth and along on the map's axes, and the fat's thickness; NaN unseen."""
    chosen = chosen[_away_from_probe(sweep, chosen) @ axes.beam > np.cos(np.radians(BESIDE_DEG))]
    if len(chosen) == 0:
        return np.zeros((0, 0, 4))
    middle = sweep.image_to_world[chosen][:, :3, 3] @ axes.along
    _, first = np.unique(np.floor(middle / STEP_MM), return_index=True)
    kept = chosen[first[np.argsort(middle[first])]]
    u0, v0, u1, v1 = _window(sweep, options)
    columns, rows = np.arange(u0, u1, max(round(STEP_MM / sweep.pixel_spacing_uv_mm[0]), 1)), np.arange(v0, v1)
    towards = _towards_probe(sweep)
    rows = rows[::-1] if towards else rows
    pixel_mm = sweep.pixel_spacing_uv_mm[1]
    found = np.full((len(kept), len(columns), 4), np.nan)
    skins: list[Float[np.ndarray, " column"]] = []
    beside = max(round(0.5 * STEP_MM / sweep.pixel_spacing_uv_mm[0]), 1)
    levels: list[Float[np.ndarray, "row column"]] = []
    for number, frame in enumerate(kept):
        grey = _averaged(sweep.frames[frame], columns, beside)[rows]
        skin_px = _skin_px(grey, pixel_mm)
        skins.append(skin_px)
        levels.append(grey)
        v = v1 - 1 - skin_px if towards else v0 + skin_px
        pixels = np.stack([columns.astype(np.float64), v, np.zeros(len(columns)), np.ones(len(columns))], axis=1)
        found[number, :, :3] = (pixels @ sweep.image_to_world[frame].T)[:, :3] @ axes.rows.T
    found[:, :, 3] = _fat_mm(levels, skins, pixel_mm)
    return found


def _towards_probe(sweep: Sweep) -> bool:
    """Whether the rows of a frame run towards the probe, by PLUS' `UltrasoundImageOrientation`."""
    return sweep.header.get("UltrasoundImageOrientation", "").strip().upper()[1:2] == "N"


def _away_from_probe(sweep: Sweep, chosen: Int[np.ndarray, " frame"]) -> Float[np.ndarray, "frame 3"]:
    """The direction of each frame's beam, as unit vectors."""
    rows = sweep.image_to_world[chosen][:, :3, 1]
    return (-1.0 if _towards_probe(sweep) else 1.0) * rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _window(sweep: Sweep, options: CompoundOptions) -> tuple[int, int, int, int]:
    rows, columns = sweep.frames.shape[1:3]
    if options.clip is None:
        return 0, 0, columns, rows
    clip = options.clip
    right, bottom = clip.u_px + clip.width_px + 1, clip.v_px + clip.height_px + 1
    return max(clip.u_px, 0), max(clip.v_px, 0), min(right, columns), min(bottom, rows)


def _averaged(
    frame: UInt8[np.ndarray, "row column"], columns: Int[np.ndarray, " c"], beside: int
) -> Float[np.ndarray, "row c"]:
    """Some columns, each the mean of those around it: speckle is not a line."""
    sums = np.cumsum(np.pad(frame.astype(np.float64), ((0, 0), (1, 0))), axis=1)
    low, high = np.maximum(columns - beside, 0), np.minimum(columns + beside + 1, frame.shape[1])
    return (sums[:, high] - sums[:, low]) / (high - low)


def _skin_px(grey: Float[np.ndarray, "row column"], pixel_mm: float) -> Float[np.ndarray, " column"]:
    """The first row of tissue in each column; NaN where everything is dark."""
    lit = grey[grey > 0]
    if lit.size == 0:
        return np.full_like(grey[0], np.nan)
    level = 0.5 * float(np.median(lit))
    bright = grey >= level
    # Reverberations in the water are thin and faint: what is tissue goes on below.
    reach = max(round(3.0 / pixel_mm), 1)
    sums = np.cumsum(np.pad(grey, ((1, reach), (0, 0))), axis=0)
    below = (sums[reach:-1] - sums[: -reach - 1]) / reach
    tissue = bright & (below[: len(bright)] >= level)
    first = tissue.argmax(axis=0).astype(np.float64)
    first[~tissue.any(axis=0)] = np.nan
    return first


def _fat_mm(
    levels: Sequence[Float[np.ndarray, "row column"]], skins: Sequence[Float[np.ndarray, " column"]], pixel_mm: float
) -> Float[np.ndarray, "frame column"]:
    """Depth of the brightest line below the skin, in profiles that are averaged over neighbouring frames and columns."""
    depth_mm = np.arange(0.0, DEEPEST_FAT_MM, SAMPLE_MM)
    aligned = np.full((len(levels), len(skins[0]), len(depth_mm)), np.nan)
    for frame, (grey, skin) in enumerate(zip(levels, skins, strict=True)):
        for column in np.flatnonzero(np.isfinite(skin)):
            at = skin[column] + depth_mm / pixel_mm
            inside = at <= len(grey) - 1
            aligned[frame, column, inside] = np.interp(at[inside], np.arange(len(grey)), grey[:, column])
    known = np.isfinite(aligned)
    around = _box_mean(np.where(known, aligned, 0.0), known)
    below = depth_mm >= SKIN_MM
    # A line stands out from the tissue 2 mm above and below it; a border of two tissues alone does not.
    apart = round(2.0 / SAMPLE_MM)
    stands = np.full_like(around, np.nan)
    stands[..., apart:-apart] = around[..., apart:-apart] - 0.5 * (around[..., : -2 * apart] + around[..., 2 * apart :])
    stands = np.where(below & np.isfinite(stands), stands, -np.inf)
    best = stands.argmax(axis=-1)
    height = np.take_along_axis(stands, best[..., None], axis=-1)[..., 0]
    level = np.take_along_axis(np.where(np.isfinite(around), around, 0.0), best[..., None], axis=-1)[..., 0]
    return np.where(height > 0.15 * np.maximum(level, 1.0), depth_mm[best], np.nan)


def _box_mean(values: Float[np.ndarray, "frame column depth"], known: np.ndarray) -> Float[np.ndarray, "frame column depth"]:
    """The mean over five frames and three columns of what is known there; NaN where nothing is."""
    total, count = values, known.astype(np.float64)
    for axis, reach in ((0, 2), (1, 1)):
        for name in ("total", "count"):
            array = total if name == "total" else count
            width = [(reach, reach) if a == axis else (0, 0) for a in range(3)]
            padded = np.pad(array, width)
            summed = sum(np.take(padded, range(k, k + array.shape[axis]), axis=axis) for k in range(2 * reach + 1))
            if name == "total":
                total = np.asarray(summed)
            else:
                count = np.asarray(summed)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total / count, np.nan)


def _mapped(
    places: Float[np.ndarray, "kept column 4"], across_mm: Float[np.ndarray, " x"], along_mm: Float[np.ndarray, " z"]
) -> SkinMap:
    """A sweep's frames, interpolated across and then along; no further than two steps from a frame or a column."""
    shape = (len(across_mm), len(along_mm))
    skin, fat = np.full(shape, np.nan), np.full(shape, np.nan)
    if len(places) == 0:
        return SkinMap(skin, fat)
    lines = np.full((2, len(across_mm), len(places)), np.nan)
    at = np.array([_middle(place[:, 2]) for place in places])
    for frame, place in enumerate(places):
        for which, value in enumerate((1, 3)):
            known = np.isfinite(place[:, [0, value]]).all(axis=1)
            lines[which, :, frame] = _between(across_mm, place[known, 0], place[known, value])
    for row in range(len(across_mm)):
        for which, target in enumerate((skin, fat)):
            known = np.isfinite(lines[which, row]) & np.isfinite(at)
            target[row] = _between(along_mm, at[known], lines[which, row, known])
    return SkinMap(skin, fat)


def _middle(values: Float[np.ndarray, " n"]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan


def _between(
    at: Float[np.ndarray, " place"], known_at: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " place"]:
    """Linear interpolation that bridges no more than three steps, and does not go on beyond the ends."""
    if len(known_at) < 2:
        return np.full(len(at), np.nan)
    order = np.argsort(known_at)
    known_at, values = known_at[order], values[order]
    found = np.interp(at, known_at, values, left=np.nan, right=np.nan)
    after = np.clip(np.searchsorted(known_at, at), 1, len(known_at) - 1)
    return np.where(known_at[after] - known_at[after - 1] <= 3 * STEP_MM, found, np.nan)
