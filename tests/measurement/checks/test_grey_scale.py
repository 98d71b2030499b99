"""What is said of grey levels that a rule changed."""

from __future__ import annotations

import pytest

from ifssnet.core.grey_scale import GreyScale
from ifssnet.measurement.checks.grey_scale import grey_scale_findings


def test_a_rule_that_changed_something_is_said_once():
    (found,) = grey_scale_findings(GreyScale("uint16", 0.0, 4095.0, "12 bits"))
    assert (found.severity, found.text) == ("note", "Grey levels (uint16) from 0 to 4095 became 0 to 255: 12 bits.")


@pytest.mark.parametrize("scale", [None, GreyScale("uint8"), GreyScale("int16", -40.0, 900.0, "estimated", estimated=True)])
def test_nothing_is_said_where_nothing_changed_or_a_warning_was_given(scale: GreyScale | None):
    assert grey_scale_findings(scale) == ()
