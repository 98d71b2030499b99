"""A muscle's surface and how far it lies from the reference's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ifssnet.core.errors import InputError
from ifssnet.core.images import Surface


@dataclass(frozen=True, eq=False)
class MuscleSurface:
    """One muscle's surface for a 3-D view; its name is the surface's.

    Attributes:
        surface: In mm, LPS; of any size, the report thins it out.
        error_mm: Distance to the reference's surface at each vertex; positive where the segmentation reaches
            further out when the distances are signed. NaN where it is not known.
    """

    surface: Surface
    error_mm: Float[np.ndarray, " vertex"] | None = None

    def __post_init__(self) -> None:
        if self.error_mm is not None and len(self.error_mm) != len(self.surface.vertices_mm):
            raise InputError(
                "an error for each vertex",
                f"{len(self.error_mm)} errors for {len(self.surface.vertices_mm)} vertices of '{self.surface.name}'",
                "Measure the errors on the surface that is shown.",
            )
