"""Morphological contour interpolation (Zukić et al., The Insight Journal, 2016): one muscle, from one mask to another.

Regions of the two masks that overlap belong together. Each pair is moved to where it overlaps most, and the slice halfway gets
the median of the two: what both have, grown within what either has until it lies as far from the one as from the other. Then
both halves are filled alike. A region that meets several others is split among them; one that meets none shrinks to a point.
Choices that the paper leaves open, such as the order in which shifts are tried and how half pixels are rounded, are those of
ITK's filter, so that the result is the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Int, UInt8

from ifssnet.core.seeds import Mask
from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.masks.box import Box, marked_part
from ifssnet.geometry.untyped import distance_to_false, pieces

Shift = tuple[int, int]
"""Pixels along y and x."""

LEAST_SHIFTS, MOST_SHIFTS = 8, 216
"""As many shifts as are always tried, and as many as are tried where each is nearly as good as the best, in small windows."""

NEARLY = 0.9
"""The share of the best overlap from which a shift is worth going on from."""

BINS_PER_PIXEL = 10
"""The steps in which distances are counted where the median is looked for."""

NEVER = np.iinfo(np.int64).max
"""The step of a pixel that no dilation reaches."""


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a slice.

    Attributes:
        mask: Its pixels, cut out of the slice.
        corner: The row and the column of the cut's first pixel in the slice.
    """

    mask: Mask
    corner: Shift

    def moved(self, by: Shift) -> Region:
        """The same pixels elsewhere."""
        return replace(self, corner=(self.corner[0] + by[0], self.corner[1] + by[1]))

    @property
    def stop(self) -> Shift:
        """The row and the column behind its last pixel."""
        return self.corner[0] + self.mask.shape[0], self.corner[1] + self.mask.shape[1]

    @property
    def centre(self) -> Shift:
        """The centroid, rounded down."""
        rows, columns = np.nonzero(self.mask)
        return (
            (int(rows.sum()) + rows.size * self.corner[0]) // rows.size,
            (int(columns.sum()) + columns.size * self.corner[1]) // columns.size,
        )

    def tight(self) -> Region:
        """The same pixels without the empty rows and columns around them."""
        box = marked_part(self.mask)
        return Region(self.mask[box], (self.corner[0] + box[0].start, self.corner[1] + box[1].start))

    def paint(self, plane: Mask) -> None:
        """Mark its pixels in a slice, which holds all of them."""
        plane[self.corner[0] : self.stop[0], self.corner[1] : self.stop[1]] |= self.mask

    def within(self, corner: Shift, stop: Shift) -> Mask:
        """Its pixels in a window of the slice."""
        window = np.zeros((stop[0] - corner[0], stop[1] - corner[1]), dtype=bool)
        y, x = self.corner[0] - corner[0], self.corner[1] - corner[1]
        top, left = max(0, y), max(0, x)
        part = self.mask[top - y : max(0, window.shape[0] - y), left - x : max(0, window.shape[1] - x)]
        window[top : top + part.shape[0], left : left + part.shape[1]] = part
        return window


