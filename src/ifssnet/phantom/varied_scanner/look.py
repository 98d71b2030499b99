"""How one leg looks on one scanner: what `phantom/2` draws for each leg, and keeps with it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from ifssnet.core.errors import InputError

DRAWN = "drawn"
"""Each leg draws its scanner from all families but those that are left out of training."""


@dataclass(frozen=True)
class Scanner:
    """The machine, its settings and its display.

    Attributes:
        family: Name of the family that it was drawn from.
        frequency_mhz: Centre frequency.
        f_number: Focal length over aperture.
        focus_mm: Depth of the focus.
        cycles: Length of the pulse in wavelengths.
        elevation_mm: Full width at half maximum of the slice's thickness.
        looks: Views that spatial and frequency compounding average; 1 leaves the speckle whole.
        filtering: Strength of the speckle filter, 0 to 1.
        dynamic_range_db: From black to white.
        level: Where the mean of resting muscle lies, as a share of the grey scale, before the grey map.
        gamma: Exponent of the grey map; below 1 it lifts the mid greys.
        curve: How much of the grey map is an S, 0 to 1.
        tgc_db: Errors of the time-gain sliders, from the face to 90 mm.
        made_up: Share of the attenuation that the time-gain compensation makes up for.
        noise_db: Electronic noise where the time-gain compensation is greatest, relative to muscle.
        reverberation: Amplitude of the echo between face and skin.
        shadow_db: How dark it is behind bone.
        persistence: Share of the image before that stays in an image.
    """

    family: str = "leg3dus"
    frequency_mhz: float = 6.0
    f_number: float = 2.6
    focus_mm: float = 30.0
    cycles: float = 2.0
    elevation_mm: float = 1.6
    looks: float = 2.0
    filtering: float = 0.2
    dynamic_range_db: float = 60.0
    level: float = 0.24
    gamma: float = 1.0
    curve: float = 0.0
    tgc_db: tuple[float, ...] = (0.0, 0.0)
    made_up: float = 0.95
    noise_db: float = -25.0
    reverberation: float = 0.006
    shadow_db: float = 45.0
    persistence: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("frequency_mhz", 1.0, 20.0),
            ("f_number", 0.5, 10.0),
            ("focus_mm", 5.0, 200.0),
            ("cycles", 0.5, 10.0),
            ("elevation_mm", 0.1, 10.0),
            ("looks", 1.0, 100.0),
            ("filtering", 0.0, 1.0),
            ("dynamic_range_db", 20.0, 120.0),
            ("gamma", 0.2, 5.0),
            ("curve", 0.0, 1.0),
            ("persistence", 0.0, 0.95),
        ):
            value: float = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise InputError(f"a {name} from {low:g} to {high:g}", f"{name} = {value}", "Correct the scanner.")


@dataclass(frozen=True)
class TissueLook:
    """How a leg's tissues answer: alike on all its slices.

    Attributes:
        echo_db: Added to each tissue's backscatter, by `Tissue` code.
        grain: How much the backscatter varies inside a muscle, relative to the typical leg's.
        septa_db: Echo of the septa between a muscle's bundles, above muscle.
        septa_mm: Distance of the septa.
        septa_share: Share of a muscle in which they show.
        septa_length_mm: How far one runs across the leg.
        fascia_db: Echo of a fascia between muscles, above muscle.
        fascia_mm: Its thickness.
        continuity: Share of the border on which it shows.
        doubled: Share of the border on which two lines show.
        gap_mm: Distance of the two lines.
        turning: How fast a fascia fades as it turns from the beam.
        least_facing: Share of its echo that comes from any side.
        fat_layers_db: Echo of the layers in the fat, above muscle.
        fat_layer_mm: Their distance.
        uneven_fat: How much the fat's thickness varies along and around the leg, as a share (SD).
        veins: Veins inside the muscles and in the fat.
    """

    echo_db: tuple[float, ...] = ()
    grain: float = 1.0
    septa_db: float = 8.0
    septa_mm: float = 3.0
    septa_share: float = 0.4
    septa_length_mm: float = 7.0
    fascia_db: float = 16.0
    fascia_mm: float = 0.9
    continuity: float = 0.7
    doubled: float = 0.3
    gap_mm: float = 1.3
    turning: float = 3.0
    least_facing: float = 0.15
    fat_layers_db: float = 8.0
    fat_layer_mm: float = 2.5
    uneven_fat: float = 0.2
    veins: int = 4

    def __post_init__(self) -> None:
        shares = ("septa_share", "continuity", "doubled", "least_facing")
        lengths = ("septa_mm", "septa_length_mm", "fascia_mm", "gap_mm", "fat_layer_mm")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in shares and not 0 <= value <= 1:
                raise InputError(f"a {field.name} from 0 to 1", f"{value}", "Correct the tissue's look.")
            if field.name in lengths and not value > 0:
                raise InputError(f"a positive {field.name}", f"{value}", "Correct the tissue's look.")


@dataclass(frozen=True)
class Handling:
    """How the probe was led.

    Attributes:
        sweeps: Parallel sweeps side by side.
        standoff_mm: Water between probe and skin; 0 where the probe is pressed.
        press_mm: How deep the face lies below the leg's highest place under it; 0 under water.
        misregistration_mm: SD of the place of a sweep, of its drift along the leg and of its steps; 2 mm at most.
        steps: Places of a sweep at which its position jumps.
        seam_db: SD of the sweeps' gain.
        edge_db: What the lines at both edges of the face lose.
        lost_per_m: Bands along a metre of sweep in which contact is lost.
        bath: Whether the bath's bottom is seen.
    """

    sweeps: int = 5
    standoff_mm: float = 6.0
    press_mm: float = 0.0
    misregistration_mm: float = 0.3
    steps: int = 0
    seam_db: float = 0.5
    edge_db: float = 2.0
    lost_per_m: float = 3.0
    bath: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.sweeps <= 12:
            raise InputError("1 to 12 sweeps", f"{self.sweeps}", "Correct the handling.")
        for name in ("standoff_mm", "press_mm", "misregistration_mm", "steps", "seam_db", "edge_db", "lost_per_m"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"a {name} of 0 or more", f"{value}", "Correct the handling.")


@dataclass(frozen=True)
class Look:
    """A leg's look in one acquisition.

    Attributes:
        scanner: The machine.
        tissue: The leg's tissues.
        handling: How the probe was led.
    """

    scanner: Scanner = Scanner()
    tissue: TissueLook = TissueLook()
    handling: Handling = Handling()
