"""The tissue at a place and the echo of the surface near it; labels, frames and volumes share this lookup."""

from __future__ import annotations

import math
from typing import no_type_check

from ifssnet.geometry.compiled import compiled
from ifssnet.phantom.anatomy.calf import ANGLES, STEP_MM, STEP_RAD

FASCIA_MM = 0.6
"""Thickness of the crural fascia; it lies outside the muscles' own surface."""

ECHO_RANGE_MM = 1.2
"""Beyond this distance a surface sends no echo."""

# strength in units of muscle's mean echo, width in mm, and how fast it fades as the surface turns from the beam
SKIN_ECHO, FAT_ECHO, FASCIA_ECHO, BONE_ECHO, BORDER_ECHO, SEPTUM_ECHO = (
    (9.0, 0.3, 4.0), (4.0, 0.3, 6.0), (12.0, 0.35, 6.0), (40.0, 0.4, 2.5), (9.0, 0.4, 7.0), (7.0, 0.4, 7.0)
)  # fmt: skip


@no_type_check
@compiled(inline=True)
def locate(tables, x, y, z):
    """Where (x, y, z) lies about the leg's axis: cell of the tables (row -1 outside the leg), px, py, radius, angle."""
    layers, axis, lateral, most = tables[0], tables[1], tables[6], tables[7]
    f = z / STEP_MM
    k = math.floor(f)
    fz = f - k
    rows = layers.shape[0]
    if k == rows - 1 and fz < 1e-9:
        k, fz = rows - 2, 1.0
    if k < 0 or k >= rows - 1:
        return (-1, 0.0, 0, 0, 0.0), 0.0, 0.0, 0.0, 0.0
    px = (x - (axis[k, 0] * (1 - fz) + axis[k + 1, 0] * fz)) * lateral
    py = y - (axis[k, 1] * (1 - fz) + axis[k + 1, 1] * fz)
    r = math.sqrt(px * px + py * py)
    if r > max(most[k], most[k + 1]) + ECHO_RANGE_MM:
        return (-1, 0.0, 0, 0, 0.0), 0.0, 0.0, 0.0, 0.0
    theta = math.atan2(px, -py)
    fj = (theta + math.pi) / STEP_RAD
    j = int(fj)
    return (k, fz, j % ANGLES, (j + 1) % ANGLES, fj - j), px, py, r, theta


@no_type_check
@compiled(inline=True)
def value_at(layers, cell, column):
    """A column of the tables, bilinear in height and angle; and its slope along the angle, a radian."""
    k, fz, j, j2, fa = cell
    a = layers[k, j, column] * (1 - fz) + layers[k + 1, j, column] * fz
    b = layers[k, j2, column] * (1 - fz) + layers[k + 1, j2, column] * fz
    return a * (1 - fa) + b * fa, (b - a) / STEP_RAD


@no_type_check
@compiled(inline=True)
def radii_at(layers, cell):
    """The first eight columns, as `value_at` finds each of them."""
    k, fz, j, j2, fa = cell
    p, q, s, t = layers[k, j], layers[k + 1, j], layers[k, j2], layers[k + 1, j2]
    gz, ga = 1 - fz, 1 - fa
    return (
        (p[0] * gz + q[0] * fz) * ga + (s[0] * gz + t[0] * fz) * fa,
        (p[1] * gz + q[1] * fz) * ga + (s[1] * gz + t[1] * fz) * fa,
        (p[2] * gz + q[2] * fz) * ga + (s[2] * gz + t[2] * fz) * fa,
        (p[3] * gz + q[3] * fz) * ga + (s[3] * gz + t[3] * fz) * fa,
        (p[4] * gz + q[4] * fz) * ga + (s[4] * gz + t[4] * fz) * fa,
        (p[5] * gz + q[5] * fz) * ga + (s[5] * gz + t[5] * fz) * fa,
        (p[6] * gz + q[6] * fz) * ga + (s[6] * gz + t[6] * fz) * fa,
        (p[7] * gz + q[7] * fz) * ga + (s[7] * gz + t[7] * fz) * fa,
    )


