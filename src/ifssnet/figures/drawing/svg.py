"""SVG and HTML written out by hand: a few functions, everything escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

Attribute = str | float | int | None


def escape(text: object) -> str:
    """Text that a browser shows as it stands, in elements and in quoted attributes."""
    return html.escape(str(text), quote=True)


def number(value: float, decimals: int = 2) -> str:
    """A coordinate, as short as it can be.

    >>> number(3.0), number(0.126), number(-0.001)
    ('3', '0.13', '0')
    """
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def element(tag: str, *children: str, **attributes: Attribute) -> str:
    """One element. A trailing underscore of an attribute's name is dropped, other underscores become hyphens.

    >>> element("text", escape("<b>"), class_="tick", x=1.5)
    '<text class="tick" x="1.5">&lt;b&gt;</text>'
    """
    parts = [tag]
    for name, value in attributes.items():
        if value is None:
            continue
        shown = value if isinstance(value, str) else number(float(value))
        spelled = name if name in {"viewBox", "preserveAspectRatio"} else name.rstrip("_").replace("_", "-")
        parts.append(f'{spelled}="{escape(shown)}"')
    return f"<{' '.join(parts)}>{''.join(children)}</{tag}>"


def path_data(points: Sequence[tuple[float, float]], closed: bool = False, decimals: int = 2) -> str:
    """The `d` of a path through points; points that are not finite break it."""
    parts: list[str] = []
    pen = "M"
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            pen = "M"
            continue
        parts.append(f"{pen}{number(x, decimals)} {number(y, decimals)}")
        pen = "L"
    return "".join(parts) + ("Z" if closed and parts else "")


def nice_step(span: float, at_most: int) -> float:
    """The smallest of 1, 2, 2.5 and 5 times a power of ten that divides a span into at most this many parts.

    >>> nice_step(281.0, 7), nice_step(18.2, 5), nice_step(0.9, 5)
    (50.0, 5.0, 0.2)
    """
    if not (math.isfinite(span) and span > 0):
        return 1.0
    power = 10.0 ** math.floor(math.log10(span / at_most))
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0):
        if span / (step := factor * power) <= at_most + 1e-9:
            return step
    return 20.0 * power


def ticks(low: float, high: float, at_most: int = 6) -> list[float]:
    """Round numbers within a range.

    >>> ticks(-3.0, 281.0, 7)
    [0.0, 50.0, 100.0, 150.0, 200.0, 250.0]
    """
    step = nice_step(high - low, at_most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 10) + 0.0 for i in range(first, last + 1)]
