"""How far a network's corrections hold on a leg: they are tried on annotated groups that are hidden from it, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32

from ifssnet.core.provenance import SelfCheck

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The shares of the correction that are tried."""

AS_GOOD = 0.005
"""Mean Dice by which a larger share may fall short of the best one: hidden groups are few, and the network was trained."""

UNLIKE = 0.05
"""Mean Dice by which a network that stays behind interpolation has not learned such a muscle; less is the scatter of legs."""


def hidden_dice(
    prior: Float32[np.ndarray, "v u"], correction: Float32[np.ndarray, "v u"], drawn: Bool[np.ndarray, "v u"]
) -> list[float]:
    """Dice on one hidden group with each of `SHARES` of the correction; arguments are logits and the drawn mask."""
    found = [prior + np.float32(share) * correction >= 0 for share in SHARES]
    return [2 * float((mask & drawn).sum()) / max(float(mask.sum() + drawn.sum()), 1.0) for mask in found]


def checked(dice: Mapping[str, Sequence[Sequence[float]]]) -> SelfCheck:
    """The largest share that is as good as the best one, for all muscles together: one of them has few hidden groups.

    Args:
        dice: Muscle's name to Dice on each of its hidden groups with each of `SHARES`.

    >>> checked({"SOL": [(0.80, 0.84, 0.86, 0.870, 0.867)], "GM": []}).share
    1.0
    >>> found = checked({"SOL": [(0.80, 0.84, 0.86, 0.87, 0.87)], "GM": 2 * [(0.80, 0.82, 0.79, 0.75, 0.70)]})
    >>> found.share, found.hidden_groups, found.muscles["GM"].dice[0.25]
    (0.25, 3, 0.82)
    """
    every = [each for own in dice.values() for each in own]
    if not every:
        return SelfCheck()
    share = _largest(np.mean(every, axis=0))
    muscles = {name: SelfCheck(share, _means(own), len(own)) for name, own in dice.items()}
    return SelfCheck(share, _means(every), len(every), muscles)


def _largest(mean: Float[np.ndarray, " share"]) -> float:
    return max(share for share, each in zip(SHARES, mean, strict=True) if each >= mean.max() - AS_GOOD)


def _means(dice: Sequence[Sequence[float]]) -> dict[float, float]:
    """Mean Dice by share; empty without any hidden group."""
    return dict(zip(SHARES, np.mean(dice, axis=0).tolist(), strict=True)) if dice else {}


def warning(check: SelfCheck) -> str:
    """What a user should know; empty where every correction counts in full."""
    if check.share == 1 or not check.dice:
        return ""
    counts = f"{100 * check.share:.0f} % of its corrections count" if check.share else "none of its corrections count"
    found = (
        f"On {check.hidden_groups} annotated groups that were hidden from it the network reached Dice {check.dice[1.0]:.2f}, "
        f"guided interpolation {check.dice[0.0]:.2f}: {counts}."
    )
    if check.dice[0.0] - check.dice[1.0] < UNLIKE:
        return found
    return (
        f"{found} The muscles may be unlike those that it learned from; "
        "`ifss train --from default` on a few legs of the kind helps."
    )
