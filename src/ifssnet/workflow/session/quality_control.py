"""Blinded redrawing: how far the same expert, or another one, draws the same slice again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.results.reliability import BlandAltman, Reliability
from ifssnet.measurement.statistics.agreement import bland_altman, reliability
from ifssnet.workflow.session.events import RedrawAsked
from ifssnet.workflow.session.hidden_slices import dice_of
from ifssnet.workflow.session.session import Session, now
from ifssnet.workflow.session.state import Redrawing, SessionState

LEAST = 2
"""Redrawn slices that statistics need."""


@dataclass(frozen=True)
class DrawingQuality:
    """How slices that were drawn twice agree.

    Attributes:
        slices: How many were.
        same_hand: Whether one person drew both times.
        dice: Mean Dice of the two masks.
        areas: Bias and limits of the areas in mm2, second minus first; None for fewer than two slices.
        reliability: The reliability of the areas in mm2: ICC, SEM and MDC; None for fewer than two slices.
        pairs_mm2: First and second area of each slice.
    """

    slices: int
    same_hand: bool
    dice: float
    areas: BlandAltman | None
    reliability: Reliability | None
    pairs_mm2: tuple[tuple[float, float], ...] = ()


def ask_again(session: Session, share: float = 0.1, seed: int | None = None) -> tuple[tuple[int, int], ...]:
    """Choose drawn slices to be drawn again without seeing what was drawn, in random order.

    Args:
        session: Where they are asked for.
        share: The share of the drawn slices that show a muscle; one at least.
        seed: What the random choice starts from; None for one that nobody can foresee.

    Returns:
        Label and slice of each.

    Raises:
        InputError: A share that is none, or nothing drawn.
    """
    chosen = chosen_again(session.state, share, seed)
    session.apply(RedrawAsked(now(), session.by, chosen))
    return chosen


def chosen_again(state: SessionState, share: float, seed: int | None = None) -> tuple[tuple[int, int], ...]:
    """Label and slice of some drawn slices in random order; see `ask_again`.

    Raises:
        InputError: A share that is none, or nothing drawn.
    """
    if not 0 < share <= 1:
        raise InputError("a share above 0 and up to 1", f"{share}", "Give one, such as 0.1.")
    drawn = [
        (label, z) for label, muscle in state.muscles.items() for z, each in sorted(muscle.drawn.items()) if not each.mask.empty
    ]
    if not drawn:
        raise InputError("drawn slices", "none", "Draw first.")
    order = np.random.default_rng(seed).permutation(len(drawn))[: max(1, math.ceil(share * len(drawn)))]
    return tuple(drawn[int(index)] for index in order)


def drawing_quality(state: SessionState, *, same_hand: bool = True) -> DrawingQuality | None:
    """How slices agree that one person drew twice, or that two persons drew; None where there are none."""
    pairs = [each for each in state.redrawn if (each.first_by == each.second_by) == same_hand]
    if not pairs:
        return None
    dice = sum(dice_of(each.first, each.second) for each in pairs) / len(pairs)
    first, second = _areas(pairs, state.grid.pixel_area_mm2)
    both = tuple(zip(first.tolist(), second.tolist(), strict=True))
    if len(pairs) < LEAST:
        return DrawingQuality(len(pairs), same_hand, dice, None, None, both)
    return DrawingQuality(
        len(pairs), same_hand, dice, bland_altman(second, first), reliability(np.stack([first, second], axis=1)), both
    )


def _areas(pairs: Sequence[Redrawing], pixel_mm2: float) -> tuple[np.ndarray, np.ndarray]:
    first = np.array([each.first.pixels * pixel_mm2 for each in pairs], dtype=np.float64)
    return first, np.array([each.second.pixels * pixel_mm2 for each in pairs], dtype=np.float64)
