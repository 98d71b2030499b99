"""Stretches of slices between the knots of one muscle, and which knots have a say in each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ifssnet.propagate.seeding.annotated_groups import Knot


@dataclass(frozen=True)
class Piece:
    """Slices to be filled, and the knots around them.

    Attributes:
        slices: Consecutive slice indices that were not annotated.
        before: The knot beyond `left`, where there is one.
        left: The knot below the slices; None where they lie below the lowest annotated slice.
        right: The knot above the slices; None where they lie above the highest annotated slice.
        after: The knot beyond `right`, where there is one.
    """

    slices: range
    before: Knot | None
    left: Knot | None
    right: Knot | None
    after: Knot | None

    @property
    def interpolates(self) -> bool:
        """Whether the muscle is present on both sides."""
        return self.left is not None and self.right is not None and self.left.present and self.right.present

    @property
    def edge(self) -> Knot:
        """The only knot with the muscle, where it is present on one side."""
        knot = self.left if self.left is not None and self.left.present else self.right
        assert knot is not None
        return knot


def find_pieces(knots: tuple[Knot, ...], slices: int, beyond: int) -> tuple[Piece, ...]:
    """The stretches on which a muscle may be present, ascending.

    Args:
        knots: Of one muscle.
        slices: Of the whole grid.
        beyond: Slices to go past the outermost annotated ones where these show the muscle.
    """
    if len(knots) == 0:
        return ()
    lowest, highest = knots[0], knots[-1]
    pieces: list[Piece] = []
    if lowest.present and beyond:
        after = knots[1] if len(knots) > 1 else None
        pieces.append(Piece(range(max(0, lowest.first - beyond), lowest.first), None, None, lowest, after))
    for index, (left, right) in enumerate(pairwise(knots)):
        if right.first - left.last > 1 and (left.present or right.present):
            before = knots[index - 1] if index else None
            after = knots[index + 2] if index + 2 < len(knots) else None
            pieces.append(Piece(range(left.last + 1, right.first), before, left, right, after))
    if highest.present and beyond:
        before = knots[-2] if len(knots) > 1 else None
        pieces.append(Piece(range(highest.last + 1, min(slices, highest.last + 1 + beyond)), before, highest, None, None))
    return tuple(piece for piece in pieces if len(piece.slices))
