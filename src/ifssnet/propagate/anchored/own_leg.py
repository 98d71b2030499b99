"""The leg that a network was tuned on: there it may be judged only by slices that it did not learn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from ifssnet.core.images import Volume


@dataclass(frozen=True)
class OwnLeg:
    """The leg that a network was tuned on.

    Attributes:
        learned: Checksums of the grey levels of the slices that it learned from, ascending. By them a slice is known again
            wherever it lies: in the whole leg, or in a part of it.
    """

    learned: tuple[int, ...]

    @classmethod
    def of(cls, volume: Volume, slices: Iterable[int]) -> OwnLeg:
        """What is remembered of slices of a leg whose grey levels are on the scale of 0 to 255."""
        return cls(tuple(sorted({_checksum(volume, z) for z in slices})))

    def has_learned(self, volume: Volume, z: int) -> bool:
        """Whether the network was tuned on this slice."""
        return _checksum(volume, z) in self.learned


def _checksum(volume: Volume, z: int) -> int:
    return crc32(np.ascontiguousarray(volume.array[z], dtype=np.float32).tobytes())
