"""Registration against transforms that are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from ifssnet.compounding.registration.resampling import resample_labels, resample_volume
from ifssnet.compounding.registration.rigid import RegisterOptions, Registration, register
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain

GRID = Grid((80, 56, 64), (1.0, 1.0, 1.0), (10.0, -20.0, 30.0))
MIDDLE = np.array([42.0, 8.0, 70.0])
QUICK = RegisterOptions(search_mm=30.0)


def rigid(axis: Sequence[float], degrees: float, shift: Sequence[float]) -> np.ndarray:
    versor = sitk.VersorRigid3DTransform()
    versor.SetRotation(list(axis), np.radians(degrees))
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(versor.GetMatrix()).reshape(3, 3)
    matrix[:3, 3] = MIDDLE + shift - matrix[:3, :3] @ MIDDLE
    return matrix


def textured(seed: int = 0) -> np.ndarray:
    """A leg of smooth and fine texture in nothing."""
    rng = np.random.default_rng(seed)
    fine = sum(ndimage.gaussian_filter(rng.normal(size=GRID.shape_zyx), s) * s**1.5 for s in (1.2, 3.0))
    fine = 20 + 200 * (fine - fine.min()) / np.ptp(fine)
    z, y, x = np.indices(GRID.shape_zyx)
    leg = (((y - 28) / 24) ** 2 + ((x - 32) / 28) ** 2 < 1) & (z > 3) & (z < 76)
    return np.where(leg, fine, 0.0)


def seen_from(array: np.ndarray, moving_to_fixed: np.ndarray, order: int = 1) -> np.ndarray:
    """What the moving acquisition shows: at each of its places p, the fixed one at T p."""
    to_index = GRID.mm_to_index @ moving_to_fixed @ GRID.index_to_mm
    flip = np.eye(4)[[2, 1, 0, 3]]
    matrix = flip @ to_index @ flip
    return ndimage.affine_transform(array, matrix[:3, :3], matrix[:3, 3], order=order, mode="constant")


def acquired_differently(array: np.ndarray) -> np.ndarray:
    """More gain, another compression curve, and noise: r2 against r1."""
    noise = np.random.default_rng(9).normal(scale=4, size=array.shape)
    return np.where(array > 5, np.clip(255 * (array / 255) ** 0.6 * 0.9 + noise, 1, 255), 0).astype(np.uint8)


def errors(found: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Distance in mm at the leg's middle, and angle in degrees."""
    off = found @ np.linalg.inv(true)
    point = np.append(MIDDLE, 1.0)
    angle = np.degrees(np.arccos(np.clip((np.trace(off[:3, :3]) - 1) / 2, -1, 1)))
    return float(np.linalg.norm((off @ point - point)[:3])), float(angle)


@pytest.mark.parametrize(
    ("axis", "degrees", "shift"),
    [
        ((0, 0, 1), 5.0, (3.0, -2.0, 12.0)),
        ((1, 0.3, 0.2), 7.0, (2.0, 4.0, -20.0)),
        ((0, 1, 0), -3.0, (0.0, 0.0, 1.5)),
    ],
)
def test_a_known_transform_is_found_in_spite_of_other_gain_and_compression(axis, degrees, shift):
    true = rigid(axis, degrees, shift)
    fixed = textured()
    moving = acquired_differently(seen_from(fixed, true))
    found = drain(register(Volume(fixed.astype(np.uint8), GRID), Volume(moving, GRID), QUICK))
    off_mm, off_deg = errors(found.transform, true)
    assert off_mm < 0.5
    assert off_deg < 0.5
    assert found.metric > found.start_metric + 0.1
    assert found.rotation_deg == pytest.approx(abs(degrees), abs=0.5)


def test_the_same_volumes_give_the_same_transform():
    fixed = textured(1)
    moving = acquired_differently(seen_from(fixed, rigid((0, 0, 1), 4.0, (1.0, 2.0, 6.0))))
    quick = RegisterOptions(search_mm=8.0, search_turns_deg=(0.0,))
    a, b = (drain(register(Volume(fixed.astype(np.uint8), GRID), Volume(moving, GRID), quick)) for _ in range(2))
    np.testing.assert_array_equal(a.transform, b.transform)
    assert a.metric == b.metric


def test_a_volume_lies_on_itself():
    volume = Volume(textured().astype(np.uint8), GRID)
    found = drain(register(volume, volume, RegisterOptions(search_mm=8.0, search_turns_deg=(0.0,))))
    assert found.translation_mm < 0.1
    assert found.rotation_deg < 0.1
    assert found.overlap > 0.99


