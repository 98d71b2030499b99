"""The 3-D U-Net as a method: it segments the volume and takes no notice of the seeds but of which muscles they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import nn

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.muscles import field_name
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagation, SimplePropagation
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import structure
from ifssnet.nn.networks.unet_3d import UNet3dConfig, UNet3dNetwork
from ifssnet.nn.tensors import filled, tensor_of
from ifssnet.propagate.baselines.unet_3d_inference import UNet3dInference
from ifssnet.propagate.network_input.region import Region, Sampling, crop, normalised, paste, pixel_factor, slice_step
from ifssnet.propagate.network_input.sliding_window import over_windows
from ifssnet.propagate.network_input.trained_settings import further_settings, network_settings, sampling_settings

__all__ = ["KIND", "SLICE_MM", "UNet3d", "UNet3dInference", "whole_slice"]

KIND = "unet-3d"
SLICE_MM = 1.1
"""Slices that the network sees lie as far apart as its pixels: it has to see along the leg as far as across."""


def whole_slice(grid: Grid, sampling: Sampling) -> Region:
    """The region that holds a slice entirely."""
    factor, multiple = pixel_factor(grid, sampling), sampling.multiple_px
    rows, columns = (-(-voxels // (factor * multiple)) * multiple for voxels in grid.shape_zyx[1:])
    return Region(factor, 0, 0, (rows, columns))


@dataclass(frozen=True)
class _SharedWithTraining:
    """What a weights file says beside the sampling."""

    window_zyx: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class UNet3d:
    """A `Propagator` that does not propagate: every voxel gets the muscle that the network sees there.

    A voxel in which no muscle reaches a probability of one half stays background.

    Attributes:
        network: Normalised grey levels to logits of background and `muscles`.
        muscles: Names, in the order of the network's classes.
        sampling: The pixels and slices that it was trained with.
        inference: How it goes over the volume.
    """

    network: nn.Module
    muscles: tuple[str, ...]
    sampling: Sampling
    inference: UNet3dInference = field(default_factory=UNet3dInference)
    name = KIND
    needs_volume = True

    @classmethod
    def from_weights(cls, weights: Weights, **settings: object) -> UNet3d:
        """The method as trained.

        Args:
            weights: Weights of a 3-D U-Net.
            **settings: Fields of `UNet3dInference`, those that are not to be as in training.

        Raises:
            InputError: Weights of another network, damaged ones, or settings that there are not.
        """
        weights.check_kind(KIND)
        shared = further_settings(_SharedWithTraining, weights)
        network = filled(UNet3dNetwork(network_settings(UNet3dConfig, weights)), weights.tensors)
        inference = structure(UNet3dInference, settings, KIND, base=UNet3dInference(shared.window_zyx))
        return cls(network, weights.muscles, sampling_settings(weights), inference)

    def prepare(self, volume: Volume | None, seeds: Seeds) -> Propagation:
        """The method with its volume; the seeds only name the muscles.

        Raises:
            InputError: No volume, or a muscle that the network was not trained on.
        """
        if volume is None:
            raise InputError("a volume", "none", f"Give the volume: {KIND} reads grey levels.")
        classes = {label: self._class_of(seeds.name(label)) for label in seeds.labels}
        description = MethodDescription(asdict(self.inference), {"sampling": self.sampling, "muscles": self.muscles})
        return SimplePropagation(partial(self._steps, volume, classes), description)

    def _steps(self, volume: Volume, classes: Mapping[int, int]) -> Iterator[Step]:
        """Every slice of the muscles that the seeds name; the network goes over the volume before the first."""
        grid = volume.grid
        region, step = whole_slice(grid, self.sampling), slice_step(grid, self.sampling)
        logits = self._logits(normalised(crop(volume.array[::step], region), self.sampling))
        done, total = 0, grid.slices * len(classes)
        for z in range(grid.slices):
            below = min(z // step, logits.shape[1] - 1)
            above, share = min(below + 1, logits.shape[1] - 1), np.float32(z / step - below)
            between = (1 - share) * logits[:, below] + share * logits[:, above]
            probability = _softmax(np.stack([paste(plane, region, grid.shape_zyx[1:], 0.0) for plane in between]))
            for label, index in classes.items():
                done += 1
                yield Step(label, z, probability[index], done, total)

    def _class_of(self, muscle: str) -> int:
        known = [field_name(name) for name in self.muscles]
        if field_name(muscle) not in known:
            raise InputError(
                f"seeds of the muscles that the network knows: {', '.join(self.muscles)}",
                f"'{muscle}'",
                "Name the muscles in the seeds so, leave the others out, or use a method that follows any muscle.",
            )
        return 1 + known.index(field_name(muscle))

    @torch.inference_mode()
    def _logits(self, grey: Float32[np.ndarray, "z v u"]) -> Float32[np.ndarray, "class z v u"]:
        device = next(self.network.parameters()).device
        training = self.network.training
        self.network.eval()
        # Windows reach beyond a short volume; what is not there is as dark as what no sweep has seen.
        dark = -self.sampling.mean / self.sampling.sd
        rows, columns = grey.shape[1:]
        depth, height, width = self.inference.window_zyx
        window = (depth, min(height, rows), min(width, columns))
        found = over_windows(self.network, tensor_of(grey), window, self.inference.overlap, dark, device)
        self.network.train(training)
        return found.float().numpy()


def _softmax(logits: Float[np.ndarray, "class y x"]) -> Float32[np.ndarray, "class y x"]:
    powers = np.exp(logits - logits.max(axis=0))
    return (powers / powers.sum(axis=0)).astype(np.float32)
