"""Random looks of a leg: grey level and contrast of each tissue, alike on all that is shown of the leg.

A network that sees drawn slices of the leg learns from them what a border looks like there, as nothing absolute is left that
could be learned by heart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Integer

from ifssnet.core.errors import InputError
from ifssnet.train.data.grey import WHITE, blur, through
from ifssnet.train.data.warp import smooth_field

_PLACES = 9
"""Places of the display curve between which it is linear."""


@dataclass(frozen=True)
class RandomLooks:
    """How far looks differ.

    Attributes:
        chance: Share of samples with another look; 0 for none.
        level: The most that is added to a tissue's grey levels or taken from them.
        contrast: The largest factor of a tissue's differences from its mean, and 1 / the smallest.
        curve: How uneven display curves are: SD of the logarithm of their slopes; they rise everywhere.
        field: SD of what is added place by place, over some 30 mm.
        patched: Share of samples with patches of lost contact on the wanted slices, not on drawn ones.
    """

    chance: float = 0.0
    level: float = 25.0
    contrast: float = 1.6
    curve: float = 0.5
    field: float = 8.0
    patched: float = 0.15

    def __post_init__(self) -> None:
        shares = (self.chance, self.patched)
        if not all(0 <= share <= 1 for share in shares):
            raise InputError("chance and patched from 0 to 1", f"{shares}", "Correct them.")
        if min(self.level, self.curve, self.field) < 0 or self.contrast < 1:
            raise InputError(
                "level, curve and field from 0, contrast from 1",
                f"{self.level}, {self.curve}, {self.field}, {self.contrast}",
                "Correct them.",
            )


def change_look(
    rng: np.random.Generator,
    stack: Float32[np.ndarray, "plane y x"],
    tissue: Integer[np.ndarray, "plane y x"],
    wanted: int,
    pixel_mm: float,
    looks: RandomLooks,
) -> Float32[np.ndarray, "plane y x"]:
    """Another look of a leg; pixels of exactly 0 were not scanned and stay so.

    Args:
        rng: Source of randomness.
        stack: Grey levels from 0 to 255 of all that is shown of the leg.
        tissue: What lies where: small whole numbers.
        wanted: Planes at the beginning that are the wanted slice and its neighbours; the others were drawn.
        pixel_mm: The side of a pixel.
        looks: How far.
    """
    changed = stack
    if rng.random() < looks.chance:
        changed = _by_tissue(rng, changed, tissue, looks)
        plane = smooth_field(rng, (stack.shape[1], stack.shape[2]), rng.uniform(0, looks.field), 30 / pixel_mm)
        slopes = np.exp(rng.normal(0, looks.curve, _PLACES - 1))
        ends = np.concatenate([[0.0], np.cumsum(slopes)]) * (WHITE / slopes.sum())
        table = np.asarray(np.interp(np.arange(257), np.linspace(0, WHITE, _PLACES), ends), dtype=np.float32)
        changed = through(np.clip(changed + plane, 0, WHITE), table)
    if rng.random() < looks.patched:
        changed = changed.copy()
        for _ in range(int(rng.integers(1, 4))):
            rows, columns = (_span(rng, side) for side in stack.shape[1:])
            changed[:wanted, rows, columns] *= np.float32(rng.uniform(0, 0.6))
    return np.where(stack == 0, np.float32(0), np.maximum(changed, np.float32(1))).astype(np.float32)


def _by_tissue(
    rng: np.random.Generator,
    stack: Float32[np.ndarray, "plane y x"],
    tissue: Integer[np.ndarray, "plane y x"],
    looks: RandomLooks,
) -> Float32[np.ndarray, "plane y x"]:
    """Level and contrast of each tissue, alike on all planes; they change over a pixel or two, not at a line of their own."""
    kinds = int(tissue.max()) + 1
    count = np.bincount(tissue.reshape(-1), minlength=kinds)
    mean = np.bincount(tissue.reshape(-1), stack.reshape(-1), minlength=kinds) / np.maximum(count, 1)
    contrast = looks.contrast ** rng.uniform(-1, 1, kinds)
    level = mean * (1 - contrast) + rng.uniform(-looks.level, looks.level, kinds)
    factor, added = (blur(values.astype(np.float32)[tissue], 0.25) for values in (contrast, level))
    return stack * factor + added


def _span(rng: np.random.Generator, side: int) -> slice:
    length = int(rng.integers(max(side // 12, 1), max(side // 4, 2)))
    first = int(rng.integers(0, max(side - length, 1)))
    return slice(first, first + length)
