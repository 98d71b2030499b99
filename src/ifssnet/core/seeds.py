"""What the expert drew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.grid import Grid
from ifssnet.core.images import counted, first_names

Mask = Bool[np.ndarray, "y x"]


@dataclass(frozen=True, eq=False)
class Seeds:
    """Masks of some muscles on some slices.

    An annotated slice may be empty for a muscle: the expert looked, and it is absent there. A slice that is
    not a key of a muscle's mapping was not annotated for that muscle, and says nothing about it.

    Attributes:
        masks: Label value to slice index to mask, a boolean array of one slice's shape.
        grid: The grid of the volume that the slices belong to.
        names: Label value to name.
        colors: Label value to (red, green, blue), 0 to 255; may lack any label.
        axes: The axes of the volume's array that the seeds' slices, rows and columns run along: other than (0, 1, 2) where
            the expert drew across another axis than the array's first. `grid` is the volume's with its axes in this order.
        findings: What a person has to know of the drawing, such as outlines that were filled.
        terminology: Label value to what 3D Slicer's terminology says that the muscle is, as its files hold it; may lack any.
    """

    masks: Mapping[int, Mapping[int, Mask]]
    grid: Grid
    names: Mapping[int, str]
    colors: Mapping[int, tuple[int, int, int]] = field(default_factory=dict[int, tuple[int, int, int]])
    axes: tuple[int, int, int] = (0, 1, 2)
    findings: tuple[Finding, ...] = ()
    terminology: Mapping[int, str] = field(default_factory=dict[int, str])

    def __repr__(self) -> str:
        drawn = [f"{self.name(label)} on {counted(len(self.masks[label]), 'slice')}" for label in self.masks]
        return f"Seeds({first_names(drawn)}; {self.grid.in_words})"

    def __post_init__(self) -> None:
        for label, by_slice in self.masks.items():
            if label < 1:
                raise InputError("label values above 0", f"{label}", "Leave the background out of the seeds.")
            for z, mask in by_slice.items():
                if not 0 <= z < self.grid.slices:
                    raise InputError(
                        f"slices from 0 to {self.grid.slices - 1}", f"slice {z}", "Check that the seeds belong to this volume."
                    )
                if mask.shape != self.grid.shape_zyx[1:]:
                    raise InputError(
                        f"masks of {self.grid.shape_zyx[1:]} pixels (y, x)",
                        f"{mask.shape} on slice {z}",
                        "Check that the seeds belong to this volume.",
                    )

    @property
    def labels(self) -> tuple[int, ...]:
        """The label values, ascending."""
        return tuple(sorted(self.masks))

    def name(self, label: int) -> str:
        """The muscle's name, or its number where it has none."""
        return self.names.get(label, str(label))

    def slices(self, label: int) -> tuple[int, ...]:
        """The slices annotated for a muscle, ascending, those where it is absent included."""
        return tuple(sorted(self.masks[label]))

    def present(self, label: int) -> tuple[int, ...]:
        """The slices on which a muscle was drawn, ascending."""
        return tuple(z for z in self.slices(label) if self.masks[label][z].any())

    @property
    def annotated_slices(self) -> tuple[int, ...]:
        """Slices annotated for at least one muscle, ascending."""
        return tuple(sorted({z for by_slice in self.masks.values() for z in by_slice}))
