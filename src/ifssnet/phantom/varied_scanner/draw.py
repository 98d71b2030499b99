"""Looks drawn at random: families of scanners, and what differs from leg to leg."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.phantom.anatomy.tissue import Tissue
from ifssnet.phantom.varied_scanner.look import DRAWN, Handling, Look, Scanner, TissueLook

Range = tuple[float, float]


class _Between:
    """Numbers from ranges."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def __call__(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 4)

    def ratio(self, low: float, high: float) -> float:
        """Uniform in the logarithm."""
        return round(low * (high / low) ** float(self.rng.uniform()), 4)


def _scanner(
    draw: _Between, family: str, mhz: Range, looks: Range, filtering: Range, range_db: Range, level: Range, gamma: Range
) -> Scanner:
    frequency = draw.ratio(*mhz)
    slider_db = draw(0.5, 4.5)
    return Scanner(
        family=family,
        frequency_mhz=frequency,
        f_number=draw(1.8, 3.2),
        focus_mm=draw(15.0, 45.0),
        cycles=draw(1.5, 3.0),
        elevation_mm=draw(0.9, 2.8),
        looks=draw.ratio(*looks),
        filtering=draw(*filtering),
        dynamic_range_db=draw(*range_db),
        level=draw(*level),
        gamma=draw.ratio(*gamma),
        curve=draw(0.0, 0.7),
        tgc_db=tuple(round(float(v), 2) for v in slider_db * draw.rng.standard_normal(8)),
        made_up=draw(0.6, 1.08),
        noise_db=draw(-38.0, -9.0),
        reverberation=draw.ratio(0.002, 0.03),
        shadow_db=draw(16.0, 50.0),
        persistence=draw(0.0, 0.6),
    )


def _speckled(draw: _Between) -> Scanner:
    """Little is done about speckle."""
    return _scanner(draw, "speckled", (4.0, 9.0), (1.0, 2.5), (0.0, 0.3), (48.0, 70.0), (0.22, 0.48), (0.65, 1.3))


def _compounding(draw: _Between) -> Scanner:
    """Spatial and frequency compounding: smooth tissue in mid greys."""
    return _scanner(draw, "compounding", (6.0, 14.0), (4.0, 30.0), (0.2, 0.9), (55.0, 80.0), (0.24, 0.58), (0.55, 1.2))


def _contrasting(draw: _Between) -> Scanner:
    """A dark picture with bright lines."""
    return _scanner(draw, "contrasting", (5.0, 12.0), (2.0, 10.0), (0.1, 0.7), (45.0, 60.0), (0.16, 0.32), (0.8, 1.5))


def _portable(draw: _Between) -> Scanner:
    """A small machine: few lines, low frequency, much noise and persistence. No leg for training is drawn from it."""
    scanner = _scanner(draw, "portable", (3.5, 5.0), (1.0, 1.6), (0.0, 0.2), (45.0, 54.0), (0.2, 0.4), (0.7, 1.0))
    return replace(
        scanner, f_number=draw(3.4, 4.5), elevation_mm=draw(2.6, 4.0), noise_db=draw(-12.0, -5.0), persistence=draw(0.5, 0.8)
    )


def _leg3dus(draw: _Between) -> Scanner:
    """The Aixplorer as LEG-3D-US was recorded."""
    return Scanner(
        family="leg3dus",
        frequency_mhz=draw(5.5, 6.5),
        focus_mm=draw(25.0, 35.0),
        looks=draw.ratio(1.5, 4.0),
        filtering=draw(0.1, 0.4),
        dynamic_range_db=draw(55.0, 65.0),
        level=draw(0.20, 0.27),
        tgc_db=tuple(round(float(v), 2) for v in draw.rng.standard_normal(8)),
        made_up=draw(0.9, 1.0),
        shadow_db=draw(35.0, 50.0),
    )


FAMILIES: Mapping[str, Callable[[_Between], Scanner]] = MappingProxyType(
    {
        "speckled": _speckled,
        "compounding": _compounding,
        "contrasting": _contrasting,
        "leg3dus": _leg3dus,
        "portable": _portable,
    }
)

