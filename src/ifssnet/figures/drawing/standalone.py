"""Pictures that stand on their own: the same SVG in a page and as a file."""

from __future__ import annotations

from ifssnet.figures.drawing.svg import element, escape, number

STYLE = (
    ".chart text{font-family:'Inter','Segoe UI',system-ui,-apple-system,'Helvetica Neue','Liberation Sans',Arial,sans-serif;"
    "font-size:12px;fill:#1b2430;stroke:none}"
    ".chart .tick{font-size:11px;fill:#5b6675;font-variant-numeric:tabular-nums}"
    ".chart .axis-label{font-size:12px;fill:#1b2430}.chart .panel{font-size:13px;font-weight:650}"
    ".chart .note{font-size:11px;fill:#5b6675}"
    ".chart .grid{stroke:#dfe4ea;stroke-width:1;fill:none}.chart .axis{stroke:#8a95a3;stroke-width:1;fill:none}"
    ".chart .line{fill:none;stroke-width:1.9;stroke-linejoin:round;stroke-linecap:round}"
    ".chart .bar{stroke:#1b2430;fill:none}"
)
"""The style of every chart of an evaluation."""


PHONE = 358.0
"""Width of a phone's page without its margins, in SVG units: a picture of this width is shown there as it is."""


def picture(title: str, description: str, width: float, height: float, *parts: str) -> str:
    """An SVG that a page shows as it is, and that is a file of its own too."""
    body = [element("title", escape(title)), element("desc", escape(description)), element("style", STYLE)]
    ground = element("rect", width=width, height=height, fill="#fff")
    return element(
        "svg",
        *body,
        ground,
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        class_="chart",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
    )
