"""The interval that a muscle's volume lies in, from what is known of how the segmentation came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ifssnet.core.muscles import field_name
from ifssnet.core.provenance import VolumeEstimate
from ifssnet.core.results.measures import LegMeasures


def with_intervals(measures: LegMeasures, estimates: Mapping[str, VolumeEstimate]) -> LegMeasures:
    """The measures with the limits of each volume's 90 % interval, where its slices were drawn by somebody.

    Args:
        measures: By the field's names of the muscles.
        estimates: What the annotated slices say of each muscle's volume, by name.
    """
    known = {field_name(name): estimate for name, estimate in estimates.items()}
    muscles = dict(measures.muscles)
    for name, muscle in measures.muscles.items():
        interval = known[name].interval_cm3(muscle.volume_cm3) if name in known else None
        if interval is not None:
            muscles[name] = replace(muscle, volume_low_cm3=interval[0], volume_high_cm3=interval[1])
    return replace(measures, muscles=muscles)
