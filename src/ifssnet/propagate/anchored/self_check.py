"""How far a network's corrections hold on the leg at hand: tried on drawn places that are hidden from it, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from ifssnet.core.segmentation import Json

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the correction, that are tried."""

AS_GOOD = 0.005
"""Mean Dice by which a larger share may fall short of the best one: hidden places are few, and the network was trained."""


@dataclass(frozen=True)
class Trust:
    """What came of it.

    Attributes:
        share: Of every correction, that counts.
        dice: Mean over the hidden places with each of `SHARES`; empty where none could be hidden.
        places: How many were hidden.
    """

    share: float = 1.0
    dice: tuple[float, ...] = ()
    places: int = 0

    @property
    def warning(self) -> str:
        """What a user should know; empty where all of the network counts."""
        if self.share == 1 or not self.dice:
            return ""
        counts = f"{100 * self.share:.0f} % of its corrections count" if self.share else "none of its corrections count"
        return (
            f"On {self.places} drawn places that were hidden from it the network reached Dice {self.dice[-1]:.2f}, guided "
            f"interpolation {self.dice[0]:.2f}: {counts}. This muscle may be unlike those that it learned from; "
            "`ifss train --from default` on a few legs of the kind helps."
        )

    def describe(self) -> Mapping[str, Json]:
        """For provenance."""
        tried = {f"{share:g}": round(dice, 4) for share, dice in zip(SHARES, self.dice, strict=False)}
        return {"share": self.share, "hidden_places": self.places, "dice_by_share": tried}


def find_trust(scores: Sequence[Sequence[float]]) -> Trust:
    """The largest share that is as good as the best one.

    Args:
        scores: Of each hidden place, Dice with each of `SHARES`.

    >>> find_trust([(0.80, 0.84, 0.86, 0.870, 0.867)]).share
    1.0
    >>> find_trust([(0.80, 0.82, 0.79, 0.75, 0.70)]).share
    0.25
    """
    if not scores:
        return Trust()
    dice = np.mean(scores, axis=0)
    share = max(share for share, mean in zip(SHARES, dice, strict=True) if mean >= dice.max() - AS_GOOD)
    return Trust(share, tuple(dice.tolist()), len(scores))


def score(
    prior: Float32[np.ndarray, "v u"], correction: Float32[np.ndarray, "v u"], drawn: Bool[np.ndarray, "v u"]
) -> list[float]:
    """Dice of one hidden place with each of `SHARES` of the correction; arguments are logits and the drawn mask."""
    found = [prior + np.float32(share) * correction >= 0 for share in SHARES]
    return [2 * float((mask & drawn).sum()) / max(float(mask.sum() + drawn.sum()), 1.0) for mask in found]
