"""The temporal module: one convolutional LSTM run along depth in both directions (paper, III-B3)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ifssnet.core.errors import InputError
from ifssnet.nn.blocks.choices import BOTH, DIRECTIONS, FORWARD, NONE
from ifssnet.nn.blocks.convolution import convolution

State = tuple[Float[Tensor, "batch map v u"], Float[Tensor, "batch map v u"]]
"""Hidden maps and memory cell of the forward direction."""


def detached(state: State | None) -> State | None:
    """The state as a plain value: back-propagation through time is truncated here."""
    return None if state is None else (state[0].detach(), state[1].detach())


class ConvLSTM(nn.Module):
    """The cell: input, forget and output gates and the candidate, from the slice and the hidden maps, by 3 x 3 convolutions.

    The gates' part that comes from the slices is a convolution of all of them at once (`from_slices`).
    """

    def __init__(self, channels: int, maps: int, separable: bool = False) -> None:
        super().__init__()
        self.maps = maps
        self.from_slices = convolution(channels, 4 * maps, 1, separable)
        self.from_hidden = convolution(maps, 4 * maps, 1, separable, bias=False)
        # A memory that starts out remembering: without this, half of the cell is forgotten at each slice before any training.
        bias = next(parameter for name, parameter in self.from_slices.named_parameters() if name.endswith("bias"))
        with torch.no_grad():
            bias[maps : 2 * maps] = 1.0

    def forward(self, gates: Float[Tensor, "batch gate v u"], state: State) -> State:
        """The state after one slice, given its part of the gates."""
        hidden, cell = state
        gates = gates + self.from_hidden(hidden.unsqueeze(2)).squeeze(2)
        enter, forget, leave, candidate = gates.chunk(4, dim=1)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(candidate)
        return torch.sigmoid(leave) * torch.tanh(cell), cell


class BiConvLSTM(nn.Module):
    """One ConvLSTM, forwards and backwards with the same weights, merged with its input by residual connections.

    Args:
        channels: Channels of the input, the hidden maps and the output (paper, III-C4: 120).
        direction: "both"; "forward", or "none" (the module is left out) for ablations.
        dropout: The rate of dropout at the output (paper, III-C4: 0.4).
        separable: The cell's convolutions.
    """

    def __init__(self, channels: int, direction: str = BOTH, dropout: float = 0.4, separable: bool = False) -> None:
        super().__init__()
        if direction not in DIRECTIONS:
            raise InputError(f"one of {', '.join(DIRECTIONS)}", f"'{direction}'", "Correct the direction.")
        self.direction = direction
        self.cell = None if direction == NONE else ConvLSTM(channels, channels, separable)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, maps: Float[Tensor, "batch channel z v u"], state: State | None = None
    ) -> tuple[Float[Tensor, "batch channel z v u"], State | None]:
        """The maps with what was remembered along depth, and the forward state after the last slice.

        The backward direction starts from zeros: what follows the window is not known yet.
        """
        if self.cell is None:
            return self.dropout(maps), None
        forward = state or (torch.zeros_like(maps[:, :, 0]), torch.zeros_like(maps[:, :, 0]))
        gates = self.cell.from_slices(maps).unbind(2)
        if self.direction == FORWARD:
            remembered, forward = self._along(gates, forward)
            return self.dropout(maps + remembered), forward
        # Both directions are steps of the same cell, so they are taken together, stacked along the batch.
        backward = (torch.zeros_like(forward[0]), torch.zeros_like(forward[1]))
        gates = [torch.cat(pair) for pair in zip(gates, reversed(gates), strict=True)]
        remembered, last = self._along(gates, (torch.cat([forward[0], backward[0]]), torch.cat([forward[1], backward[1]])))
        ahead, back = remembered.chunk(2)
        return self.dropout(maps + ahead + back.flip(2)), (last[0].chunk(2)[0], last[1].chunk(2)[0])

    def _along(
        self, gates: list[Tensor] | tuple[Tensor, ...], state: State
    ) -> tuple[Float[Tensor, "batch channel z v u"], State]:
        assert self.cell is not None
        hidden: list[Tensor] = []
        for slice_gates in gates:
            state = self.cell(slice_gates, state)
            hidden.append(state[0])
        return torch.stack(hidden, dim=2), state
