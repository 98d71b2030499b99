"""The extent that an NRRD header gives of each axis (`axis mins`, `axis maxs`, `centers`): another way to say a spacing."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.codecs.numbers import shortened


@dataclass(frozen=True)
class AxisExtent:
    """Three axes, in their own units.

    Attributes:
        spacing: From one voxel to the next; 1 for an axis of which nothing is said.
        first: Centre of the first voxel; 0 for an axis of which nothing is said.
    """

    spacing: tuple[float, float, float]
    first: tuple[float, float, float]


def axis_extent(fields: Mapping[str, str], axes: list[int], path: Path) -> AxisExtent | None:
    """Spacing and first voxel of the first three axes that have a place; None where no axis has both ends.

    With `centers: node` the ends are the centres of the outermost voxels, with `cell` their outer faces; cells are assumed,
    with a warning, where the header does not say.

    Raises:
        InputError: Ends that are no numbers or in the wrong order, or centers of another name.
    """
    mins, maxs = (_values(fields, key, axes, path) for key in ("axis mins", "axis maxs"))
    ends = {i: (low, high) for i, (low, high) in enumerate(zip(mins, maxs, strict=True)) if not math.isnan(high - low)}
    if not ends:
        return None
    sizes = fields["sizes"].split()
    centers = (fields.get("centers") or fields.get("centerings") or "").lower().split()
    spacing, first, assumed = [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], False
    for i, (low, high) in ends.items():
        center = centers[axes[i]] if axes[i] < len(centers) else "???"
        if center not in ("node", "cell", "???", "none"):
            remedy = "Correct 'centers' in the header."
            raise InputError(f"centers node or cell in {path.name}", f"'{shortened(center)}'", remedy)
        if not high > low or not math.isfinite(high - low):
            what = f"{low:g} and {high:g}"
            raise InputError(f"axis maxs above axis mins in {path.name}", what, "Correct them, or give spacings instead.")
        count = int(float(sizes[axes[i]]))
        if center == "node" and count == 1:
            first[i] = low
            continue
        assumed |= center not in ("node", "cell")
        spacing[i] = (high - low) / (count - 1 if center == "node" else count)
        first[i] = low if center == "node" else low + spacing[i] / 2
    if assumed:
        what = f"{path.name} says the ends of its axes, but not whether they are centres of voxels or faces (centers)"
        warnings.warn(InputWarning(f"{what}; faces (cell) were assumed."), stacklevel=4)
    return AxisExtent((spacing[0], spacing[1], spacing[2]), (first[0], first[1], first[2]))


def _values(fields: Mapping[str, str], key: str, axes: list[int], path: Path) -> list[float]:
    """One number for each of three axes; NaN where it is not said."""
    words = (fields.get(key) or fields.get(key.replace(" ", "")) or "").split(maxsplit=20)
    try:
        found = [float(words[i]) if i < len(words) else math.nan for i in axes[:3]]
    except ValueError as error:
        said = f"'{shortened(' '.join(words))}'"
        raise InputError(f"numbers for {key} in {path.name}", said, "Correct the header.") from error
    return [*found, math.nan, math.nan, math.nan][:3]
