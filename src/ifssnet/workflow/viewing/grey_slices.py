"""Slices of a volume along any of its axes, eight bits deep, as a page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import UInt8

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume

AXES = ("z", "y", "x")
SAMPLES = 2_000_000
"""The number of voxels that show how bright a volume is; reading all of a large one would take seconds."""
DARKEST, BRIGHTEST = 0.05, 99.95
"""Percentiles of the grey levels that become black and white."""


@dataclass(frozen=True, eq=False)
class GreySlices:
    """A volume that is shown slice by slice.

    Attributes:
        volume: The volume.
    """

    volume: Volume

    def section(self, axis: str, index: int) -> UInt8[np.ndarray, "row column"]:
        """One slice: rows along y for "z", along z for "y" and "x".

        Args:
            axis: What the slice lies across: "z", "y" or "x".
            index: Which slice.

        Raises:
            InputError: No such axis or slice.
        """
        if axis not in AXES:
            raise InputError("one of the axes z, y and x", f"'{axis}'", "Choose one of them.")
        place = AXES.index(axis)
        count = self.volume.array.shape[place]
        if not 0 <= index < count:
            raise InputError(f"slices from 0 to {count - 1} across {axis}", f"slice {index}", "Choose one of them.")
        return self.shown(np.take(self.volume.array, index, axis=place))

    def shown(self, grey: np.ndarray) -> UInt8[np.ndarray, ...]:
        """Grey levels as eight bits: as they are, or from the darkest to the brightest of the volume."""
        if grey.dtype == np.uint8:
            return np.ascontiguousarray(grey)
        low, high = self.levels
        scaled = (np.nan_to_num(grey.astype(np.float32)) - low) * (255 / (high - low))
        return np.clip(scaled + 0.5, 0, 255).astype(np.uint8)

    @cached_property
    def levels(self) -> tuple[float, float]:
        """The grey levels that become black and white."""
        if self.volume.array.dtype == np.uint8:
            return 0.0, 255.0
        flat = self.volume.array.reshape(-1)
        sample = np.nan_to_num(flat[:: max(1, flat.size // SAMPLES)].astype(np.float32))
        low, high = (float(level) for level in np.percentile(sample, (DARKEST, BRIGHTEST)))
        return low, high if high > low else low + 1.0
