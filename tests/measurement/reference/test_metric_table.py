"""A metric is one file and one line in one table: what has no field of its own reaches every file, table and mean."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.results.agreement import MuscleAgreement
from ifssnet.figures.leg_report import tables
from ifssnet.io.result_tables import save_agreement
from ifssnet.measurement.quantities import Quantity
from ifssnet.measurement.reference import compare as comparing
from ifssnet.measurement.reference.comparison import Comparison
from ifssnet.measurement.reference.metrics.metric import Metric
from ifssnet.measurement.reference.metrics.table import METRICS


def missed_cm3(muscle: Comparison) -> float:
    """Volume of the reference that was not found."""
    return muscle.overlap.only_reference * muscle.voxel_cm3


MISSED = Metric(Quantity("missed_cm3", "Missed volume", "cm³", 2, "Part of the reference that was not found."), missed_cm3)


def cube(first: int) -> LabelMap:
    array = np.zeros((14, 14, 14), np.uint8)
    array[first : first + 10, 2:12, 2:12] = 1
    return LabelMap(array, Grid((14, 14, 14)), {1: "SOL"})


def test_every_metric_has_a_key_of_its_own_and_every_field_a_metric() -> None:
    keys = [metric.key for metric in METRICS]
    assert len(set(keys)) == len(keys)
    assert {each.name for each in fields(MuscleAgreement)} - {"further", "per_slice"} <= set(keys)


def test_a_metric_is_written_as_its_unit_asks_and_with_a_sign_where_both_signs_are_errors() -> None:
    decimals = {"": 3, "mm": 2, "%": 2, "cm³": 1}
    for metric in METRICS:
        assert metric.quantity.decimals == decimals[metric.quantity.unit], metric.key
        assert metric.quantity.signed == (metric.better == "nearer to 0"), metric.key


def test_volumes_are_those_of_both_and_the_difference_is_the_segmentations_less_the_references() -> None:
    found, reference = cube(2), cube(2)
    reference.array[10:] = 0
    muscle = comparing.compare(found, reference).muscles["SOL"]
    # Ten and eight slices of 10 x 10 mm.
    assert (muscle.volume_cm3, muscle.reference_volume_cm3) == (1.0, 0.8)
    assert muscle.volume_difference_cm3 == pytest.approx(0.2)


def test_slices_that_do_not_count_are_left_out_of_the_distances_from_either_side() -> None:
    found, reference = cube(1), cube(1)
    reference.array[13, 5, 5] = 1
    assert comparing.compare(found, reference).muscles["SOL"].hausdorff_mm == 3.0
    assert comparing.compare(found, reference, {"SOL": [13]}).muscles["SOL"].hausdorff_mm == 0.0
    assert comparing.compare(reference, found, {"SOL": [13]}).muscles["SOL"].hausdorff_mm == 0.0


def test_a_line_in_the_table_is_all_that_a_new_metric_takes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for room in (comparing, tables):
        monkeypatch.setattr(room, "METRICS", (*METRICS, MISSED))
    found = comparing.compare(cube(1), cube(3))
    # Two of ten slices of 10 x 10 mm are missed.
    assert found.muscles["SOL"].further["missed_cm3"] == 0.2
    assert found.mean.numbers()["missed_cm3"] == 0.2
    assert list(found.muscles["SOL"].numbers())[-1] == "missed_cm3"
    save_agreement(found, tmp_path / "found.json")
    save_agreement(found, tmp_path / "found.csv")
    plain = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert plain["muscles"]["SOL"]["missed_cm3"] == plain["mean"]["missed_cm3"] == 0.2
    assert "SOL,missed_cm3,0.2" in (tmp_path / "found.csv").read_text(encoding="utf-8").splitlines()
    page = tables.agreement_table(found, {"SOL": (1, 2, 3)})
    assert '<span class="label">Missed volume</span><span class="unit">cm³</span>' in page
    assert 'data-key="missed_cm3" data-value="0.2">0.20</td>' in page