IN_TRAINING = ("speckled", "compounding", "contrasting", "leg3dus")
"""Families that a drawn look comes from; `portable` is kept apart to test on."""

SCANNERS = (DRAWN, *FAMILIES)


def draw_look(seed: int, scanner: str = DRAWN) -> Look:
    """A leg's look.

    Args:
        seed: Any integer of 0 or more; the same seed gives the same look.
        scanner: Name of a family, or "drawn" for any of `IN_TRAINING`.

    Raises:
        InputError: No such scanner.
    """
    if scanner not in SCANNERS:
        raise InputError(f"a scanner among {', '.join(SCANNERS)}", f"'{scanner}'", "Choose one of these.")
    draw = _Between(np.random.default_rng([seed, 0x100C]))
    chosen = IN_TRAINING[int(draw.rng.choice(len(IN_TRAINING), p=(0.3, 0.35, 0.25, 0.1)))]
    family = chosen if scanner == DRAWN else scanner
    machine = FAMILIES[family](_Between(np.random.default_rng([seed, 0x5CA2])))
    tissue, handling = _tissue(draw), _handling(draw)
    if family == "leg3dus":
        tissue = replace(tissue, turning=3.0 + 0.5 * tissue.turning, continuity=0.8 * tissue.continuity)
        handling = replace(handling, press_mm=0.0, standoff_mm=6.0, sweeps=5, bath=True, seam_db=min(handling.seam_db, 1.0))
    return Look(machine, tissue, handling)


def second_look(look: Look) -> Look:
    """r2 of LEG-3D-US: more gain and a lower frequency."""
    lower = replace(
        look.scanner,
        frequency_mhz=round(max(2.5, 0.65 * look.scanner.frequency_mhz), 4),
        level=round(look.scanner.level + 6.0 / look.scanner.dynamic_range_db, 4),
    )
    return replace(look, scanner=lower)


def _tissue(draw: _Between) -> TissueLook:
    muscle_db = draw.rng.standard_normal(len(Tissue))
    echo = np.round(1.2 * np.clip(muscle_db, -2.0, 2.0), 3)
    echo[Tissue.WATER] = 0.0
    echo[[Tissue.FAT]] = draw(-9.0, 5.0)
    echo[[Tissue.DEEP_FAT, Tissue.TENDON]] = draw(-7.0, 4.0), draw(-5.0, 4.0)
    echo[[Tissue.SKIN]] = draw(-6.0, 2.0)
    return TissueLook(
        echo_db=tuple(float(v) for v in echo),
        grain=draw.ratio(0.3, 1.5),
        septa_db=draw(1.0, 16.0),
        septa_mm=draw.ratio(1.6, 5.0),
        septa_share=draw(0.1, 0.9),
        septa_length_mm=draw.ratio(3.5, 14.0),
        fascia_db=draw(16.0, 36.0),
        fascia_mm=draw.ratio(0.45, 1.5),
        continuity=draw(0.85, 1.0) if draw.rng.random() < 0.75 else draw(0.5, 0.85),
        doubled=draw(0.0, 0.6),
        gap_mm=draw(0.9, 2.2),
        turning=draw(0.6, 4.0),
        least_facing=draw(0.12, 0.9),
        fat_layers_db=draw(0.0, 18.0),
        fat_layer_mm=draw.ratio(1.4, 4.5),
        uneven_fat=draw(0.05, 0.35),
        veins=int(draw.rng.integers(0, 10)),
    )


def _handling(draw: _Between) -> Handling:
    pressed = bool(draw.rng.random() < 0.45)
    return Handling(
        sweeps=int(draw.rng.integers(4, 7)),
        standoff_mm=0.0 if pressed else draw(2.0, 9.0),
        press_mm=draw(0.5, 7.0) if pressed else 0.0,
        misregistration_mm=draw(0.1, 0.9),
        steps=int(draw.rng.integers(0, 3)),
        seam_db=draw(0.1, 2.0),
        edge_db=draw(0.0, 8.0),
        lost_per_m=draw(0.0, 10.0),
        bath=bool(draw.rng.random() < 0.6) and not pressed,
    )
