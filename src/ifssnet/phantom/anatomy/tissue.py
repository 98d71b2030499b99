"""What the leg is made of: codes, names and acoustic properties of its tissues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from ifssnet.core.muscles import GL, GM, SOL


class Tissue(IntEnum):
    """A tissue's code: the label value in a full label map of the leg. 0 is the water around it."""

    WATER = 0
    SOL = 1
    GM = 2
    GL = 3
    TIBIA = 4
    FIBULA = 5
    SKIN = 6
    FAT = 7
    FASCIA = 8
    TENDON = 9
    TP = 10
    FHL = 11
    FDL = 12
    TA = 13
    EDL = 14
    PERONEI = 15
    VESSEL = 16
    DEEP_FAT = 17
    PLANTARIS = 18


NAMES: Mapping[int, str] = MappingProxyType(
    {int(t): {Tissue.SOL: SOL, Tissue.GM: GM, Tissue.GL: GL}.get(t, t.name) for t in Tissue if t is not Tissue.WATER}
)
"""Label value to name, for every tissue."""


@dataclass(frozen=True)
class Acoustics:
    """How a tissue answers to ultrasound.

    Attributes:
        backscatter_db: Mean echo amplitude, relative to resting adult muscle.
        attenuation_db_cm_mhz: One way, at 1 MHz, growing linearly with frequency.
        texture: How much the backscatter varies in the tissue, SD of its natural logarithm.
        pennation_deg: Angle of a muscle's fascicles to the leg's axis, from the superficial to the deep side; 0 for what
            is no muscle.
    """

    backscatter_db: float
    attenuation_db_cm_mhz: float
    texture: float = 0.0
    pennation_deg: float = 0.0


ACOUSTICS: Mapping[Tissue, Acoustics] = MappingProxyType(
    {
        # Attenuations: reviews of soft tissue (Goss et al. 1978, J Acoust Soc Am 64:423; Culjat et al. 2010,
        # Ultrasound Med Biol 36:861). Echo levels: neighbouring muscles differ by about 1 dB, as calves do in B-mode.
        # Pennation: Ward et al. 2009, Clin Orthop Relat Res 467:1074, and in vivo at rest.
        Tissue.WATER: Acoustics(-80.0, 0.002),
        Tissue.SOL: Acoustics(-0.6, 0.60, 0.55, 22.0),
        Tissue.GM: Acoustics(0.4, 0.58, 0.50, 19.0),
        Tissue.GL: Acoustics(0.0, 0.58, 0.50, 12.0),
        Tissue.TIBIA: Acoustics(-18.0, 9.0),
        Tissue.FIBULA: Acoustics(-18.0, 9.0),
        Tissue.SKIN: Acoustics(11.0, 1.2, 0.2),
        Tissue.FAT: Acoustics(-3.0, 0.50, 0.55),
        Tissue.FASCIA: Acoustics(9.0, 1.0, 0.3),
        Tissue.TENDON: Acoustics(6.0, 0.9, 0.4),
        Tissue.TP: Acoustics(-0.4, 0.60, 0.55, 14.0),
        Tissue.FHL: Acoustics(-0.2, 0.60, 0.55, 12.0),
        Tissue.FDL: Acoustics(0.2, 0.60, 0.55, 12.0),
        Tissue.TA: Acoustics(0.3, 0.60, 0.50, 10.0),
        Tissue.EDL: Acoustics(0.3, 0.60, 0.50, 10.0),
        Tissue.PERONEI: Acoustics(0.0, 0.60, 0.50, 11.0),
        Tissue.VESSEL: Acoustics(-30.0, 0.15),
        Tissue.DEEP_FAT: Acoustics(2.0, 0.60, 0.6),
        Tissue.PLANTARIS: Acoustics(5.0, 0.9, 0.3),
    }
)


def acoustic_table() -> Float[np.ndarray, "tissue 4"]:
    """Rows by tissue code: backscatter as an amplitude, attenuation in dB/(cm MHz), texture, pennation in rad."""
    table = np.zeros((len(Tissue), 4))
    for tissue, a in ACOUSTICS.items():
        table[tissue] = (10.0 ** (a.backscatter_db / 20.0), a.attenuation_db_cm_mhz, a.texture, np.deg2rad(a.pennation_deg))
    return table


@dataclass(frozen=True)
class Condition:
    """The state of a leg's muscles, beyond their shape.

    Attributes:
        seed: What the random numbers of the texture start from: the same leg shows the same fascicles in every view.
        infiltration: Mean share of fat between the fibres, 0 to 1.
        lesion_xyzr_mm: Centre and radius of an injury; no injury with a radius of 0.
    """

    seed: int = 0
    infiltration: float = 0.0
    lesion_xyzr_mm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
