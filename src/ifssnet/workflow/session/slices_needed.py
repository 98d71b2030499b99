"""How many slices each gap still needs: one after the other where it takes most away, until a target is reached."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ifssnet.workflow.session.gap_errors import Aim

Left: TypeAlias = tuple[tuple[float, tuple[int, ...]], ...]
"""What 0, 1, 2 ... slices within one gap leave of its error, and where they are drawn: `GapErrors.best_places`."""


@dataclass(frozen=True, eq=False)
class MuscleErrors:
    """What any number of slices would leave of the errors of a muscle's gaps.

    Attributes:
        aim: Which errors.
        volume_mm3: The muscle's volume as far as it is known.
        left: For each gap.
    """

    aim: Aim
    volume_mm3: float
    left: tuple[Left, ...]

    @property
    def total(self) -> float:
        """The error of all gaps as they are."""
        return sum(gap[0][0] for gap in self.left)

    def relative(self, error: float) -> float:
        """What a sum of the gaps' errors is of the muscle: of Dice, or of its volume."""
        return error / (2 * self.volume_mm3) if self.aim == "shape" else math.sqrt(max(error, 0.0)) / self.volume_mm3


def slices_needed(muscles: Mapping[int, MuscleErrors], target: float) -> dict[tuple[int, int], int]:
    """How many slices each gap still needs, by label and number of the gap, for the muscles' mean to reach the target.

    Args:
        muscles: By label.
        target: What the mean of the muscles' relative errors is to fall to.
    """
    error = {label: muscle.total for label, muscle in muscles.items()}
    counts = {(label, number): 0 for label, muscle in muscles.items() for number in range(len(muscle.left))}

    def gain(label: int, number: int) -> float:
        left, count = muscles[label].left[number], counts[label, number]
        if count + 1 >= len(left):
            return 0.0
        less = error[label] - left[count][0] + left[count + 1][0]
        return muscles[label].relative(error[label]) - muscles[label].relative(less)

    def missing() -> float:
        return sum(muscle.relative(error[label]) for label, muscle in muscles.items()) / max(len(muscles), 1)

    queue = [(-gain(*place), place) for place in counts]
    heapq.heapify(queue)
    while queue and missing() > target:
        _, place = heapq.heappop(queue)
        worth = gain(*place)
        # What a gap is worth changes with the others of its muscle.
        if queue and worth < -queue[0][0]:
            if worth > 0:
                heapq.heappush(queue, (-worth, place))
            continue
        if worth <= 0:
            continue
        left, count = muscles[place[0]].left[place[1]], counts[place]
        error[place[0]] += left[count + 1][0] - left[count][0]
        counts[place] = count + 1
        heapq.heappush(queue, (-gain(*place), place))
    return counts
