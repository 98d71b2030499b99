"""Gradients of a long sequence, part by part: what is remembered of a part is its gradient and not its graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn


class GradientSum:
    """The sum of the gradients of several losses, each of which is differentiated as it comes.

    Args:
        parameters: What the losses are differentiated with respect to; those that are not trained are left out.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self._gradients: list[Tensor | None] = [None] * len(self.parameters)
        self._value: Tensor | None = None

    def add(self, loss: Float[Tensor, ""]) -> None:
        """Differentiate a part and let its graph go."""
        found = cast("tuple[Tensor | None, ...]", torch.autograd.grad(loss, self.parameters, allow_unused=True))
        self._gradients = [
            new if old is None else old if new is None else old + new for old, new in zip(self._gradients, found, strict=True)
        ]
        self._value = loss.detach() if self._value is None else self._value + loss.detach()

    def loss(self, rest: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """A loss with the value and the gradient of all parts and the rest together."""
        if self._value is None:
            return rest
        pairs = zip(self.parameters, self._gradients, strict=True)
        slope = torch.stack([(parameter * gradient).sum() for parameter, gradient in pairs if gradient is not None]).sum()
        return rest + slope + (self._value - slope).detach()
