"""The mask of what was seen travels with its volume, and is missed where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.geometry.grids.resample import volume_on
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.io.volumes.seen_mask import seen_path
from ifssnet.measurement.leg.muscles import measure
from ifssnet.measurement.leg.unseen import unseen_findings

GRID = Grid((6, 5, 4), (1.0, 1.0, 2.0))


def half_seen() -> Volume:
    """The first three slices were seen, half of them black."""
    grey = np.zeros(GRID.shape_zyx, np.uint8)
    grey[:3, :, 2:] = 100
    seen = np.zeros(GRID.shape_zyx, bool)
    seen[:3] = True
    return Volume(grey, GRID, {"note": "kept"}, seen)


@pytest.mark.parametrize("name", ["leg.mha", "leg.mhd", "leg.nrrd", "leg.nii.gz", "leg.nii"])
def test_the_mask_is_beside_the_volume_in_every_format(tmp_path: Path, name: str):
    save(half_seen(), tmp_path / name)
    read = open_volume(tmp_path / name)
    assert read.seen is not None
    np.testing.assert_array_equal(read.seen, half_seen().seen)
    assert "ifss_seen" not in read.header
    mask = open_labels(tmp_path / f"{name}.seen.nrrd")
    assert mask.names == {1: "seen"}
    assert mask.grid.matches(GRID)


def test_a_volume_without_a_mask_has_none(tmp_path: Path):
    save(replace(half_seen(), seen=None), tmp_path / "leg.mha")
    assert open_volume(tmp_path / "leg.mha").seen is None
    assert not seen_path(tmp_path / "leg.mha").exists()


def test_a_mask_that_was_left_behind_is_missed(tmp_path: Path):
    save(half_seen(), tmp_path / "leg.mha")
    (tmp_path / "moved").mkdir()
    (tmp_path / "leg.mha").rename(tmp_path / "moved" / "leg.mha")
    with pytest.warns(InputWarning, match="leg.mha.seen.nrrd.*not beside it"):
        assert open_volume(tmp_path / "moved" / "leg.mha").seen is None


def test_a_volume_that_was_renamed_finds_its_mask(tmp_path: Path):
    save(half_seen(), tmp_path / "leg.mha")
    (tmp_path / "leg.mha").rename(tmp_path / "left.mha")
    assert open_volume(tmp_path / "left.mha").seen is not None


def test_a_mask_on_another_grid_is_refused(tmp_path: Path):
    save(half_seen(), tmp_path / "leg.mha")
    other = half_seen()
    grid = replace(GRID, origin_xyz_mm=(50.0, 0.0, 0.0))
    save(Volume(other.array, grid, seen=other.seen), tmp_path / "other.mha")
    seen_path(tmp_path / "other.mha").replace(seen_path(tmp_path / "leg.mha"))
    with pytest.raises(InputError, match="remove it"):
        open_volume(tmp_path / "leg.mha")


def test_the_mask_of_a_volume_that_is_replaced_goes_with_it(tmp_path: Path):
    save(half_seen(), tmp_path / "leg.mha")
    with pytest.raises(InputError, match="--force"):
        save(half_seen(), tmp_path / "leg.mha")
    save(replace(half_seen(), seen=None), tmp_path / "leg.mha", force=True)
    assert open_volume(tmp_path / "leg.mha").seen is None


@pytest.mark.parametrize("order", [0, 1, 3])
def test_on_another_grid_only_what_is_made_of_seen_voxels_was_seen(order: int):
    shifted = replace(GRID, origin_xyz_mm=(0.0, 0.0, 1.0))  # half a slice on
    found = volume_on(half_seen(), shifted, order).seen
    assert found is not None
    whole = found.all(axis=(1, 2)).tolist()
    assert whole[:2] == [True, True]  # slice 2 lies between a seen and an unseen one
    assert not any(whole[2 + (order == 0) :])
    assert not found[5].any()


def test_what_was_never_seen_has_no_echo_intensity_and_is_told():
    labels = LabelMap(np.ones(GRID.shape_zyx, np.uint8), GRID, {1: "SOL"})
    volume = half_seen()
    assert volume.seen is not None
    measured = measure(labels, volume)
    soleus = measured.muscles["SOL"]
    assert soleus.never_seen_percent == 50.0
    assert soleus.echo_intensity_mean == 50.0  # of the three seen slices, half black: 25 with the others
    assert soleus.profile is not None
    assert soleus.profile.echo_intensity is not None
    assert np.isnan(soleus.profile.echo_intensity[3:]).all()
    assert [each.text for each in unseen_findings(measured)] == ["50 % of SOL was never seen: no frame shows these voxels."]
    without = measure(labels, replace(volume, seen=None))
    assert without.muscles["SOL"].never_seen_percent is None
    assert without.muscles["SOL"].echo_intensity_mean == 25.0
    assert unseen_findings(without) == ()
