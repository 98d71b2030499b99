"""Which tissue lies at a place, and which surface is near it: the one lookup that labels, frames and volumes share."""

from __future__ import annotations

import math
from typing import no_type_check

from numba import njit

from ifssnet.phantom.anatomy import STEP_MM, STEP_RAD

(
    NO_SURFACE,
    SURFACE_SKIN,
    SURFACE_FAT,
    SURFACE_FASCIA,
    SURFACE_GASTRO,
    SURFACE_TENDON,
    SURFACE_SOLEUS,
    SURFACE_SPLIT,
    SURFACE_BONE,
) = range(9)
DEGREE = STEP_RAD


@no_type_check
@njit(cache=True, inline="always")
def row_of(z, rows):
    """Row below a height, and the fraction to the next; -1 outside the leg."""
    f = z / STEP_MM
    k = math.floor(f)
    if k < 0 or k >= rows:
        return -1, 0.0
    if k >= rows - 1:
        return (rows - 2, 1.0) if f - (rows - 1) < 1e-9 else (-1, 0.0)
    return k, f - k


@no_type_check
@njit(cache=True, inline="always")
def radius_at(layers, place, column):
    """Bilinear in height and angle; also its slope along the angle, mm a radian."""
    k, fz, j, j2, fa = place
    a = layers[k, j, column] * (1 - fz) + layers[k + 1, j, column] * fz
    b = layers[k, j2, column] * (1 - fz) + layers[k + 1, j2, column] * fz
    return a * (1 - fa) + b * fa, (b - a) / DEGREE


@no_type_check
@njit(cache=True)
def tissue_at(tables, x, y, z):
    """The tissue at (x, y, z) in the leg's frame; `tables` are `Leg.tables`."""
    layers, axis, split, bones, vessels, compartments, lateral = tables
    k, fz = row_of(z, layers.shape[0])
    if k < 0:
        return 0
    px = (x - (axis[k, 0] * (1 - fz) + axis[k + 1, 0] * fz)) * lateral
    py = y - (axis[k, 1] * (1 - fz) + axis[k + 1, 1] * fz)
    r = math.hypot(px, py)
    theta = math.atan2(px, -py)
    fj = (theta + math.pi) / DEGREE
    j = int(fj)
    fa = fj - j
    j = j % layers.shape[1]
    j2 = (j + 1) % layers.shape[1]
    place = (k, fz, j, j2, fa)
    skin, _ = radius_at(layers, place, 0)
    if r > skin:
        return 0
    fat, _ = radius_at(layers, place, 1)
    if r > fat:
        return 6
    fascia, _ = radius_at(layers, place, 2)
    for b in range(2):
        bx = bones[k, b, 0] * (1 - fz) + bones[k + 1, b, 0] * fz
        by = bones[k, b, 1] * (1 - fz) + bones[k + 1, b, 1] * fz
        br = bones[k, b, 2] * (1 - fz) + bones[k + 1, b, 2] * fz
        dx, dy = px - bx, py - by
        d2 = dx * dx + dy * dy
        if (
            d2 < 1.7 * br * br
            and d2 < (br * (1 + bones[k, b, 3] * math.cos(3 * (math.atan2(dy, dx) - bones[k, b, 4])))) ** 2
            and r < fascia
        ):
            return 4 + b
    for n in range(vessels.shape[1]):
        dx = px - (vessels[k, n, 0] * (1 - fz) + vessels[k + 1, n, 0] * fz)
        dy = py - (vessels[k, n, 1] * (1 - fz) + vessels[k + 1, n, 1] * fz)
        if dx * dx + dy * dy < vessels[k, n, 2] ** 2 and (n == 2 or r < radius_at(layers, place, 6)[0]):
            return 16
    if r > fascia:
        return 7
    if r > fascia - 0.5:
        return 8
    gastro, _ = radius_at(layers, place, 3)
    if r > gastro:
        s = split[k] * (1 - fz) + split[k + 1] * fz
        return 2 if theta < s else 3
    tendon, _ = radius_at(layers, place, 4)
    if r > tendon:
        return 9
    soleus, _ = radius_at(layers, place, 5)
    if r > soleus:
        return 1
    deep, _ = radius_at(layers, place, 6)
    if r > deep:
        return 17
    best, owner = 1e30, 0
    for m in range(compartments.shape[1]):
        dx = px - compartments[k, m, 0]
        dy = py - compartments[k, m, 1]
        d = dx * dx + dy * dy - compartments[k, m, 2]
        if d < best:
            best, owner = d, m
    return 10 + owner


