"""How far the probe pressed into the leg, by the skin's course and from places that two sweeps saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.preflight.skin import STEP_MM, SkinMap, SkinMaps, skin_maps
from ifssnet.core.facts.compounding_facts import ProbePressure
from ifssnet.core.findings import Finding
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.untyped import solve_banded

SMOOTH_MM = 100.0
"""The shortest wave along the leg that counts as its own shape: the calf's belly is longer, a push of the hand shorter."""

LINES = 6
"""Lines along the leg whose courses are drawn for each sweep; their median counts."""

LEAST_LINES = 3
"""Lines along the leg that two sweeps have to share at a place before they are compared there."""

LEVEL_SLOPE = 0.5
"""The skin is judged where it lies nearly across the beam: on the flanks a millimetre aside is a millimetre of depth."""

INWARD_WEIGHT = 0.1
"""The weight of places where the skin lies inside its course: they are looked for, so they hardly draw the course along."""

ROUNDS = 12
"""How often the course is found and its places are weighed anew; it stands still by then."""

BESIDE_MM = 2.5
"""Skin that lies deeper than another sweep saw it by more than this was pressed: the leg and its motion make up to 2 mm."""

INSIDE_MM = 3.5
"""The same against its own smooth course, from which the shape of a leg that nobody pressed departs by up to 3 mm."""

ENDS_MM = 20.0
"""At the ends of a sweep nothing holds the smooth course."""

LEAST_PLACES = 10
"""How many places two sweeps have to share before the fat's thickness is compared."""

REMEDY = "Volumes read too small where the probe presses. Use more gel or a water bath, and let the probe float."

LEAST_RUN_MM = 12.0
"""A shorter indentation is a fold or a bubble."""


def probe_pressure(sweeps: Sequence[Sweep], options: CompoundOptions) -> tuple[ProbePressure, ...]:
    """The indentation of the skin along each sweep; empty where the skin cannot be found.

    Args:
        sweeps: Recordings in one reference frame.
        options: How they are to be compounded.
    """
    maps = skin_maps(sweeps, options)
    if maps is None:
        return ()
    level = SkinMaps(maps.along_mm, tuple(map(_level, maps.maps)))
    return tuple(_pressure(number, level) for number in range(len(sweeps)))


def pressure_findings(pressures: Sequence[ProbePressure]) -> list[Finding]:
    """A warning for each sweep that was pressed; the figure is its deepest indentation in mm."""
    found: list[Finding] = []
    for number, each in enumerate(pressures, start=1):
        indented = _deepest(each)
        if indented is None:
            continue
        depth_mm, text = indented
        if each.fat_mm is not None and each.fat_elsewhere_mm is not None and each.fat_mm < each.fat_elsewhere_mm:
            text += f"; the fat there is {each.fat_mm:.1f} mm thick, and {each.fat_elsewhere_mm:.1f} mm under another sweep"
        found.append(Finding("warning", f"sweep {number}: {text}", REMEDY, depth_mm, "mm"))
    return found


def _deepest(each: ProbePressure) -> tuple[float, str] | None:
    """The deepest indentation, by what shows it best, and the words for it; None where nobody pressed."""
    for values, least_mm, words in (
        (each.beside_mm, BESIDE_MM, "the skin lies up to {:.1f} mm deeper than another sweep saw it, {}"),
        (each.inside_mm, INSIDE_MM, "the skin lies up to {:.1f} mm inside its own smooth course, {}"),
    ):
        depth = np.array(values)
        runs = _runs(depth > least_mm)
        if runs:
            places = np.array(each.along_mm)
            where = " and ".join(f"{places[first]:.0f}-{places[last]:.0f} mm" for first, last in runs[:3])
            deepest = max(float(np.nanmax(depth[first : last + 1])) for first, last in runs)
            return deepest, words.format(deepest, f"at {where} along the leg: the probe pressed there")
    return None


