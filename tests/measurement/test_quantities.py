"""The quantities that a muscle's measures are written as."""

from __future__ import annotations

from dataclasses import fields

from ifssnet.core.results.measures import MuscleMeasures
from ifssnet.measurement.quantities import MEASURES


def test_every_number_of_a_muscle_is_written_once_and_none_with_a_plus_sign():
    keys = [each.key for each in MEASURES]
    assert sorted(keys) == sorted(each.name for each in fields(MuscleMeasures) if each.name != "profile")
    assert not any(each.signed for each in MEASURES)
