"""IFSS-Net as a graph of operations: what the torch module computes for a window, by less arithmetic and without torch.

What is left out changes nothing but the rounding:

- taps along depth that meet nothing but padding. A window has w slices, so a tap r slices away lies outside of it wherever
  the filter stands if r >= w: with w = 3 the outer taps of the rates 6, 12 and 18, two thirds of their filters;
- the convolution of a hidden state that is zero: the first slice of the backward direction, and of the forward one where
  the state begins anew in each window, and with it what the forget gate does there;
- one of the two logits: only their difference is asked for, and the last layer gives it by one channel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

from ifssnet.nn.blocks.choices import BOTH, FULL, LIGHT, NONE, SAME, groups_of, shares
from ifssnet.nn.engines.graph import Graph
from ifssnet.nn.networks.ifss_net_config import CARRIED, IFSSNetConfig

EPSILON = 1e-5
"""What group normalisation adds to the variance, as in torch."""

State = tuple[str, str]


def carries_state(config: IFSSNetConfig) -> bool:
    """Whether a state goes from window to window: then it is among what goes in and what comes out."""
    return config.state == CARRIED and config.direction != NONE


def window_graph(config: IFSSNetConfig, tensors: Mapping[str, Shaped[np.ndarray, "*shape"]]) -> bytes:
    """The network on a window, as an ONNX file.

    It takes `image` (batch, 1, window, y, x) and `mask` (batch, channels, window, y, x), and gives the muscle's logit less
    the background's, (batch, 1, window, y, x). Where `carries_state` says so it takes and gives the hidden maps and the memory
    cell as well, each (batch, maps, v, u); zeros are the state at the start.

    Args:
        config: What the network consists of.
        tensors: Trained numbers by name.

    Raises:
        InputError: Tensors of other names or shapes.
    """
    graph = Graph(tensors)
    parts = _Parts(graph, config)
    image = graph.entry("image", ("batch", 1, config.window, "y", "x"))
    mask = graph.entry("mask", ("batch", config.mask_channels, config.window, "y", "x"))
    deepest = config.widths[-1]
    sizes = ("batch", deepest, "v", "u")
    given = (graph.entry("hidden", sizes), graph.entry("cell", sizes)) if carries_state(config) else None
    appearance, location, skips = parts.encoded(
        parts.stem("image_stem", image, 1), parts.stem("mask_stem", mask, config.mask_channels)
    )
    maps, state = parts.remembered(parts.matched(graph.add("Concat", appearance, location, axis=1)), given)
    logit = parts.decoded(maps, skips)
    left = dict.fromkeys(state or (), sizes) if carries_state(config) else {}
    return graph.model({logit: ("batch", 1, config.window, "y", "x"), **left})


@dataclass(frozen=True, eq=False)
class _Parts:
    """The network's parts, on their way into a graph; each as the torch module of the same name has it."""

    graph: Graph
    config: IFSSNetConfig

    @property
    def light(self) -> bool:
        """Whether the bottleneck's convolutions are separable."""
        return self.config.bottleneck == LIGHT

    def stem(self, name: str, x: str, channels: int) -> str:
        """What a stream passes before the twins."""
        entrance = self.config.stem or self.config.mask_channels
        if self.config.stem:
            return self.conv_relu(name, x, channels, entrance, separable=False)
        return x if entrance == 1 else self.pointwise(name, x, channels, entrance)

    def encoded(self, image: str, mask: str) -> tuple[str, str, list[str]]:
        """Both streams at the bottleneck, and the mask stream's maps at every stage."""
        graph, skips = self.graph, list[str]()
        channels = self.config.stem or self.config.mask_channels
        for index, out in enumerate(self.config.widths):
            both = graph.add("Concat", image, mask, axis=0)
            both = self.atrous(f"encoders.stages.{index}", both, channels, out)
            image, seen = graph.split("Split", 2, both, axis=0, num_outputs=2)
            mask = graph.add("Add", seen, image)
            skips.append(mask)
            image, mask = (graph.add("MaxPool", x, kernel_shape=(1, 2, 2), strides=(1, 2, 2)) for x in (image, mask))
            channels = out
        return image, mask, skips

    def atrous(self, name: str, x: str, channels: int, out: int) -> str:
        """Separable convolutions at several rates, side by side."""
        config = self.config
        full = config.blocks == FULL
        widths = (out,) * len(config.rates) if full else shares(out, len(config.rates))
        branches: list[str] = []
        for index, (rate, width) in enumerate(zip(config.rates, widths, strict=True)):
            dilation = (rate if config.depth_dilation == SAME else 1, rate, rate)
            filtered = self.depthwise(f"{name}.depthwise.{index}", x, channels, 3, dilation)
            branches.append(self.pointwise(f"{name}.pointwise.{index}", filtered, channels, width))
        x = self.relu(f"{name}.activate.0", self.graph.add("Concat", *branches, axis=1), sum(widths))
        if not full:
            return x
        return self.relu(f"{name}.project.1", self.pointwise(f"{name}.project.0", x, sum(widths), out), out)

    def matched(self, both: str) -> str:
        """The two streams, matched."""
        config, channels = self.config, self.config.widths[-1]
        if not config.matching:
            return self.pointwise("matching.mix", both, 2 * channels, channels)
        depth, rows, columns = (config.window, 1, 1), (1, config.matching_size, 1), (1, 1, config.matching_size)
        ends: list[str] = []
        for chain, kernels in enumerate(((depth, rows, columns), (depth, columns, rows))):
            x, before = both, 2 * channels
            for place, kernel in enumerate(kernels):
                x = self.same(f"matching.chains.{chain}.{place}.convolution", x, before, channels, kernel)
                before = channels
            ends.append(x)
        maps = change = self.graph.add("Add", *ends)
        for norm, convolution in ((0, 2), (3, 5)):
            change = self.relu(f"matching.residual.change.{norm}", change, channels)
            change = self.convolution(f"matching.residual.change.{convolution}", change, channels, channels, 3, self.light)
        return self.graph.add("Add", maps, change)

    def remembered(self, maps: str, given: State | None) -> tuple[str, State | None]:
        """What the ConvLSTM makes of the maps, and the state of the forward direction after the last slice."""
        config, graph, channels = self.config, self.graph, self.config.widths[-1]
        if config.direction == NONE:
            return maps, None
        gates = self.convolution("memory.cell.from_slices", maps, channels, 4 * channels, 1, self.light)
        several = (
            graph.split("Split", config.window, gates, axis=2, num_outputs=config.window) if config.window > 1 else (gates,)
        )
        if config.window == 1 and given is None:
            graph.unneeded("memory.cell.from_hidden")
        cell = _Cell(self, channels)
        ahead, state = cell.along(several, given)
        found = graph.add("Add", maps, graph.add("Concat", *ahead, axis=2))
        if config.direction == BOTH:
            back, _ = cell.along(several[::-1], None)
            found = graph.add("Add", found, graph.add("Concat", *back[::-1], axis=2))
        return found, state

    def decoded(self, maps: str, skips: Sequence[str]) -> str:
        """From the bottleneck to the difference of the logits."""
        config, graph = self.config, self.graph
        separable = config.blocks == LIGHT
        coarse_first, before = config.widths[::-1], config.widths[-1]
        for index, (width, skip) in enumerate(zip(coarse_first, reversed(skips), strict=True)):
            maps = self.doubled(f"decoder.up.{index}", maps, before, width)
            name = f"decoder.refine.{index}"
            both = graph.add("Concat", maps, skip, axis=1)
            maps = self.conv_relu(f"{name}.merge", both, 2 * width, width, separable)
            maps = self.conv_relu(f"{name}.refine", maps, width, width, separable)
            before = width
        weight = graph.trained(
            "decoder.last.linear.weight", 2, before, change=lambda w: (w[1:] - w[:1]).reshape(1, before, 1, 1, 1)
        )
        return graph.add("Conv", maps, weight, graph.trained("decoder.last.linear.bias", 2, change=lambda b: b[1:] - b[:1]))

    def doubled(self, name: str, x: str, channels: int, out: int) -> str:
        """Twice the rows and columns, by a transposed convolution."""
        graph = self.graph
        if self.config.blocks == LIGHT:
            # A row of the matrix for each place in the patch and channel, in this order.
            weight = graph.trained(
                f"{name}.patch.weight",
                4 * out,
                channels,
                change=lambda w: np.ascontiguousarray(w.reshape(2, 2, out, channels).transpose(3, 2, 0, 1))[:, :, None],
            )
            return graph.add("ConvTranspose", x, weight, graph.trained(f"{name}.bias", out), strides=(1, 2, 2))
        weight, bias = graph.trained(f"{name}.weight", channels, out, 3, 3, 3), graph.trained(f"{name}.bias", out)
        sides = {"strides": (1, 2, 2), "pads": (1,) * 6, "output_padding": (0, 1, 1)}
        return graph.add("ConvTranspose", x, weight, bias, **sides)

    def conv_relu(self, name: str, x: str, channels: int, out: int, separable: bool) -> str:
        """A 3 x 3 x 3 convolution, normalised, rectified."""
        return self.relu(f"{name}.1", self.convolution(f"{name}.0", x, channels, out, 3, separable), out)

    def relu(self, name: str, x: str, channels: int) -> str:
        """Normalised, where the network is, and rectified."""
        return self.graph.add("Relu", self.normal(name, x, channels) if self.config.normalise else x)

    def normal(self, name: str, x: str, channels: int) -> str:
        """Group normalisation: each group of channels with mean 0 and variance 1, then every channel's own scale and shift.

        Millions of numbers are summed row by row, then over the rows, then over the group's channels, so that 32 bits are
        enough: the engines' own normalisation adds them one after another, and at 512 x 512 the logits were wrong by up to
        a thousandth of their SD. Only sums change their shape, the maps never do: engines would turn them round in memory.
        """
        graph = self.graph
        mean = self.group_mean(x, channels)
        centred = graph.add("Sub", x, mean)
        variance = self.group_mean(graph.add("Mul", centred, centred), channels)
        sd = graph.add("Sqrt", graph.add("Add", variance, graph.number(EPSILON)))
        weight, bias = (
            graph.trained(f"{name}.{which}", channels, change=lambda w: w.reshape(1, channels, 1, 1, 1))
            for which in ("weight", "bias")
        )
        return graph.add("Add", graph.add("Mul", centred, graph.add("Div", weight, sd)), bias)

    def group_mean(self, x: str, channels: int) -> str:
        """The mean of each channel's group, (batch, channel, 1, 1, 1).

        Twice and half of it are exact; between two means they keep engines from making them one.
        """
        graph, groups = self.graph, groups_of(channels)
        of_rows = graph.add("ReduceMean", x, graph.sizes((4,)), keepdims=1)
        twice = graph.add("Mul", of_rows, graph.number(2.0))
        of_channels = graph.add("ReduceMean", twice, graph.sizes((2, 3)), keepdims=1)
        grouped = graph.add("Reshape", of_channels, graph.sizes((0, groups, channels // groups, 1, 1)))
        of_groups = graph.add("Mul", graph.add("ReduceMean", grouped, graph.sizes((2,)), keepdims=1), graph.number(0.5))
        each = graph.add("Expand", of_groups, graph.sizes((1, groups, channels // groups, 1, 1)))
        return graph.add("Reshape", each, graph.sizes((0, channels, 1, 1, 1)))

    def convolution(self, name: str, x: str, channels: int, out: int, depth: int, separable: bool, bias: bool = True) -> str:
        """3 x 3 in-plane, over one slice or three; dense, or filter by filter and then mixed."""
        if separable:
            filtered = self.depthwise(f"{name}.0", x, channels, depth, (1, 1, 1))
            return self.pointwise(f"{name}.1", filtered, channels, out, bias)
        return self.filtered(name, x, (out, channels, depth, 3, 3), (1, 1, 1), 1, bias)

    def depthwise(self, name: str, x: str, channels: int, depth: int, dilation: tuple[int, int, int]) -> str:
        """One filter a channel."""
        return self.filtered(name, x, (channels, 1, depth, 3, 3), dilation, channels, bias=False)

    def filtered(
        self, name: str, x: str, shape: tuple[int, ...], dilation: tuple[int, int, int], group: int, bias: bool
    ) -> str:
        """A convolution that keeps its input's shape, without the taps along depth that lie outside wherever it stands."""
        middle = shape[2] // 2
        dead = dilation[0] >= self.config.window
        depth = 1 if dead else shape[2]
        weight = self.graph.trained(
            f"{name}.weight", *shape, change=(lambda w: np.ascontiguousarray(w[:, :, middle : middle + 1])) if dead else None
        )
        around = (depth // 2 * dilation[0], dilation[1], dilation[2])
        added = (self.graph.trained(f"{name}.bias", shape[0]),) if bias else ()
        return self.graph.add("Conv", x, weight, *added, pads=(*around, *around), dilations=dilation, group=group)

    def same(self, name: str, x: str, channels: int, out: int, kernel: tuple[int, int, int]) -> str:
        """A convolution that keeps its input's shape for even kernels too: one voxel more after it."""
        weight, bias = self.graph.trained(f"{name}.weight", out, channels, *kernel), self.graph.trained(f"{name}.bias", out)
        pads = (*((size - 1) // 2 for size in kernel), *(size // 2 for size in kernel))
        return self.graph.add("Conv", x, weight, bias, pads=pads)

    def pointwise(self, name: str, x: str, channels: int, out: int, bias: bool = True) -> str:
        """The channels mixed, voxel by voxel."""
        weight = self.graph.trained(f"{name}.linear.weight", out, channels, change=lambda w: w.reshape(out, channels, 1, 1, 1))
        added = (self.graph.trained(f"{name}.linear.bias", out),) if bias else ()
        return self.graph.add("Conv", x, weight, *added)


@dataclass(frozen=True, eq=False)
class _Cell:
    """The ConvLSTM's cell, unrolled along the window."""

    parts: _Parts
    channels: int

    def along(self, gates: Sequence[str], state: State | None) -> tuple[list[str], State]:
        """The hidden maps of each slice, (batch, maps, 1, v, u), and the state after the last one; None starts from zeros."""
        graph, hidden_maps = self.parts.graph, list[str]()
        depth = graph.sizes((2,))
        hidden, cell = (graph.add("Unsqueeze", each, depth) for each in state) if state else ("", "")
        for of_slice in gates:
            hidden, cell = self.step(of_slice, hidden, cell)
            hidden_maps.append(hidden)
        return hidden_maps, (graph.add("Squeeze", hidden, depth), graph.add("Squeeze", cell, depth))

    def step(self, gates: str, hidden: str, cell: str) -> tuple[str, str]:
        """One slice; an empty name stands for zeros."""
        graph = self.parts.graph
        if hidden:
            from_hidden = self.parts.convolution(
                "memory.cell.from_hidden", hidden, self.channels, 4 * self.channels, 1, self.parts.light, bias=False
            )
            gates = graph.add("Add", gates, from_hidden)
        enter, forget, leave, candidate = graph.split("Split", 4, gates, axis=1, num_outputs=4)
        new = graph.add("Mul", graph.add("Sigmoid", enter), graph.add("Tanh", candidate))
        cell = graph.add("Add", graph.add("Mul", graph.add("Sigmoid", forget), cell), new) if cell else new
        return graph.add("Mul", graph.add("Sigmoid", leave), graph.add("Tanh", cell)), cell
