"""Templates into HTML: text is escaped, pictures that we drew are not."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup

from ifssnet.figures.drawing.theme import Rgb, hex_of

DASH = "–"
"""Stands where there is no number."""


def signed(value: float, decimals: int) -> str:
    """A number with its sign and a true minus; a dash for none, and no sign for what rounds to nothing.

    >>> signed(-1.234, 2), signed(0.5, 1), signed(-0.001, 2), signed(0.0, 1), signed(float("nan"), 1)
    ('−1.23', '+0.5', '0.00', '0.0', '–')
    """
    if math.isnan(value):
        return DASH
    text = f"{value:+.{decimals}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def with_powers(text: str) -> str:
    """Areas and volumes in a sentence as a page writes them; the terminal and JSON keep to plain letters.

    >>> with_powers("6.9 cm2 on slice 3, 40 mm2 (max_acsa_cm2), 5 cm3")
    '6.9 cm² on slice 3, 40 mm² (max_acsa_cm2), 5 cm³'
    """
    return re.sub(r"\b([cm]m)([23])\b", lambda found: found[1] + {"2": "²", "3": "³"}[found[2]], text)


class _OneLine(Extension):
    """Line breaks and indentation in a template are for its reader: they leave no gaps between the page's elements."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 (Jinja's signature)
        return re.sub(r"\s*\n\s*", "", source)


@cache
def _environment(package: str) -> Environment:
    # `page.html`, the frame that reports of many legs share, lies beside this file.
    loader = ChoiceLoader([PackageLoader(package), PackageLoader(__package__ or "ifssnet.figures.drawing")])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, extensions=[_OneLine])


def swatch(color: Rgb) -> Markup:
    """A small square in a muscle's colour."""
    return Markup('<i class="swatch" style="background:{}"></i>').format(hex_of(color))


_HELPERS = {"hex_of": hex_of, "swatch": swatch, "with_powers": with_powers}


def render(package: str, template: str, **values: Any) -> Markup:
    """A template of a package's folder `templates`, filled in.

    Args:
        package: The package, such as `ifssnet.figures.leg_report`.
        template: Its file's name.
        values: What the template names; text among them is escaped, `Markup` is not.
    """
    found = _environment(package).get_template(template, globals=_HELPERS)
    return Markup(found.render(**values))
