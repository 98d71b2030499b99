"""The share of a muscle that no frame shows."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.results.measures import LegMeasures, MeasureOptions, MuscleMeasures
from ifssnet.measurement.leg.unseen import unseen_findings, unseen_share


def test_the_share_is_that_of_the_muscles_own_voxels() -> None:
    array = np.zeros((2, 3, 4), np.uint8)
    array[0, :2], array[1] = 1, 2
    seen = np.ones(array.shape, np.bool_)
    # Two of the eight voxels of the first muscle, and four where no muscle is.
    seen[0, 0, :2] = seen[0, 2] = False
    labels = LabelMap(array, Grid(array.shape), {1: "SOL", 2: "GM", 3: "GL"})
    assert [unseen_share(labels, value, seen) for value in (1, 2, 3)] == [0.25, 0.0, 0.0]


@pytest.mark.parametrize(("percent", "said"), [(None, 0), (5.0, 0), (5.5, 1)])
def test_more_than_five_percent_is_said(percent: float | None, said: int) -> None:
    muscle = MuscleMeasures(volume_cm3=1.0, never_seen_percent=percent)
    found = unseen_findings(LegMeasures({"SOL": muscle}, MeasureOptions()))
    assert [each.figure for each in found] == pytest.approx([0.055] * said)