@dataclass(frozen=True)
class ContourInterpolation:
    """How one mask turns into another.

    Attributes:
        heuristic_alignment: Stop looking for the best shift where shifts get worse; else try all.
        distance_transform: Grow the median by distance; else pixel by pixel along what either mask has.
    """

    heuristic_alignment: bool = True
    distance_transform: bool = True

    def between(self, below: Mask, above: Mask, gap: int, window: Box | None = None) -> Bool[np.ndarray, "z y x"]:
        """The slices between two masks, which lie `gap` slices apart.

        Args:
            below: The mask below.
            above: The mask above.
            gap: 1 where nothing lies between them.
            window: The part of the slices that holds all that was drawn, which bounds the search for shifts; the box of both
                masks if None.

        Returns:
            `gap` - 1 slices; empty ones where a mask is.
        """
        stack = np.zeros((gap - 1, *below.shape), dtype=bool)
        if gap < 2 or not (below.any() and above.any()):
            return stack
        window = window or marked_part(below | above)
        masks = {0: _regions(below), gap: _regions(above)}
        for one in _correspondences(*_overlapping(below, above)):
            start, other = (gap, 0) if one.from_above else (0, gap)
            region = masks[start][one.region]
            if not one.others:
                self._halve(stack, start, region, other, self._point_inside(region, window), (0, 0))
                continue
            others = [masks[other][number] for number in one.others]
            shift = self._best_shift(region, others, window, window)
            pieces = [region] if one.whole else _split(region, [other_.moved((-shift[0], -shift[1])) for other_ in others])
            for piece, end in zip(pieces, others, strict=True):
                self._halve(stack, start, piece, other, end, shift)
        return stack

    def _point_inside(self, region: Region, window: Box) -> Region:
        """The pixel of a region that is nearest to its centroid, which a region shrinks to that has no counterpart."""
        point = Region(np.ones((1, 1), dtype=bool), region.centre)
        around = tuple(slice(at - 1, at + 2) for at in region.centre)
        shift = self._best_shift(region, [point], window, around)
        return point.moved((-shift[0], -shift[1]))

    def _best_shift(self, region: Region, others: Sequence[Region], window: Box, their_window: Box) -> Shift:
        """The shift under which a region overlaps most with others, each of which it has to meet."""
        corner = min(other.corner[0] for other in others), min(other.corner[1] for other in others)
        stop = max(other.stop[0] for other in others), max(other.stop[1] for other in others)
        numbered = np.zeros((stop[0] - corner[0], stop[1] - corner[1]), dtype=np.int32)
        for number, other in enumerate(others, start=1):
            numbered[other.within(corner, stop)] = number
        there, here = Region(numbered > 0, corner).centre, region.centre
        first = tuple(theirs.start - ours.stop + 1 for ours, theirs in zip(window, their_window, strict=True))
        size = tuple(
            ours.stop - ours.start + theirs.stop - theirs.start - 1 for ours, theirs in zip(window, their_window, strict=True)
        )
        tries = min(LEAST_SHIFTS, size[0] * size[1]), max(MOST_SHIFTS, math.isqrt(size[0] * size[1]))
        found = _search(
            region.mask.view(np.uint8),
            numbered,
            (region.corner[0] - corner[0], region.corner[1] - corner[1]),
            len(others),
            (there[0] - here[0], there[1] - here[1]),
            first,
            size,
            tries,
            self.heuristic_alignment,
        )
        return int(found[0]), int(found[1])

    def _halve(self, stack: Bool[np.ndarray, "z y x"], start: int, one: Region, end: int, other: Region, shift: Shift) -> None:
        """Fill the slice halfway between two regions, then what lies on either side of it."""
        half, odd = _half_of(shift)
        rest = half[0] - shift[0], half[1] - shift[1]
        here, there = one.moved(half), other.moved(rest)
        corner = min(here.corner[0], there.corner[0]), min(here.corner[1], there.corner[1])
        stop = max(here.stop[0], there.stop[0]), max(here.stop[1], there.stop[1])
        a, b = here.within(corner, stop), there.within(corner, stop)
        if not (a & b).any():
            return
        found = Region((_median_by_distance if self.distance_transform else _median_by_steps)(a, b), corner)
        # What leaves the image is cut off.
        found = Region(found.within((0, 0), stack.shape[1:]), (0, 0)).tight()
        middle = (start + end + odd) // 2
        found.paint(stack[middle - 1])
        if abs(start - middle) > 1:
            self._halve(stack, start, one, middle, found, half)
        if abs(end - middle) > 1:
            self._halve(stack, end, other, middle, found, rest)


@dataclass(frozen=True)
class Correspondence:
    """A region of one mask and those of the other that it turns into.

    Attributes:
        from_above: Whether the one region is of the mask above, and the others of the one below.
        region: Its number.
        others: Their numbers; none where it meets none.
        whole: Whether it turns into one other as it is; else it is split among them.
    """

    from_above: bool
    region: int
    others: tuple[int, ...]
    whole: bool = False


def _regions(mask: Mask) -> dict[int, Region]:
    """The connected parts of a mask, by their numbers."""
    numbered, count = pieces(mask, diagonals=False)
    return {number: Region(numbered == number, (0, 0)).tight() for number in range(1, count + 1)}


