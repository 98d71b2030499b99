"""The leg that a network was tuned on: there it may be judged only by slices that were kept back from it."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from ifssnet.core.images import Volume


@dataclass(frozen=True)
class OwnLeg:
    """The leg that a network was tuned on.

    Attributes:
        kept_back: Slices that it did not learn from, ascending; one at least.
        checksum: That of the grey levels of the first of them, so that the leg is known again.
    """

    kept_back: tuple[int, ...]
    checksum: int

    @classmethod
    def of(cls, volume: Volume, kept_back: tuple[int, ...]) -> OwnLeg:
        """What is remembered of a leg whose grey levels are on the scale of 0 to 255."""
        return cls(kept_back, _checksum(volume, kept_back[0]))

    def is_that_of(self, volume: Volume) -> bool:
        """Whether a volume is the one that the network was tuned on."""
        z = self.kept_back[0]
        return z < volume.grid.slices and _checksum(volume, z) == self.checksum


def _checksum(volume: Volume, z: int) -> int:
    return crc32(np.ascontiguousarray(volume.array[z], dtype=np.float32).tobytes())