@no_type_check
@njit(cache=True)
def surface_near(tables, x, y, z, reach):
    """The nearest surface within `reach` mm: its kind, the distance, its normal (x, y) and how visible it is."""
    layers, axis, split, bones, _, _, lateral = tables
    k, fz = row_of(z, layers.shape[0])
    if k < 0:
        return 0, reach, 0.0, 1.0, 0.0
    px = (x - (axis[k, 0] * (1 - fz) + axis[k + 1, 0] * fz)) * lateral
    py = y - (axis[k, 1] * (1 - fz) + axis[k + 1, 1] * fz)
    r = math.hypot(px, py)
    if r < 1e-6:
        return 0, reach, 0.0, 1.0, 0.0
    theta = math.atan2(px, -py)
    fj = (theta + math.pi) / DEGREE
    j = int(fj)
    fa = fj - j
    j = j % layers.shape[1]
    j2 = (j + 1) % layers.shape[1]
    place = (k, fz, j, j2, fa)
    if r > radius_at(layers, place, 0)[0] + reach:
        return 0, reach, 0.0, 1.0, 0.0
    kind, best, nx, ny, seen = 0, reach, 0.0, 1.0, 0.0
    # Radial and tangential unit vectors; theta grows from straight behind (-y) to the lateral side (+x).
    rx, ry = px / r, py / r
    tx, ty = -ry, rx
    fascia, _ = radius_at(layers, place, 2)
    previous = 1e9
    for column in range(6):
        radius, slope = radius_at(layers, place, column)
        thickness = previous - radius
        previous = radius
        if column > 2 and thickness < 0.4:
            continue
        tilt = slope / max(radius, 1.0)
        stretch = 1.0 / math.sqrt(1.0 + tilt * tilt)
        d = abs(r - radius) * stretch
        if d < best:
            best, kind = d, column + 1
            nx, ny = (rx - tilt * tx) * stretch, (ry - tilt * ty) * stretch
            seen = 1.0
            if column == 3:
                seen = radius_at(layers, place, 7)[0]
            elif column == 5:
                seen = radius_at(layers, place, 8)[0]
    gastro, _ = radius_at(layers, place, 3)
    if gastro - reach < r < fascia and fascia - gastro > 1.5:
        s = split[k] * (1 - fz) + split[k + 1] * fz
        d = abs(theta - s) * r
        if d < best and r > gastro:
            best, kind, nx, ny = d, 7, tx, ty
            shifted = (k, fz, (j + int(r * 3)) % layers.shape[1], (j2 + int(r * 3)) % layers.shape[1], fa)
            seen = radius_at(layers, shifted, 9)[0]
    for b in range(2):
        bx = bones[k, b, 0] * (1 - fz) + bones[k + 1, b, 0] * fz
        by = bones[k, b, 1] * (1 - fz) + bones[k + 1, b, 1] * fz
        br = bones[k, b, 2] * (1 - fz) + bones[k + 1, b, 2] * fz
        dx, dy = px - bx, py - by
        rho = math.hypot(dx, dy)
        if rho < 1e-6 or rho > 1.3 * br + reach or r > fascia:
            continue
        phi = math.atan2(dy, dx)
        edge = br * (1 + bones[k, b, 3] * math.cos(3 * (phi - bones[k, b, 4])))
        d = abs(rho - edge)
        if d < best:
            slope = -3 * br * bones[k, b, 3] * math.sin(3 * (phi - bones[k, b, 4])) / max(edge, 1.0)
            norm = 1.0 / math.sqrt(1 + slope * slope)
            best, kind, seen = d, 8, 1.0
            nx, ny = (dx / rho + slope * dy / rho) * norm, (dy / rho - slope * dx / rho) * norm
    return kind, best, nx * lateral, ny, seen
