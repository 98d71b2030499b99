"""Volumes against those that PLUS itself reconstructed from the same recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ifssnet.compounding.compound import compound_sweeps
from ifssnet.core.images import Volume
from ifssnet.core.progress import drain
from ifssnet.io.codecs.metaimage import read_metaimage
from ifssnet.io.open import open_sweep
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.workflow.leg.compounded_volume import compound, options_from_plus

PREFIX = "ConfigFiles/Testing/PlusDeviceSet_VolumeReconstructionOnly_"
TOLERATED_LEVELS = 2
"""PLUS accepts this difference in its own test."""


def reconstructed(folder: Path, configuration: str, **overrides) -> Volume:
    plus = read_plus_configuration(folder / f"{PREFIX}{configuration}.xml")
    sweep = open_sweep(folder / "TestImages" / "SpinePhantomFreehand.igs.mha", plus)
    return drain(compound([sweep], options_from_plus(plus, {"axes": "reference", **overrides})))


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("reference", "configuration"),
    [
        ("NNLATE", "SonixRP_TRUS_D70mm_NN_LATE"),
        ("LNMEAN", "SonixRP_TRUS_D70mm_LN_MEAN"),
        ("NNMEAN", "SpinePhantom_NN_MEAN"),
    ],
)
def test_the_same_grid_and_grey_levels_as_plus(shared_data, reference, configuration):
    folder = shared_data / "plus"
    volume = reconstructed(folder, configuration)
    plus = read_metaimage(folder / "TestImages" / f"vtkVolumeReconstructorTest{reference}volumeRef.mha")
    assert volume.array.shape == plus.array.shape
    np.testing.assert_allclose(volume.grid.origin_xyz_mm, [float(n) for n in plus.fields["Offset"].split()], rtol=1e-5)
    np.testing.assert_allclose(volume.grid.spacing_xyz_mm, [float(n) for n in plus.fields["ElementSpacing"].split()])
    difference = np.abs(volume.array.astype(int) - plus.array)
    assert difference.max() <= TOLERATED_LEVELS
    assert (difference > 0).mean() < 0.001


@pytest.mark.realdata
def test_other_arithmetic_than_plus_full_optimisation_differs_where_rounding_decides(shared_data):
    """The configuration's Optimization matters: nothing less than fixed point reproduces the reference."""
    folder = shared_data / "plus"
    fixed = reconstructed(folder, "SpinePhantom_NN_MEAN")
    double = reconstructed(folder, "SpinePhantom_NN_MEAN", arithmetic="none")
    assert fixed.array.shape == double.array.shape
    assert 0 < (fixed.array != double.array).mean() < 0.1


@pytest.mark.realdata
def test_the_true_mean_lies_above_the_running_one(shared_data):
    """By 2.3 grey levels over the voxels that were seen: what is lost by rounding down after every pixel."""
    folder = shared_data / "plus"
    plus = read_plus_configuration(folder / f"{PREFIX}SpinePhantom_NN_MEAN.xml")
    sweep = open_sweep(folder / "TestImages" / "SpinePhantomFreehand.igs.mha", plus)
    running, true = (
        drain(compound_sweeps([sweep], options_from_plus(plus, {"holes": (), "compounding": mode, "axes": "reference"})))
        for mode in ("running-mean", "mean")
    )
    difference = true.volume.array.astype(float) - running.volume.array
    assert difference.min() >= 0
    assert difference[running.weights > 0].mean() == pytest.approx(2.34, abs=0.05)


@pytest.mark.realdata
def test_the_maximum_is_reached_by_pixels_and_lies_above_the_latest(shared_data):
    folder = shared_data / "plus"
    maximum = reconstructed(folder, "SpinePhantom_LN_MAXI")
    latest = reconstructed(folder, "SpinePhantom_LN_MAXI", compounding="latest")
    assert maximum.array.shape == (105, 106, 147)
    assert (maximum.array >= latest.array).all()
    assert (maximum.array > latest.array).mean() > 0.01
