"""Noisy seeds: how much the curves may leave what was drawn."""

from __future__ import annotations

from collections.abc import Mapping

from ifssnet.core.segmentation import Json
from ifssnet.propagate.knots import Knot
from ifssnet.propagate.shapes import Anchor


def smooth(
    knots: tuple[Knot, ...], raw: Mapping[int, Anchor], spacing_yx_mm: tuple[float, float], smoothing: float | str
) -> tuple[Mapping[int, Anchor], Mapping[str, Json]]:
    return raw, {}
