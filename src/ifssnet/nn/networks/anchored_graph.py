"""The network that starts from a prior, as a graph of operations: what `AnchoredNet.correction` computes, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Shaped

from ifssnet.nn.engines.compiled import Compiled
from ifssnet.nn.engines.graph import Graph
from ifssnet.nn.networks.anchored_config import LIGHT, AnchoredNetConfig

GROUPS, EPSILON = 4, 1e-5
"""Groups of the group normalisation, and what it adds to the variance; as the network's torch module has them."""


@dataclass(frozen=True, eq=False)
class CompiledAnchored(Compiled):
    """The network as an engine runs it: its `correction_graph`.

    Attributes:
        config: What it consists of.
    """

    config: AnchoredNetConfig


def has_graph(config: AnchoredNetConfig) -> bool:
    """Whether such a network can be written as a graph: the 2.5-D U-Net can."""
    return config.backbone == LIGHT


def correction_graph(config: AnchoredNetConfig, tensors: Mapping[str, Shaped[np.ndarray, "*shape"]]) -> bytes:
    """The correction to the prior's logit, as an ONNX file.

    It takes `image` (batch, planes, y, x), `prior` (batch, 1, y, x) and `cues` (batch, cues), and gives (batch, 1, y, x).

    Args:
        config: A network that `has_graph` says yes to.
        tensors: Trained numbers by name.

    Raises:
        InputError: Tensors of other names or shapes.
    """
    graph = Graph(tensors)
    image = graph.entry("image", ("batch", config.planes, "y", "x"))
    prior = graph.entry("prior", ("batch", 1, "y", "x"))
    unet = _UNet(graph, graph.entry("cues", ("batch", config.cues)), config.cues)
    own, drawn = image, ()
    if config.references:
        own, *drawn = graph.split("Split", 2, image, graph.sizes((config.slices, config.planes - config.slices)), axis=1)
    near = graph.add("Tanh", graph.add("Div", prior, graph.number(4.0)))
    far = graph.add("Div", graph.add("Clip", prior, graph.number(-8.0), graph.number(8.0)), graph.number(4.0))
    x = graph.add("Concat", own, near, far, *drawn, axis=1)
    skips: list[str] = []
    for index, (before, width) in enumerate(pairwise((config.planes + 2, *config.widths))):
        if index:
            x = graph.add("MaxPool", x, kernel_shape=(2, 2), strides=(2, 2))
        x = unet.block(f"down.{index}", x, before, width)
        x = unet.convolution(f"down.{index}.second.0", x, width, width)
        x = graph.add("Relu", unet.normal(f"down.{index}.second.1", x, width))
        skips.append(x)
    skips.pop()
    for index, (fine, deep) in reversed(list(enumerate(pairwise(config.widths)))):
        x = unet.narrow(f"narrow.{index}", x, deep, fine)
        twice = graph.number((1.0, 1.0, 2.0, 2.0))
        x = graph.add("Resize", x, "", twice, mode="linear", coordinate_transformation_mode="half_pixel")
        x = unet.block(f"up.{index}", graph.add("Add", x, skips.pop()), fine, fine)
    weight, bias = graph.trained("backbone.last.weight", 1, config.widths[0], 1, 1), graph.trained("backbone.last.bias", 1)
    last = graph.add("Conv", x, weight, bias)
    return graph.model({last: ("batch", 1, "y", "x")})


@dataclass(frozen=True, eq=False)
class _UNet:
    """The parts of the U-Net, on their way into a graph."""

    graph: Graph
    cues: str
    cue_count: int

    def block(self, name: str, x: str, before: int, width: int) -> str:
        """A convolution, normalised; the cues scale and shift it; rectified."""
        graph = self.graph
        weight, bias = self.own(f"{name}.told.weight", 2 * width, self.cue_count), self.own(f"{name}.told.bias", 2 * width)
        scale_and_shift = graph.add("Unsqueeze", graph.add("Gemm", self.cues, weight, bias, transB=1), graph.sizes((2, 3)))
        scale, shift = graph.split("Split", 2, scale_and_shift, graph.sizes((width, width)), axis=1)
        seen = self.normal(f"{name}.norm", self.convolution(f"{name}.first", x, before, width), width)
        return graph.add("Relu", graph.add("Add", graph.add("Mul", seen, graph.add("Add", scale, graph.number(1.0))), shift))

    def normal(self, name: str, x: str, width: int) -> str:
        """Group normalisation: each group of channels as one, then every channel's own scale and shift."""
        graph = self.graph
        groups = graph.add("Reshape", x, graph.sizes((0, GROUPS, -1)))
        ones, zeros = graph.number([1.0] * GROUPS), graph.number([0.0] * GROUPS)
        plain = graph.add("InstanceNormalization", groups, ones, zeros, epsilon=EPSILON)
        back = graph.add("Reshape", plain, graph.add("Shape", x))
        weight, bias = (
            graph.add("Unsqueeze", self.own(f"{name}.{which}", width), graph.sizes((1, 2))) for which in ("weight", "bias")
        )
        return graph.add("Add", graph.add("Mul", back, weight), bias)

    def convolution(self, name: str, x: str, before: int, width: int) -> str:
        """3 x 3, without a bias."""
        return self.graph.add("Conv", x, self.own(f"{name}.weight", width, before, 3, 3), pads=(1, 1, 1, 1))

    def narrow(self, name: str, x: str, before: int, width: int) -> str:
        """Pixel by pixel."""
        return self.graph.add("Conv", x, self.own(f"{name}.weight", width, before, 1, 1), self.own(f"{name}.bias", width))

    def own(self, name: str, *shape: int) -> str:
        """The U-Net's trained numbers."""
        return self.graph.trained(f"backbone.unet.{name}", *shape)
