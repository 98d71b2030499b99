"""What is done with the corrections of the anchored network."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ifssnet.core.errors import InputError
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation, ShapeInterpolationConfig
from ifssnet.propagate.recurrent.inference import BOTH, FORWARD

BETWEEN = "between"
DIRECTIONS = (BETWEEN, FORWARD, BOTH)


@dataclass(frozen=True)
class AnchoredInference:
    """What is done with the network's corrections.

    Attributes:
        direction: "between" corrects guided interpolation between drawn slices. "forward" needs nothing drawn ahead: the last
            mask takes the prior's place, as recurrent networks go (`RecurrentInference`); of the settings below
            `carried_logit` alone matters to it. "both" does the first between drawn slices, and the second from the outermost
            ones to the muscle's ends.
        every_mm: Distance along z of the slices that the network sees; corrections are linear between them.
        gate_mm: Distance from the nearest annotated slice at which a correction counts in full; it counts for nothing on it.
        gate_scatter_mm: Scatter of the drawn borders at which the gate stands open everywhere, because annotated
            slices are then no better than the rest; 0 for a gate that does not ask.
        smooth_mm: SD of the Gaussian that smooths corrections along z.
        keep_volume: Share of the way from the network's own volume (0) to the prior's (1), by one level a muscle.
        keep_volume_mm: Gap between annotated places at which nothing is left of that share: it falls linearly with the gap,
            because areas interpolated across wide gaps err more than the network does; 0 for a share that does not fall.
        check: Hide each annotated group that has others on both sides, and let only as much of every correction count as helps
            there (`self_check.py`): on muscle unlike any that it was trained on a network can do harm.
        batch: Slices that the network sees at a time.
        smoothing: How far guided interpolation smooths the seeds, see `ShapeInterpolationConfig`.
        extrapolate_mm: How far guided interpolation goes beyond the outermost groups.
        carried_logit: With "forward", added to the logits of masks that are carried from slice to slice: what a network takes
            off a border is more than what it adds, and adds up along the way. Chosen on validation legs; 0 leaves masks as
            they are found.
    """

    direction: str = BETWEEN
    every_mm: float = 1.1
    gate_mm: float = 6.6
    gate_scatter_mm: float = 1.0
    smooth_mm: float = 2.0
    keep_volume: float = 1.0
    keep_volume_mm: float = 330.0
    check: bool = True
    batch: int = 8
    smoothing: float | str = "auto"
    extrapolate_mm: float = 0.0
    carried_logit: float = 0.25

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise InputError(f"one of {', '.join(DIRECTIONS)}", f"'{self.direction}'", "Correct direction.")
        numbers = ("every_mm", "gate_mm", "gate_scatter_mm", "smooth_mm", "keep_volume", "keep_volume_mm", "extrapolate_mm")
        for name in numbers:
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"a number from 0 for {name}", f"{value}", f"Correct {name}.")
        if not math.isfinite(self.carried_logit):
            raise InputError("a number for carried_logit", f"{self.carried_logit}", "Correct carried_logit.")
        if self.every_mm <= 0 or self.batch < 1 or self.keep_volume > 1:
            raise InputError(
                "every_mm above 0, batch of 1 or more, keep_volume from 0 to 1",
                f"{self.every_mm}, {self.batch}, {self.keep_volume}",
                "Correct them.",
            )

    def volume_share(self, gap_mm: float) -> float:
        """How much of the way the volume of a muscle goes to the prior's, with gaps of this length between annotated groups.

        >>> [round(AnchoredInference().volume_share(mm), 2) for mm in (0.0, 27.7, 55.4, 110.8, 400.0)]
        [1.0, 0.92, 0.83, 0.66, 0.0]
        """
        left = 1 - gap_mm / self.keep_volume_mm if self.keep_volume_mm > 0 else 1.0
        return self.keep_volume * max(left, 0.0)

    @property
    def guided(self) -> ShapeInterpolation:
        """The interpolation that the network corrects."""
        return ShapeInterpolation(ShapeInterpolationConfig(smoothing=self.smoothing, extrapolate_mm=self.extrapolate_mm))