@no_type_check
@compiled(inline=True)
def bone_edge(bones, k, fz, b, px, py):
    """Distance from a bone's centre, the bone's radius in that direction, its slope there, and the offset."""
    dx = px - (bones[k, b, 0] * (1 - fz) + bones[k + 1, b, 0] * fz)
    dy = py - (bones[k, b, 1] * (1 - fz) + bones[k + 1, b, 1] * fz)
    radius = bones[k, b, 2] * (1 - fz) + bones[k + 1, b, 2] * fz
    rho = math.sqrt(dx * dx + dy * dy)
    if rho > 1.3 * radius + ECHO_RANGE_MM:
        return rho, 0.0, 0.0, dx, dy
    turn = 3 * (math.atan2(dy, dx) - bones[k, b, 4])
    return rho, radius * (1 + bones[k, b, 3] * math.cos(turn)), -3 * radius * bones[k, b, 3] * math.sin(turn), dx, dy


@no_type_check
@compiled()
def vessel_at(vessels, k, fz, px, py, depth):
    """The code of the vessel or tendon at a place, else 0; `depth`: the radius of the place, the fascia and deep muscles."""
    r, fascia, deep = depth
    for n in range(4):
        dx = px - (vessels[k, n, 0] * (1 - fz) + vessels[k + 1, n, 0] * fz)
        dy = py - (vessels[k, n, 1] * (1 - fz) + vessels[k + 1, n, 1] * fz)
        if n == 3:
            dy *= 1.6  # the plantaris tendon is flat
        near = dx * dx + dy * dy < (vessels[k, n, 2] * (1 - fz) + vessels[k + 1, n, 2] * fz) ** 2
        if near and (n == 3 or (n == 2 and r > fascia) or r < deep):
            return 18 if n == 3 else 16
    return 0


@no_type_check
@compiled()
def compartment_at(compartments, k, px, py):
    """The code of the deep compartment whose middle is nearest, by the circle around it."""
    best, owner = 1e30, 0
    for m in range(compartments.shape[1]):
        dx = px - compartments[k, m, 0]
        dy = py - compartments[k, m, 1]
        d = dx * dx + dy * dy - compartments[k, m, 2]
        if d < best:
            best, owner = d, m
    return 10 + owner


@no_type_check
@compiled()
def tissue_at(tables, x, y, z):
    """The tissue's code at (x, y, z) in the leg's frame; `tables` are `ParametricLeg.tables`."""
    cell, px, py, r, theta = locate(tables, x, y, z)
    if cell[0] < 0:
        return 0
    return tissue_in(tables, cell, radii_at(tables[0], cell), px, py, r, theta)


@no_type_check
@compiled()
def tissue_in(tables, cell, radii, px, py, r, theta):
    """The tissue's code at a place that `locate` found, from the radii there."""
    split, bones, vessels, compartments = tables[2], tables[3], tables[4], tables[5]
    k, fz = cell[0], cell[1]
    if r > radii[0]:
        return 0
    if r > radii[1]:
        return 6
    fascia, deep = radii[2], radii[7]
    if r < fascia:
        for b in range(2):
            rho, edge, _, _, _ = bone_edge(bones, k, fz, b, px, py)
            if rho < edge:
                return 4 + b
    vessel = vessel_at(vessels, k, fz, px, py, (r, fascia, deep))
    if vessel > 0:
        return vessel
    if r > fascia + FASCIA_MM:
        return 7
    if r > fascia:
        return 8
    if r > radii[3]:
        return 17
    if r > radii[4]:
        return 2 if theta < split[k] * (1 - fz) + split[k + 1] * fz else 3
    if r > radii[5]:
        return 9
    if r > radii[6]:
        return 1
    if r > deep:
        return 17
    return compartment_at(compartments, k, px, py)


@no_type_check
@compiled(inline=True)
def specular(surface, distance, facing):
    """Echo of a surface: strong where it faces the beam, gone where it runs along it."""
    strength, width, sharpness = surface
    return strength * facing**sharpness * math.exp(-0.5 * (distance / width) ** 2)


