"""From two volumes and labels on disk to labels on the other volume."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import ndimage

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.workflow.leg.registered_files import register_files

SHIFT = (2, -3, 5)  # voxels along z, y, x that the leg lies further in the moving volume


@pytest.fixture
def acquisitions(tmp_path):
    grid = Grid((48, 40, 44), (1.0, 1.0, 1.0), (5.0, 6.0, 7.0))
    rng = np.random.default_rng(2)
    texture = ndimage.gaussian_filter(rng.normal(size=grid.shape_zyx), 2.0)
    texture = 30 + 200 * (texture - texture.min()) / np.ptp(texture)
    z, y, x = np.indices(grid.shape_zyx)
    leg = ((y - 20) / 13) ** 2 + ((x - 21) / 14) ** 2 < 1
    leg &= (z > 4) & (z < 43)
    fixed = np.where(leg, texture, 0).astype(np.uint8)
    muscle = (leg & (y > 22)).astype(np.uint8)
    save(Volume(fixed, grid), tmp_path / "r1.mha")
    save(Volume(np.roll(fixed, SHIFT, (0, 1, 2)), grid), tmp_path / "r2.mha")
    save(LabelMap(np.roll(muscle, SHIFT, (0, 1, 2)), grid, {1: "SOL"}), tmp_path / "labels.seg.nrrd")
    return tmp_path, muscle, fixed


def test_labels_of_r2_land_on_r1(acquisitions):
    folder, muscle, _ = acquisitions
    target, figures = folder / "carried.seg.nrrd", folder / "transform.json"
    registered = drain(register_files(folder / "r1.mha", folder / "r2.mha", target, folder / "labels.seg.nrrd", figures))
    carried = open_labels(target)
    assert carried.names == {1: "SOL"}
    found = carried.array > 0
    assert 2 * (found & (muscle > 0)).sum() / (found.sum() + muscle.sum()) > 0.98
    shift = registered.moving_to_fixed_mm[:3, 3]
    np.testing.assert_allclose(registered.moving_to_fixed_mm[:3, :3], np.eye(3), atol=0.01)
    assert np.linalg.norm(shift) == pytest.approx(np.linalg.norm(SHIFT), abs=0.5)
    written = json.loads(figures.read_text(encoding="utf-8"))
    assert written["mutual_information"] > written["start_mutual_information"]
    assert written["sources"][0]["file"] == "r1.mha"


def test_without_labels_the_grey_levels_are_carried(acquisitions):
    folder, _, fixed = acquisitions
    drain(register_files(folder / "r1.mha", folder / "r2.mha", folder / "on-r1.mha", None, None))
    carried = open_volume(folder / "on-r1.mha")
    assert "ifss_registration_metric" in carried.header
    inside = ndimage.binary_erosion(fixed > 0, iterations=3)
    assert np.abs(carried.array[inside].astype(float) - fixed[inside]).mean() < 6


def test_a_target_that_exists_is_refused_before_the_work(acquisitions):
    folder, _, _ = acquisitions
    (folder / "there.mha").write_bytes(b"")
    with pytest.raises(InputError, match="--force"):
        next(register_files(folder / "r1.mha", folder / "r2.mha", folder / "there.mha", None, None))
