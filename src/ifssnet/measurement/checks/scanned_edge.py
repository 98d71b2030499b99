"""Whether the scan held the whole of each muscle: how much of its border lies at the edge of what was scanned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Float
from numba import prange

from ifssnet.core.findings import Finding
from ifssnet.core.images import LabelMap, Volume
from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.masks.box import Box, crop, grown, is_empty, label_boxes
from ifssnet.geometry.masks.discs import far_from_false, without_small_gaps
from ifssnet.measurement.names import named_values

NEAR_MM = 2.0
"""A border so near to the edge of what was scanned may be that edge and not the muscle's."""

DARK_MM = 1.5
"""A dark spot in tissue is smaller than this; what is darker was not scanned, or lies in shadow."""

MUCH_SHARE = 0.05
"""A larger share of a muscle's border at the edge is a finding."""

LARGE_END_SHARE = 0.35
"""More than this share of a muscle's largest area on the volume's first or last slice is a cut."""


@dataclass(frozen=True, eq=False)
class MuscleCoverage:
    """How much of one muscle the scan held.

    Attributes:
        position_mm: Where the muscle's slices lie along the slice axis.
        edge_share: Share of the border of each of them that lies near the edge of what was scanned; NaN without the muscle.
        share: The same of the whole border.
        first_share: Its area on the volume's first slice, in shares of its largest; 0 where it ends before.
        last_share: The same on the volume's last slice.
    """

    position_mm: Float[np.ndarray, " slice"]
    edge_share: Float[np.ndarray, " slice"]
    share: float
    first_share: float
    last_share: float


def scanned_part(volume: Volume, box: Box | None = None) -> Bool[np.ndarray, "z y x"]:
    """What was scanned of each slice: what the volume says was seen, without small holes in it.

    Where the volume says nothing, a voxel of grey level 0 counts as dark, and dark regions that hold a disc of `DARK_MM` as
    never scanned.

    Args:
        volume: Grey levels.
        box: The part of the volume that is wanted; None: all of it. What lies beside it counts as well.
    """
    whole = tuple(slice(0, size) for size in volume.array.shape)
    wanted = whole if box is None else box
    x_mm, y_mm, _ = volume.grid.spacing_xyz_mm
    # A dark spot reaches into the box if its disc does.
    margin = 2 * math.ceil(DARK_MM / min(x_mm, y_mm)) + 2
    depth, rows, columns = wanted[0], *grown(wanted, margin, volume.array.shape)[1:]
    near = (depth, rows, columns)
    seen = np.asarray(volume.array[near] != 0) if volume.seen is None else volume.seen[near]
    found = without_small_gaps(seen, (y_mm, x_mm), DARK_MM)
    return found[:, _within(wanted[1], rows), _within(wanted[2], columns)]


def _within(part: slice, whole: slice) -> slice:
    return slice(part.start - whole.start, part.stop - whole.start)


def muscle_coverage(labels: LabelMap, volume: Volume) -> Mapping[str, MuscleCoverage]:
    """How much of each muscle the scan held.

    Args:
        labels: The segmentation.
        volume: Grey levels on its grid.

    Returns:
        Muscle's name to its coverage; muscles that are nowhere on the map are left out.
    """
    named = named_values(labels)
    boxes = label_boxes(labels.array, list(named.values()))
    return {name: _coverage(labels, value, boxes[value], volume) for name, value in named.items() if not is_empty(boxes[value])}


def coverage_findings(coverage: Mapping[str, MuscleCoverage]) -> list[Finding]:
    """A warning for each muscle whose border is in part the edge of the scan, and for each that the scan cuts at an end."""
    found: list[Finding] = []
    for name, each in coverage.items():
        if each.share > MUCH_SHARE:
            worst = each.position_mm[int(np.nanargmax(each.edge_share))]
            found.append(
                Finding(
                    "warning",
                    f"{100 * each.share:.0f} % of the border of {name} lies within {NEAR_MM:g} mm of the edge of what was "
                    f"scanned, most of it around {worst:.0f} mm: the muscle may go on there.",
                    "Next time add a sweep on that side, or move the outer sweeps further out and scan deeper.",
                    each.share,
                )
            )
        ends = [
            f"the {where} slice of the volume ({100 * share:.0f} % of its largest area)"
            for where, share in (("first", each.first_share), ("last", each.last_share))
            if share > LARGE_END_SHARE
        ]
        if ends:
            found.append(
                Finding(
                    "warning",
                    f"{name} is cut by {' and '.join(ends)}: the scan ends before the muscle does.",
                    "Next time begin above the knee and go on to the heel.",
                    max(each.first_share, each.last_share),
                )
            )
    return found


def _coverage(labels: LabelMap, value: int, box: Box, volume: Volume) -> MuscleCoverage:
    x_mm, y_mm, z_mm = labels.grid.spacing_xyz_mm
    margin = math.ceil(NEAR_MM / min(x_mm, y_mm)) + 2
    depth, rows, columns = box[0], *grown(box, margin, labels.array.shape)[1:]
    mask = crop(labels.array, (depth, rows, columns)) == value
    # Beyond the image nothing was scanned either.
    rim = _outside(labels, rows, columns)
    scanned = np.pad(scanned_part(volume, (depth, rows, columns)), ((0, 0), *rim))
    (above, _), (left, _) = rim
    far = far_from_false(scanned, (y_mm, x_mm), NEAR_MM)[:, above : above + mask.shape[1], left : left + mask.shape[2]]
    areas, border, near = _counted(mask.view(np.uint8), far.view(np.uint8)).astype(np.float64)
    largest = max(float(areas.max()), 1.0)
    last = labels.array.shape[0]
    shares = np.divide(near, border, out=np.full_like(border, np.nan), where=border > 0)
    return MuscleCoverage(
        np.arange(depth.start, depth.stop, dtype=np.float64) * z_mm,
        shares,
        float(near.sum() / max(border.sum(), 1.0)),
        float(areas[0] / largest) if depth.start == 0 else 0.0,
        float(areas[-1] / largest) if depth.stop == last else 0.0,
    )


@no_type_check
@compiled(parallel=True)
def _counted(mask: Any, far: Any) -> Any:
    """Count the pixels of each slice, those at the border (one of four neighbours is outside), and those of them not `far`."""
    slices, rows, columns = mask.shape
    counts = np.zeros((3, slices), dtype=np.int64)
    for z in prange(slices):
        for y in range(rows):
            for x in range(columns):
                if mask[z, y, x] == 0:
                    continue
                counts[0, z] += 1
                inner = (
                    0 < y < rows - 1
                    and 0 < x < columns - 1
                    and mask[z, y - 1, x] != 0
                    and mask[z, y + 1, x] != 0
                    and mask[z, y, x - 1] != 0
                    and mask[z, y, x + 1] != 0
                )
                if not inner:
                    counts[1, z] += 1
                    counts[2, z] += far[z, y, x] == 0
    return counts


def _outside(labels: LabelMap, rows: slice, columns: slice) -> tuple[tuple[int, int], tuple[int, int]]:
    """A rim of unseen pixels where a cut-out reaches the image's own border."""
    high, wide = labels.array.shape[1:]
    return (int(rows.start == 0), int(rows.stop == high)), (int(columns.start == 0), int(columns.stop == wide))
