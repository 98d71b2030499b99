"""How far a network's corrections hold on a leg: they are tried on annotated groups that are hidden from it, one by one.

A hidden group leaves a gap twice as wide as those in use. So the interpolation across it is moved part of the way to what was
drawn, until it is as far off as in the middle of a gap in use: what is tried is what will be done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32

from ifssnet.core.provenance import SelfCheck

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The shares of the correction that are tried."""

AS_GOOD = 0.005
"""Mean Dice by which a larger share may fall short of the best one: hidden groups are few, and the network was trained."""

BORROWED_GROUPS = 3.0
"""The hidden groups of all muscles count for one muscle as much as so many of its own: a muscle has few."""

UNLIKE = 0.05
"""Mean Dice by which a network that stays behind interpolation has not learned such a muscle; less is the scatter of legs."""


def hidden_dice(
    prior: Float32[np.ndarray, "v u"], correction: Float32[np.ndarray, "v u"], drawn: Bool[np.ndarray, "v u"]
) -> list[float]:
    """Dice on one hidden group with each of `SHARES` of the correction; arguments are logits and the drawn mask."""
    found = [prior + np.float32(share) * correction >= 0 for share in SHARES]
    return [2 * float((mask & drawn).sum()) / max(float(mask.sum() + drawn.sum()), 1.0) for mask in found]


def checked(dice: Mapping[str, Sequence[Sequence[float]]]) -> SelfCheck:
    """The share of each muscle: the largest that is as good as the best one.

    Args:
        dice: Muscle's name to Dice on each of its hidden groups with each of `SHARES`.

    >>> checked({"SOL": [(0.80, 0.84, 0.86, 0.870, 0.867)], "GM": []}).share
    1.0
    >>> found = checked({"SOL": 5 * [(0.80, 0.84, 0.86, 0.87, 0.88)], "GM": 5 * [(0.80, 0.82, 0.79, 0.75, 0.70)]})
    >>> found.muscles["SOL"].share, found.muscles["GM"].share
    (1.0, 0.5)
    """
    every = [each for own in dice.values() for each in own]
    if not every:
        return SelfCheck()
    mean = np.mean(every, axis=0)
    muscles: dict[str, SelfCheck] = {}
    for name, own in dice.items():
        total = np.sum(own, axis=0) if own else np.zeros(len(SHARES))
        believed = (total + BORROWED_GROUPS * mean) / (len(own) + BORROWED_GROUPS)
        shown = dict(zip(SHARES, (total / len(own)).tolist(), strict=True)) if own else {}
        muscles[name] = SelfCheck(_largest(believed), shown, len(own))
    return SelfCheck(_largest(mean), dict(zip(SHARES, mean.tolist(), strict=True)), len(every), muscles)


def _largest(mean: Float[np.ndarray, " share"]) -> float:
    return max(share for share, each in zip(SHARES, mean, strict=True) if each >= mean.max() - AS_GOOD)


def warning(check: SelfCheck) -> str:
    """What a user should know; empty where every correction of every muscle counts in full."""
    shares = {name: own.share for name, own in check.muscles.items()} or {"": check.share}
    if all(share == 1 for share in shares.values()) or not check.dice:
        return ""
    found = (
        f"On {check.hidden_groups} annotated groups that were hidden from it the network reached Dice {check.dice[1.0]:.2f}, "
        f"guided interpolation {check.dice[0.0]:.2f}: {_counted(shares)}."
    )
    if check.dice[0.0] - check.dice[1.0] < UNLIKE:
        return found
    return (
        f"{found} The muscles may be unlike those that it learned from; "
        "`ifss train --from default` on a few legs of the kind helps."
    )


def _counted(shares: Mapping[str, float]) -> str:
    """How much of the corrections counts."""
    if len(set(shares.values())) == 1:
        share = next(iter(shares.values()))
        return f"{100 * share:.0f} % of its corrections count" if share else "none of its corrections count"
    each = ", ".join(f"{100 * share:.0f} % of {name}" for name, share in shares.items())
    return f"of its corrections count {each}"
