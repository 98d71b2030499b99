"""Two measurements of the same muscles: the other leg, or the same one at another time."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.results.change import VolumeChange
from ifssnet.core.results.measures import LegMeasures


def differences(
    measures: LegMeasures, against: LegMeasures, minimal_detectable_change_cm3: float | Mapping[str, float] | None = None
) -> dict[str, VolumeChange]:
    """How much each muscle's volume differs, in cm3 and percent, and whether that is more than the measurement scatters.

    The percentage is of the second leg's volume (the one before, or the other leg); beside it stands that of the mean
    of both, which does not depend on which leg comes first.

    Args:
        measures: What `measure` found.
        against: What it found in the other leg or at the other time.
        minimal_detectable_change_cm3: The smallest change that is real with 95 % confidence (`agreement.reliability` finds it
            from repeated measurements), for all muscles or by name.

    Returns:
        The muscle's name to its change.

    Raises:
        InputError: No muscle is in both, or a minimal detectable change that is not positive.
    """
    common = [name for name in measures.muscles if name in against.muscles]
    if not common:
        raise InputError(
            "a muscle that both segmentations have",
            f"{', '.join(measures.muscles)} and {', '.join(against.muscles)}",
            "Rename labels.",
        )
    if lacking := sorted(set(measures.muscles) ^ set(against.muscles)):
        warnings.warn(InputWarning(f"Only in one of the two, and not compared: {', '.join(lacking)}."), stacklevel=2)
    return {
        name: _change(
            measures.muscles[name].volume_cm3,
            against.muscles[name].volume_cm3,
            _mdc_for(name, minimal_detectable_change_cm3),
        )
        for name in common
    }


def _change(volume_cm3: float, against_cm3: float, mdc_cm3: float | None) -> VolumeChange:
    difference_cm3 = volume_cm3 - against_cm3
    return VolumeChange(
        volume_cm3=volume_cm3,
        against_volume_cm3=against_cm3,
        difference_cm3=difference_cm3,
        difference_percent=_percent(difference_cm3, against_cm3),
        difference_percent_of_mean=_percent(difference_cm3, (volume_cm3 + against_cm3) / 2),
        mdc_cm3=mdc_cm3,
        mdc_percent=None if mdc_cm3 is None else _percent(mdc_cm3, against_cm3),
        exceeds_mdc=None if mdc_cm3 is None else abs(difference_cm3) > mdc_cm3,
    )


def _percent(part: float, whole: float) -> float:
    if whole == 0:
        return 0.0 if part == 0 else math.copysign(math.inf, part)
    return 100 * part / whole


def _mdc_for(name: str, mdc_cm3: float | Mapping[str, float] | None) -> float | None:
    chosen = mdc_cm3.get(name) if isinstance(mdc_cm3, Mapping) else mdc_cm3
    if chosen is not None and not (math.isfinite(chosen) and chosen > 0):
        raise InputError(
            "a minimal detectable change above 0 cm3", f"{chosen}", "Give the one of your own repeated measurements."
        )
    return chosen
