"""What a compounding will need, and what is refused before it begins."""

from __future__ import annotations

import re

import numpy as np
import pytest
from make_sweeps import moved, straight_sweep

from ifssnet.compounding.holes.options import StickFilling
from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.plan import plan_compounding
from ifssnet.core.errors import InputError
from ifssnet.core.machine.memory import available_memory


def test_memory_is_stated_before_it_is_taken():
    sweep = straight_sweep(np.zeros((10, 11, 12), dtype=np.uint8))
    plan = plan_compounding([sweep], CompoundOptions(spacing_mm=1.0, compounding="mean"))
    assert plan.voxels == 10 * 11 * 12
    assert plan.bytes_needed == plan.voxels * (1 + 1 + 4 + 4)
    running = plan_compounding([sweep], CompoundOptions(spacing_mm=1.0, compounding="running-mean", holes=(StickFilling(),)))
    assert running.bytes_needed == pytest.approx(plan.voxels * (1 + 1 + 2 + 1 + 1 / 256), rel=0.01)


def test_a_volume_that_does_not_fit_the_memory_is_refused_with_a_spacing_that_would():
    sweep = straight_sweep(np.zeros((10, 11, 12), dtype=np.uint8), pixel_mm=10.0, step_mm=30.0)
    available = available_memory()
    if available is None:
        pytest.skip("this system does not tell its free memory")
    spacing = (110.0 * 100.0 * 270.0 / (available / 10 * 1.2)) ** (1 / 3)  # 10 bytes a voxel for the mean
    with pytest.raises(InputError, match=r"voxels") as refusal:
        plan_compounding([sweep], CompoundOptions(spacing_mm=spacing))
    larger = (
        float(re.search(r"at least ([0-9.]+) mm", str(refusal.value)).group(1)) if "at least" in refusal.value.remedy else 1
    )
    assert larger > spacing


def test_nothing_to_compound_is_refused():
    with pytest.raises(InputError, match="at least one sweep"):
        plan_compounding([], CompoundOptions())
    sweep = straight_sweep(np.zeros((4, 5, 5), dtype=np.uint8))
    late = moved(sweep, lambda _: None, valid=np.array([0, 1, 1, 1], bool))
    with pytest.raises(InputError, match="skip interval"):
        plan_compounding([late], CompoundOptions(spacing_mm=1.0, skip_interval=4))


def test_frames_of_different_types_are_refused():
    a, b = (straight_sweep(np.zeros((2, 4, 4), dtype=t)) for t in (np.uint8, np.float32))
    with pytest.raises(InputError, match="float32 and uint8"):
        plan_compounding([a, b], CompoundOptions(spacing_mm=1.0))
    with pytest.raises(InputError, match="float64"):
        plan_compounding([straight_sweep(np.zeros((2, 4, 4)))], CompoundOptions(spacing_mm=1.0))
