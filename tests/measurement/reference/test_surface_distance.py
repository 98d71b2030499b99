"""Surface distances: cases by hand, brute force, SimpleITK's filter, and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from ifssnet.geometry.masks.box import label_boxes
from ifssnet.measurement.reference import nearest
from ifssnet.measurement.reference.surface_distance import SurfaceDistances, mask_surface_distances, surface_voxels

MASKS = hnp.arrays(np.bool_, st.just((3, 5, 6)))
SPACINGS = st.tuples(*[st.sampled_from([0.25, 0.5, 1.0, 1.7])] * 3)


def surface_by_erosion(mask):
    return mask & ~ndimage.binary_erosion(mask)


def brute_force(mask, reference, spacing_xyz):
    """All pairs, in numpy: the definition, written down."""
    a = np.argwhere(surface_by_erosion(mask)) * np.array(spacing_xyz[::-1])
    b = np.argwhere(surface_by_erosion(reference)) * np.array(spacing_xyz[::-1])
    pairs = np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2))
    return pairs.min(axis=1), pairs.min(axis=0)


def test_two_planes_lie_their_distance_apart_everywhere():
    first, second = np.zeros((12, 9, 8), bool), np.zeros((12, 9, 8), bool)
    first[2], second[7] = True, True
    found = mask_surface_distances(first, second, (0.3, 0.4, 0.6))
    assert found.hausdorff_mm == pytest.approx(5 * 0.6)
    assert found.hausdorff95_mm == pytest.approx(5 * 0.6)
    assert found.asd_mm == pytest.approx(5 * 0.6)


def test_a_cube_shifted_by_hand():
    # Cubes of 3 voxels a side (26 of 27 on the surface), one moved 2 mm along x.
    mask, reference = np.zeros((7, 7, 9), bool), np.zeros((7, 7, 9), bool)
    mask[2:5, 2:5, 1:4] = True
    reference[2:5, 2:5, 3:6] = True
    found = mask_surface_distances(mask, reference, (1.0, 1.0, 1.0))
    # x = 1: 9 voxels at 2 mm; x = 2: 8 on the rim at 1 mm; x = 3 lies on the other cube's face: 0 mm.
    np.testing.assert_allclose(np.sort(found.mask_mm), [0.0] * 9 + [1.0] * 8 + [2.0] * 9)
    assert found.hausdorff_mm == 2
    assert found.hausdorff95_mm == 2
    assert found.asd_mm == pytest.approx((8 * 1 + 9 * 2) / 26)


def test_the_95th_percentile_is_the_larger_of_both_directions():
    # 100 voxels in a row against 99 of them and one far away: directed percentiles 0 and 0, the largest 50.
    mask, reference = np.zeros((1, 51, 120), bool), np.zeros((1, 51, 120), bool)
    mask[0, 0, :100] = True
    reference[0, 0, :100] = True
    reference[0, 50, 99] = True
    found = mask_surface_distances(mask, reference, (1.0, 1.0, 1.0))
    assert found.hausdorff_mm == 50
    assert found.hausdorff95_mm == 0
    # 10 voxels far away in the mask of 20, none in the reference: one direction alone decides.
    few, more = np.zeros((1, 40, 40), bool), np.zeros((1, 40, 40), bool)
    few[0, 0, :10] = more[0, 0, :10] = True
    more[0, 30, :10] = True
    found = mask_surface_distances(more, few, (1.0, 1.0, 1.0))
    assert found.hausdorff95_mm == 30
    assert found.asd_mm == pytest.approx(10 * 30 / 30)


def test_concentric_spheres_lie_the_difference_of_their_radii_apart():
    z, y, x = np.mgrid[-22:23, -22:23, -22:23] * 0.5
    radius = np.sqrt(x**2 + y**2 + z**2)
    found = mask_surface_distances(radius <= 10, radius <= 7, (0.5, 0.5, 0.5))
    assert found.asd_mm == pytest.approx(3, abs=0.25)
    assert found.hausdorff_mm == pytest.approx(3, abs=0.8)
    assert found.hausdorff_mm >= found.hausdorff95_mm >= found.asd_mm


def test_the_border_of_the_image_is_a_surface():
    assert len(surface_voxels(np.ones((3, 3, 3), np.uint8), 1, (slice(0, 3),) * 3)) == 26


@pytest.mark.parametrize("whole", [True, False])
def test_every_surface_voxel_of_one_label_is_found_in_order(whole: bool):
    """Of a label that fills the map, and of a rough one within a part that begins and ends elsewhere along each axis."""
    labels = np.full((9, 9, 9), 2 if whole else 1, np.uint8)
    if not whole:
        labels[1:9, 3:8, 4:6] = np.random.default_rng(2).choice([1, 2], (8, 5, 2), p=[0.1, 0.9])
    box = label_boxes(labels, [2])[2]
    assert whole or [(part.start, part.stop) for part in box] == [(1, 9), (3, 8), (4, 6)]
    assert surface_voxels(labels, 2, box).tolist() == np.argwhere(surface_by_erosion(labels == 2)).tolist()


def test_percentiles_of_known_distances_and_single_voxels():
    none = np.zeros(0)
    known = SurfaceDistances(
        np.zeros((101, 3), np.int64), np.arange(101.0), np.zeros(101, bool), np.zeros((0, 3), np.int64), none, np.zeros(0, bool)
    )
    assert (known.hausdorff_mm, known.hausdorff95_mm, known.asd_mm) == (100.0, 95.0, 50.0)
    one, nothing = np.zeros((3, 3, 3), bool), np.zeros((3, 3, 3), bool)
    one[1, 1, 1] = True
    assert mask_surface_distances(one, one, (1.0, 1.0, 1.0)).hausdorff95_mm == 0
    assert mask_surface_distances(one, nothing, (1.0, 1.0, 1.0)).hausdorff95_mm == math.inf


def test_empty_masks():
    nothing, something = np.zeros((3, 3, 3), bool), np.ones((3, 3, 3), bool)
    found = mask_surface_distances(nothing, nothing, (1.0, 1.0, 1.0))
    assert (found.hausdorff_mm, found.hausdorff95_mm, found.asd_mm) == (0, 0, 0)
    assert surface_voxels(something.view(np.uint8), 1, (slice(0, 0),) * 3).shape == (0, 3)
    for pair in ((nothing, something), (something, nothing)):
        found = mask_surface_distances(*pair, (1.0, 1.0, 1.0))
        assert (found.hausdorff_mm, found.hausdorff95_mm, found.asd_mm) == (math.inf, math.inf, math.inf)


@settings(max_examples=50, deadline=None)
@given(MASKS, MASKS, SPACINGS)
def test_agrees_with_all_pairs(mask, reference, spacing):
    if not (mask.any() and reference.any()):
        return
    found = mask_surface_distances(mask, reference, spacing)
    to_reference, to_mask = brute_force(mask, reference, spacing)
    np.testing.assert_allclose(found.mask_mm, to_reference, rtol=1e-6)
    np.testing.assert_allclose(found.reference_mm, to_mask, rtol=1e-6)
    assert found.hausdorff95_mm == pytest.approx(max(np.percentile(to_reference, 95), np.percentile(to_mask, 95)), rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(MASKS, MASKS, SPACINGS)
def test_agrees_with_simpleitk(mask, reference, spacing):
    if not (mask.any() and reference.any()):
        return
    images = []
    for part in (mask, reference):
        image = sitk.GetImageFromArray(surface_by_erosion(part).astype(np.uint8))
        image.SetSpacing(spacing)
        images.append(image)
    other = sitk.HausdorffDistanceImageFilter()
    other.Execute(*images)
    found = mask_surface_distances(mask, reference, spacing)
    assert found.hausdorff_mm == pytest.approx(other.GetHausdorffDistance(), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("far", [0.0, math.inf])
def test_the_tree_and_the_transform_find_the_same(monkeypatch, far):
    rng = np.random.default_rng(5)
    # Away from the first voxel of the map.
    around = ((3, 1), (2, 0), (1, 4))
    mask, reference = (np.pad(rng.random((12, 14, 16)) > share, around) for share in (0.9, 0.97))
    monkeypatch.setattr(nearest, "FAR_VOXELS", far)
    found = mask_surface_distances(mask, reference, (0.3, 0.5, 1.1))
    to_reference, to_mask = brute_force(mask, reference, (0.3, 0.5, 1.1))
    np.testing.assert_allclose(found.mask_mm, to_reference, rtol=1e-6)
    np.testing.assert_allclose(found.reference_mm, to_mask, rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(MASKS, MASKS, MASKS, SPACINGS)
def test_properties(a, b, c, spacing):
    ab, ba = mask_surface_distances(a, b, spacing), mask_surface_distances(b, a, spacing)
    assert ab.numbers() == pytest.approx(ba.numbers())
    assert mask_surface_distances(a, a, spacing).hausdorff_mm == 0
    if not (a.any() and b.any() and c.any()):
        return
    ac, bc = mask_surface_distances(a, c, spacing), mask_surface_distances(b, c, spacing)
    assert ac.hausdorff_mm <= ab.hausdorff_mm + bc.hausdorff_mm + 1e-9
    doubled = mask_surface_distances(a, b, tuple(2 * s for s in spacing))
    assert doubled.asd_mm == pytest.approx(2 * ab.asd_mm)
    shifted = [np.pad(part, ((4, 1), (0, 3), (2, 2))) for part in (a, b)]
    inner = [np.pad(part, 1) for part in (a, b)]
    assert mask_surface_distances(*shifted, spacing).numbers() == pytest.approx(
        mask_surface_distances(*inner, spacing).numbers()
    )


def test_one_slice_keeps_its_distances_in_three_dimensions():
    first, second = np.zeros((6, 5, 5), bool), np.zeros((6, 5, 5), bool)
    first[1:3, 2, 2] = True
    second[4, 2, 2] = True
    found = mask_surface_distances(first, second, (1.0, 1.0, 1.0))
    assert found.on(1).mask_mm.tolist() == [3.0]
    assert found.on(2).mask_mm.tolist() == [2.0]
    assert found.on(4).reference_mm.tolist() == [2.0]
    assert found.on(4).mask_mm.size == 0
