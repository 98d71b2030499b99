"""Comparing label maps: the JSON contract, names, slices left out, grids that differ."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.io.result_tables import agreement_table
from ifssnet.measurement.reference.compare import agreement, compare, comparisons, slice_agreements
from ifssnet.measurement.reference.overlap import overlap
from ifssnet.measurement.reference.surface_distance import mask_surface_distances

GRID = Grid((10, 12, 14), (0.5, 0.5, 1.0))


def map_of(array, names, grid=GRID) -> LabelMap:
    return LabelMap(array, grid, names)


def two_muscles(shift=0) -> np.ndarray:
    array = np.zeros(GRID.shape_zyx, np.uint8)
    array[2:8, 2:6, 2 + shift : 7 + shift] = 1
    array[3:9, 7:11, 3:9] = 2
    return array


def test_numbers_by_name_whatever_the_values_are():
    labels = map_of(two_muscles(shift=1), {1: "Soleus", 2: "GastrocnemiusMedial"})
    swapped = np.choose(two_muscles(), [0, 9, 4]).astype(np.uint16)
    report = compare(labels, map_of(swapped, {9: "SOL", 4: "mg"}))
    assert list(report.muscles) == ["SOL", "GM"]
    assert report.muscles["GM"].dice == 1
    assert report.muscles["GM"].hausdorff_mm == 0
    truth = overlap(labels.array == 1, two_muscles() == 1)
    distances = mask_surface_distances(labels.array == 1, two_muscles() == 1, GRID.spacing_xyz_mm)
    soleus = report.muscles["SOL"]
    assert soleus.dice == truth.dice == pytest.approx(0.8)
    assert soleus.miou == truth.miou
    assert soleus.hausdorff_mm == distances.hausdorff_mm == 0.5
    assert soleus.asd_mm == distances.asd_mm
    assert soleus.volume_cm3 == pytest.approx(6 * 4 * 5 * 0.25 / 1000)
    assert report.mean.dice == pytest.approx(0.9)
    keys = {"dice", "iou", "miou", "precision", "recall", "volume_error_percent", "hausdorff_mm", "hausdorff95_mm", "asd_mm"}
    assert keys <= soleus.numbers().keys()
    assert keys <= report.mean.numbers().keys()


def test_a_muscle_that_one_map_lacks_counts_as_empty_with_a_word():
    array = two_muscles()
    with pytest.warns(InputWarning, match="segmentation has no GM"):
        report = compare(
            map_of(np.where(array == 1, array, 0).astype(np.uint8), {1: "SOL"}), map_of(array, {1: "SOL", 2: "GM"})
        )
    assert report.muscles["GM"].dice == 0
    assert report.muscles["GM"].hausdorff_mm == math.inf
    assert report.muscles["GM"].volume_error_percent == -100
    assert report.mean.dice == 0.5
    plain = json.loads(json.dumps(agreement_table(report), allow_nan=False))
    assert plain["muscles"]["GM"]["hausdorff_mm"] is None
    assert plain["mean"]["hausdorff_mm"] is None
    with pytest.warns(InputWarning, match="reference has no GM"):
        report = compare(
            map_of(array, {1: "SOL", 2: "GM"}), map_of(np.where(array == 1, array, 0).astype(np.uint8), {1: "SOL"})
        )
    assert report.muscles["GM"].precision == 0


def test_named_in_both_and_empty_in_both_is_perfect():
    array = np.where(two_muscles() == 1, 1, 0).astype(np.uint8)
    report = compare(map_of(array, {1: "SOL", 2: "GM"}), map_of(array, {1: "SOL", 2: "GM"}))
    assert report.muscles["GM"].dice == 1
    assert report.muscles["GM"].asd_mm == 0


def test_maps_without_a_common_muscle_are_refused():
    with pytest.raises(InputError, match="SOL and GM"):
        compare(map_of(np.ones(GRID.shape_zyx, np.uint8), {1: "SOL"}), map_of(np.ones(GRID.shape_zyx, np.uint8), {1: "GM"}))
    with pytest.raises(InputError, match="1 and 2, both SOL"):
        compare(map_of(two_muscles(), {1: "soleus", 2: "SOL"}), map_of(two_muscles(), {1: "SOL", 2: "GM"}))


def test_slices_left_out_count_nowhere():
    labels, reference = two_muscles(shift=1), two_muscles()
    labels[4] = reference[4]
    labels[5, 0, 0] = 1
    names = {1: "SOL", 2: "GM"}
    report = compare(map_of(labels, names), map_of(reference, names), without={"Soleus": {4, 5}})
    kept = [z for z in range(10) if z not in (4, 5)]
    truth = overlap(labels[kept] == 1, reference[kept] == 1)
    assert report.muscles["SOL"].dice == truth.dice
    assert report.muscles["SOL"].miou == truth.miou
    assert report.left_out_slices == {"Soleus": (4, 5)}
    assert report.muscles["SOL"].hausdorff_mm == 0.5  # the stray voxel on slice 5 is not seen
    assert compare(map_of(labels, names), map_of(reference, names)).muscles["SOL"].hausdorff_mm > 1
    with pytest.raises(InputError, match="left out"):
        compare(map_of(labels, names), map_of(reference, names), without={"SOL": range(10)})


def test_each_slice_by_itself():
    names = {1: "SOL", 2: "GM"}
    labels, reference = two_muscles(shift=1), two_muscles()
    labels[6] = reference[6]
    labels[7] = 0
    muscle = compare(map_of(labels, names), map_of(reference, names), per_slice=True).muscles["SOL"]
    rows = {row.z: row for row in muscle.per_slice}
    assert list(rows) == [2, 3, 4, 5, 6, 7]
    assert rows[3].dice == pytest.approx(0.8)
    assert rows[6].dice == 1
    assert rows[6].hausdorff_mm <= 0.5
    assert rows[7].dice == 0
    assert rows[7].hausdorff_mm == 1.0  # one slice away in 3-D
    assert rows[7].area_error_percent == -100
    assert max(row.hausdorff_mm for row in rows.values()) == muscle.hausdorff_mm
    found = comparisons(map_of(labels, names), map_of(reference, names))["SOL"]
    assert agreement(found).per_slice is None
    for row in slice_agreements(found):
        assert row.hausdorff_mm == found.distances.on(row.z).hausdorff_mm
        here = overlap(labels[row.z] == 1, reference[row.z] == 1)
        overlaps = (row.dice, row.iou, row.miou, row.precision, row.recall, row.area_error_percent)
        assert overlaps == (here.dice, here.iou, here.miou, here.precision, here.recall, here.volume_error_percent)
        assert row.absolute_area_error_percent == abs(here.volume_error_percent)
    # Slices along another axis, where somebody says so.
    across = compare(map_of(labels, names), map_of(reference, names), None, True, 1).muscles["SOL"].per_slice
    assert [row.z for row in across or ()] == [2, 3, 4, 5]


def test_a_cropped_reference_gives_the_same_but_for_its_grid():
    names = {1: "SOL", 2: "GM"}
    labels, reference = map_of(two_muscles(shift=1), names), map_of(two_muscles(), names)
    whole = compare(labels, reference)
    crop = map_of(np.ascontiguousarray(reference.array[1:, 1:, 1:]), names, GRID.cropped((1, 1, 1), (9, 11, 13)))
    cropped = compare(labels, crop)
    assert (cropped.grid_shape_zyx, cropped.left_out_slices) == ((9, 11, 13), {})
    assert cropped.muscles["SOL"].per_slice is None
    for key in ("dice", "hausdorff_mm", "asd_mm", "volume_error_percent"):
        assert cropped.muscles["SOL"].numbers()[key] == pytest.approx(whole.muscles["SOL"].numbers()[key])


def test_a_value_without_a_name_goes_by_its_number():
    report = compare(map_of(two_muscles(), {1: "SOL"}), map_of(two_muscles(), {1: "SOL"}))
    assert list(report.muscles) == ["SOL", "2"]


def test_the_mean_over_muscles_skips_what_is_no_number():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = compare(
            map_of(two_muscles(1), {1: "SOL", 2: "GM"}), map_of(two_muscles(), {1: "SOL", 2: "GM"}), per_slice=True
        )
    assert report.mean.per_slice is None
    assert "per_slice" not in report.mean.numbers()
