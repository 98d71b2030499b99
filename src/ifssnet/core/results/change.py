"""How much a muscle's volume differs from the other leg's, or from the same leg's at another time."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class VolumeChange:
    """A muscle's volume against another one.

    Attributes:
        volume_cm3: The volume.
        against_volume_cm3: The volume of the other leg, or at the other time.
        difference_cm3: The first less the second.
        difference_percent: The difference in percent of the second; infinite where only the second is 0.
        difference_percent_of_mean: The difference in percent of the mean of both, which does not depend on their order.
        mdc_cm3: The minimal detectable change; None where nobody gave one.
        mdc_percent: The same in percent of the second volume.
        exceeds_mdc: Whether the difference is more than the measurement scatters.
    """

    volume_cm3: float
    against_volume_cm3: float
    difference_cm3: float
    difference_percent: float
    difference_percent_of_mean: float
    mdc_cm3: float | None = None
    mdc_percent: float | None = None
    exceeds_mdc: bool | None = None

    def numbers(self) -> dict[str, float | bool]:
        """Those that are known, by name."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) is not None}
