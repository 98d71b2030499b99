"""How agreement falls with the distance to the slices that the expert drew."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ifssnet.core.results.evaluation_results import Results


def drift_curve(
    results: Results, method: str, axis: str, quantity: str, edges_mm: Float[np.ndarray, " edge"]
) -> Float[np.ndarray, " bin"]:
    """Take a leg's slices in each bin of distance together, and average over the legs; NaN where no leg has the muscle.

    Slices are weighted by area. For Dice that is the area that was found plus the reference's, so that a bin's Dice is the
    Dice of its volume, and a muscle's tip of a few pixels weighs little. Distances are weighted by the reference's area.

    Args:
        results: An evaluation with its table by slice.
        method: The method's label.
        axis: The column of distances, in mm.
        quantity: The column of values. A slice whose value is infinite makes its bin infinite.
        edges_mm: The bins' edges, ascending; a bin holds its lower edge.
    """
    table = results.slices
    mine = table.method == method
    at, value = table.column(axis)[mine], table.column(quantity)[mine]
    case, reference, found = table.case[mine], table.reference_mm2[mine], table.found_mm2[mine]
    weight = reference + found if quantity == "dice" else reference
    known = np.isfinite(at) & ~np.isnan(value) & (weight > 0)
    place = np.digitize(at, edges_mm) - 1
    curve = np.full(len(edges_mm) - 1, np.nan)
    for i in range(len(curve)):
        here = known & (place == i)
        legs = [
            float(np.average(value[one], weights=weight[one]))
            for name in np.unique(case[here])
            if reference[one := here & (case == name)].any()
        ]
        if legs:
            curve[i] = sum(legs) / len(legs)
    return curve


def farthest_mm(results: Results, axis: str) -> float | None:
    """The largest distance at which a slice's reference has the muscle; None where there is no such slice.

    Args:
        results: An evaluation with its table by slice.
        axis: The column of distances, in mm.
    """
    at = results.slices.column(axis)[results.slices.reference_mm2 > 0]
    finite = at[np.isfinite(at)]
    return float(finite.max()) if finite.size else None
