"""Where the words of a legend go: side by side, and in as many rows as their picture's width asks for."""

from __future__ import annotations

from collections.abc import Sequence

ROW = 18.0
"""Height of a row, in SVG units."""

_CHARACTER = 7.2
"""Mean width of a character of 12 px type: an estimate on the safe side, as a page's fonts are not known here."""
_BETWEEN = 22.0


def text_width(words: str) -> float:
    """About how wide words of 12 px type are, in SVG units."""
    return _CHARACTER * len(words)


def legend_places(
    names: Sequence[str], sign: float, left: float, right: float, first: float = 16.0
) -> tuple[list[tuple[float, float]], float]:
    """The left end of each entry and its base line, and where the last row ends.

    Args:
        names: The words of each entry, in their order.
        sign: Width of the mark before the words, with its gap.
        left: Where rows begin.
        right: Where they end; an entry that is longer than a row stands alone in one.
        first: Base line of the first row.

    >>> legend_places(["SOL", "GM"], 10.0, 0.0, 100.0)
    ([(0.0, 16.0), (53.6, 16.0)], 18.0)
    >>> legend_places(["Soleus", "Gastrocnemius"], 10.0, 0.0, 120.0)[0]
    [(0.0, 16.0), (0.0, 34.0)]
    """
    places: list[tuple[float, float]] = []
    x, y = left, first
    for name in names:
        wide = sign + text_width(name)
        if x > left and x + wide > right:
            x, y = left, y + ROW
        places.append((x, y))
        x += wide + _BETWEEN
    return places, y + 2.0
