"""Where words at the peaks of curves go, so that none covers another or a peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LINE = 15.0
"""Height of a line of the labels' type (report.css, `.largest-label`), in SVG units."""

CLEAR = 9.0
"""From a peak up to the base line of its words."""

_CHARACTER = 8.4
"""Mean width of a character of that type: an estimate on the safe side, as a page's fonts are not known here."""
_RING = 5.0


@dataclass(frozen=True)
class Peak:
    """A peak and its words.

    Attributes:
        x: The middle of the ring that marks it, in SVG units.
        y: The same, downwards.
        highest: The lowest y that curves reach near it: the words stand above that.
        words: What is written there.
    """

    x: float
    y: float
    highest: float
    words: str


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom


def label_places(peaks: Sequence[Peak], left: float, right: float) -> list[tuple[float, float]]:
    """The middle and the base line of each peak's words.

    Words stand above their peak, within the chart's width. Where they would meet others or somebody else's ring, the
    higher peak's move up line by line as far as the picture reaches, then below the peak.

    Args:
        peaks: In the order of the chart.
        left: Where the chart's area begins.
        right: Where it ends.

    Returns:
        (x, y) for each peak, in its order.
    """
    rings = {i: _Box(p.x - _RING, p.y - _RING, p.x + _RING, p.y + _RING) for i, p in enumerate(peaks)}
    taken: list[_Box] = []
    places: dict[int, tuple[float, float]] = {}
    for i in sorted(rings, key=lambda i: -peaks[i].highest):
        peak, obstacles = peaks[i], [*taken, *(ring for other, ring in rings.items() if other != i)]
        half = _CHARACTER * len(peak.words) / 2
        x = min(max(peak.x, left + half), max(right - half, left + half))
        first = peak.highest - CLEAR
        above = [first - LINE * k for k in range(len(peaks) + 2) if first - LINE * k >= LINE - 3]
        below = [peak.y + CLEAR + LINE * k for k in range(1, len(peaks) + 2)]
        boxes = {y: _Box(x - half, y - LINE + 3, x + half, y + 3) for y in (*above, *below)}
        y = next((y for y, box in boxes.items() if not any(box.meets(other) for other in obstacles)), first)
        places[i] = (x, y)
        taken.append(_Box(x - half, y - LINE + 3, x + half, y + 3))
    return [places[i] for i in range(len(peaks))]