def _overlapping(below: Mask, above: Mask) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """The pairs of regions that overlap, in ascending order, and the regions of either mask that overlap none."""
    low, low_count = pieces(below, diagonals=False)
    high, high_count = pieces(above, diagonals=False)
    both = below & above
    pairs = sorted({(int(one), int(other)) for one, other in zip(low[both], high[both], strict=True)})
    met_low, met_high = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    return (
        pairs,
        [number for number in range(1, low_count + 1) if number not in met_low],
        [number for number in range(1, high_count + 1) if number not in met_high],
    )


def _correspondences(pairs: list[tuple[int, int]], alone_low: list[int], alone_high: list[int]) -> Iterator[Correspondence]:
    """Which region turns into which: those that meet none, one into one, one into several, and at last several into several."""
    yield from (Correspondence(False, number, ()) for number in alone_low)
    yield from (Correspondence(True, number, ()) for number in alone_high)
    low, high = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    yield from (Correspondence(False, one, (other,), whole=True) for one, other in pairs if low[one] == high[other] == 1)
    left = [pair for pair in pairs if not low[pair[0]] == high[pair[1]] == 1]
    at = 0
    while at < len(left):
        one, other = left[at]
        if low[one] == 1:
            yield Correspondence(True, other, tuple(pair[0] for pair in left if pair[1] == other))
            gone = [pair for pair in left if pair[1] == other]
        elif high[other] == 1:
            yield Correspondence(False, one, tuple(pair[1] for pair in left if pair[0] == one))
            # The first pair of all stays, as in ITK's filter, and is filled once more among the last.
            gone = [pair for place, pair in enumerate(left) if pair[0] == one and (place or place == at)]
        else:
            at += 1
            continue
        low.subtract(pair[0] for pair in gone)
        high.subtract(pair[1] for pair in gone)
        left = [pair for pair in left if pair not in gone]
        at = sum(pair < (one, other) for pair in left)
    for one in sorted({pair[0] for pair in left}):
        yield Correspondence(False, one, tuple(pair[1] for pair in left if pair[0] == one))


