"""On which side of a slice the probe was."""

from __future__ import annotations

from collections.abc import Mapping

from ifssnet.core.results.measures import Side

ORIENTATION = "UltrasoundImageOrientation"
"""The header line in which PLUS says which side of its images is which."""


def probe_side(header: Mapping[str, str]) -> Side:
    """Where the probe was, by PLUS' `UltrasoundImageOrientation`: its second letter says whether rows run away from it (F) or
    towards it (N). Without it, row 0: how a B-mode image is shown.

    >>> probe_side({"UltrasoundImageOrientation": "MN"}), probe_side({})
    ('+y', '-y')
    """
    code = header.get(ORIENTATION, "").strip().upper()
    return "+y" if code[1:2] == "N" else "-y"
