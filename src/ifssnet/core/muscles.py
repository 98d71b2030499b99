"""Names of the lower leg's parts: what files call them, and what the field does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

SOL, GM, GL = "SOL", "GM", "GL"

TRICEPS_SURAE: tuple[str, ...] = (SOL, GM, GL)
"""The paper's three muscles, in the order of every table and figure."""

COLORS: Mapping[str, tuple[int, int, int]] = MappingProxyType({SOL: (126, 87, 194), GM: (236, 97, 155), GL: (76, 175, 80)})
"""Red, green, blue; violet, pink and green as in the paper's Fig. 7."""

_SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        SOL: ("sol", "soleus"),
        GM: ("gm", "mg", "gastrocnemius medial", "gastrocnemius medialis", "medial gastrocnemius"),
        GL: ("gl", "lg", "gastrocnemius lateral", "gastrocnemius lateralis", "lateral gastrocnemius"),
        "TA": ("ta", "tibialis anterior"),
        "TP": ("tp", "tibialis posterior"),
        "EDL": ("edl", "extensor digitorum longus"),
        "EHL": ("ehl", "extensor hallucis longus", "extensor hallicus longus"),
        "FDL": ("fdl", "flexor digitorum longus"),
        "FHL": ("fhl", "flexor hallucis longus", "flexor hallicus longus"),
        "PL": ("pl", "peroneus longus", "fibularis longus"),
        "PLANTARIS": ("plantaris",),
        "POPLITEUS": ("popliteus",),
        "TIBIA": ("tibia",),
        "FIBULA": ("fibula",),
    }
)
_BY_WORDS: Mapping[str, str] = MappingProxyType({words: name for name, all_words in _SYNONYMS.items() for words in all_words})
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
    """Red, green and blue, 0 to 255: the paper's for its muscles, else one of a colour-blind safe ring by index."""
    ring = ((0, 114, 178), (230, 159, 0), (86, 180, 233), (213, 94, 0), (0, 158, 115), (240, 228, 66), (204, 121, 167))
    return COLORS.get(name, ring[index % len(ring)])