@no_type_check
@compiled()
def facing_skin(tables, cell, px, py, r, bx, by):
    """How squarely the skin at a place that `locate` found faces the beam (bx, by), 0 to 1."""
    layers, lateral = tables[0], tables[6]
    radius, slope = value_at(layers, cell, 0)
    tilt = slope / max(radius, 1.0)
    return abs((px + tilt * py) * lateral * bx + (py - tilt * px) * by) / (max(r, 1e-6) * math.sqrt(1 + tilt * tilt))


@no_type_check
@compiled()
def surface_echo(tables, cell, radii, px, py, r, theta, bx, by):
    """The echo of the surface nearest to a place that `locate` found, for a beam along (bx, by).

    It is given in units of muscle's mean echo. `radii` are those of the place.
    """
    layers, split, bones, lateral = tables[0], tables[2], tables[3], tables[6]
    k, fz = cell[0], cell[1]
    if r < 1e-6 or r > radii[0] + ECHO_RANGE_MM:
        return 0.0
    bx *= lateral
    # Radial and tangential unit vectors; the angle grows from straight behind (-y) to the lateral side (+x).
    rx, ry = px / r, py / r
    radial, tangential = rx * bx + ry * by, -ry * bx + rx * by
    best, echo = ECHO_RANGE_MM, 0.0
    fascia = radii[2]
    previous = 1e9
    for column in range(8):
        radius = radii[column]
        thickness = previous - radius
        previous = radius
        # A border leans by less than 60 degrees, so its distance is at least half the radial one.
        if (column > 2 and thickness < 0.4) or abs(r - radius) > 2.0 * best:
            continue
        tilt = value_at(layers, cell, column)[1] / max(radius, 1.0)
        across = 1.0 / math.sqrt(1.0 + tilt * tilt)
        d = abs(r - radius) * across
        if d < best:
            facing = abs(radial - tilt * tangential) * across
            best = d
            if column == 0:
                echo = specular(SKIN_ECHO, d, facing)
            elif column == 1:
                echo = specular(FAT_ECHO, d, facing)
            elif column == 2:
                echo = specular(FASCIA_ECHO, d, facing)
            else:
                seen = 1.0
                if column in (4, 5):
                    seen = value_at(layers, cell, 8)[0]
                elif column == 6:
                    seen = value_at(layers, cell, 9)[0]
                echo = seen * specular(BORDER_ECHO, d, facing)
    outer, gastro = radii[3], radii[4]
    if gastro < r < outer and outer - gastro > 1.5:
        d = abs(theta - (split[k] * (1 - fz) + split[k + 1] * fz)) * r
        if d < best:
            shifted = (k, fz, (cell[2] + int(r * 3)) % ANGLES, (cell[3] + int(r * 3)) % ANGLES, cell[4])
            best, echo = d, value_at(layers, shifted, 10)[0] * specular(BORDER_ECHO, d, abs(tangential))
    top, bottom = radii[5], radii[6]
    if top - bottom > 12.0:
        # The septum inside SOL: a line that looks like a border and is none.
        d = abs(r - (bottom + 0.45 * (top - bottom)))
        if d < best:
            best, echo = (
                d,
                0.8 * value_at(layers, cell, 11)[0] * math.exp(-((theta + 0.3) ** 2)) * specular(SEPTUM_ECHO, d, abs(radial)),
            )
    if r < fascia:
        for b in range(2):
            rho, edge, slope, dx, dy = bone_edge(bones, k, fz, b, px, py)
            d = abs(rho - edge)
            if rho > 1e-6 and edge > 0.0 and d < best:
                tilt = slope / max(edge, 1.0)
                facing = abs((dx + tilt * dy) * bx + (dy - tilt * dx) * by) / (rho * math.sqrt(1 + tilt * tilt))
                best, echo = d, specular(BONE_ECHO, d, facing)
    return echo
