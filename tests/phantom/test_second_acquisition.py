"""r2 comes back onto r1: the registration finds where the leg was laid."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.compounding.registration.rigid import RegisterOptions, register
from ifssnet.core.progress import drain
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.files.cohort import Member, plan_cohort
from ifssnet.phantom.scanner.acquisition import SIZES, VolumeSize, acquire, place_of_second

TWICE = [member for member in plan_cohort(44, (29, 5, 10), seed=1).members if member.acquisitions == 2]


def off(member: Member, size: VolumeSize, options: RegisterOptions | None = None) -> tuple[float, float]:
    """Millimetres at the leg's middle and degrees between the transform found and the one known."""
    leg, seed = build_leg(member.subject), member.subject.seed
    fixed, moving = (drain(acquire(leg, size, "direct", number, seed)).volume for number in (1, 2))
    matrix = np.asarray(drain(register(fixed, moving, options)).transform) @ place_of_second(seed, leg)
    middle = np.array([0.0, 0.0, 0.5 * leg.length_mm, 1.0])
    turn = np.degrees(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1)))
    return float(np.linalg.norm((matrix @ middle - middle)[:3])), float(turn)


@pytest.mark.slow
def test_r2_of_a_leg_of_middling_size_comes_back() -> None:
    """1.7 mm voxels along all axes, the leg's motion included; from where it was laid, without a search along the leg."""
    size = VolumeSize(6, 6, 86, SIZES["quarter"].settings)
    shift, turn = off(TWICE[1], size, RegisterOptions(finest_mm=1.8, search_mm=4.0, search_turns_deg=(0.0,)))
    assert shift <= 0.5
    assert turn <= 0.5


@pytest.mark.slow
def test_r2_of_fourteen_in_fifteen_quarter_legs_comes_back_within_half_a_millimetre_and_half_a_degree() -> None:
    assert len(TWICE) == 15
    found = [off(member, SIZES["quarter"]) for member in TWICE]
    assert sum(shift <= 0.5 and turn <= 0.5 for shift, turn in found) >= 14, found
