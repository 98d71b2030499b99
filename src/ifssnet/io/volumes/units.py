"""What headers call a unit of length, in mm."""

from __future__ import annotations

from types import MappingProxyType

_SPELLINGS = {
    1e-3: ("um", "µm", "μm", "micron", "microns", "micrometer", "micrometers", "micrometre", "micrometres"),
    1.0: ("mm", "millimeter", "millimeters", "millimetre", "millimetres"),
    10.0: ("cm", "centimeter", "centimeters", "centimetre", "centimetres"),
    1e3: ("m", "meter", "meters", "metre", "metres"),
}

MM_PER_UNIT = MappingProxyType({word: mm for mm, words in _SPELLINGS.items() for word in words})
"""Every spelling that is known, in lower case, with the length in mm."""

KNOWN_UNITS = "um (micron), mm, cm or m"
"""The units that are known, for messages."""


def mm_per_unit(word: str) -> float | None:
    """How many mm a unit is, whatever its capitals and blanks; None for a word that is not known.

    >>> mm_per_unit("Microns"), mm_per_unit(" cm "), mm_per_unit("pixel")
    (0.001, 10.0, None)
    """
    return MM_PER_UNIT.get(word.strip().strip('"').strip().lower())
