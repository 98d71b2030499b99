"""Growing and filling as 3D Slicer does it, against 3D Slicer's own filters where the package slicer-core is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from known_solids import dice, disc, drawn, run, seeds_of

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.seeds import Seeds
from ifssnet.propagate.baselines.contour_interpolation import ContourInterpolation
from ifssnet.propagate.baselines.fill_between_slices import FillBetweenSlices, FillBetweenSlicesConfig
from ifssnet.propagate.baselines.grow_from_seeds import GrowFromSeeds, GrowFromSeedsConfig
from ifssnet.propagate.baselines.markers import drawn_markers
from ifssnet.propagate.baselines.shortest_paths import nearest_seeds

SLICES = 31


def inner(z: float) -> np.ndarray:
    return disc(9, (30, 20 + 0.4 * z))


def outer(z: float) -> np.ndarray:
    return disc(12, (30, 38 + 0.3 * z)) & ~inner(z)


def drawing(*, background: bool) -> Seeds:
    places = [0, 10, 20, 30]
    masks = {1: drawn(inner, places), 2: drawn(outer, places)}
    names = {1: "SOL", 2: "GM"}
    if background:
        masks[3] = drawn(lambda z: ~disc(24, (30, 32)), places)
        names[3] = "Background"
    seeds = seeds_of(masks, SLICES)
    return Seeds(seeds.masks, seeds.grid, names)


def picture(seeds: Seeds) -> Volume:
    grey = np.array([np.where(inner(z), 150.0, np.where(outer(z), 100.0, 50.0)) for z in range(SLICES)])
    grey += np.random.default_rng(3).normal(0, 8, grey.shape)
    return Volume(np.clip(grey, 0, 255).astype(np.uint8), seeds.grid)


def test_voxels_of_one_cost_are_taken_in_the_order_in_which_they_are_reached():
    markers = np.zeros((3, 3, 22), dtype=np.uint8)
    markers[:, :, 0], markers[:, :, 21] = 1, 2
    markers[1, 1, 1], markers[1, 1, 20] = 1, 2
    grown = nearest_seeds(np.zeros(markers.shape, dtype=np.float32), markers, np.ones(3), 0.0, as_slicer=True)
    assert (grown[1, 1, :11] == 1).all()
    assert (grown[1, 1, 11:] == 2).all()


def test_what_is_drawn_is_all_that_is_marked():
    seeds = drawing(background=True)
    found = drawn_markers(picture(seeds), seeds)
    assert found is not None
    assert set(np.unique(found.markers)) == {0, 1, 2, 3}
    assert found.first_slice == 0
    seeds = drawing(background=False)
    found = drawn_markers(picture(seeds), seeds)
    assert found is not None
    assert (found.markers[10] > 0).all()
    assert not found.markers[5].any()


def test_seed_locality_is_a_setting_of_3d_slicers_way_alone():
    with pytest.raises(InputError, match="seed_locality together with as_slicer"):
        GrowFromSeedsConfig(seed_locality=0.5)
    with pytest.raises(InputError, match="0 or more"):
        GrowFromSeedsConfig(as_slicer=True, seed_locality=-1.0)


@pytest.mark.parametrize(("overlap", "winner"), [("first", 1), ("last", 2)])
def test_where_two_muscles_are_filled_the_first_or_the_last_one_wins(monkeypatch: Any, overlap: str, winner: int):
    # Fills each gap with all that either side has.
    monkeypatch.setattr(
        ContourInterpolation, "between", lambda self, below, above, gap, box: np.repeat((below | above)[None], gap - 1, axis=0)
    )
    one, other = disc(10, (30, 24)), disc(10, (30, 36))
    seeds = seeds_of({1: {0: one, 4: one}, 2: {0: other & ~one, 4: other & ~one, 2: other & ~one}}, 5)
    wide = seeds_of({1: {0: one, 4: disc(10, (30, 34))}, 2: {0: other & ~one, 4: disc(10, (30, 54))}}, 5)
    labels = run(FillBetweenSlices(FillBetweenSlicesConfig(overlap=overlap)), wide).labels.array
    shared = (one | disc(10, (30, 34))) & ((other & ~one) | disc(10, (30, 54)))
    assert shared.any()
    assert (labels[2][shared] == winner).all()
    assert (run(FillBetweenSlices(FillBetweenSlicesConfig(overlap=overlap)), seeds).labels.array[2][other & ~one] == 2).all()


# 3D Slicer's own


@pytest.fixture
def slicer() -> Any:
    return pytest.importorskip("slicer_core", reason="slicer-core is not installed")


def image_of(kind: Any, array: np.ndarray, spacing_xyz_mm: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Any:
    support = pytest.importorskip("vtk.util.numpy_support")
    image = kind()
    image.SetDimensions(*reversed(array.shape))
    image.SetSpacing(*spacing_xyz_mm)
    image.GetPointData().SetScalars(support.numpy_to_vtk(np.ascontiguousarray(array).ravel(), deep=True))
    return image


def array_of(image: Any, shape: tuple[int, ...]) -> np.ndarray:
    support = pytest.importorskip("vtk.util.numpy_support")
    return support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(shape).copy()


def label_map(seeds: Seeds) -> np.ndarray:
    labels = np.zeros(seeds.grid.shape_zyx, np.uint8)
    for label in seeds.labels:
        for z, mask in seeds.masks[label].items():
            labels[z][mask] = label
    return labels


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("locality", [0.0, 1.0])
def test_grow_from_seeds_is_3d_slicers_from_the_same_label_map(slicer: Any, locality: float):
    seeds = drawing(background=True)
    volume, labels = picture(seeds), label_map(seeds)
    # The effect's region: the box of the seeds, on each side a tenth of its length more.
    box = tuple(
        slice(max(0, first - max(3, (last - first) // 10)), last + max(3, (last - first) // 10) + 1)
        for axis in range(3)
        for places in (np.flatnonzero(labels.any(axis=tuple(other for other in range(3) if other != axis))),)
        for first, last in ((int(places[0]), int(places[-1])),)
    )
    spacing = seeds.grid.spacing_xyz_mm
    theirs = slicer.vtkImageGrowCutSegment()
    theirs.SetIntensityVolume(image_of(slicer.vtkOrientedImageData, volume.array[box], spacing))
    theirs.SetSeedLabelVolume(image_of(slicer.vtkOrientedImageData, labels[box], spacing))
    theirs.SetDistancePenalty(locality)
    theirs.Update()
    expected = np.zeros_like(labels)
    expected[box] = array_of(theirs.GetOutput(), labels[box].shape)
    ours = run(GrowFromSeeds(GrowFromSeedsConfig(as_slicer=True, seed_locality=locality)), seeds, volume).labels.array
    # On the drawn slices ours keeps what was drawn, where 3D Slicer's grows there too.
    between = [z for z in range(SLICES) if z % 10]
    assert min(dice(ours[between] == label, expected[between] == label) for label in (1, 2, 3)) >= 0.98


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_filling_gap_by_gap_is_3d_slicers_filter_on_the_whole_label_map(slicer: Any):
    vtk = pytest.importorskip("vtk")

    def theirs(array: np.ndarray) -> np.ndarray:
        interpolator = slicer.vtkITKMorphologicalContourInterpolator()
        interpolator.SetInputData(image_of(vtk.vtkImageData, array))
        interpolator.Update()
        return array_of(interpolator.GetOutput(), array.shape)

    seeds = drawing(background=False)
    expected = theirs(label_map(seeds))
    ours = run(FillBetweenSlices(FillBetweenSlicesConfig(overlap="last")), seeds).labels.array
    assert (ours == expected).all()
