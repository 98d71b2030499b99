"""Whatever the voxels of a leg, a network's method sees pixels of the size that it was trained at."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagator
from ifssnet.io.storage.weights import open_weights
from ifssnet.measurement.reference.compare import compare
from ifssnet.nn.networks.anchored import AnchoredNet
from ifssnet.nn.networks.anchored_config import AnchoredNetConfig
from ifssnet.phantom.anatomy.labels import leg_labels
from ifssnet.phantom.anatomy.leg import as_leg
from ifssnet.phantom.anatomy.subject import draw_subject
from ifssnet.phantom.scanner.direct_volume import direct_volume
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.anchored.method import Anchored
from ifssnet.propagate.anchored.prior import Context
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation
from ifssnet.propagate.network_input.region import Sampling
from ifssnet.propagate.network_input.trained_pixels import OnTrainedPixels, on_trained_pixels, pixel_findings, resampled_mm
from ifssnet.workflow.files.default_weights import PACKAGE_FOLDER
from ifssnet.workflow.leg.case import segment

SPACINGS = [(0.277, 0.277), (0.55, 0.55), (1.1, 1.1), (1.5, 1.5), (2.2, 2.2), (3.0, 3.0), (0.4, 1.6), (2.0, 0.5)]
UNTRAINED = Anchored(AnchoredNet(AnchoredNetConfig(widths=(8, 12, 16))), Sampling(), Context(), AnchoredInference(check=False))


@pytest.mark.parametrize(("x", "y", "resampled"), [(0.277, 0.277, False), (0.75, 0.75, False), (1.5, 1.5, False),
                                                   (2.5, 2.5, True), (0.2, 0.5, True)])  # fmt: skip
def test_pixels_that_a_network_was_not_trained_at_are_resampled_aloud(x: float, y: float, resampled: bool) -> None:
    grid = Grid((2, 3, 4), (x, y, 1.0))
    found = pixel_findings(UNTRAINED, grid)
    assert bool(found) is resampled
    assert isinstance(on_trained_pixels(UNTRAINED, grid), OnTrainedPixels) is resampled
    assert all("was trained at 1.11 mm" in each.text for each in found)
    assert on_trained_pixels(ShapeInterpolation(), grid) == ShapeInterpolation()
    assert pixel_findings(ShapeInterpolation(), grid) == ()


def test_resampled_pixels_are_whole_parts_of_the_networks() -> None:
    for x, y, parts in ((2.2, 2.2, 1), (0.3, 1.0, 4), (0.5, 2.0, 2), (0.05, 1.0, 4)):
        assert resampled_mm(Grid((1, 2, 2), (x, y, 1.0)), Sampling()) == pytest.approx(1.108 / parts)


def cone(x_mm: float, y_mm: float) -> tuple[Volume, LabelMap]:
    """A muscle that bends and tapers, on 60 x 72 mm whatever the voxels."""
    grid = Grid((33, round(60 / y_mm), round(72 / x_mm)), (x_mm, y_mm, 2.0), (x_mm / 2, y_mm / 2, 0.0))
    z, y, x = np.mgrid[: grid.slices, : grid.shape_zyx[1], : grid.shape_zyx[2]].astype(np.float64)
    away = (((x + 0.5) * x_mm - 36 - 0.2 * z) / (20 - 0.3 * z)) ** 2 + (((y + 0.5) * y_mm - 30) / (14 - 0.2 * z)) ** 2
    return Volume(np.where(away < 1, 90, 20).astype(np.uint8), grid), LabelMap((away < 1).astype(np.uint8), grid, {1: "SOL"})


def dice_of(method: Propagator, volume: Volume, truth: LabelMap, slices: range) -> float:
    masks = {value: {z: np.asarray(truth.array[z] == value) for z in slices} for value in truth.names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = drain(segment(volume, Seeds(masks, truth.grid, truth.names), method))
    assert found.labels.grid == truth.grid
    return compare(found.labels, truth, dict.fromkeys(truth.names.values(), slices)).mean.dice


@pytest.mark.parametrize(("x", "y"), SPACINGS)
def test_the_prior_comes_back_to_the_voxel_on_any_pixels(x: float, y: float) -> None:
    # An untrained network adds nothing: what is left is interpolation, there and back.
    volume, truth = cone(x, y)
    here, plain = (dice_of(method, volume, truth, range(0, 33, 8)) for method in (UNTRAINED, ShapeInterpolation()))
    assert here == pytest.approx(plain, abs=0.012)
    assert here > 0.96


def test_what_a_network_adds_comes_back_in_its_place() -> None:
    moved_mm = {}
    for spacing in (1.1, 2.2, 3.0):
        volume, truth = cone(spacing, spacing)
        network = AnchoredNet(AnchoredNetConfig(widths=(8, 12, 16)))
        network.backbone.last.bias.data.fill_(1.5)
        method = replace(UNTRAINED, network=network, inference=AnchoredInference(check=False, keep_volume=0.0))
        masks = {1: {z: np.asarray(truth.array[z] == 1) for z in (0, 32)}}
        found = drain(segment(volume, Seeds(masks, truth.grid, truth.names), method)).labels
        radii_mm = [spacing * np.sqrt((each.array[16] == 1).sum() / np.pi) for each in (found, truth)]
        moved_mm[spacing] = float(radii_mm[0] - radii_mm[1])
    assert moved_mm[1.1] > 1
    for spacing in (2.2, 3.0):
        assert moved_mm[spacing] == pytest.approx(moved_mm[1.1], abs=0.25 * spacing)


@pytest.mark.slow
def test_a_leg_gives_comparable_dice_on_any_pixels() -> None:
    """The shipped network on a digital leg: it keeps its lead over interpolation on pixels of every size."""
    leg, found, plain = as_leg(draw_subject(7)), {}, {}
    network = Anchored.from_weights(open_weights(PACKAGE_FOLDER / "anchored.safetensors"))
    for side in (0.55, 1.1, 1.5, 2.2):
        grid = Grid((57, round(90 / side), round(120 / side)), (side, side, 3.0), (-57 + side / 2, -70 + side / 2, 90.0))
        truth = leg_labels(leg, grid)
        kept = {value: name for value, name in truth.names.items() if name in ("SOL", "GM", "GL")}
        array = np.where(np.isin(truth.array, list(kept)), truth.array, 0).astype(truth.array.dtype)
        truth = replace(truth, array=array, names=kept)
        volume = drain(direct_volume(leg, grid, seed=7))
        slices = range(2, 57, 18)
        found[side] = dice_of(network, volume, truth, slices)
        plain[side] = dice_of(ShapeInterpolation(), volume, truth, slices)
    assert max(found.values()) - min(found.values()) < 0.03
    assert all(found[side] > plain[side] for side in found)