def _half_of(shift: Shift) -> tuple[Shift, int]:
    """Half of a shift in whole pixels, and 1 if half a pixel is left over.

    Halves are cut towards 0, along x first; a half that is left over from x makes one of y whole.
    """
    y, x = shift
    left_over = x % 2
    half_y = math.copysign(abs(y) // 2, y)
    if left_over and y % 2:
        return (int(half_y + math.copysign(1, y)), int(math.copysign(abs(x) // 2, x))), 0
    return (int(half_y), int(math.copysign(abs(x) // 2, x))), left_over or y % 2


def _median_by_distance(one: Mask, other: Mask) -> Mask:
    """The pixels of either mask that lie within a distance from the overlap: the one that parts the two evenly."""
    distance = distance_to_false(~(one & other), (1.0, 1.0))
    bins = (np.float32(BINS_PER_PIXEL) * distance).astype(np.int64)
    only_one, only_other = bins[one & ~other], bins[other & ~one]
    if not (only_one.size or only_other.size):
        return one & other
    most = max(int(part.max()) for part in (only_one, only_other) if part.size) + 1
    # How many pixels of each are taken in up to each distance, and in how many the result differs from each mask then.
    taken_one, taken_other = (np.cumsum(np.bincount(part, minlength=most)) for part in (only_one, only_other))
    to_one = np.abs(taken_one[-1] - taken_one + taken_other)
    to_other = np.abs(taken_other[-1] - taken_other + taken_one)
    best = int(np.argmin(np.abs(to_one - to_other)))
    return (distance <= np.float32(best) / np.float32(BINS_PER_PIXEL)) & (one | other)


def _median_by_steps(one: Mask, other: Mask) -> Mask:
    """The mask that differs from both alike, on the way from the one through the overlap to the other."""
    steps = [_steps_from((one & other).view(np.uint8), mask.view(np.uint8)) for mask in (one, other)]
    lengths = [max(1, int(step[step < NEVER].max())) for step in steps]
    # The longer way sets the pace.
    longer = 0 if lengths[0] >= lengths[1] else 1
    pace = np.float32(lengths[1 - longer]) / np.float32(lengths[longer])
    best, least = one & other, one.size
    for place in range(lengths[longer]):
        beside = int(pace * np.float32(place))
        # The first mask is taken down, the second one built up.
        down, up = (place, beside) if longer == 0 else (beside, place)
        found = (steps[0] <= lengths[0] - down) | (steps[1] <= up + 1)
        apart = abs(int((found != one).sum()) - int((found != other).sum()))
        if apart < least:
            best, least = found, apart
    return best


def _split(region: Region, others: Sequence[Region]) -> list[Region]:
    """A region's parts: each pixel goes to the other region that reaches it first from where both overlap."""
    nobody = len(others)
    owner = np.full(region.mask.shape, nobody, dtype=np.int64)
    for place, other in reversed(list(enumerate(others))):
        owner[other.within(region.corner, region.stop) & region.mask] = place
    while True:
        padded = np.pad(owner, 1, constant_values=nobody)
        around = np.minimum.reduce([padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]])
        new = region.mask & (owner == nobody) & (around < nobody)
        if not new.any():
            break
        owner[new] = around[new]
    return [Region(owner == place, region.corner) for place in range(len(others))]


@no_type_check
@compiled()
def _steps_from(overlap: UInt8[np.ndarray, "y x"], mask: UInt8[np.ndarray, "y x"]) -> Int[np.ndarray, "y x"]:
    """How many steps to a neighbour inside the mask lead from the overlap to each pixel; `NEVER` where none do."""
    height, width = mask.shape
    steps = np.full((height, width), NEVER, dtype=np.int64)
    queue = np.empty((height * width, 2), dtype=np.int64)
    head = tail = 0
    for y in range(height):
        for x in range(width):
            if overlap[y, x]:
                steps[y, x] = 0
                queue[tail] = y, x
                tail += 1
    while head < tail:
        y, x = queue[head]
        head += 1
        for near_y, near_x in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= near_y < height and 0 <= near_x < width and mask[near_y, near_x] and steps[near_y, near_x] == NEVER:
                steps[near_y, near_x] = steps[y, x] + 1
                queue[tail] = near_y, near_x
                tail += 1
    return steps


@no_type_check
@compiled()
def _search(
    mask: UInt8[np.ndarray, "y x"],
    numbered: Any,
    at: Shift,
    count: int,
    centroids: Shift,
    first: Shift,
    size: Shift,
    tries: tuple[int, int],
    heuristic: bool,
) -> Shift:
    """Breadth first from no shift and from the shift of the centroids; of shifts that are equally good the first one found."""
    seen = np.zeros(size, dtype=np.uint8)
    queue = np.empty((size[0] * size[1] + 2, 2), dtype=np.int64)
    queue[0] = 0, 0
    queue[1] = centroids[0], centroids[1]
    for place in range(2):
        seen[queue[place, 0] - first[0], queue[place, 1] - first[1]] = 1
    head, tail, pushed = 0, 2, 0
    best, best_y, best_x = 0, 0, 0
    shared = np.zeros(count + 1, dtype=np.int64)
    height, width = numbered.shape
    while head < tail:
        y, x = queue[head]
        head += 1
        shared[:] = 0
        for row in range(mask.shape[0]):
            there_y = row + at[0] + y
            if there_y < 0 or there_y >= height:
                continue
            for column in range(mask.shape[1]):
                there_x = column + at[1] + x
                if mask[row, column] and 0 <= there_x < width:
                    shared[numbered[there_y, there_x]] += 1
        score = 0
        for number in range(1, count + 1):
            if shared[number] == 0:
                score = 0
                break
            score += shared[number]
        if score > best:
            best, best_y, best_x = score, y, x
        if heuristic and best > 0 and pushed > tries[0] and not (score > best * NEARLY and pushed <= tries[1]):
            continue
        for step in range(4):
            near_y = y + (step == 3) - (step == 2)
            near_x = x + (step == 1) - (step == 0)
            row, column = near_y - first[0], near_x - first[1]
            if 0 <= row < size[0] and 0 <= column < size[1] and not seen[row, column]:
                seen[row, column] = 1
                queue[tail] = near_y, near_x
                tail += 1
                pushed += 1
    return best_y, best_x
