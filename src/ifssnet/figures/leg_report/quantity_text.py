"""Numbers as the page writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from ifssnet.figures.drawing.pages import DASH
from ifssnet.measurement.quantities import Quantity


def text_of(value: int | float | None, quantity: Quantity) -> str:
    """A number without its unit, with the decimals that are worth reading; a dash where there is none.

    >>> from ifssnet.measurement.reference.metrics.volumes import VOLUME, VOLUME_DIFFERENCE
    >>> text_of(-0.5, VOLUME_DIFFERENCE.quantity), text_of(320.44, VOLUME.quantity), text_of(None, VOLUME.quantity)
    ('−0.5', '320.4', '–')
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:+.{quantity.decimals}f}" if quantity.signed else f"{value:.{quantity.decimals}f}"
    if float(text) == 0:
        # Nothing has no sign, nor has what rounds to nothing.
        text = text.lstrip("+-")
    return text.replace("-", "−")


def present(rows: Iterable[Mapping[str, int | float]], known: Sequence[Quantity]) -> list[Quantity]:
    """The quantities, in their order, that at least one row has a number for."""
    found = {key for row in rows for key, value in row.items() if not math.isnan(value)}
    return [quantity for quantity in known if quantity.key in found]
