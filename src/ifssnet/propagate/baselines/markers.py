"""What the expert drew as markers for methods that grow regions through the grey levels, background included."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.masks.box import bounding_box, grown
from ifssnet.geometry.masks.distance import signed_distance

BACKGROUND_NAMES = ("background", "other", "outside")
"""How a segment of what is no muscle is called, in small letters."""

GROWTH, LEAST_MARGIN = 0.1, 3
"""By how much of its length, and by how many voxels at least, 3D Slicer grows the box of the seeds on each side."""

MAY_MOVE_MM = 5.0
"""How far from where it was drawn on the nearest annotated slices a muscle may lie on one that was not annotated for it."""


@dataclass(frozen=True, eq=False)
class Markers:
    """Grey levels and markers of the region that regions grow in.

    Attributes:
        image: Grey levels.
        markers: 0 where nothing is known, the place of a label in `labels` plus 1 where it was drawn, and one more
            than the number of labels on the background.
        labels: Label values.
        first_slice: Its first slice in the volume; slices run from the lowest annotated one to the highest.
        plane: Where on a slice the region lies: around all that was drawn, with a margin.
    """

    image: Float32[np.ndarray, "z y x"]
    markers: UInt8[np.ndarray, "z y x"]
    labels: tuple[int, ...]
    first_slice: int
    plane: tuple[slice, ...]


def volume_of(volume: Volume | None, seeds: Seeds) -> Volume:
    """The volume, where it is the one that the seeds were drawn on.

    Raises:
        InputError: No volume, or one that is not the seeds'.
    """
    if volume is None or volume.grid.shape_zyx != seeds.grid.shape_zyx:
        got = "none" if volume is None else f"one of {volume.grid.shape_zyx} voxels (z, y, x)"
        raise InputError(
            f"a volume of {seeds.grid.shape_zyx} voxels (z, y, x)", got, "Give the volume that the seeds belong to."
        )
    return volume


def find_markers(volume: Volume, seeds: Seeds, margin_mm: float) -> Markers | None:
    """Cut the region out of the volume and mark it; None where no muscle was drawn.

    Growing needs background seeds as well, or the muscles fill everything. They are derived: on an annotated slice, what
    was not drawn and lies away from where the muscles that were not annotated on it were drawn on the nearest slices; and
    the region's rim on every slice, where it lies inside the image.

    Raises:
        InputError: Grey levels around the muscles that are not finite.
    """
    slices = seeds.annotated_slices
    footprints = {label: np.any(list(masks.values()), axis=0) for label, masks in seeds.masks.items() if masks}
    if not any(footprint.any() for footprint in footprints.values()):
        return None
    spacing = seeds.grid.spacing_zyx_mm[1:]
    margin = [max(1, math.ceil(margin_mm / s)) for s in spacing]
    plane = bounding_box(np.any(list(footprints.values()), axis=0), margin)
    image = volume.array[slices[0] : slices[-1] + 1, plane[0], plane[1]].astype(np.float32)
    _refuse_not_finite(image)
    markers = np.zeros(image.shape, dtype=np.uint8)
    background = len(seeds.labels) + 1
    markers[:, _rim(plane, seeds.grid.shape_zyx[1:])] = background
    for z in slices:
        here = markers[z - slices[0]]
        unknown = np.zeros(here.shape, dtype=bool)
        for label in seeds.labels:
            if z not in seeds.masks[label]:
                unknown |= _near(seeds, label, z, plane)
        here[~unknown] = background
        for place, label in reversed(list(enumerate(seeds.labels, start=1))):
            if z in seeds.masks[label]:
                here[seeds.masks[label][z][plane]] = place
    return Markers(image, markers, seeds.labels, slices[0], plane)


def drawn_markers(volume: Volume, seeds: Seeds) -> Markers | None:
    """The markers and the region that 3D Slicer's "Grow from seeds" has of the same segmentation; None where nothing was drawn.

    What was drawn is all that is marked, of the later segment where two overlap. If no segment is called background, what was
    not drawn on annotated slices is background, so that there is something to stop the muscles. The region is the box of all
    markers, grown on each side by a tenth of its length and at least three voxels.

    Raises:
        InputError: Grey levels in the region that are not finite.
    """
    if not any(seeds.present(label) for label in seeds.labels):
        return None
    every = np.zeros(seeds.grid.shape_zyx, dtype=np.uint8)
    for place, label in enumerate(seeds.labels, start=1):
        for z, mask in seeds.masks[label].items():
            every[z][mask] = place
    if not any(seeds.name(label).strip().lower() in BACKGROUND_NAMES for label in seeds.labels):
        for z in seeds.annotated_slices:
            every[z][every[z] == 0] = len(seeds.labels) + 1
    box = bounding_box(every > 0)
    box = grown(box, [max(LEAST_MARGIN, int(GROWTH * (part.stop - part.start - 1))) for part in box], every.shape)
    image = volume.array[box].astype(np.float32)
    _refuse_not_finite(image)
    return Markers(image, every[box], seeds.labels, box[0].start, box[1:])


def _refuse_not_finite(image: Float32[np.ndarray, "z y x"]) -> None:
    if not np.isfinite(image).all():
        raise InputError(
            "finite grey levels", "NaN or infinity around the muscles", "Replace what is not finite in the volume."
        )


@dataclass(frozen=True, eq=False)
class MarkerPropagation:
    """A method that grows regions from markers, with its leg.

    Attributes:
        volume: Grey levels.
        seeds: What the expert drew.
        find: The markers in a volume; None where nothing was drawn.
        grow: The marker that each voxel joins, from the markers and the voxels' distances (z, y, x).
        described: What the method was set to.
    """

    volume: Volume
    seeds: Seeds
    find: Callable[[Volume, Seeds], Markers | None]
    grow: Callable[[Markers, tuple[float, float, float]], UInt8[np.ndarray, "z y x"]]
    described: MethodDescription

    def steps(self) -> Iterator[Step]:
        """Yield every slice between the lowest and the highest annotated one; the growing itself comes before the first."""
        markers = self.find(self.volume, self.seeds)
        if markers is not None:
            yield from _steps(markers, self.grow(markers, self.seeds.grid.spacing_zyx_mm), self.seeds)

    def describe(self) -> MethodDescription:
        """What the method was set to."""
        return self.described


def check_positive(settings: Mapping[str, float], of_mm: bool = False) -> None:
    """Refuse settings that are not above 0.

    Raises:
        InputError: One is not, or is not finite; names it.
    """
    for name, value in settings.items():
        if not (math.isfinite(value) and value > 0):
            what = f"a positive number {'of mm ' if of_mm else ''}for {name}"
            raise InputError(what, f"{value}", f"Correct {name}.")


def _steps(markers: Markers, grown: UInt8[np.ndarray, "z y x"], seeds: Seeds) -> Iterator[Step]:
    """Yield what grew, slice by slice: 1 inside and 0 outside, as these methods know no doubt."""
    wanted = [
        (z, place, label)
        for z in range(markers.first_slice, markers.first_slice + len(grown))
        for place, label in enumerate(markers.labels, start=1)
        if z not in seeds.masks[label]
    ]
    for done, (z, place, label) in enumerate(wanted, start=1):
        probability = np.zeros(seeds.grid.shape_zyx[1:], dtype=np.float32)
        probability[markers.plane] = grown[z - markers.first_slice] == place
        yield Step(label, z, probability, done, len(wanted))


def _near(seeds: Seeds, label: int, z: int, plane: tuple[slice, ...]) -> Bool[np.ndarray, "y x"]:
    """Where a muscle may lie on a slice that was not annotated for it: about where it was drawn on the nearest ones."""
    annotated = seeds.slices(label)
    nearest = [*[other for other in annotated if other < z][-1:], *[other for other in annotated if other > z][:1]]
    drawn = np.zeros((plane[0].stop - plane[0].start, plane[1].stop - plane[1].start), dtype=bool)
    for other in nearest:
        drawn |= seeds.masks[label][other][plane]
    if not drawn.any():
        return drawn
    return signed_distance(drawn, seeds.grid.spacing_zyx_mm[1:]) <= MAY_MOVE_MM


def _rim(plane: tuple[slice, ...], shape_yx: tuple[int, ...]) -> Bool[np.ndarray, "y x"]:
    """The region's outermost pixels, but for where the region ends because the image does."""
    rows, columns = plane
    rim = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=bool)
    rim[0] |= rows.start > 0
    rim[-1] |= rows.stop < shape_yx[0]
    rim[:, 0] |= columns.start > 0
    rim[:, -1] |= columns.stop < shape_yx[1]
    return rim
