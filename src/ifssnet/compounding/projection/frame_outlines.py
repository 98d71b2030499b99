"""A segmentation of the volume, projected onto every raw B-mode frame and outlined there.

Reconstruction blurs the edges that experts judge on raw frames. So each label is looked up at each pixel's place in the
volume - as the share, 0 to 1, of the label in the eight voxels around, weighted trilinearly, so that outlines do not show
the voxels' steps - and its outline is drawn where that share is one half, on the frame's own pixels.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import no_type_check

import numpy as np
from jaxtyping import Float

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import color_of
from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.masks.box import Box, bounding_box
from ifssnet.geometry.untyped import contour_lines, simplified

SIMPLIFY_PX = 0.25
SMALLEST_PX2 = 2.0

_HALF = 0.5
_DECIMALS = 3


@dataclass(frozen=True, eq=False)
class _Structure:
    """What is outlined: an object number, and the label map and the value that it stands for."""

    number: int
    labels: LabelMap
    value: int
    box: Box

    @property
    def name(self) -> str:
        return self.labels.names.get(self.value, str(self.value))


def project_to_frames(
    labels: LabelMap | Sequence[LabelMap], sweep: Sweep, *, simplify_px: float = SIMPLIFY_PX, smallest_px2: float = SMALLEST_PX2
) -> Generator[Progress, None, Sweep]:
    """Outline every label on every valid frame of a sweep.

    Args:
        labels: The segmentation; several maps of one grid where its structures overlap.
        sweep: The frames with their poses, in the same space as the segmentation.
        simplify_px: Corners are left out as long as the outline moves by no more than that, in pixels of the frame.
        smallest_px2: Outlines of a smaller area are left out.

    Yields:
        Progress, a frame at a time.

    Returns:
        The sweep with the outlines in the place of its contours: closed, a hole being an outline inside an outline
        (even-odd), labels as object numbers with their names and colours.

    Raises:
        InputError: The segmentation is empty, or no outline lies on any frame.
    """
    structures = _structures([labels] if isinstance(labels, LabelMap) else labels)
    contours: list[Contour] = []
    for frame in range(len(sweep.frames)):
        if sweep.valid[frame]:
            for each in structures:
                share = label_share(each.labels, each.value, sweep, frame, each.box)
                contours += [Contour(each.number, frame, points) for points in outlines(share, simplify_px, smallest_px2)]
        yield Progress("outlining frames", frame + 1, len(sweep.frames))
    if not contours:
        raise InputError(
            "a segmentation that the sweep's frames cross",
            "frames that all miss it",
            "Give the sweep that the volume was made from.",
        )
    names = {each.number: each.name for each in structures}
    colors = {
        each.number: each.labels.colors.get(each.value, color_of(each.name, index)) for index, each in enumerate(structures)
    }
    return replace(sweep, contours=tuple(contours), names=names, colors=colors)


def label_share(labels: LabelMap, value: int, sweep: Sweep, frame: int, box_zyx: Box | None = None) -> Float[np.ndarray, "v u"]:
    """The share, 0 to 1, of one label at each pixel of a frame; 0 outside the volume.

    Args:
        labels: The segmentation.
        value: Which label.
        sweep: The frames.
        frame: Which of them.
        box_zyx: A box of voxels that holds all of the label, where that is known.
    """
    box = box_zyx if box_zyx is not None else bounding_box(labels.array == value)
    label = np.ascontiguousarray(labels.array[box] == value)
    to_index = _pixels_to_index(labels.grid, sweep.image_to_world[frame])
    to_index[:, 2] -= [box[2].start, box[1].start, box[0].start]
    share = np.zeros(sweep.frames.shape[1:], dtype=np.float32)
    _sample(label, to_index, share)
    return share


def outlines(
    share: Float[np.ndarray, "v u"], simplify_px: float = SIMPLIFY_PX, smallest_px2: float = SMALLEST_PX2
) -> list[Float[np.ndarray, "point 2"]]:
    """Closed lines (u, v) where a share is one half; one that leaves the image runs along its border, half a pixel out.

    Args:
        share: 0 to 1, at pixel centres.
        simplify_px: How far the line may move when corners are left out.
        smallest_px2: Lines around a smaller area are left out.
    """
    rows, columns = np.nonzero(share >= _HALF)
    if not len(rows):
        return []
    v0, u0 = max(int(rows.min()) - 1, 0), max(int(columns.min()) - 1, 0)
    part = np.pad(share[v0 : int(rows.max()) + 2, u0 : int(columns.max()) + 2].astype(np.float64), 1)
    found: list[np.ndarray] = []
    for line in contour_lines(part, _HALF):
        uv = line[:-1, ::-1] + (u0 - 1, v0 - 1)
        limits = np.array(share.shape[::-1]) - _HALF
        uv = np.clip(uv, -_HALF, limits)
        simple = simplified(np.concatenate([uv, uv[:1]]), simplify_px)
        corners = simple[:-1].round(_DECIMALS)
        if len(corners) >= 3 and area_px2(corners) >= smallest_px2:
            found.append(corners)
    return found


def area_px2(corners: Float[np.ndarray, "point 2"]) -> float:
    """The area within a closed line that does not cross itself.

    >>> area_px2(np.array([(0.0, 0.0), (3.0, 0.0), (3.0, 2.0), (0.0, 2.0)]))
    6.0
    """
    u, v = corners.T
    return abs(float(u @ np.roll(v, -1) - v @ np.roll(u, -1))) / 2


def _structures(layers: Sequence[LabelMap]) -> list[_Structure]:
    """Every label of every layer, under its own value as long as no other one has it."""
    found: list[_Structure] = []
    taken: set[int] = set()
    for labels in layers:
        for value in (int(each) for each in np.unique(labels.array) if each != 0):
            number = value if value not in taken else max(taken) + 1
            taken.add(number)
            found.append(_Structure(number, labels, value, bounding_box(labels.array == value)))
    if not found:
        raise InputError("a segmentation with at least one label", "one that is empty", "Segment the volume first.")
    return found


def _pixels_to_index(grid: Grid, pose: Float[np.ndarray, "4 4"]) -> Float[np.ndarray, "3 3"]:
    """From (u, v, 1) to the grid's (x, y, z) index."""
    return np.ascontiguousarray((grid.mm_to_index @ pose)[:3][:, [0, 1, 3]])


@no_type_check
@compiled()
def _sample(label, to_index, share):
    """The label's share among the voxels around each pixel, by trilinear weights; outside the box nothing is the label."""
    depth, height, width = label.shape
    for v in range(share.shape[0]):
        for u in range(share.shape[1]):
            x = to_index[0, 0] * u + to_index[0, 1] * v + to_index[0, 2]
            y = to_index[1, 0] * u + to_index[1, 1] * v + to_index[1, 2]
            z = to_index[2, 0] * u + to_index[2, 1] * v + to_index[2, 2]
            if not (-1 < x < width and -1 < y < height and -1 < z < depth):
                continue
            i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
            fx, fy, fz = x - i, y - j, z - k
            total = 0.0
            for dk in range(2):
                for dj in range(2):
                    for di in range(2):
                        kk, jj, ii = k + dk, j + dj, i + di
                        if 0 <= kk < depth and 0 <= jj < height and 0 <= ii < width and label[kk, jj, ii]:
                            total += (fz if dk else 1 - fz) * (fy if dj else 1 - fy) * (fx if di else 1 - fx)
            share[v, u] = total
