"""Muscles drawn across any axis, in volumes stored in any order: the same anatomy comes out."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.grids.axis_order import Order, reordered, reordered_grid
from ifssnet.io.open import open_labels
from ifssnet.io.save import save
from ifssnet.workflow.files.opener import SeedReading, open_seeds
from ifssnet.workflow.leg.segment_files import segment_files

GRID = Grid((50, 40, 36), (1.0, 1.0, 1.0))
Z, Y, X = np.mgrid[:50, :40, :36]
TRUTH = np.where(((Z - 25) / 22) ** 2 + ((Y - 20) / 14) ** 2 + ((X - 18) / 12) ** 2 < 1, 1, 0).astype(np.uint8)
ORDERS: list[Order] = [(0, 1, 2), (1, 0, 2), (2, 0, 1), (1, 2, 0)]


def drawn(axis: int, step: int = 4) -> np.ndarray:
    """Planes across an axis of the muscle, its first and last ones among them."""
    inside = np.flatnonzero(TRUTH.any(axis=tuple(other for other in range(3) if other != axis)))
    kept = np.zeros_like(TRUTH)
    for place in sorted({*inside[::step], inside[-1]}):
        where = tuple(place if each == axis else slice(None) for each in range(3))
        kept[where] = TRUTH[where]
    return kept


def written(folder: Path, name: str, array: np.ndarray, order: Order) -> Path:
    path = folder / name
    save(LabelMap(reordered(array, order), reordered_grid(GRID, order), {1: "SOL"}), path, force=True)
    return path


def dice(path: Path, order: Order) -> float:
    found = open_labels(path).array > 0
    truth = reordered(TRUTH, order) > 0
    return 2 * float((found & truth).sum()) / float(found.sum() + truth.sum())


@pytest.mark.filterwarnings("ignore::ifssnet.core.errors.InputWarning")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_any_axis_in_any_storage(tmp_path: Path, axis: int, order: Order) -> None:
    seeds = written(tmp_path, "drawn.seg.nrrd", drawn(axis), order)
    volume = tmp_path / "leg.nrrd"
    save(Volume(reordered(TRUTH * np.uint8(100), order), reordered_grid(GRID, order)), volume)
    drain(segment_files(volume, seeds, tmp_path / "out.seg.nrrd", "shape-interpolation", {}))
    found = open_labels(tmp_path / "out.seg.nrrd")
    assert found.grid.matches(reordered_grid(GRID, order))
    assert dice(tmp_path / "out.seg.nrrd", order) > 0.97
    # Without the volume, the result lies as the seeds are stored.
    drain(segment_files(None, seeds, tmp_path / "alone.seg.nrrd", "shape-interpolation", {}))
    assert np.array_equal(open_labels(tmp_path / "alone.seg.nrrd").array, found.array)


@pytest.mark.filterwarnings("ignore::ifssnet.core.errors.InputWarning")
@pytest.mark.parametrize("order", ORDERS)
def test_seeds_stored_otherwise_than_the_volume(tmp_path: Path, order: Order) -> None:
    seeds = written(tmp_path, "drawn.seg.nrrd", drawn(0), order)
    volume = tmp_path / "leg.nrrd"
    save(Volume(TRUTH * np.uint8(100), GRID), volume)
    drain(segment_files(volume, seeds, tmp_path / "out.seg.nrrd", "shape-interpolation", {}))
    assert dice(tmp_path / "out.seg.nrrd", (0, 1, 2)) > 0.97


def test_another_axis_is_said_and_axial_slices_are_silence(tmp_path: Path) -> None:
    with pytest.warns(InputWarning, match=r"drawn on sagittal planes \(axis x"):
        seeds = open_seeds(written(tmp_path, "s.seg.nrrd", drawn(2), (0, 1, 2)))
    assert (seeds.axes, seeds.grid.slices) == ((2, 0, 1), 36)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_seeds(written(tmp_path, "a.seg.nrrd", drawn(0), (0, 1, 2))).axes == (0, 1, 2)


def test_mixed_and_tilted_planes_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"several directions: axial \(z\)"):
        open_seeds(written(tmp_path, "m.seg.nrrd", drawn(0, 12) | drawn(2, 8), (0, 1, 2)))
    tilted = TRUTH * (np.abs(((Z - 25) + 0.5 * (Y - 20)) % 14 - 7) < 0.6)
    with pytest.raises(InputError, match="tilted planes"):
        open_seeds(written(tmp_path, "t.seg.nrrd", tilted.astype(np.uint8), (0, 1, 2)))
    both = np.where(drawn(0) > 0, 1, 0).astype(np.uint8)
    other = np.roll(drawn(2), 40, axis=0)
    path = tmp_path / "two.nrrd"
    space = np.zeros((100, 40, 36), np.uint8)
    space[:50], space[50:] = both, 2 * np.roll(other, -40, axis=0)
    save(LabelMap(space, Grid((100, 40, 36)), {1: "SOL", 2: "GM"}), path)
    with pytest.raises(InputError, match="SOL on axial planes; GM on sagittal planes"):
        open_seeds(path)


def test_a_narrow_muscle_on_other_planes_than_the_rest(tmp_path: Path) -> None:
    narrow = ((Z - 25) / 22) ** 2 + ((Y - 36) / 3.6) ** 2 + ((X - 5) / 3.6) ** 2 < 1
    for planes in ((2, 5, 8), (3, 7)):
        both = np.where(narrow & np.isin(X, planes), 2, drawn(0, 8)).astype(np.uint8)
        path = tmp_path / "both.seg.nrrd"
        save(LabelMap(both, GRID, {1: "SOL", 2: "GL"}), path, force=True)
        with pytest.raises(InputError, match="SOL on axial planes; GL on sagittal planes"):
            open_seeds(path)
    # One plane alone may be all that there is of it: that is said.
    one = np.where(narrow & (X == 5), 2, drawn(0, 8)).astype(np.uint8)
    save(LabelMap(one, GRID, {1: "SOL", 2: "GL"}), path, force=True)
    with pytest.warns(InputWarning, match="SOL is missing on"):
        seeds = open_seeds(path)
    (text,) = [each.text for each in seeds.findings if each.text.startswith("GL is drawn")]
    assert text == "GL is drawn on every slice, and SOL on some of them only: nothing of GL is left to be carried."


@pytest.mark.filterwarnings("ignore::ifssnet.core.errors.InputWarning")
def test_files_drawn_on_planes_of_two_directions(tmp_path: Path) -> None:
    axial, coronal = (written(tmp_path, f"{axis}.seg.nrrd", drawn(axis), (0, 1, 2)) for axis in (0, 1))
    said = r"1\.seg\.nrrd on coronal planes, and the seeds before it on axial ones"
    with pytest.raises(InputError, match=said):
        open_seeds([axial, coronal])
    with pytest.raises(InputError, match=said):
        open_seeds(axial, reading=SeedReading(corrections=(coronal,)))
    # A complete result corrects seeds on any planes.
    whole = written(tmp_path, "whole.seg.nrrd", TRUTH, (1, 2, 0))
    for seeds in (axial, coronal):
        found = open_seeds(seeds, reading=SeedReading(corrections=(whole,)))
        assert np.array_equal(np.stack([found.masks[1][z] for z in found.present(1)]), found_in(TRUTH, found))


def found_in(truth: np.ndarray, seeds: Seeds) -> np.ndarray:
    return reordered(truth, seeds.axes)[list(seeds.present(1))] > 0