def test_progress_goes_from_the_search_to_the_end():
    volume = Volume(textured().astype(np.uint8), GRID)
    steps = []
    drain(register(volume, volume, RegisterOptions(search_mm=4.0, search_turns_deg=(0.0,))), steps.append)
    assert [step.done for step in steps] == list(range(1, steps[-1].total + 1))
    assert steps[-1].stage == "registering"


@pytest.mark.parametrize("empty", [np.zeros(GRID.shape_zyx, np.uint8), np.full(GRID.shape_zyx, 7, np.uint8)])
def test_a_volume_without_structure_is_refused(empty):
    with pytest.raises(InputError, match="structure"):
        drain(register(Volume(textured().astype(np.uint8), GRID), Volume(empty, GRID), QUICK))


def test_a_result_that_hardly_overlaps_is_refused():
    fixed, other = textured(), textured(5)
    fixed[:, :, 32:], other[:, 28:] = 0, 0  # the left and the front half: never one on the other by rigid motion
    strict = RegisterOptions(search_mm=4.0, search_turns_deg=(0.0,), least_overlap=0.99)
    with pytest.raises(InputError, match="overlap"):
        drain(register(Volume(fixed.astype(np.uint8), GRID), Volume(other.astype(np.uint8), GRID), strict))


def given(transform: np.ndarray) -> Registration:
    return Registration(transform, 1.0, 0.5, 1.0, 0.0, 0.0)


def ball(center_mm: np.ndarray, radius_mm: float) -> np.ndarray:
    z, y, x = np.indices(GRID.shape_zyx)
    places = GRID.points_to_mm(np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(float))
    return (np.linalg.norm(places - center_mm, axis=1) <= radius_mm).reshape(GRID.shape_zyx)


@pytest.mark.parametrize("method", ["nearest", "distance"])
def test_labels_are_carried_to_where_the_transform_takes_them(method):
    transform = rigid((0, 0, 1), 20.0, (4.0, -3.0, 6.0))
    start = MIDDLE + np.array([8.0, -5.0, -10.0])
    target = (transform @ np.append(start, 1.0))[:3]
    labels = LabelMap(np.where(ball(start, 11.0), 2, 0).astype(np.uint8), GRID, {2: "SOL"})
    carried = resample_labels(labels, given(transform), GRID, method)
    truth = ball(target, 11.0)
    found = carried.array == 2
    assert carried.names == {2: "SOL"}
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.97
    places = np.argwhere(found)[:, ::-1].astype(float)
    np.testing.assert_allclose(GRID.points_to_mm(places).mean(axis=0), target, atol=0.1)


def test_labels_carried_by_distance_keep_their_volume_and_their_edges():
    labels = LabelMap(np.where(ball(MIDDLE, 12.0), 1, 0).astype(np.uint8), GRID, {1: "GM"})
    finer = Grid((160, 112, 128), (0.5, 0.5, 0.5), (9.75, -20.25, 29.75))
    carried = resample_labels(labels, given(np.eye(4)), finer)
    volume_mm3 = carried.array.sum() * 0.125
    assert volume_mm3 == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.02)


def test_labels_at_the_edge_of_their_grid_are_carried_too():
    array = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    array[:10] = 3
    carried = resample_labels(LabelMap(array, GRID, {3: "GL"}), given(np.eye(4)), GRID)
    np.testing.assert_array_equal(carried.array, array)


def test_grey_levels_are_carried():
    transform = rigid((0, 0, 1), 0.0, (0.0, 0.0, 5.0))
    carried = resample_volume(Volume(textured().astype(np.uint8), GRID), given(transform), GRID)
    np.testing.assert_array_equal(carried.array[5:], textured().astype(np.uint8)[:-5])


def test_two_muscles_that_meet_share_no_voxel_and_leave_none():
    array = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    array[20:60, 10:28, 10:50], array[20:60, 28:46, 10:50] = 1, 2
    carried = resample_labels(LabelMap(array, GRID, {1: "SOL", 2: "GM"}), given(np.eye(4)), GRID)
    np.testing.assert_array_equal(carried.array, array)


def test_borders_stay_in_place_where_slices_are_thick():
    # A block of voxels of 0.4 x 0.4 x 3 mm: its sides lie half a voxel out, at x = 0.6 and 4.6 mm.
    grid = Grid((6, 14, 14), (0.4, 0.4, 3.0))
    array = np.zeros(grid.shape_zyx, dtype=np.uint8)
    array[1:5, 2:12, 2:12] = 1
    fine = Grid((1, 1, 60), (0.1, 0.4, 3.0), (0.0, 2.4, 7.5))
    carried = resample_labels(LabelMap(array, grid, {1: "SOL"}), given(np.eye(4)), fine).array[0, 0]
    x_mm = np.flatnonzero(carried) * 0.1
    assert x_mm.min() == pytest.approx(0.6, abs=0.11)
    assert x_mm.max() == pytest.approx(4.6, abs=0.11)
