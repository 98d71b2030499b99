"""Plain arrays as the nouns that they stand for: a volume, a label map, or what an expert drew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Segmentation
from ifssnet.geometry.grids.axis_order import inverse, reordered_grid
from ifssnet.geometry.masks.values import values_in_use
from ifssnet.io.seeds.seed_files import seeds_of
from ifssnet.io.volumes import label_names
from ifssnet.io.volumes.placement import as_labels, with_background_0

Array: TypeAlias = NDArray[Any]
Spacing: TypeAlias = float | tuple[float, float, float]
"""Distance between voxels in mm: one number, or x, y and z."""


@dataclass(frozen=True)
class Arrays:
    """What is said of the arrays of one call.

    Attributes:
        spacing_mm: Distance between voxels along x, y and z, or one number; None where nothing was said.
        names: Label value to name, of arrays of labels; None where nothing was said.
    """

    spacing_mm: Spacing | None = None
    names: Mapping[int, str] | None = None

    def check_used(self, *things: object, of_labels: tuple[object, ...] = ()) -> None:
        """Refuse what would have no effect.

        Args:
            things: All that the call was given.
            of_labels: Those of them that are labels.

        Raises:
            InputError: A spacing without an array, or names without an array of labels.
        """
        if self.spacing_mm is not None and not any(isinstance(thing, np.ndarray) for thing in things):
            raise InputError("an array with spacing_mm", "none", "Leave it out: a volume knows its own spacing.")
        if self.names is not None and not any(isinstance(thing, np.ndarray) for thing in of_labels):
            raise InputError("an array of labels with names", "none", "Leave them out: a label map knows its own names.")

    def volume(self, thing: Volume | Array | None, known: Grid | None = None) -> Volume | None:
        """A volume, on the grid of what it goes with where nothing else was said.

        Raises:
            InputError: An array that is not three-dimensional, or whose spacing nobody said.
        """
        if not isinstance(thing, np.ndarray):
            return thing
        return Volume(thing, self._grid(thing, known))

    def labels(self, thing: Segmentation | LabelMap | Array, known: Grid | None = None) -> LabelMap:
        """A label map; the values 100, 150 and 200 alone are SOL, GM and GL, others are named by their numbers.

        Raises:
            InputError: As `volume`, or values that are no labels.
        """
        if isinstance(thing, Segmentation):
            return thing.labels
        if isinstance(thing, LabelMap):
            return thing
        grid = self._grid(thing, known)
        array = with_background_0(as_labels(thing, "the array"), self.names or {}, "the array")
        return LabelMap(array, grid, label_names.completed(values_in_use(array), self.names or {}))

    def seeds(self, thing: Seeds | LabelMap | Array, known: Grid | None = None) -> Seeds:
        """What was drawn: slices with a label are annotated.

        Raises:
            InputError: As `labels`, or nothing was drawn.
        """
        return thing if isinstance(thing, Seeds) else seeds_of(self.labels(thing, known))

    def _grid(self, array: Array, known: Grid | None) -> Grid:
        if array.ndim != 3:
            raise InputError("an array with the axes z, y, x", f"one of shape {array.shape}", "Give a three-dimensional array.")
        z, y, x = array.shape
        if self.spacing_mm is None:
            if known is None:
                raise InputError("spacing_mm with an array", "none", "Say the distance between voxels: spacing_mm=(x, y, z).")
            if known.shape_zyx != (z, y, x):
                raise InputError(
                    f"an array of {known.shape_zyx} voxels (z, y, x), as what it goes with",
                    f"{array.shape}",
                    "Give spacing_mm.",
                )
            return known
        own = self.spacing_mm if isinstance(self.spacing_mm, tuple) else (self.spacing_mm, self.spacing_mm, self.spacing_mm)
        if known is not None and known.shape_zyx == (z, y, x) and np.allclose(known.spacing_xyz_mm, own):
            return known
        if known is not None:
            raise InputError(
                f"an array like what it goes with, {known.in_words}",
                f"{array.shape} voxels of {own} mm (x, y, z)",
                "Correct spacing_mm, or leave it out.",
            )
        return Grid((z, y, x), own)


def grid_of(thing: object) -> Grid | None:
    """Where a noun's voxels lie, with its axes as they are stored; None for an array, which does not know."""
    if isinstance(thing, Volume | LabelMap):
        return thing.grid
    if isinstance(thing, Segmentation):
        return thing.labels.grid
    return reordered_grid(thing.grid, inverse(thing.axes)) if isinstance(thing, Seeds) else None
