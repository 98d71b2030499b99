"""Profiles out of what `measure` wrote: the lines of numbers under each muscle's "profile"."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from ifssnet.core.errors import InputError
from ifssnet.core.segmentation import Json
from ifssnet.figures.leg_report.content import AcsaProfile


def profile_from_lines(
    lines: Mapping[str, Json], annotated_z: Sequence[int] = (), reference: Mapping[str, Json] | None = None
) -> AcsaProfile:
    """A muscle's profile from the plain data of its measures.

    Args:
        lines: "z", "position_mm", "percent_of_length", "acsa_cm2", and "echo_intensity" where it was measured.
        annotated_z: Slices that an expert drew.
        reference: The lines of the same muscle in a reference on the same grid; it has no area on slices that they lack.

    Raises:
        InputError: A line is missing, or no list of numbers.
    """
    z = [int(value) for value in _numbers(lines, "z")]
    there: Float[np.ndarray, " slice"] | None = None
    if reference is not None:
        areas = dict(zip(_numbers(reference, "z"), _numbers(reference, "acsa_cm2"), strict=True))
        there = np.array([areas.get(float(at), 0.0) for at in z])
    return AcsaProfile(
        z=z,
        position_mm=np.array(_numbers(lines, "position_mm")),
        acsa_cm2=np.array(_numbers(lines, "acsa_cm2")),
        percent_of_length=np.array(_numbers(lines, "percent_of_length")),
        annotated_z=[int(at) for at in annotated_z],
        reference_acsa_cm2=there,
        echo_intensity=np.array(_numbers(lines, "echo_intensity")) if "echo_intensity" in lines else None,
    )


def _numbers(lines: Mapping[str, Json], key: str) -> list[float]:
    """A line of numbers; None, which stands for 'not measured', becomes NaN."""
    line = lines.get(key)
    if isinstance(line, str) or not isinstance(line, Sequence):
        raise InputError(f"a list of numbers under '{key}'", repr(line)[:60], "Measure the segmentation again.")
    values = [math.nan if value is None else value for value in line]
    if not all(isinstance(value, int | float) for value in values):
        raise InputError(f"a list of numbers under '{key}'", repr(line)[:60], "Measure the segmentation again.")
    return [float(value) for value in values if isinstance(value, int | float)]
