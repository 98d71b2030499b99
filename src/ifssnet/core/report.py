"""Numbers that JSON has a word for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ifssnet.core.segmentation import Json


def finite(value: Json) -> Json:
    """The same data with NaN and infinity as None, for which JSON has no other word."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [finite(entry) for entry in value]
    return value
