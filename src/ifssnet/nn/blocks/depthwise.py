"""Depthwise 3-D convolution, dilated or not, as fast on a CPU as it can be had from PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import grad

Dilation = tuple[int, int, int]

# Torch declares an int for padding and dilation, and takes a pair of them.
_conv2d_weight: Callable[..., Tensor] = cast("Any", grad).conv2d_weight


def depthwise(
    maps: Float[Tensor, "batch channel z y x"],
    weight: Float[Tensor, "channel 1 depth 3 3"],
    dilation: Dilation = (1, 1, 1),
    collapse: bool = True,
) -> Float[Tensor, "batch channel z y x"]:
    """One filter a channel, the maps' shape kept by zeros around them.

    Args:
        maps: To be filtered.
        weight: A filter for each channel.
        dilation: Voxels between taps, along z, y and x.
        collapse: Leave out the taps that meet nothing but padding; the result is the same.
    """
    if collapse:
        for axis, (rate, size) in enumerate(zip(dilation, maps.shape[2:], strict=True)):
            # A tap `size` voxels away lies outside wherever the filter stands: only the middle tap is left on this axis.
            if rate >= size:
                weight = weight.narrow(2 + axis, weight.shape[2 + axis] // 2, 1)
    if weight.shape[2:].numel() == 1:
        return maps * weight.reshape(1, -1, 1, 1, 1)
    if maps.device.type == "cpu":
        return cast("Any", _OnCpu).apply(maps, weight, dilation)
    return _correlate(maps, weight, dilation)


def _correlate(maps: Tensor, weight: Tensor, dilation: Dilation) -> Tensor:
    if weight.shape[2] == 1:  # all slices as a batch of images: PyTorch's 2-D kernels are faster than the same in 3-D
        flat = F.conv2d(_slices(maps), weight[:, :, 0], None, 1, _reach(weight, dilation)[1:], dilation[1:], maps.shape[1])
        return flat.reshape(maps.shape[0], maps.shape[2], *flat.shape[1:]).transpose(1, 2)
    return F.conv3d(maps, weight, None, 1, _reach(weight, dilation), dilation, maps.shape[1])


def _slices(maps: Tensor) -> Tensor:
    return maps.transpose(1, 2).flatten(0, 1)


def _reach(weight: Tensor, dilation: Dilation) -> list[int]:
    return [size // 2 * rate for size, rate in zip(weight.shape[2:], dilation, strict=True)]


class _OnCpu(torch.autograd.Function):
    """The same convolution with gradients of our own.

    PyTorch's backward of a depthwise convolution takes more than ten times its forward on a CPU (3-D, or dilated). But the
    gradient of the maps is itself such a convolution, with the filters turned round, and the gradient of the filters is, for
    each depth tap, one of a 2-D convolution of the slices that this tap sees.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, dilation: Dilation) -> Tensor:
        ctx.save_for_backward(maps, weight)
        ctx.dilation = dilation
        return _correlate(maps, weight, dilation)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] - the decorator hides the names
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None]:
        maps, weight = ctx.saved_tensors
        gradient = grad_outputs[0].contiguous(memory_format=torch.channels_last_3d)
        of_maps = _correlate(gradient, weight.flip(2, 3, 4), ctx.dilation) if ctx.needs_input_grad[0] else None
        of_weight = _of_weight(maps, weight, gradient, ctx.dilation) if ctx.needs_input_grad[1] else None
        return of_maps, of_weight, None


def _of_weight(maps: Tensor, weight: Tensor, gradient: Tensor, dilation: Dilation) -> Tensor:
    depth, taps = maps.shape[2], weight.shape[2]
    total = torch.zeros_like(weight)
    for tap in range(taps):
        shift = (tap - taps // 2) * dilation[0]
        count = depth - abs(shift)
        if count > 0:
            seen = _slices(maps.narrow(2, max(0, shift), count))
            there = _slices(gradient.narrow(2, max(0, -shift), count))
            size = weight[:, :, tap].shape
            padding = _reach(weight, dilation)[1:]
            total[:, :, tap] = _conv2d_weight(seen, size, there, padding=padding, dilation=dilation[1:], groups=maps.shape[1])
    return total
