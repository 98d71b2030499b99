"""Names of the lower leg's parts: what files call them, and what the field does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SOL, GM, GL = "SOL", "GM", "GL"

TRICEPS_SURAE: tuple[str, ...] = (SOL, GM, GL)
"""The paper's three muscles, in the order of every table and figure."""


@dataclass(frozen=True)
class Part:
    """A muscle or a bone of the lower leg.

    Attributes:
        name: The field's short name.
        synonyms: What files call it beside that, in lower case.
        color: Red, green and blue, 0 to 255; None where it has none of its own.
    """

    name: str
    synonyms: tuple[str, ...] = ()
    color: tuple[int, int, int] | None = None


PARTS: tuple[Part, ...] = (
    # Violet, pink and green as in the paper's Fig. 7.
    Part(SOL, ("soleus",), (126, 87, 194)),
    Part(GM, ("mg", "gastrocnemius medial", "gastrocnemius medialis", "medial gastrocnemius"), (236, 97, 155)),
    Part(GL, ("lg", "gastrocnemius lateral", "gastrocnemius lateralis", "lateral gastrocnemius"), (76, 175, 80)),
    Part("TA", ("tibialis anterior",)),
    Part("TP", ("tibialis posterior",)),
    Part("EDL", ("extensor digitorum longus",)),
    Part("EHL", ("extensor hallucis longus", "extensor hallicus longus")),
    Part("FDL", ("flexor digitorum longus",)),
    Part("FHL", ("flexor hallucis longus", "flexor hallicus longus")),
    Part("PL", ("peroneus longus", "fibularis longus")),
    Part("PLANTARIS"),
    Part("POPLITEUS"),
    Part("TIBIA"),
    Part("FIBULA"),
)
"""Every part that has a name of its own; a further muscle is one more line."""

_BY_NAME: Mapping[str, Part] = MappingProxyType({part.name: part for part in PARTS})
_BY_WORDS: Mapping[str, str] = MappingProxyType(
    {words: part.name for part in PARTS for words in (part.name.lower(), *part.synonyms)}
)
_RING = ((0, 114, 178), (230, 159, 0), (86, 180, 233), (213, 94, 0), (0, 158, 115), (240, 228, 66), (204, 121, 167))
"""Colours that can be distinguished with any kind of colour vision (Okabe and Ito)."""

_NOISE = {"smooth", "muscle", "muscles", "bone", "left", "right", "vhf", "vhm", "l", "r", "mesh", "surface", "label"}


def field_name(text: str) -> str:
    """The field's short name for what a file or a segment calls a muscle.

    >>> field_name("VHF_Left_Muscle_GastrocnemiusMedial_smooth")
    'GM'
    >>> field_name("Soleus"), field_name("sol"), field_name("MyMuscle")
    ('SOL', 'SOL', 'MyMuscle')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words = [word for word in re.split(r"[^0-9A-Za-z]+", spaced.lower()) if word]
    for kept in (words, [word for word in words if word not in _NOISE]):
        if (name := _BY_WORDS.get(" ".join(kept))) is not None:
            return name
    return text


def color_of(name: str, index: int) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of a part: its own, or that of its index in a ring where it has none.

    >>> color_of("SOL", 0), color_of("TA", 1)
    ((126, 87, 194), (230, 159, 0))
    """
    part = _BY_NAME.get(name)
    return _RING[index % len(_RING)] if part is None or part.color is None else part.color
