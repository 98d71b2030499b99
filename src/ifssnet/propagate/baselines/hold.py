"""Hold the last given mask: the control that every propagation has to beat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from jaxtyping import Int

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagation, SimplePropagation

FORWARD, BOTH = "forward", "both"


@dataclass(frozen=True)
class HoldConfig:
    """What is held.

    Attributes:
        direction: "forward" holds the last given mask below a slice, as the paper's inference goes; "both" the nearest
            one on either side, the lower of two that are as near.
    """

    direction: str = FORWARD

    def __post_init__(self) -> None:
        if self.direction not in (FORWARD, BOTH):
            raise InputError(f"{FORWARD} or {BOTH}", f"'{self.direction}'", "Correct direction.")


@dataclass(frozen=True)
class Hold:
    """Every slice repeats a given mask, an empty one too; what lies past the last given slice repeats that one to the end."""

    config: HoldConfig = HoldConfig()
    name = "hold"
    needs_volume = False

    def prepare(self, volume: Volume | None, seeds: Seeds) -> Propagation:  # noqa: ARG002
        """The method with its seeds; `volume` is not read."""
        return SimplePropagation(partial(self._steps, seeds), MethodDescription(asdict(self.config)))

    def _steps(self, seeds: Seeds) -> Iterator[Step]:
        """Every slice that repeats a mask with the muscle, muscle after muscle."""
        found: list[tuple[int, int, int]] = []
        for label in seeds.labels:
            given = np.array(seeds.slices(label), dtype=np.int64)
            for z in range(seeds.grid.slices):
                source = self._source(given, z)
                if source is not None and source != z and seeds.masks[label][source].any():
                    found.append((label, z, source))
        for done, (label, z, source) in enumerate(found, start=1):
            yield Step(label, z, seeds.masks[label][source].astype(np.float32), done, len(found))

    def _source(self, given: Int[np.ndarray, " slice"], z: int) -> int | None:
        """Which given slice a slice repeats."""
        if given.size == 0:
            return None
        if self.config.direction == BOTH:
            return int(given[int(np.abs(given - z).argmin())])
        place = int(np.searchsorted(given, z, side="right"))
        return int(given[place - 1]) if place else None
