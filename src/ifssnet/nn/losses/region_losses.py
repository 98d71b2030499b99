"""The losses of a region that a recipe can name: `form` in its table [….loss] chooses among them.

A new loss is a file beside this one with a frozen configuration. The configuration has a field `form` with a name of its own,
and `build` makes the `nn.Module`, which takes probabilities, targets and, where some voxels count less, weights. It joins the
others in the line below.
"""

from __future__ import annotations

from typing import TypeAlias

from ifssnet.nn.losses.dice import SoftDiceConfig
from ifssnet.nn.losses.tversky import TverskyConfig

RegionLossConfig: TypeAlias = TverskyConfig | SoftDiceConfig
