"""The anchored network as a method: guided interpolation between annotated slices, corrected by what the image shows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import torch
from jaxtyping import Bool, Float, Float16, Float32

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription, SelfCheck
from ifssnet.core.seeds import Seeds
from ifssnet.core.weights import Weights
from ifssnet.geometry.untyped import expit
from ifssnet.io.plain_data import structure
from ifssnet.nn.networks.anchored import AnchoredNet, AnchoredNetConfig
from ifssnet.nn.tensors import filled, tensor_of
from ifssnet.propagate.anchored.inference import AnchoredInference
from ifssnet.propagate.anchored.prior import (
    Context,
    cues,
    guided_depth,
    nearness,
    network_slices,
    scatter_beyond_pixels_mm,
    slices_stood_for,
)
from ifssnet.propagate.anchored.self_check import checked, hidden_dice, warning
from ifssnet.propagate.anchored.volume_level import MuscleLogits, volume_levels
from ifssnet.propagate.interpolation.depth_maps import Depth, DepthMaps
from ifssnet.propagate.interpolation.shape_interpolation import ShapePropagation
from ifssnet.propagate.network_input.region import Region, Sampling, crop, normalised, paste, pixel_mm, region_of
from ifssnet.propagate.network_input.trained_settings import (
    further_settings,
    inference_settings,
    network_settings,
    sampling_settings,
)

__all__ = ["KIND", "Anchored", "AnchoredInference", "prior_logit"]

KIND = "anchored"

CUTS_KEPT = 64
"""Slices of a region that are kept: neighbouring samples see the same ones."""


NEVER = -100.0
"""Logit of pixels that no correction can give to the muscle."""


@dataclass(frozen=True)
class _SharedWithTraining:
    """What a weights file says beside the sampling."""

    context: Context
    inference: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Anchored:
    """Guided interpolation, corrected by a network.

    Attributes:
        network: Trained, or fresh: then this is guided interpolation.
        sampling: The pixels and slices that it was trained with.
        context: The context that it was trained with.
        inference: What is done with its corrections.
    """

    network: AnchoredNet
    sampling: Sampling
    context: Context
    inference: AnchoredInference = field(default_factory=AnchoredInference)
    name = KIND
    needs_volume = True

    @classmethod
    def from_weights(cls, weights: Weights, **settings: object) -> Anchored:
        """The method as trained.

        Args:
            weights: Weights of an anchored network.
            **settings: Fields of `AnchoredInference`, those that are not to be as in training.

        Raises:
            InputError: Weights of another network, damaged ones, or settings that there are not.
        """
        weights.check_kind(KIND)
        shared = further_settings(_SharedWithTraining, weights)
        trained = inference_settings(AnchoredInference, shared.inference, weights)
        network = filled(AnchoredNet(network_settings(AnchoredNetConfig, weights)), weights.tensors)
        inference = structure(AnchoredInference, settings, KIND, base=trained)
        return cls(network, sampling_settings(weights), shared.context, inference)

    def prepare(self, volume: Volume | None, seeds: Seeds) -> AnchoredPropagation:
        """The method with its leg.

        Raises:
            InputError: No volume, or one on another grid.
        """
        if volume is None:
            raise InputError("a volume", "none", f"Give the volume: {KIND} reads grey levels.")
        if volume.grid.shape_zyx != seeds.grid.shape_zyx:
            raise InputError(
                f"seeds for a volume of {volume.grid.shape_zyx} voxels (z, y, x)",
                f"{seeds.grid.shape_zyx}",
                "Give the seeds that were drawn on this volume.",
            )
        return AnchoredPropagation(self, volume, seeds)

    @torch.inference_mode()
    def corrections(
        self,
        image: Float32[np.ndarray, "batch slice v u"],
        prior: Float32[np.ndarray, "batch 1 v u"],
        cue_values: Float32[np.ndarray, "batch cue"],
    ) -> Float32[np.ndarray, "batch v u"]:
        """What the network adds to some priors' logits."""
        parameter = next(self.network.parameters())
        training = self.network.training
        self.network.eval()
        try:
            tensors = [tensor_of(np.ascontiguousarray(array)).to(parameter.device) for array in (image, prior, cue_values)]
            tensors[0] = tensors[0].contiguous(memory_format=torch.channels_last)
            return self.network.correction(*tensors)[:, 0].float().cpu().numpy()
        finally:
            self.network.train(training)


