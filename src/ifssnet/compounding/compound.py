"""From frames and poses to a volume: insertion, normalisation, hole filling."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, cast, no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int64, Shaped
from numba import prange

from ifssnet.compounding.holes.fill import fill_holes
from ifssnet.compounding.holes.options import HoleFilling
from ifssnet.compounding.holes.reach import frame_distance_mm, with_reach
from ifssnet.compounding.insertion.linear import insert_linear
from ifssnet.compounding.insertion.nearest import insert_nearest
from ifssnet.compounding.insertion.voxel_arithmetic import FIXED_ONE, LATEST, MAXIMUM, MEAN, RUNNING_MEAN
from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.plan import plan_compounding, used_frames
from ifssnet.compounding.spans import clip_bounds, frame_spans
from ifssnet.core.facts.compounding_facts import CompoundPlan
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.compiled import compiled

MODES = {"latest": LATEST, "maximum": MAXIMUM, "mean": MEAN, "running-mean": RUNNING_MEAN}

BATCH = 8
"""Frames between two words of progress."""

SMALLEST_WEIGHT = 1e-3
"""Least weight by distance to the probe axis: a pixel that nothing else covers still counts."""


@dataclass(frozen=True, eq=False)
class Compounded:
    """A volume with what is known about each voxel.

    Attributes:
        volume: Grey levels, 0 where nothing is known; its mask says where a pixel went or a hole was filled.
        weights: What was inserted into each voxel: sums of weights for the mean, 256ths of a pixel (at most 65535) for
            the running mean, 1 otherwise; 0 where no pixel went, filled or not.
        plan: What was planned.
        holes: How holes were filled, with the reach that was chosen.
    """

    volume: Volume
    weights: Shaped[np.ndarray, "z y x"]
    plan: CompoundPlan
    holes: tuple[HoleFilling, ...]


@dataclass(frozen=True, eq=False)
class _Buffers:
    """The arrays that the compiled loops write; those that a mode does not need have no voxel."""

    values: Shaped[np.ndarray, "_ _ _"]
    sums: Float[np.ndarray, "_ _ _"]
    weights: Float[np.ndarray, "_ _ _"]
    steps: Shaped[np.ndarray, "_ _ _"]
    seen: Shaped[np.ndarray, "_ _ _"]


def compound_sweeps(
    sweeps: Sequence[Sweep], options: CompoundOptions, grid: Grid | None = None
) -> Generator[Progress, None, Compounded]:
    """Compound one or more sweeps of the same reference frame into one volume, in the order given.

    The result does not depend on the number of threads.

    Args:
        sweeps: Recordings.
        options: How they are put together.
        grid: Where the volume lies; None: around the frames.

    Raises:
        InputError: Nothing to compound, or more memory than there is.
    """
    plan = plan_compounding(sweeps, options, grid)
    buffers = _allocate(plan.grid.shape_zyx, sweeps[0].frames.dtype, options)
    done = 0
    for sweep in sweeps:
        indices = used_frames(sweep, options)
        if len(indices) == 0:
            continue
        to_voxel = frame_to_voxel(sweep, plan.grid, options)
        spans = frame_spans(options, (sweep.frames.shape[1], sweep.frames.shape[2]))
        columns = column_weights(sweep, options)
        axis = _slab_axis(to_voxel[indices], sweep.frames.shape[1:])
        for start in range(0, len(indices), BATCH):
            batch = indices[start : start + BATCH]
            _insert(sweep.frames[batch], to_voxel[batch], spans, columns, axis, buffers, options)
            done += len(batch)
            yield Progress("inserting frames", done, plan.used_frames)
    values, weights = _settle(buffers, options)
    unseen = weights == 0
    holes = with_reach(options.holes, frame_distance_mm(sweeps, options.skip_interval), plan.grid)
    if holes:
        values = yield from fill_holes(values, weights, holes, plan.grid, unseen)
    return Compounded(Volume(values, plan.grid, seen=np.logical_not(unseen, out=unseen)), weights, plan, holes)


def frame_to_voxel(sweep: Sweep, grid: Grid, options: CompoundOptions) -> Float[np.ndarray, "frame 3 4"]:
    """For each frame the affine from (u, v, 0, 1) in pixels to voxel coordinates (x, y, z); NaN where it is invalid."""
    affines = np.full((len(sweep.frames), 3, 4), np.nan)
    affines[sweep.valid] = (grid.mm_to_index @ sweep.image_to_world[sweep.valid])[:, :3]
    if options.arithmetic == "full":
        affines = np.rint(affines * FIXED_ONE) / FIXED_ONE
    return np.ascontiguousarray(affines)


def column_weights(sweep: Sweep, options: CompoundOptions) -> Float[np.ndarray, " u"]:
    """Weight of a pixel by the lateral distance of its column from the middle one of the clipped frame.

    A Gaussian, never below `SMALLEST_WEIGHT`. Lateral resolution and gain fall towards the ends of the array, and the
    edges of parallel sweeps are where they overlap: the sweep whose axis is nearer decides there.
    """
    columns = int(sweep.frames.shape[2])
    if options.axis_weight_mm is None:
        return np.ones(columns, dtype=np.float32)
    u0, u1, _, _ = clip_bounds(options.clip, (sweep.frames.shape[1], columns))
    distance_mm = (np.arange(columns) - (u0 + u1) / 2) * sweep.pixel_spacing_uv_mm[0]
    weights = np.exp(-0.5 * (distance_mm / options.axis_weight_mm) ** 2)
    return np.maximum(weights, SMALLEST_WEIGHT).astype(np.float32)


def _allocate(shape_zyx: tuple[int, int, int], dtype: np.dtype[Any], options: CompoundOptions) -> _Buffers:
    none = (0, 0, 0)
    mean, running = options.compounding == "mean", options.compounding == "running-mean"
    return _Buffers(
        values=np.zeros(none if mean else shape_zyx, dtype=dtype),
        sums=np.zeros(shape_zyx if mean else none, dtype=np.float32),
        weights=np.zeros(shape_zyx if mean else none, dtype=np.float32),
        steps=np.zeros(shape_zyx if running else none, dtype=np.uint16),
        seen=np.zeros(none if mean or running else shape_zyx, dtype=np.uint8),
    )


def _slab_axis(to_voxel: Float[np.ndarray, "frame 3 4"], shape_vu: tuple[int, ...]) -> int:
    """The axis along which frames are widest, so that a few frames already give every thread its share."""
    width = np.abs(to_voxel[:, :, 0]) * shape_vu[1] + np.abs(to_voxel[:, :, 1]) * shape_vu[0]
    return int(width.mean(axis=0).argmax())


def _slab_edges(
    to_voxel: Float[np.ndarray, "frame 3 4"], spans: Int64[np.ndarray, "v 4"], axis: int, count: int
) -> Int64[np.ndarray, " edge"]:
    """Even slabs over the voxels that these frames reach along the axis, two for each thread."""
    rows = np.flatnonzero((spans[:, 0] <= spans[:, 1]) | (spans[:, 2] <= spans[:, 3]))
    corners = np.array([(u, v, 0, 1) for u in (spans[rows, 0].min(), spans[rows].max()) for v in (rows[0], rows[-1])])
    places = to_voxel[:, axis] @ corners.T
    low, high = np.clip([np.floor(places.min()) - 1, np.ceil(places.max()) + 2], 0, count).astype(np.int64)
    slabs = int(2 * cast("Any", numba).get_num_threads())
    return np.unique(np.rint(np.linspace(float(low), float(high), slabs + 1)).astype(np.int64))


def _insert(
    frames: Shaped[np.ndarray, "frame v u"],
    to_voxel: Float[np.ndarray, "frame 3 4"],
    spans: Int64[np.ndarray, "v 4"],
    columns: Float[np.ndarray, " u"],
    axis: int,
    buffers: _Buffers,
    options: CompoundOptions,
) -> None:
    mode = MODES[options.compounding]
    threshold = -np.inf if options.pixel_threshold is None else options.pixel_threshold
    shape = buffers.sums.shape if mode == MEAN else buffers.values.shape
    edges = _slab_edges(to_voxel, spans, axis, shape[2 - axis])
    if len(edges) < 2:
        return
    whole = np.issubdtype(frames.dtype, np.integer)
    output = (buffers.values, buffers.sums, buffers.weights, buffers.steps, buffers.seen)
    if options.interpolation == "nearest":
        insert_nearest(frames, to_voxel, spans, columns, threshold, mode, whole, axis, edges, *output)
    else:
        fixed = options.arithmetic == "full"
        insert_linear(frames, to_voxel, spans, columns, threshold, mode, whole, fixed, axis, edges, *output)


def _settle(buffers: _Buffers, options: CompoundOptions) -> tuple[Shaped[np.ndarray, "z y x"], Shaped[np.ndarray, "z y x"]]:
    """Grey levels and weights; the mean is taken now."""
    if options.compounding == "running-mean":
        return buffers.values, buffers.steps
    if options.compounding != "mean":
        return buffers.values, buffers.seen
    dtype = buffers.values.dtype
    values = np.zeros(buffers.sums.shape, dtype=dtype)
    _divide(buffers.sums, buffers.weights, np.issubdtype(dtype, np.integer), values)
    return values, buffers.weights


@no_type_check
@compiled(parallel=True)
def _divide(sums, weights, whole, values):
    for z in prange(sums.shape[0]):
        for y in range(sums.shape[1]):
            for x in range(sums.shape[2]):
                if weights[z, y, x] > 0:
                    mean = sums[z, y, x] / weights[z, y, x]
                    values[z, y, x] = np.floor(mean + 0.5) if whole else mean
