"""Names of the lower leg's parts: what files call them, and what the field does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
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
        synonyms: What files call it beside that, in lower case, in any order of the words; `_SPELLINGS` has each word in
            other languages and short.
        color: Red, green and blue, 0 to 255; None where it has none of its own.
    """

    name: str
    synonyms: tuple[str, ...] = ()
    color: tuple[int, int, int] | None = None


PARTS: tuple[Part, ...] = (
    # Violet, pink and green as in the paper's Fig. 7.
    Part(SOL, ("soleus",), (126, 87, 194)),
    Part(GM, ("mg", "gasmed", "gastrocnemius medial"), (236, 97, 155)),
    Part(GL, ("lg", "gaslat", "gastrocnemius lateral"), (76, 175, 80)),
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
_BY_WORDS: Mapping[frozenset[str], str] = MappingProxyType(
    {frozenset(words.split()): part.name for part in PARTS for words in (part.name.lower(), *part.synonyms)}
)
_RING = ((0, 114, 178), (230, 159, 0), (86, 180, 233), (213, 94, 0), (0, 158, 115), (240, 228, 66), (204, 121, 167))
"""Colours that can be distinguished with any kind of colour vision (Okabe and Ito)."""


_SIDE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "left": "l lt left links linker linke linkes li linkerbeen gauche sinistra sinistro sx sinister izquierda izquierdo "
        "izq esquerda esquerdo esq venstre vanster lewa lewy lewe leva levy",
        "right": "r rt right rechts rechter rechte rechtes re rechterbeen droite droit destra destro dx dexter derecha "
        "derecho dcha direita direito dir hojre hoyre hoger prawa prawy prawe prava pravy",
    }
)

_SIDES_TOGETHER: tuple[tuple[str, str], ...] = (("g", "d"), ("e", "d"), ("izq", "der"), ("sin", "des"), ("sin", "dex"))
"""Short words for left and right that mean something else by themselves: they count where both stand in one list of names."""

_SIDES: Mapping[str, frozenset[str]] = MappingProxyType({side: frozenset(words.split()) for side, words in _SIDE_WORDS.items()})

_NOISE = frozenset(
    (
        *("smooth", "bone", "vhf", "vhm", "mesh", "surface", "label", "mask", "masks", "seg", "segment", "segmentation"),
        *("leg", "bein", "side", "seite"),
        *("m", "muscle", "muscles", "musculus", "musculi", "muskel", "muscolo", "musculo", "caput", "head", "chef", "kopf"),
        *("of", "the", "de", "der", "du", "le", "la"),
    )
).union(*_SIDES.values())
"""What says nothing about which part it is."""

_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        other: word
        for word, others in {
            "soleus": "solei soleaire soleo schollenmuskel",
            "gastrocnemius": "gastrocnemii gastroc gas gastrocnemien gastrocnemio jumeau gemello gemelo",
            "medial": "medialis mediale mediaal med interne interno internal",
            "lateral": "lateralis laterale lateraal lat externe externo external",
            "tibialis": "tibial tib",
            "anterior": "anterieur anteriore ant",
            "posterior": "posterieur posteriore post",
        }.items()
        for other in others.split()
    }
)
"""A word as files spell it, accents left out, to the one in `PARTS`."""


def field_name(text: str) -> str:
    """The field's short name for what a file or a segment calls a muscle.

    >>> field_name("VHF_Left_Muscle_GastrocnemiusMedial_smooth")
    'GM'
    >>> field_name("Soleus"), field_name("sol"), field_name("MyMuscle")
    ('SOL', 'SOL', 'MyMuscle')
    >>> field_name("M. gastrocnemius, caput mediale"), field_name("Muscle soléaire")
    ('GM', 'SOL')
    """
    words = [_SPELLINGS.get(word, word) for word in _words(text)]
    for kept in (words, [word for word in words if word not in _NOISE]):
        if len(set(kept)) == len(kept) and (name := _BY_WORDS.get(frozenset(kept))) is not None:
            return name
    return text


