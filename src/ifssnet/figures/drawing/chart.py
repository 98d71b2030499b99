"""The frame of a chart: an area with axes, and millimetres or percent turned into places on it."""

from __future__ import annotations

from dataclasses import dataclass

from ifssnet.figures.drawing.svg import element, escape, number, ticks


@dataclass(frozen=True)
class Frame:
    """A chart's area in SVG units, and the ranges that its axes show.

    Attributes:
        width: The width of the whole picture.
        height: The height of the whole picture.
        x_range: Shown along the width.
        y_range: Shown along the height.
        left: Margin.
        right: Margin.
        top: Margin.
        bottom: Margin.
    """

    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    left: float = 46.0
    right: float = 14.0
    top: float = 16.0
    bottom: float = 42.0

    def x(self, value: float) -> float:
        """Place of a value along the width."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """Place of a value along the height."""
        low, high = self.y_range
        return self.height - self.bottom - (value - low) / (high - low) * (self.height - self.top - self.bottom)

    @property
    def floor(self) -> float:
        """Where the horizontal axis lies."""
        return self.height - self.bottom

    def axes(self, x_label: str, y_label: str, x_ticks: int = 8, y_ticks: int = 5) -> str:
        """Grid lines, ticks with their numbers, and what the axes show."""
        parts: list[str] = []
        for value in ticks(*self.y_range, y_ticks):
            y = self.y(value)
            parts.append(element("line", class_="grid", x1=self.left, x2=self.width - self.right, y1=y, y2=y))
            parts.append(element("text", number(value, 6), class_="tick", x=self.left - 8, y=y, dy="0.34em", text_anchor="end"))
        for value in ticks(*self.x_range, x_ticks):
            x = self.x(value)
            parts.append(element("line", class_="axis", x1=x, x2=x, y1=self.floor, y2=self.floor + 5))
            parts.append(element("text", number(value, 6), class_="tick", x=x, y=self.floor + 18, text_anchor="middle"))
        parts.append(element("line", class_="axis", x1=self.left, x2=self.width - self.right, y1=self.floor, y2=self.floor))
        middle = (self.left + self.width - self.right) / 2
        parts.append(element("text", escape(x_label), class_="axis-label", x=middle, y=self.height - 6, text_anchor="middle"))
        turned = f"translate(12 {number((self.top + self.floor) / 2)}) rotate(-90)"
        parts.append(element("text", escape(y_label), class_="axis-label", transform=turned, text_anchor="middle"))
        return "".join(parts)
