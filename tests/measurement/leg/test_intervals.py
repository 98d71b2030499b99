"""The 90 % interval of a volume: when there is one, what makes it wider, and where it is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ifssnet.api import measure, segment
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.provenance import VolumeEstimate
from ifssnet.core.seeds import Seeds
from ifssnet.io.save import save
from ifssnet.measurement.leg.intervals import with_intervals
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation
from ifssnet.workflow.leg.measure_files import measure_files

GRID = Grid((101, 40, 40))


def _disc(radius: float) -> np.ndarray:
    y, x = np.mgrid[:40, :40]
    return np.hypot(y - 20, x - 20) < radius


def _seeds(step: int, shake: float = 0.0, wave: float = 3.0) -> Seeds:
    rng = np.random.default_rng(0)
    places = sorted({near for z in range(0, 101, step) for near in (z, z + 1, z + 2) if near < 101})
    radius = {z: 10 + wave * np.sin(z / 15) + rng.normal(0, shake) for z in places}
    return Seeds({1: {z: _disc(radius[z]) for z in places}}, GRID, {1: "SOL"})


def _margin(seeds: Seeds) -> float:
    margin = ShapeInterpolation().prepare(None, seeds).describe().muscles["SOL"].margin_cm3
    assert margin is not None
    return margin


def test_wide_gaps_and_an_unsteady_hand_make_it_wider() -> None:
    assert _margin(_seeds(10)) < 0.5 * _margin(_seeds(20)) < 0.25 * _margin(_seeds(50))
    assert _margin(_seeds(10, shake=1.0)) > 1.5 * _margin(_seeds(10))


def test_a_muscle_that_changes_more_than_is_usual_has_a_wider_one() -> None:
    assert _margin(_seeds(20, wave=6.0)) > 1.2 * _margin(_seeds(20, wave=0.0))


def test_a_single_drawn_place_says_nothing_of_the_rest() -> None:
    seeds = Seeds({1: {0: _disc(9), 1: _disc(9)}}, GRID, {1: "SOL"})
    assert ShapeInterpolation().prepare(None, seeds).describe().muscles["SOL"].margin_cm3 is None


def test_a_segmentation_far_from_the_curve_is_doubted() -> None:
    estimate = VolumeEstimate(5, 100.0, margin_cm3=3.0)
    assert estimate.interval_cm3(100.0) == (97.0, 103.0)
    assert estimate.interval_cm3(104.0) == (99.0, 109.0)
    assert VolumeEstimate(5, 2.0, margin_cm3=3.0).interval_cm3(2.0) == (0.0, 5.0)
    assert VolumeEstimate(5, 100.0).interval_cm3(100.0) is None


def test_the_library_and_the_command_give_the_same(tmp_path: Path) -> None:
    found = segment(None, _seeds(20), method="shape-interpolation")
    muscle = measure(found).muscles["SOL"]
    assert muscle.volume_low_cm3 is not None
    assert muscle.volume_high_cm3 is not None
    assert muscle.volume_low_cm3 < muscle.volume_cm3 < muscle.volume_high_cm3
    path = tmp_path / "leg.seg.nrrd"
    save(found, path)
    output = tmp_path / "measures.json"
    measure_files(path, output=output)
    written = json.loads(output.read_text(encoding="utf-8"))["muscles"]["SOL"]
    assert written["volume_low_cm3"] == pytest.approx(muscle.volume_low_cm3, abs=2e-3)
    assert written["volume_high_cm3"] == pytest.approx(muscle.volume_high_cm3, abs=2e-3)
    # Labels of which nobody knows how they came about have none.
    assert measure(LabelMap(found.labels.array, GRID, {1: "SOL"})).muscles["SOL"].volume_low_cm3 is None


def test_names_meet_however_they_are_written() -> None:
    found = segment(None, _seeds(20), method="shape-interpolation")
    measures = measure(LabelMap(found.labels.array, GRID, {1: "soleus"}))
    again = with_intervals(measures, {"Soleus": VolumeEstimate(5, 10.0, margin_cm3=1.0)})
    assert again.muscles["SOL"].volume_low_cm3 is not None
