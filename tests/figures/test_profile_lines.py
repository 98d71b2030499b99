from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.figures.leg_report.lines import profile_from_lines

LINES = {"z": [3, 4, 5], "position_mm": [6, 8.0, 10.0], "percent_of_length": [0.0, 50.0, 100.0], "acsa_cm2": [1.0, 2.0, 1.5]}


def test_lines_become_a_profile() -> None:
    profile = profile_from_lines({**LINES, "echo_intensity": [50.0, None, 52.0]}, annotated_z=(4,))
    assert list(profile.z) == [3, 4, 5]
    assert list(profile.annotated_z) == [4]
    np.testing.assert_array_equal(profile.position_mm, [6, 8, 10])
    np.testing.assert_array_equal(profile.acsa_cm2, [1, 2, 1.5])
    np.testing.assert_array_equal(profile.echo_intensity, [50, np.nan, 52])
    assert profile.reference_acsa_cm2 is None


def test_the_reference_is_read_slice_by_slice() -> None:
    profile = profile_from_lines(LINES, reference={"z": [4, 5, 6], "acsa_cm2": [2.5, 1.0, 0.5]})
    np.testing.assert_array_equal(profile.reference_acsa_cm2, [0, 2.5, 1])


@pytest.mark.parametrize("wrong", [None, "1 2 3", {"a": 1}, [1.0, "two", 3.0]])
def test_what_is_no_line_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="a list of numbers under 'acsa_cm2'"):
        profile_from_lines({**LINES, "acsa_cm2": wrong})
