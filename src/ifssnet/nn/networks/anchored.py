"""A network that starts from a prior: its output is the prior's own logit plus what it learned to add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.nn.engines.compiled import TORCH, Arrays
from ifssnet.nn.networks.anchored_config import LIGHT, AnchoredNetConfig
from ifssnet.nn.networks.unet_2_5d import UNet25d, UNet25dConfig
from ifssnet.nn.tensors import tensor_of


class Backbone(Protocol):
    """What finds the correction. Both sides of its input are multiples of `multiple`."""

    @property
    def multiple(self) -> int:
        """Both sides of the input are multiples of it."""
        ...

    def __call__(
        self,
        image: Float[Tensor, "batch slice y x"],
        prior: Float[Tensor, "batch 1 y x"],
        cues: Float[Tensor, "batch cue"],
    ) -> Float[Tensor, "batch 1 y x"]:
        """The correction to the prior's logit; nothing but zeros before any training."""
        ...


class LightBackbone(nn.Module):
    """The 2.5-D U-Net over the slices, the prior close to its border, the prior far from it, and the drawn slices."""

    def __init__(self, config: AnchoredNetConfig) -> None:
        super().__init__()
        self.slices = config.slices
        self.unet = UNet25d(UNet25dConfig(config.planes + 2, config.cues, config.widths))
        self.last = _zeroed(nn.Conv2d(self.unet.channels, 1, 1))

    @property
    def multiple(self) -> int:
        """Both sides of the input are multiples of it."""
        return self.unet.multiple

    def forward(
        self, image: Float[Tensor, "batch slice y x"], prior: Float[Tensor, "batch 1 y x"], cues: Float[Tensor, "batch cue"]
    ) -> Float[Tensor, "batch 1 y x"]:
        """The correction to the prior's logit."""
        # Drawn slices come last, so that a network that does not see them lends its weights to one that does.
        own, drawn = image[:, : self.slices], image[:, self.slices :]
        planes = torch.cat([own, torch.tanh(prior / 4), prior.clamp(-8, 8) / 4, drawn], dim=1)
        return self.last(self.unet(planes, cues))


class TwinBackbone(nn.Module):
    """IFSS-Net on a window of three slices; the mask stream sees the prior, the cues' first number, and a first guess.

    There is no previous prediction in a single window, so the prior's own probability stands in its place.
    """

    def __init__(self, config: AnchoredNetConfig) -> None:
        super().__init__()
        from ifssnet.nn.networks.ifss_net import IFSSNet, IFSSNetConfig

        self.config = config
        # Dropout is for long training; here it would make up for nothing that the augmentation does not.
        calm = {"encoder_dropout": 0.0, "lstm_dropout": 0.0, "decoder_dropout": 0.0}
        self.network = IFSSNet(IFSSNetConfig.small(config.widths, mask_channels=3, zero_last=True, **calm))

    @property
    def multiple(self) -> int:
        """Both sides of the input are multiples of it."""
        return 2 ** len(self.config.widths)

    def forward(
        self, image: Float[Tensor, "batch slice y x"], prior: Float[Tensor, "batch 1 y x"], cues: Float[Tensor, "batch cue"]
    ) -> Float[Tensor, "batch 1 y x"]:
        """The correction to the prior's logit."""
        near = cues[:, :1, None, None].expand_as(prior)
        mask = torch.cat([torch.tanh(prior / 4), near, torch.sigmoid(self.config.gain * prior)], dim=1)
        logits, _ = self.network(image[:, None], mask[:, :, None].expand(-1, -1, image.shape[1], -1, -1))
        middle = logits[:, :, image.shape[1] // 2]
        return middle[:, 1:] - middle[:, :1]


class AnchoredNet(nn.Module):
    """The prior's logit plus a correction that is zero before any training, so that it starts out as good as its prior."""

    engine = TORCH

    def __init__(self, config: AnchoredNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or AnchoredNetConfig()
        self.backbone = LightBackbone(config) if config.backbone == LIGHT else TwinBackbone(config)

    @property
    def multiple(self) -> int:
        """Both sides of the input are multiples of it."""
        return self.backbone.multiple

    def correction(
        self, image: Float[Tensor, "batch slice y x"], prior: Float[Tensor, "batch 1 y x"], cues: Float[Tensor, "batch cue"]
    ) -> Float[Tensor, "batch 1 y x"]:
        """What the network adds to the prior's logit."""
        return cast(Backbone, self.backbone)(image, prior, cues)

    @torch.inference_mode()
    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """The correction of arrays, on the device that the network lies on."""
        parameter, training = next(self.parameters()), self.training
        self.eval()
        try:
            image, prior, cues = (tensor_of(np.ascontiguousarray(array)).to(parameter.device) for array in arrays)
            image = image.contiguous(memory_format=torch.channels_last)
            return [self.correction(image, prior, cues).float().cpu().numpy()]
        finally:
            self.train(training)

    def forward(
        self, image: Float[Tensor, "batch slice y x"], prior: Float[Tensor, "batch 1 y x"], cues: Float[Tensor, "batch cue"]
    ) -> Float[Tensor, "batch 1 y x"]:
        """The logit of the middle slice.

        Args:
            image: Normalised grey levels of neighbouring slices, the wanted one in the middle; with `config.references` the
                planes of the drawn slices after them.
            prior: Signed distance to the prior's border in pixels, positive inside.
            cues: About each sample, about 0 to 1.
        """
        config = self.config
        return config.gain * prior.clamp(-config.clip_px, config.clip_px) + self.correction(image, prior, cues)


def grown(tensors: Mapping[str, np.ndarray], network: AnchoredNet) -> dict[str, np.ndarray]:
    """The numbers of a network that sees no drawn slices, for one that does: zeros stand for what is new, so it does the same.

    Args:
        tensors: By name, as `state_dict` has them.
        network: The larger one. Tensors that do not fit it otherwise are left as they are.
    """
    result = {name: np.asarray(tensor) for name, tensor in tensors.items()}
    if not network.config.references:
        return result
    for name, own in network.state_dict().items():
        there = result.get(name)
        if there is None or there.ndim != own.dim() or there.ndim < 2 or there.shape == tuple(own.shape):
            continue
        if (there.shape[0], *there.shape[2:]) == (own.shape[0], *own.shape[2:]) and there.shape[1] < own.shape[1]:
            missing = np.zeros((there.shape[0], own.shape[1] - there.shape[1], *there.shape[2:]), dtype=there.dtype)
            result[name] = np.concatenate([there, missing], axis=1)
    return result


def _zeroed(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