@dataclass(frozen=True, eq=False)
class AnchoredPropagation:
    """The anchored network with a leg to go through.

    Attributes:
        method: The network, and what is done with its corrections.
        volume: Grey levels.
        seeds: What the expert drew.
    """

    method: Anchored
    volume: Volume
    seeds: Seeds

    @cached_property
    def interpolation(self) -> ShapePropagation:
        """The interpolation that the network corrects."""
        return self.method.inference.guided.prepare(None, self.seeds)

    @cached_property
    def self_check(self) -> SelfCheck | None:
        """How far the network's corrections hold on this leg; None where no muscle was drawn.

        The same however often it is worked out: it depends on the volume and the seeds only.
        """
        maps = self.interpolation.depth_maps
        if maps is None:
            return None
        return self._tried(self._muscles(maps)) if self.method.inference.check else SelfCheck()

    def steps(self) -> Iterator[Step]:
        """Yield the slices that the network looks at as guided interpolation has them, then every slice as corrected.

        The volume is kept from the first to the last slice only, so no corrected slice is known before all were looked at.
        """
        maps, check, inference = self.interpolation.depth_maps, self.self_check, self.method.inference
        if maps is None or check is None:
            return
        muscles = self._muscles(maps)
        looked = {z for muscle in muscles.values() for z in muscle.slices}
        total = sum(len(muscle.slices) for muscle in muscles.values()) + sum(map(len, maps.labels_of.values()))
        done = 0
        seen = _Images(self.volume, self.method.sampling)
        if doubt := warning(check):
            warnings.warn(InputWarning(doubt), stacklevel=2)
        for muscle in muscles.values():
            muscle.share = check.share
        for z in sorted(looked):
            depths = maps.at(z)
            for label, muscle in muscles.items():
                if z in muscle.place:
                    muscle.prepare(z, depths[label], seen)
                    done += 1
                    yield Step(label, z, self._probability(depths[label], maps, None), done, total)
        for muscle in muscles.values():
            muscle.finish(seen)
        levels = volume_levels(
            {label: muscle.logits for label, muscle in muscles.items()},
            {label: inference.volume_share(maps.curves[label].mean_gap * muscle.slice_mm) for label, muscle in muscles.items()},
        )
        for z in maps.labels_of:
            for label, depth in maps.at(z).items():
                done += 1
                correction = muscles[label].correction(z, levels[label])
                yield Step(label, z, self._probability(depth, maps, correction), done, total)

    def describe(self) -> MethodDescription:
        """Settings, what guided interpolation chose and estimates, and how the network fared on hidden groups."""
        method = self.method
        details = {"sampling": method.sampling, "context": method.context, "network": method.network.config}
        prior = self.interpolation.describe()
        return MethodDescription(asdict(method.inference), details, prior=prior, self_check=self.self_check)

    def _muscles(self, maps: DepthMaps) -> dict[int, _Muscle]:
        """Every muscle with slices to be found, as nothing is known of them yet."""
        return {label: _Muscle(label, maps, self.method) for label in maps.curves if maps.curves[label].gap_of}

    def _tried(self, muscles: Mapping[int, _Muscle]) -> SelfCheck:
        """Every annotated group that can be hidden, and what the network makes of the interpolation across it."""
        method, seen = self.method, _Images(self.volume, self.method.sampling)
        scores: list[list[float]] = []
        for muscle in muscles.values():
            for hidden in muscle.hidden(seen):
                correction = method.corrections(hidden.image[None], hidden.prior_px[None, None], hidden.cue_values[None])[0]
                scores.append(hidden_dice(prior_logit(hidden.prior_px, method.network), correction, hidden.drawn))
        return checked(scores)

    def _probability(
        self, depth: Depth, maps: DepthMaps, correction: Float32[np.ndarray, "row column"] | None
    ) -> Float32[np.ndarray, "row column"]:
        """The probability of a whole slice, from the depth of the prior on the box and the correction on the whole slice."""
        size = np.float32(pixel_mm(maps.seeds.grid, self.method.sampling))
        logit = prior_logit(np.asarray(depth, np.float32) / size, self.method.network)
        if correction is not None:
            logit = logit + correction[maps.box]
        probability = np.zeros(maps.seeds.grid.shape_zyx[1:], dtype=np.float32)
        probability[maps.box] = expit(logit)
        return probability


