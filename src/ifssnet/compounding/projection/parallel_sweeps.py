"""Contours of parallel sweeps, each of which sees a strip of the leg, brought onto common slices.

A probe 40 mm wide sees a part of each muscle only, and its frames never lie at the same heights as those of the sweep
beside it. Put on the slice nearest to each, the parts of a muscle would come on different slices, and every one of them
would pass for the whole muscle. So slices are chosen, and on each of them the nearest drawing of every sweep is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.sweep import Sweep

TOLERANCE_MM = 2.0
"""How far along the leg a drawing may lie from a slice that it is taken for, however close the frames of its sweep lie."""

Heights = Mapping[int, Sequence[float]]
"""Sweep to the heights, in slices, of its drawings of one muscle."""


def common_slices(heights: Heights, tolerance: Mapping[int, float]) -> tuple[dict[int, list[tuple[int, int]]], list[int]]:
    """Slices for the drawings of one muscle, and which drawings belong on each.

    The slices are those of the sweep with the most drawings; of the others, those that lie too far from any of its own.

    Args:
        heights: Where the drawings of each sweep lie.
        tolerance: Sweep to how far, in slices, a drawing of it may lie from a slice.

    Returns:
        Slice to its drawings, each as (sweep, index in the sweep's heights); and the slices left out because a sweep
        that shows the muscle before and behind them has no drawing near enough.

    >>> common_slices({0: [10.0, 13.0], 1: [11.4, 14.1]}, {0: 1.5, 1: 1.5})
    ({10: [(0, 0), (1, 0)], 13: [(0, 1), (1, 1)]}, [])
    """
    order = sorted(heights, key=lambda sweep: (-len(heights[sweep]), sweep))
    chosen: dict[int, float] = {}
    for place, sweep in enumerate(order):
        for height in sorted(heights[sweep]):
            near = any(abs(height - z) <= 2 * tolerance[sweep] for earlier in order[:place] for z in heights[earlier])
            if not near:
                chosen.setdefault(int(np.floor(height + 0.5)), height)
    slices: dict[int, list[tuple[int, int]]] = {}
    partly: list[int] = []
    for z in sorted(chosen):
        nearest = {sweep: int(np.abs(np.asarray(heights[sweep]) - z).argmin()) for sweep in sorted(heights)}
        here = [(sweep, index) for sweep, index in nearest.items() if abs(heights[sweep][index] - z) <= tolerance[sweep]]
        away = set(heights) - {sweep for sweep, _ in here}
        if any(min(heights[sweep]) < z < max(heights[sweep]) for sweep in away):
            partly.append(z)
        else:
            slices[z] = here
    return slices, partly


def slice_tolerance(sweep: Sweep, grid: Grid) -> float:
    """Half the distance between the sweep's frames across the slices, and no less than `TOLERANCE_MM`."""
    _, rows, columns = sweep.frames.shape
    middle = np.array([columns / 2, rows / 2, 0.0, 1.0])
    heights = (grid.mm_to_index @ sweep.image_to_world[sweep.valid])[:, 2] @ middle
    step = float(np.median(np.abs(np.diff(heights)))) if len(heights) > 1 else 0.0
    # Half a slice more, as a slice stands for what lies within half a slice of it.
    return max(step / 2 + 0.5, TOLERANCE_MM / grid.spacing_xyz_mm[2], 0.5)
