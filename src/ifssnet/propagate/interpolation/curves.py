"""Curves through a few values along z: cubic Hermite pieces, and the smoother for values that are noisy."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ifssnet.geometry.untyped import spline_slopes

SPLINED = 5
"""Places from which on slopes are a spline's: four say no more than one cubic."""

STEEPEST = 2.5
"""Times the steeper chord beside a place. Monotone cubic pieces have at most 3 times the flatter one (Fritsch and Carlson
1980); a muscle's belly may rise above both its neighbours, but a few places far apart must not throw a curve about."""

Place = float | int
"""Somewhere along z, in slices."""

Row = Float[np.ndarray, " place"]
Vector = Float[np.ndarray, " knot"]
Matrix = Float[np.ndarray, "knot knot"]


def tangent_weights(before: Place | None, here: Place, after: Place | None) -> Row:
    """Weights of the values before, here and after that give the slope here.

    The slope of the parabola through the three, or of the line through two where one side is missing
    (`None`); all zero where both are.
    """
    if before is None:
        if after is None:
            return np.zeros(3)
        gap = after - here
        return np.array([0.0, -1 / gap, 1 / gap])
    if after is None:
        gap = here - before
        return np.array([-1 / gap, 1 / gap, 0.0])
    left, right = here - before, after - here
    return np.array([-right / (left * (left + right)), (right - left) / (left * right), left / (right * (left + right))])


def hermite_weights(places: tuple[Place | None, Place, Place, Place | None], z: Place) -> Row:
    """Weights of four values with which a cubic Hermite piece between the second and the third gives the value at z.

    Args:
        places: Where along z the four values lie; the first and the last may be missing (`None`), and then
            have no weight and leave a one-sided slope.
        z: Between the second and the third place.

    Returns:
        Four weights with the sum 1.

    >>> hermite_weights((0.0, 1.0, 2.0, 3.0), 1.5).tolist()
    [-0.0625, 0.5625, 0.5625, -0.0625]
    """
    before, left, right, after = places
    gap = right - left
    t = (z - left) / gap
    weights = np.zeros(4)
    weights[1] = 2 * t**3 - 3 * t**2 + 1
    weights[2] = -2 * t**3 + 3 * t**2
    weights[0:3] += gap * (t**3 - 2 * t**2 + t) * tangent_weights(before, left, right)
    weights[1:4] += gap * (t**3 - t**2) * tangent_weights(left, right, after)
    return weights


def hermite(
    places: tuple[float, float], values: tuple[float, float], slopes: tuple[float, float], at: Float[np.ndarray, " z"]
) -> Float[np.ndarray, " z"]:
    """The cubic piece between two places with the given values and slopes there."""
    gap = places[1] - places[0]
    t = (at - places[0]) / gap
    ends = values[0] * (2 * t**3 - 3 * t**2 + 1) + values[1] * (3 * t**2 - 2 * t**3)
    return ends + gap * (slopes[0] * (t**3 - 2 * t**2 + t) + slopes[1] * (t**3 - t**2))


def curve_slopes(places: Vector, values: Vector) -> Vector:
    """Slopes of a curve through values that are never negative, as areas along a muscle are.

    From five places on those of the cubic spline whose third derivative does not jump next to its ends (not-a-knot);
    with three or four those of the parabolas through each place and its neighbours, at the ends through the outermost
    three. A straight end would cut off what a rounded muscle has there. No slope is steeper than `STEEPEST` allows, or
    takes a cubic piece below 0.

    Args:
        places: Ascending.
        values: 0 or more.

    >>> curve_slopes(np.array([0.0, 1.0, 3.0]), np.array([0.0, 5.0, 9.0])).tolist()
    [6.0, 4.0, 0.0]
    """
    n = len(places)
    if n < 2:
        return np.zeros(n)
    gap = np.diff(places)
    chord = np.diff(values) / gap
    if n == 2:
        return np.repeat(chord, 2)
    if n >= SPLINED:
        slope = spline_slopes(places, values)
    else:
        inner = (chord[:-1] * gap[1:] + chord[1:] * gap[:-1]) / (gap[:-1] + gap[1:])
        slope = np.concatenate([[2 * chord[0] - inner[0]], inner, [2 * chord[-1] - inner[-1]]])
    steep = np.abs(chord)
    most = STEEPEST * np.maximum(np.append(steep[0], steep), np.append(steep, steep[-1]))
    slope = np.clip(slope, -most, most)
    slope[:-1] = np.maximum(slope[:-1], -3 * values[:-1] / gap)
    slope[1:] = np.minimum(slope[1:], 3 * values[1:] / gap)
    return slope


def taper(value: float, slope: float, fraction: Float[np.ndarray, " z"], gap: float) -> Float[np.ndarray, " z"]:
    """A cubic from a value to 0 that is nowhere negative.

    Args:
        value: At fraction 0, not negative.
        slope: There, away from it; limited to what keeps the curve above 0 and from growing.
        fraction: Where between the value (0) and nothing (1).
        gap: Distance between the two.
    """
    start = float(np.clip(slope, -3 * value / gap, 0.0))
    t = fraction
    curve = value * (2 * t**3 - 3 * t**2 + 1) + gap * start * (t**3 - 2 * t**2 + t) - value * (t**3 - t**2)
    return np.maximum(curve, 0.0)


def smoother(places: Vector, weights: Vector, strength: float) -> Matrix:
    """The matrix that takes values to those of the cubic smoothing spline through them.

    It minimises sum w (y - f)^2 + strength * integral f''^2 (Green and Silverman 1994, chapter 2), with z counted
    in median gaps so that a strength means the same whatever the spacing.

    Args:
        places: At least three, ascending.
        weights: How much each value is trusted, positive.
        strength: 0 for none.
    """
    n = len(places)
    if n < 3 or strength <= 0:
        return np.eye(n)
    z = places / np.median(np.diff(places))
    gap = np.diff(z)
    second = np.zeros((n, n - 2))
    band = np.zeros((n - 2, n - 2))
    for j in range(n - 2):
        second[j, j] = 1 / gap[j]
        second[j + 1, j] = -1 / gap[j] - 1 / gap[j + 1]
        second[j + 2, j] = 1 / gap[j + 1]
        band[j, j] = (gap[j] + gap[j + 1]) / 3
        if j:
            band[j, j - 1] = band[j - 1, j] = gap[j] / 6
    roughness = second @ np.linalg.solve(band, second.T)
    return np.linalg.solve(np.eye(n) + strength * roughness / weights[:, None], np.eye(n))