def _runs(here: Bool[np.ndarray, " along"]) -> list[tuple[int, int]]:
    """First and last place of every run that is long enough."""
    edges = np.flatnonzero(np.diff(np.pad(here.astype(np.int8), 1)))
    pairs = [(int(first), int(last) - 1) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    return [(first, last) for first, last in pairs if (last - first + 1) * STEP_MM >= LEAST_RUN_MM]


def _level(sweep: SkinMap) -> SkinMap:
    """The map where the skin lies nearly across the beam."""
    if sweep.skin_mm.shape[0] < 2:
        return sweep
    aside = np.abs(np.gradient(sweep.skin_mm, STEP_MM, axis=0)) > LEVEL_SLOPE
    return SkinMap(np.where(aside, np.nan, sweep.skin_mm), np.where(aside, np.nan, sweep.fat_mm))


def _pressure(number: int, maps: SkinMaps) -> ProbePressure:
    beside, inside = _beside_others(number, maps), _own_course(maps.maps[number].skin_mm)
    own_mm, there_mm = _fat_mm(number, maps, beside)
    along = tuple(maps.along_mm.tolist())
    return ProbePressure(along, tuple(beside.tolist()), tuple(inside.tolist()), own_mm, there_mm)


def _own_course(skin_mm: Float[np.ndarray, "across along"]) -> Float[np.ndarray, " along"]:
    """How much deeper the skin lies than its own smooth course, at each place along the leg."""
    lines = skin_mm[np.isfinite(skin_mm).sum(axis=1) * STEP_MM > 0.5 * SMOOTH_MM]
    if len(lines) == 0:
        return np.full_like(skin_mm[0], np.nan)
    lines = lines[:: max(len(lines) // LINES, 1)]
    inside = np.stack([line - smooth_course(line) for line in lines])
    known = np.flatnonzero(np.isfinite(inside).any(axis=0))
    ends = round(ENDS_MM / STEP_MM)
    inside[:, : known[0] + ends], inside[:, known[-1] + 1 - ends :] = np.nan, np.nan
    return _middle_of(inside)


def smooth_course(line: Float[np.ndarray, " along"]) -> Float[np.ndarray, " along"]:
    """The smooth course of a line of skin that was pressed in places: outer places draw it, inner ones hardly.

    Asymmetric least squares with a penalty on third differences (Eilers, Anal Chem 75:3631, 2003).

    Args:
        line: Depth of the skin at steps of `STEP_MM`; NaN where it was not seen.
    """
    known = np.isfinite(line)
    first, last = int(known.argmax()), len(line) - int(known[::-1].argmax())
    values, seen = np.nan_to_num(line[first:last]), known[first:last].astype(np.float64)
    n = len(values)
    course = np.full(len(line), np.nan)
    if n < 5:
        return course
    third = np.diff(np.eye(n), 3, axis=0)
    penalty = (SMOOTH_MM / (2 * np.pi * STEP_MM)) ** 6 * third.T @ third
    bands = np.zeros((4, n))
    for below in range(4):
        bands[below, : n - below] = np.diagonal(penalty, -below)
    weights, found = seen, values
    for _ in range(ROUNDS):
        # A place that nobody saw has no weight; so little keeps the equations solvable.
        found = solve_banded(bands + np.pad(weights[None] + 1e-9, ((0, 3), (0, 0))), weights * values)
        weights = seen * np.where(values > found, INWARD_WEIGHT, 1.0)
    course[first:last] = found
    return course


def _beside_others(number: int, maps: SkinMaps) -> Float[np.ndarray, " along"]:
    """How much deeper the skin lies than the outermost other sweep saw it, at each place along the leg."""
    own = maps.maps[number].skin_mm
    others = [other.skin_mm for place, other in enumerate(maps.maps) if place != number]
    if not others:
        return np.full_like(own[0], np.nan)
    deeper = own - np.fmin.reduce(np.stack(others))
    # One line at the very side of a probe is as likely an edge of its image as a push.
    deeper[:, np.isfinite(deeper).sum(axis=0) < LEAST_LINES] = np.nan
    return _middle_of(deeper)


def _fat_mm(number: int, maps: SkinMaps, beside_mm: Float[np.ndarray, " along"]) -> tuple[float | None, float | None]:
    """Thickness of the fat under this sweep and under others, around where it was pressed most and both saw it."""
    others = [other.fat_mm for place, other in enumerate(maps.maps) if place != number]
    if not others or not (beside_mm > BESIDE_MM).any():
        return None, None
    pressed = beside_mm > max(BESIDE_MM, 0.7 * float(np.nanmax(beside_mm)))
    own, there = maps.maps[number].fat_mm[:, pressed], np.fmax.reduce(np.stack(others))[:, pressed]
    both = np.isfinite(own) & np.isfinite(there)
    if both.sum() < LEAST_PLACES:
        return None, None
    return float(np.median(own[both])), float(np.median(there[both]))


def _middle_of(lines: Float[np.ndarray, "line along"]) -> Float[np.ndarray, " along"]:
    """The median over the lines, smoothed over some places; NaN where no line is known."""
    found = np.full(lines.shape[1], np.nan)
    reach = 3
    for place in range(lines.shape[1]):
        near = lines[:, max(place - reach, 0) : place + reach + 1]
        near = near[np.isfinite(near)]
        if near.size and np.isfinite(lines[:, place]).any():
            found[place] = float(np.median(near))
    return found
