"""What the network sees of a volume: normalised cuts, those that were asked for last kept in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.propagate.network_input.region import Region, Sampling, crop, normalised

CUTS_KEPT = 64
"""Slices of a region that are kept: neighbouring samples see the same ones."""


class Images:
    """Normalised cuts of a volume, of the slices that were asked for last."""

    def __init__(self, volume: Volume, sampling: Sampling) -> None:
        self.grid: Grid = volume.grid
        self.sampling = sampling

        @lru_cache(CUTS_KEPT)
        def plane(z: int, region: Region) -> Float32[np.ndarray, "v u"]:
            return normalised(crop(volume.array[z : z + 1], region), sampling)[0]

        self.plane: Callable[[int, Region], Float32[np.ndarray, "v u"]] = plane
