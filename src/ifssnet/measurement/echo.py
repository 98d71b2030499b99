"""Echo intensity: the mean grey level of a muscle, whole, away from its border, and where the probe sees it first."""

# The libraries carry no types; see pyproject.toml.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import edt
import numpy as np
from jaxtyping import Bool, Float, Integer, Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Json
from ifssnet.geometry.box import Box, grown

Side = Literal["-x", "+x", "-y", "+y"]
"""A side of a slice, by its array axes: "-y" is where the row number is 0."""

WHOLE, ERODED, SUPERFICIAL = "whole", "eroded", "superficial"


@dataclass(frozen=True)
class EchoOptions:
    """Which parts of a muscle are looked at.

    Attributes:
        erosion_mm: The eroded part keeps the pixels further than this from the nearest pixel, on the slice, outside the muscle:
            the bright fascia stays out.
        band_mm: Depth of the superficial band, along the beam from where it first meets the muscle.
        probe_side: The side of the slices on which the probe was; None reads it from the volume's header.
    """

    erosion_mm: float = 2.0
    band_mm: float = 10.0
    probe_side: Side | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.erosion_mm) and self.erosion_mm >= 0 and math.isfinite(self.band_mm) and self.band_mm > 0):
            raise InputError(
                "an erosion of 0 mm or more and a band of more than 0 mm",
                f"{self.erosion_mm} and {self.band_mm} mm",
                "Correct it.",
            )
        if self.probe_side is not None and self.probe_side not in get_args(Side):
            raise InputError(f"a side out of {', '.join(get_args(Side))}", f"'{self.probe_side}'", "Choose one of them.")


@dataclass(frozen=True, eq=False)
class Echo:
    """Grey levels of one muscle.

    Attributes:
        mean: Part ("whole", "eroded", "superficial") to the mean of its grey levels; NaN where the part is empty.
        sd: The same for the standard deviation (of all voxels, n in the denominator).
        profile: Part to the mean on each slice of the muscle's box.
    """

    mean: Mapping[str, float]
    sd: Mapping[str, float]
    profile: Mapping[str, Float[np.ndarray, " slice"]]

    def numbers(self) -> dict[str, Json]:
        """Plain data: the whole muscle's without, the other parts' with the part's name."""
        named: dict[str, Json] = {}
        for part in (WHOLE, ERODED, SUPERFICIAL):
            named[f"{name_of(part)}_mean"] = self.mean[part]
            named[f"{name_of(part)}_sd"] = self.sd[part]
        return named


def name_of(part: str) -> str:
    """What a part's echo intensity is called in results."""
    return "echo_intensity" if part == WHOLE else f"echo_intensity_{part}"


def probe_side(header: Mapping[str, str]) -> Side:
    """Where the probe was, by PLUS' `UltrasoundImageOrientation`: its second letter says whether rows run away from it (F) or
    towards it (N). Without it, row 0: how a B-mode image is shown.

    >>> probe_side({"UltrasoundImageOrientation": "MN"}), probe_side({})
    ('+y', '-y')
    """
    code = header.get("UltrasoundImageOrientation", "").strip().upper()
    return "+y" if code[1:2] == "N" else "-y"


def echo(
    labels: Integer[np.ndarray, "z y x"],
    value: int,
    box: Box,
    grey: Shaped[np.ndarray, "z y x"],
    *,
    spacing_xyz_mm: tuple[float, float, float],
    options: EchoOptions,
    side: Side,
) -> Echo:
    """Echo intensity of one label, slice by slice; grey levels that are not finite do not count.

    Args:
        labels: A label map.
        value: The muscle.
        box: Where it lies, not empty.
        grey: The volume's grey levels, on the same grid.
        spacing_xyz_mm: The grid's.
        options: The parts.
        side: Where the probe was.
    """
    depth, rows, columns = box[0], *grown(box, 1, labels.shape)[1:]
    sums = {part: np.zeros((depth.stop - depth.start, 3)) for part in (WHOLE, ERODED, SUPERFICIAL)}
    # Relative to a grey level of the muscle's own, so that the squares do not cancel.
    shift = float(np.nan_to_num(grey[depth.start][labels[depth.start] == value].astype(np.float64), posinf=0, neginf=0).mean())
    for row, z in enumerate(range(depth.start, depth.stop)):
        mask = labels[z, rows, columns] == value
        if not mask.any():
            continue
        levels = grey[z, rows, columns].astype(np.float64) - shift
        known = np.isfinite(levels)
        parts = {
            WHOLE: mask,
            ERODED: _eroded(mask, spacing_xyz_mm, options.erosion_mm),
            SUPERFICIAL: _band(mask, spacing_xyz_mm, options.band_mm, side),
        }
        for part, where in parts.items():
            inside = levels[where & known]
            sums[part][row] = inside.size, inside.sum(), (inside**2).sum()
    found = {part: _moments(table, shift) for part, table in sums.items()}
    return Echo(
        mean={part: mean for part, (mean, _, _) in found.items()},
        sd={part: sd for part, (_, sd, _) in found.items()},
        profile={part: profile for part, (_, _, profile) in found.items()},
    )


def _moments(table: Float[np.ndarray, "slice 3"], shift: float) -> tuple[float, float, Float[np.ndarray, " slice"]]:
    number, total, squares = table.sum(axis=0).tolist()
    with np.errstate(invalid="ignore"):
        profile = table[:, 1] / table[:, 0] + shift
    if number == 0:
        return math.nan, math.nan, profile
    mean = total / number
    return mean + shift, math.sqrt(max(squares / number - mean**2, 0.0)), profile


def _eroded(
    mask: Bool[np.ndarray, "y x"], spacing_xyz_mm: tuple[float, float, float], erosion_mm: float
) -> Bool[np.ndarray, "y x"]:
    if erosion_mm == 0:
        return mask
    # The image's own border is no border of the muscle: it is cut off there, and goes on nobody knows how far.
    distance = edt.edt(mask, anisotropy=(spacing_xyz_mm[1], spacing_xyz_mm[0]), black_border=False)
    return np.asarray(distance) > erosion_mm


def _band(
    mask: Bool[np.ndarray, "y x"], spacing_xyz_mm: tuple[float, float, float], band_mm: float, side: Side
) -> Bool[np.ndarray, "y x"]:
    """Muscle no deeper, along the array axis that leads away from the probe, than the band under its first pixel."""
    axis, spacing = (1, spacing_xyz_mm[0]) if side[1] == "x" else (0, spacing_xyz_mm[1])
    from_probe = np.flip(mask, axis) if side[0] == "+" else mask
    first = from_probe.argmax(axis=axis, keepdims=True)
    index = np.arange(mask.shape[axis]).reshape((-1, 1) if axis == 0 else (1, -1))
    # To the middle of the pixel, from the near edge of the first one.
    shallow = from_probe & ((index - first + 0.5) * spacing <= band_mm)
    return np.flip(shallow, axis) if side[0] == "+" else shallow
