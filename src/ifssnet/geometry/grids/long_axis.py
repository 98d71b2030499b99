"""Along which axis of an array a leg runs, whatever the order in which its axes are stored.

Muscles of a leg are longer than wide, so the axis along which they spread most is the leg's. A short stack of slices is not:
its muscles are cut at both ends at full width, and taper along the other two axes. Where neither tells, the axis that runs
most nearly head to foot is taken. None of that depends on the order or the direction of the axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float, Int, Integer

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.grids.axis_order import AS_STORED, Order, axis_along, reordered, reordered_grid
from ifssnet.geometry.masks.even_rows import is_even

CUT_SHARE = 0.2
"""Where the smaller of the two end areas, as a share of the largest one, is larger by this than a cylinder's, lying on its
side, on as many voxels, muscles are cut."""

TAPER_SHARE = 0.12
"""Where it is not larger by more than this, they taper."""

CUT_IN_ANY_CASE = 0.8
"""A larger share is a cut even if few voxels tell."""

CLEARLY_LONGER = 1.25
"""By this factor muscles spread more along one axis than along the next, where that is to tell."""

MUCH_LONGER = 3.0
"""A whole leg, scanned so narrowly that its muscles are cut at the sides, is still this many times as long as wide."""

FLAT_VOXELS, WIDE_VOXELS = 3, 8
"""A drawing of at most 3 planes that is wider than 8 voxels the other ways is a drawing across that axis; one that is wider in
no direction has none."""

_HEAD_TO_FOOT = (0.0, 0.0, 1.0)
_FRONT_TO_BACK = (0.0, 1.0, 0.0)


@dataclass(frozen=True)
class _Shape:
    """What is known of an array's axis.

    Attributes:
        spread_mm: Standard deviation of the muscles' voxels along it, each muscle about its own middle.
        end_share: Area at the smaller of the two ends over the largest one, mean over the muscles by their size.
        round_share: The same of cylinders that lie on their sides, each on as many voxels as its muscle.
        voxels: How many the muscles span.
    """

    spread_mm: float
    end_share: float
    round_share: float
    voxels: int


def long_axis(array: Integer[np.ndarray, "z y x"], values: Sequence[int], grid: Grid) -> int:
    """The array's axis that runs along the leg.

    Args:
        array: Label values.
        values: The label values of the muscles.
        grid: Where the voxels lie.

    Returns:
        0, 1 or 2; the axis nearest to head-to-foot where the muscles' shapes do not tell, or where there are none.
    """
    upright = axis_along(grid, _HEAD_TO_FOOT)
    counts = _counts_along(array, np.array(sorted(set(values)), dtype=np.int64))
    shapes = [_shape(counts[axis], grid.spacing_zyx_mm[axis]) for axis in range(3)]
    if max(shape.voxels for shape in shapes) <= WIDE_VOXELS:
        return upright
    flat = [axis for axis in range(3) if _is_flat(shapes, axis)]
    if len(flat) == 1:
        return flat[0]
    by_length = sorted(range(3), key=lambda axis: (-shapes[axis].spread_mm, axis != upright))
    longest, longest_mm = by_length[0], shapes[by_length[0]].spread_mm
    cut = _only_cut(shapes)
    if cut is not None and (cut == upright or longest_mm < MUCH_LONGER * shapes[cut].spread_mm):
        return cut
    return longest if longest_mm >= CLEARLY_LONGER * shapes[upright].spread_mm else upright


def pixels_by_slice(array: Integer[np.ndarray, "z y x"], values: Sequence[int]) -> Mapping[int, Int[np.ndarray, " z"]]:
    """How many pixels of each label value a slice has."""
    ascending = np.array(sorted(set(values)), dtype=np.int64)
    along_z, _, _ = _counts_along(array, ascending)
    return dict(zip(ascending.tolist(), along_z, strict=True))


def leg_order(labels: LabelMap, values: Sequence[int] | None = None) -> Order:
    """The order of the array's axes that puts slices across the leg first; as stored, where they come first already.

    The rows of such a slice run from side to side, as far as the grid's axes allow.
    """
    axis = long_axis(labels.array, sorted(labels.names) if values is None else values, labels.grid)
    return order_with_first(labels.grid, axis)


def order_with_first(grid: Grid, axis: int) -> Order:
    """The order with one axis first, as stored for the first, else followed by the one that is nearest to front-to-back."""
    if axis == 0:
        return AS_STORED
    first, second = (other for other in AS_STORED if other != axis)
    to_back = np.abs(np.asarray(grid.direction).T @ np.asarray(_FRONT_TO_BACK))
    swapped = bool(to_back[2 - second] > to_back[2 - first])
    return (axis, second, first) if swapped else (axis, first, second)


def along(labels: LabelMap, order: Order) -> LabelMap:
    """A label map with its axes in another order, each voxel at its place in space."""
    if order == AS_STORED:
        return labels
    return replace(labels, array=reordered(labels.array, order), grid=reordered_grid(labels.grid, order))


def _is_flat(shapes: Sequence[_Shape], axis: int) -> bool:
    others = [shapes[other].voxels for other in range(3) if other != axis]
    return shapes[axis].voxels <= FLAT_VOXELS and min(others) > WIDE_VOXELS


def _only_cut(shapes: Sequence[_Shape]) -> int | None:
    """The one axis at whose both ends the muscles are cut, while they taper along the other two."""
    cut = [k for k in range(3) if shapes[k].end_share > min(shapes[k].round_share + CUT_SHARE, CUT_IN_ANY_CASE)]
    tapered = [k for k in range(3) if shapes[k].end_share <= shapes[k].round_share + TAPER_SHARE]
    return cut[0] if len(cut) == 1 and len(tapered) == 2 else None


def _share_of_a_cylinder(voxels: int) -> float:
    """The outermost plane's width over the diameter, of a circle that is the given number of voxels wide.

    >>> round(_share_of_a_cylinder(13), 2), _share_of_a_cylinder(1)
    (0.38, 1.0)
    """
    return float(np.sqrt(1 - (1 - 1 / max(voxels, 1)) ** 2))


def _shape(counts: Int[np.ndarray, "label place"], spacing_mm: float) -> _Shape:
    place = np.arange(counts.shape[1], dtype=np.float64)
    voxels, squares, shares, round_shares = 0, 0.0, 0.0, 0.0
    marked = np.flatnonzero(counts.any(axis=0))
    for areas in counts:
        present = np.flatnonzero(areas)
        if present.size == 0:
            continue
        number = int(areas.sum())
        voxels += number
        squares += float(areas @ (place - _mean(place, areas)) ** 2)
        shares += number * float(min(areas[present[0]], areas[present[-1]]) / areas.max())
        round_shares += number * _share_of_a_cylinder(int(present[-1] - present[0] + 1))
    if voxels == 0:
        return _Shape(0.0, 0.0, 0.0, 0)
    spread_mm, span = spacing_mm * float(np.sqrt(squares / voxels)), int(marked[-1] - marked[0] + 1)
    return _Shape(spread_mm, shares / voxels, round_shares / voxels, span)


def _mean(place: Float[np.ndarray, " place"], areas: Int[np.ndarray, " place"]) -> float:
    return float(place @ areas / areas.sum())


def _counts_along(
    array: Integer[np.ndarray, "z y x"], ascending: Int[np.ndarray, " label"]
) -> tuple[Int[np.ndarray, "label z"], Int[np.ndarray, "label y"], Int[np.ndarray, "label x"]]:
    along_z, along_y, changes_x = _count_runs(array, ascending)
    return along_z, along_y, np.cumsum(changes_x, axis=1)[:, :-1]


@no_type_check
@compiled()
def _count_runs(array: Any, ascending: Any) -> Any:
    nz, ny, nx = array.shape
    along_z = np.zeros((ascending.size, nz), np.int64)
    along_y = np.zeros((ascending.size, ny), np.int64)
    changes_x = np.zeros((ascending.size, nx + 1), np.int64)
    for z in range(nz):
        for y in range(ny):
            start = 0
            for x in range(nx if nx > 0 and is_even(array[z, y]) else 1, nx + 1):
                # Runs of one label are long: look it up only where it changes.
                if x < nx and array[z, y, x] == array[z, y, start]:
                    continue
                value = np.int64(array[z, y, start])
                row = np.searchsorted(ascending, value)
                if row < ascending.size and ascending[row] == value:
                    along_z[row, z] += x - start
                    along_y[row, y] += x - start
                    changes_x[row, start] += 1
                    changes_x[row, x] -= 1
                start = x
    return along_z, along_y, changes_x
