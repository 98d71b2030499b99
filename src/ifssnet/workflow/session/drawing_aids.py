"""Outlines that save the hand: along bright borders, from a neighbour, onto the proposal, wider or narrower.

Each returns a mask and changes nothing: what the expert makes of it is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.seeds import Mask
from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation, ShapeInterpolationConfig
from ifssnet.workflow.session.events import Interval
from ifssnet.workflow.session.fill import fill, windows
from ifssnet.workflow.session.state import SessionState

SNAP_MM = 2.0
"""Where a drawn border lies so near to the proposed one it is taken to mean that one."""


def guided(state: SessionState, label: int, z: int) -> Mask:
    """The shape that interpolation expects on a slice, from the drawn slices around it.

    Args:
        state: What is drawn.
        label: Which muscle.
        z: A slice between two drawn ones, or before a marked end; its own drawing is not looked at.

    Raises:
        InputError: Nothing is drawn on one of both sides.
    """
    bounds = [each for each in state.muscle(label).bounds(state.grid) if each != z]
    below, above = [each for each in bounds if each < z], [each for each in bounds if each > z]
    if not below or not above:
        name = state.muscle(label).name
        raise InputError(f"{name} drawn on both sides of slice {z}", "on one side at most", "Draw it there first.")
    gap = Interval(label, below[-1], above[0])
    without = {label: frozenset({z})} if z in state.muscle(label).drawn else {}
    # Grey levels are not read.
    nothing = Volume(np.broadcast_to(np.uint8(0), state.grid.shape_zyx), state.grid)
    quick = ShapeInterpolation(ShapeInterpolationConfig(smoothing=0.0))
    (window,) = windows(_erased(state, without), [gap])
    for _, arrived in fill(nothing, state, window, quick, without, frozenset({z})):
        return arrived[0].mask.array()
    return np.zeros(state.grid.shape_zyx[1:], dtype=bool)


def _erased(state: SessionState, hidden: Mapping[int, frozenset[int]]) -> SessionState:
    """A state in which some drawn slices were never drawn."""
    muscles = {
        label: replace(
            muscle, drawn={z: drawn for z, drawn in muscle.drawn.items() if z not in hidden.get(label, frozenset[int]())}
        )
        for label, muscle in state.muscles.items()
    }
    return replace(state, muscles=muscles)


def copied(state: SessionState, label: int, z: int) -> Mask:
    """The outline of the nearest slice that is known, moved to where the muscle is expected and as large as it is there.

    With drawn slices on one side alone it is the outline as it is.

    Raises:
        InputError: The muscle is known on no other slice.
    """
    muscle = state.muscle(label)
    others = {*muscle.drawn, *muscle.accepted, *muscle.proposals} - {z}
    known = {each: mask for each in others if (mask := muscle.shown(each)) is not None and not mask.empty}
    if not known:
        raise InputError(f"{muscle.name} on another slice", "nothing", "Draw it on one slice first.")
    source = known[min(known, key=lambda each: (abs(each - z), each))].array()
    try:
        expected = guided(state, label, z)
    except InputError:
        return source
    return as_large(moved(source, expected), int(np.count_nonzero(expected)), state.grid) if expected.any() else source


def moved(mask: Mask, to: Mask) -> Mask:
    """A mask moved by whole pixels, so that its centre comes to that of another; what leaves the slice is gone."""
    rows, columns = (
        round(float(other.mean() - own.mean())) for other, own in zip(np.nonzero(to), np.nonzero(mask), strict=True)
    )
    height, width = mask.shape
    found = np.zeros_like(mask)
    found[max(rows, 0) : height + min(rows, 0), max(columns, 0) : width + min(columns, 0)] = mask[
        max(-rows, 0) : height + min(-rows, 0), max(-columns, 0) : width + min(-columns, 0)
    ]
    return found


def as_large(mask: Mask, pixels: int, grid: Grid) -> Mask:
    """A mask grown or shrunk evenly all around until it has a number of pixels, or the next larger one."""
    if not mask.any() or not 0 < pixels < mask.size:
        return mask
    distance = signed_distance(mask, grid.spacing_zyx_mm[1:])
    return np.asarray(distance <= np.partition(distance.reshape(-1), pixels - 1)[pixels - 1])


def grown(mask: Mask, by_mm: float, grid: Grid) -> Mask:
    """A mask whose border lies further out, or further in for a negative number of mm."""
    if not mask.any():
        return mask
    return np.asarray(signed_distance(mask, grid.spacing_zyx_mm[1:]) < by_mm)


def snapped(mask: Mask, proposal: Mask, grid: Grid, reach_mm: float = SNAP_MM) -> Mask:
    """A drawn mask whose border lies on the proposed one wherever both are close; elsewhere the hand is right.

    Args:
        mask: As it was drawn.
        proposal: As a method found it.
        grid: Whose slices they are.
        reach_mm: How close.
    """
    if not mask.any() or not proposal.any():
        return mask
    spacing = grid.spacing_zyx_mm[1:]
    apart = np.abs(signed_distance(mask, spacing) - signed_distance(proposal, spacing))
    return np.where(apart <= reach_mm, proposal, mask)


def snapped_slice(state: SessionState, label: int, z: int, reach_mm: float = SNAP_MM) -> Mask:
    """What is drawn of a muscle on a slice, snapped to what a method had found there, else to the guided shape.

    Raises:
        InputError: Nothing is drawn there, or nothing to snap to.
    """
    muscle = state.muscle(label)
    if z not in muscle.drawn:
        raise InputError(f"a slice on which {muscle.name} is drawn", f"slice {z}", "Draw it first.")
    there = muscle.proposals.get(z)
    proposal = guided(state, label, z) if there is None else there.mask.array()
    return snapped(muscle.drawn[z].mask.array(), proposal, state.grid, reach_mm)
