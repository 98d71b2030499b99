"""What headers call a unit of length, in mm."""

from __future__ import annotations

import unicodedata
from types import MappingProxyType

_SPELLINGS = {
    1e-3: ("um", "μm", "micron", "microns", "micrometer", "micrometers", "micrometre", "micrometres"),
    1.0: ("mm", "millimeter", "millimeters", "millimetre", "millimetres"),
    10.0: ("cm", "centimeter", "centimeters", "centimetre", "centimetres"),
    1e3: ("m", "meter", "meters", "metre", "metres"),
}

_MM_PER_UNIT = MappingProxyType({word: mm for mm, words in _SPELLINGS.items() for word in words})

KNOWN_UNITS = "um (micron), mm, cm or m"
"""The units that are known, for messages."""


def mm_per_unit(word: str) -> float | None:
    """How many mm a unit is, whatever its capitals, blanks, quotes and full stop; None for a word that is not known.

    The sign of micro has two code points, and some units have one of their own; compatibility forms make them one (NFKC).

    >>> mm_per_unit("Microns"), mm_per_unit(" 'cm' "), mm_per_unit("\u339c"), mm_per_unit("pixel")
    (0.001, 10.0, 1.0, None)
    """
    return _MM_PER_UNIT.get(unicodedata.normalize("NFKC", word).strip(" \t\"'“”„‘’.").lower())