def prior_logit(prior_px: Float[np.ndarray, "*plane y x"], network: AnchoredNet) -> Float[np.ndarray, "*plane y x"]:
    """The logit that the network starts from."""
    config = network.config
    clipped = np.clip(prior_px, -config.clip_px, config.clip_px)
    return np.asarray(clipped * prior_px.dtype.type(config.gain), dtype=prior_px.dtype)


class _Images:
    """Normalised cuts of a volume, of the slices that were asked for last."""

    def __init__(self, volume: Volume, sampling: Sampling) -> None:
        self.grid: Grid = volume.grid
        self.sampling = sampling

        @lru_cache(CUTS_KEPT)
        def plane(z: int, region: Region) -> Float32[np.ndarray, "v u"]:
            return normalised(crop(volume.array[z : z + 1], region), sampling)[0]

        self.plane: Callable[[int, Region], Float32[np.ndarray, "v u"]] = plane


@dataclass(frozen=True, eq=False)
class _Hidden:
    """A drawn slice as the network would see it if nobody had drawn it."""

    image: Float32[np.ndarray, "slice v u"]
    prior_px: Float32[np.ndarray, "v u"]
    cue_values: Float32[np.ndarray, " cue"]
    drawn: Bool[np.ndarray, "v u"]


class _Muscle:
    """One muscle's way through the network: its slices, and what is known of them so far."""

    def __init__(self, label: int, maps: DepthMaps, method: Anchored) -> None:
        self.label, self.maps, self.method = label, maps, method
        grid, inference = maps.seeds.grid, method.inference
        self.slice_mm = grid.spacing_xyz_mm[2]
        self.region = region_of(maps.seeds.masks[label], grid, method.sampling)
        self.annotated = maps.seeds.slices(label)
        self.scatter_mm = scatter_beyond_pixels_mm(maps.scatter_mm, grid.spacing_zyx_mm[1:])
        self.slices = network_slices(maps, label, max(1, round(inference.every_mm / self.slice_mm)))
        self.place = {z: index for index, z in enumerate(self.slices)}
        shape = (len(self.slices), *self.region.shape_yx)
        self.prior: Float16[np.ndarray, "slice v u"] = np.zeros(shape, dtype=np.float16)
        self.found: Float16[np.ndarray, "slice v u"] = np.zeros(shape, dtype=np.float16)
        self.waiting: list[int] = []
        self.ready: MuscleLogits | None = None
        self.share = 1.0

    @property
    def logits(self) -> MuscleLogits:
        """The logits of all slices, once all were computed."""
        assert self.ready is not None
        return self.ready

    def gate(self, z: int) -> float:
        """How much of a correction counts on a slice."""
        inference = self.method.inference
        from_scatter = self.scatter_mm / inference.gate_scatter_mm if inference.gate_scatter_mm > 0 else 0.0
        near = nearness(z, self.annotated, self.slice_mm).nearest_mm
        return self.share * min(1.0, (near / inference.gate_mm if inference.gate_mm > 0 else 1.0) + from_scatter)

    def hidden(self, seen: _Images) -> Iterator[_Hidden]:
        """Each place with the muscle that has others on both sides, interpolated across as if it had not been drawn."""
        own_curves, masks = self.maps.curves[self.label], self.maps.seeds.masks[self.label]
        for index in range(1, len(own_curves.groups) - 1):
            if not all(group.present for group in own_curves.groups[index - 1 : index + 2]):
                continue
            z = own_curves.groups[index].middle
            others = own_curves.groups[:index] + own_curves.groups[index + 1 :]
            depth = guided_depth(z, others, own_curves.shapes)
            if depth is None:
                continue
            size = pixel_mm(seen.grid, self.method.sampling)
            annotated = [near for group in others for near in group.slices]
            yield _Hidden(
                self._image(z, seen),
                np.clip(_on_region(depth, self.maps, self.region) / np.float32(size), -100, 100).astype(np.float32),
                cues(nearness(z, annotated, self.slice_mm).between_mm, self.scatter_mm),
                crop(masks[z][None], self.region)[0] >= 0.5,
            )

    def _image(self, z: int, seen: _Images) -> Float32[np.ndarray, "slice v u"]:
        """What the network sees around a slice."""
        context = self.method.context
        if context.zero_image:
            return np.zeros((len(context.offsets_mm), *self.region.shape_yx), dtype=np.float32)
        return np.stack([seen.plane(near, self.region) for near in context.slices(z, seen.grid.slices, self.slice_mm)])

    def prepare(self, z: int, depth: Depth, seen: _Images) -> None:
        """Remember a slice's prior; the network sees some slices at a time."""
        size = pixel_mm(seen.grid, self.method.sampling)
        self.prior[self.place[z]] = np.clip(_on_region(depth, self.maps, self.region) / size, -100, 100)
        self.waiting.append(z)
        if len(self.waiting) == self.method.inference.batch:
            self._pass(seen)

    def finish(self, seen: _Images) -> None:
        """The last slices, and smoothing along z."""
        if self.waiting:
            self._pass(seen)
        inference, where = self.method.inference, np.array(self.slices, dtype=np.float64) * self.slice_mm
        weight = slices_stood_for(self.slices, self.maps, self.label)
        if inference.smooth_mm > 0 and len(self.slices) > 1:
            # Each slice for as much of the leg as it stands for: close ones at the ends of a gap count no more than others.
            kernel = np.exp(-0.5 * ((where[:, None] - where) / inference.smooth_mm) ** 2) * weight
            kernel = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
            flat = self.found.reshape(len(self.slices), -1)
            for first in range(0, flat.shape[1], 4096):
                part = slice(first, first + 4096)
                flat[:, part] = kernel @ flat[:, part].astype(np.float32)
        gates = np.array([self.gate(z) for z in self.slices])
        prior = prior_logit(self.prior, self.method.network)
        # What lies beyond the box, or beyond the slice, is nobody's, whatever the network is shown there.
        covered = np.zeros((1, *self.maps.seeds.grid.shape_zyx[1:]), dtype=bool)
        covered[0][self.maps.box] = True
        prior[:, crop(covered, self.region)[0] < 0.5] = NEVER
        self.ready = MuscleLogits(self.region, np.array(self.slices), prior, self.found, gates, weight)

    def correction(self, z: int, level: float) -> Float32[np.ndarray, "y x"]:
        """On a whole slice, the level included and the gate applied."""
        above = int(np.searchsorted(self.slices, z))
        below = above if self.slices[above] == z else above - 1
        share = (z - self.slices[below]) / max(self.slices[above] - self.slices[below], 1)
        plane = (1 - share) * self.found[below].astype(np.float32) + share * self.found[above].astype(np.float32)
        plane = np.float32(self.gate(z)) * (plane + np.float32(level))
        return paste(np.asarray(plane, np.float32), self.region, self.maps.seeds.grid.shape_zyx[1:], 0.0)

    def _pass(self, seen: _Images) -> None:
        places = [self.place[z] for z in self.waiting]
        image = np.stack([self._image(z, seen) for z in self.waiting])
        cue_values = np.stack(
            [cues(nearness(z, self.annotated, self.slice_mm).between_mm, self.scatter_mm) for z in self.waiting]
        )
        self.found[places] = self.method.corrections(image, self.prior[places, None].astype(np.float32), cue_values)
        self.waiting = []


def _on_region(depth: Depth, maps: DepthMaps, region: Region) -> Float32[np.ndarray, "v u"]:
    """A map of the box on a region's pixels; its edge goes on beyond the box."""
    rows, columns = maps.box
    factor = region.factor
    at_y = np.clip(np.arange(region.shape_yx[0] * factor) + region.top - rows.start, 0, depth.shape[0] - 1)
    at_x = np.clip(np.arange(region.shape_yx[1] * factor) + region.left - columns.start, 0, depth.shape[1] - 1)
    whole = np.asarray(depth, np.float32)[np.ix_(at_y, at_x)]
    return crop(whole[None], Region(factor, 0, 0, region.shape_yx))[0]
