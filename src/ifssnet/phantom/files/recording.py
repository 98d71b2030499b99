"""A leg recorded by either generator."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.phantom.anatomy.scannable_leg import HasTissues, ScannableLeg
from ifssnet.phantom.scanner.acquisition import VERSION, Acquisition, Via, VolumeSize, acquire
from ifssnet.phantom.varied_scanner.acquisition import VARIED, acquire_varied
from ifssnet.phantom.varied_scanner.draw import SCANNERS, draw_look, second_look
from ifssnet.phantom.varied_scanner.look import DRAWN, Look

GeneratorName = Literal["phantom/1", "phantom/2"]


@dataclass(frozen=True)
class Generated:
    """What makes the images of a leg.

    Attributes:
        name: "phantom/1", one scanner for all legs, frozen; "phantom/2", another for each.
        scanner: The family that phantom/2 draws scanners from.

    Raises:
        InputError: A generator or a scanner that there is not, or a scanner of phantom/1.
    """

    name: GeneratorName = VERSION
    scanner: str = DRAWN

    def __post_init__(self) -> None:
        if self.name not in (VERSION, VARIED):
            raise InputError(f"{VERSION} or {VARIED}", f"'{self.name}'", "Choose one of these.")
        if self.scanner not in SCANNERS:
            raise InputError(f"a scanner among {', '.join(SCANNERS)}", f"'{self.scanner}'", "Choose one of these.")
        if self.name == VERSION and self.scanner != DRAWN:
            raise InputError(
                f"a scanner of {VARIED}", f"the scanner '{self.scanner}' of {VERSION}, which has one only",
                f"Choose --generator {VARIED}, or leave the scanner out.",
            )  # fmt: skip


PHANTOM_1 = Generated()


@dataclass(frozen=True, eq=False)
class Recording:
    """An acquisition, and what made it.

    Attributes:
        acquisition: Volume, truth and sweeps.
        generator: Name of the generator.
        tissues: Knows the tissue of every pixel of the sweeps.
        look: What phantom/2 drew for it.
    """

    acquisition: Acquisition
    generator: str
    tissues: HasTissues
    look: Look | None = None


def record_leg(
    leg: ScannableLeg, size: VolumeSize, via: Via, number: int, seed: int, by: Generated = PHANTOM_1
) -> Generator[Progress, None, Recording]:
    """Record a leg by a generator; r2 (`number` 2) is the same leg and machine with more gain and a lower frequency."""
    if by.name == VERSION:
        return Recording((yield from acquire(leg, size, via, number, seed)), VERSION, leg)
    look = draw_look(leg.seed, by.scanner)
    found = yield from acquire_varied(leg, size, via, look if number == 1 else second_look(look), number, seed)
    return Recording(found.acquisition, VARIED, found.pressed, found.look)
