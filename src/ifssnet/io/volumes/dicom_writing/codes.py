"""Codes of SNOMED CT for muscles and bones of the lower leg.

Source of the muscles' codes: Uberon's bridge to SNOMED CT (`uberon-bridge-to-sctid`, release of 2026-04-01), which maps its
terms to the concepts "entire muscle"; its editors say that these mappings are less verified than others. Tibia, fibula, sides
and categories are those of DICOM PS3.16 (CID 7150, 244, 4031).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydicom.sr.coding import Code

from ifssnet.core.muscles import field_name, side_of

SNOMED = "SCT"
STRUCTURE = Code("91723000", SNOMED, "Anatomical Structure")

_CODES: Mapping[str, Code] = MappingProxyType(
    {
        "SOL": Code("181702007", SNOMED, "Soleus muscle"),
        "GM": Code("213689008", SNOMED, "Medial head of gastrocnemius muscle"),
        "GL": Code("213588009", SNOMED, "Lateral head of gastrocnemius muscle"),
        "TA": Code("181696007", SNOMED, "Tibialis anterior muscle"),
        "TP": Code("361824007", SNOMED, "Tibialis posterior muscle"),
        "FDL": Code("181703002", SNOMED, "Flexor digitorum longus muscle"),
        "FHL": Code("361826009", SNOMED, "Flexor hallucis longus muscle"),
        "PL": Code("361825008", SNOMED, "Fibularis longus muscle"),
        "POPLITEUS": Code("245032004", SNOMED, "Popliteus muscle"),
        "TIBIA": Code("12611008", SNOMED, "Tibia"),
        "FIBULA": Code("87342007", SNOMED, "Fibula"),
    }
)
_SIDES: Mapping[str, Code] = MappingProxyType(
    {"left": Code("7771000", SNOMED, "Left"), "right": Code("24028007", SNOMED, "Right")}
)


@dataclass(frozen=True)
class CodedPart:
    """What a structure is, in codes.

    Attributes:
        type: The structure; the category itself where no code is known for it.
        side: Its side; None where its name says none.
    """

    type: Code
    side: Code | None


def coded(name: str) -> CodedPart:
    """The codes of a structure by what a file calls it.

    >>> coded("Soleus left").type.value, coded("Soleus left").side.meaning, coded("cyst").type.meaning
    ('181702007', 'Left', 'Anatomical Structure')
    """
    base = name.rpartition(" ")[0] if side_of(name) and field_name(name) not in _CODES else name
    return CodedPart(_CODES.get(field_name(base), STRUCTURE), _SIDES.get(side_of(name)))


def all_codes() -> Mapping[str, Code]:
    """Every structure that has a code of its own, by its short name."""
    return _CODES
