"""Echo intensity: the mean grey level of a muscle, whole, away from its border, and where the probe sees it first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer, Shaped

from ifssnet.core.findings import Finding
from ifssnet.core.results.measures import EchoOptions, Side
from ifssnet.geometry.masks.box import Box, crop, grown, is_empty, marked_part
from ifssnet.geometry.masks.discs import far_from_false

WHOLE, ERODED, SUPERFICIAL = "whole", "eroded", "superficial"


@dataclass(frozen=True, eq=False)
class EchoPart:
    """Grey levels of one part of a muscle.

    Attributes:
        mean: Mean over the part's voxels; NaN where the part is empty.
        sd: Standard deviation over them (n in the denominator).
        profile: The mean on each slice of the muscle's box; NaN on a slice without the part.
    """

    mean: float
    sd: float
    profile: Float[np.ndarray, " slice"]


@dataclass(frozen=True, eq=False)
class Echo:
    """Grey levels of one muscle.

    Attributes:
        whole: All of it.
        eroded: Away from its border.
        superficial: The band nearest to the probe.
    """

    whole: EchoPart
    eroded: EchoPart
    superficial: EchoPart


def erosion_findings(
    spacing_xyz_mm: tuple[float, float, float], echo: EchoOptions | None, inner_mean: Mapping[str, float | None]
) -> tuple[Finding, ...]:
    """Remarks on an erosion that takes nothing away, or everything.

    Args:
        spacing_xyz_mm: The spacing of the voxels.
        echo: How echo intensity was measured; None where it was not.
        inner_mean: Muscle's name to the mean grey level away from its border.
    """
    if echo is None or echo.erosion_mm == 0:
        return ()
    pixel_mm, erosion_mm = min(spacing_xyz_mm[:2]), echo.erosion_mm
    # The outermost pixels of a muscle lie one pixel from the nearest outside, and stay unless that is within the erosion.
    if erosion_mm < pixel_mm:
        what = f"An erosion of {erosion_mm:g} mm has no effect: a pixel is {pixel_mm:.3g} mm wide."
        remedy = f"The inner echo intensity is that of the whole muscle. Choose an erosion of {pixel_mm:.3g} mm or more."
        return (Finding("note", what, remedy, erosion_mm, "mm"),)
    return tuple(
        Finding(
            "warning",
            f"An erosion of {erosion_mm:g} mm leaves nothing of {name}: it has no inner echo intensity.",
            "Choose a smaller erosion.",
            erosion_mm,
            "mm",
        )
        for name, mean in inner_mean.items()
        if mean is not None and math.isnan(mean)
    )


def echo(
    labels: Integer[np.ndarray, "z y x"],
    value: int,
    box: Box,
    grey: Shaped[np.ndarray, "z y x"],
    seen: Bool[np.ndarray, "z y x"] | None = None,
    *,
    spacing_xyz_mm: tuple[float, float, float],
    options: EchoOptions,
    side: Side,
) -> Echo:
    """Echo intensity of one label, slice by slice; voxels never seen, and grey levels that are not finite, do not count.

    Args:
        labels: A label map.
        value: The muscle.
        box: Where it lies, not empty.
        grey: The volume's grey levels, on the same grid.
        seen: Which voxels were seen; None: all.
        spacing_xyz_mm: The grid's.
        options: The parts.
        side: Where the probe was.
    """
    depth, rows, columns = box[0], *grown(box, 1, labels.shape)[1:]
    sums = {part: np.zeros((depth.stop - depth.start, 3)) for part in (WHOLE, ERODED, SUPERFICIAL)}
    # Relative to a grey level of the muscle's own, so that the squares do not cancel.
    shift = float(np.nan_to_num(grey[depth.start][labels[depth.start] == value].astype(np.float64), posinf=0, neginf=0).mean())
    masks = crop(labels, (depth, rows, columns)) == value
    eroded = _eroded(masks, spacing_xyz_mm, options.erosion_mm)
    for row, (z, mask) in enumerate(zip(range(depth.start, depth.stop), masks, strict=True)):
        near = marked_part(mask)
        if is_empty(near):
            continue
        mask = mask[near]
        inside = mask if seen is None else mask & seen[z, rows, columns][near]
        levels = grey[z, rows, columns][near][inside].astype(np.float64) - shift
        known = np.isfinite(levels)
        parts = {WHOLE: mask, ERODED: eroded[row][near], SUPERFICIAL: _band(mask, spacing_xyz_mm, options.band_mm, side)}
        for part, where in parts.items():
            chosen = levels[where[inside] & known]
            sums[part][row] = chosen.size, chosen.sum(), (chosen**2).sum()
    return Echo(*(_moments(sums[part], shift) for part in (WHOLE, ERODED, SUPERFICIAL)))


def _moments(table: Float[np.ndarray, "slice 3"], shift: float) -> EchoPart:
    number, total, squares = table.sum(axis=0).tolist()
    with np.errstate(invalid="ignore"):
        profile = table[:, 1] / table[:, 0] + shift
    if number == 0:
        return EchoPart(math.nan, math.nan, profile)
    mean = total / number
    return EchoPart(mean + shift, math.sqrt(max(squares / number - mean**2, 0.0)), profile)


def _eroded(
    masks: Bool[np.ndarray, "z y x"], spacing_xyz_mm: tuple[float, float, float], erosion_mm: float
) -> Bool[np.ndarray, "z y x"]:
    if erosion_mm == 0:
        return masks
    # The image's own border is no border of the muscle: it is cut off there, and goes on nobody knows how far.
    return far_from_false(masks, (spacing_xyz_mm[1], spacing_xyz_mm[0]), erosion_mm)


def _band(
    mask: Bool[np.ndarray, "y x"], spacing_xyz_mm: tuple[float, float, float], band_mm: float, side: Side
) -> Bool[np.ndarray, "y x"]:
    """Muscle no deeper, along the array axis that leads away from the probe, than the band under its first pixel."""
    axis, spacing = (1, spacing_xyz_mm[0]) if side[1] == "x" else (0, spacing_xyz_mm[1])
    from_probe = np.flip(mask, axis) if side[0] == "+" else mask
    first = from_probe.argmax(axis=axis, keepdims=True)
    index = np.arange(mask.shape[axis], dtype=np.int64)
    index = index[:, np.newaxis] if axis == 0 else index[np.newaxis, :]
    # To the middle of the pixel, from the near edge of the first one.
    shallow = from_probe & ((index - first + 0.5) * spacing <= band_mm)
    return np.flip(shallow, axis) if side[0] == "+" else shallow