_PLAIN_LETTERS = str.maketrans({"ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ß": "ss", "ł": "l", "Ł": "L", "œ": "oe", "Œ": "OE"})
"""Letters that are no accented ones."""


def _words(text: str) -> list[str]:
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    plain = plain.translate(_PLAIN_LETTERS)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
    return [word for word in re.split(r"[^0-9A-Za-z]+", spaced.lower()) if word]


def _toward_white(part: int, share: float) -> int:
    return round(part + (255 - part) * share)


def side_of(text: str) -> str:
    """The side that a name says, "left" or "right"; empty where it says none or both.

    >>> side_of("soleus left"), side_of("SOL_R"), side_of("VHF_Left_Tibia"), side_of("GL")
    ('left', 'right', 'left', '')
    """
    found = {side for side, words in _SIDES.items() if set(_words(text)) & words}
    return found.pop() if len(found) == 1 else ""


def field_names(names: Iterable[str]) -> dict[str, str]:
    """What the field calls each of several names that stand together, sides kept where both sides are among them.

    A map of one leg says its side for nothing: there `SOL_L` is SOL. Where the two legs stand side by side, `SOL_L` and
    `SOL_R` are structures of their own.

    >>> field_names(["soleus left", "SOL_R", "TIBIA"])
    {'soleus left': 'SOL left', 'SOL_R': 'SOL right', 'TIBIA': 'TIBIA'}
    >>> field_names(["SOL_L", "GM_L"])
    {'SOL_L': 'SOL', 'GM_L': 'GM'}
    """
    every = list(names)
    if (long := _sides_written_out(every)) != every:
        called = field_names(long)
        return {
            name: called[plainer] if called[plainer] != plainer else name for name, plainer in zip(every, long, strict=True)
        }
    known = {name: side_of(name) if field_name(name) in _BY_NAME else "" for name in every}
    if {"left", "right"} <= set(known.values()):
        return {name: f"{field_name(name)} {known[name]}".rstrip() for name in every}
    return {name: field_name(name) for name in every}


def _sides_written_out(names: list[str]) -> list[str]:
    """The same names, with the short words for both sides that stand in them written out."""
    words = {name: _words(name) for name in names}
    for left, right in _SIDES_TOGETHER:
        if any(left in own for own in words.values()) and any(right in own for own in words.values()):
            long = {left: "left", right: "right"}
            return [
                " ".join(long.get(word, word) for word in words[name]) if {left, right} & set(words[name]) else name
                for name in names
            ]
    return names


def in_field_order(names: Iterable[str]) -> list[str]:
    """The paper's three muscles first, in the paper's order and left before right; then the others as they came.

    >>> in_field_order(["TA", "GM", "SOL right", "SOL left"])
    ['SOL left', 'SOL right', 'GM', 'TA']
    """
    return sorted(names, key=place_of)


def place_of(name: str) -> tuple[int, str]:
    """What a name is sorted by, for `in_field_order`."""
    short = field_name(name)
    return (TRICEPS_SURAE.index(short), side_of(name)) if short in TRICEPS_SURAE else (len(TRICEPS_SURAE), "")


def color_of(name: str, index: int) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of a part: its own, or that of its index in a ring where it has none.

    The right one of two sides is lighter.

    >>> color_of("SOL", 0), color_of("M. soleus", 2), color_of("TA", 1)
    ((126, 87, 194), (126, 87, 194), (230, 159, 0))
    """
    base, _, side = name.rpartition(" ")
    if side in _SIDES and base in _BY_NAME:
        red, green, blue = color_of(base, index)
        whiter = 0.45 if side == "right" else 0.0
        return (_toward_white(red, whiter), _toward_white(green, whiter), _toward_white(blue, whiter))
    part = _BY_NAME.get(field_name(name))
    return _RING[index % len(_RING)] if part is None or part.color is None else part.color
