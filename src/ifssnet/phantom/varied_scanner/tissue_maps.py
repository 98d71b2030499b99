"""What tissue sends back before the beam blurs it: expected backscatter and the echo of surfaces, as smooth maps."""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float32
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.phantom.anatomy.borders import Borders, Push, resting_y
from ifssnet.phantom.anatomy.places import place_of_pixel
from ifssnet.phantom.anatomy.tissue import Condition, Tissue, acoustic_table
from ifssnet.phantom.anatomy.view import ProbeView
from ifssnet.phantom.scanner.texture import infiltration, value_noise
from ifssnet.phantom.varied_scanner.look import Look

LATTICE = 64
"""Points along each side of the noise's lattice, which repeats."""

TGC_STEP_MM = 1.0
MOST_GAIN_DB = 55.0
"""No machine lifts what comes from deep by more."""


def noise_lattice(seed: int) -> Float32[np.ndarray, "64 64 64"]:
    """Random numbers from -1 to 1 that belong to a leg's places."""
    rng = np.random.default_rng([seed, 0x1A7])
    return rng.uniform(-1.0, 1.0, (LATTICE, LATTICE, LATTICE)).astype(np.float32)


@no_type_check
@compiled(inline=True)
def smooth_at(lattice, x, y, z):
    """Smooth noise over three coordinates, -1 to 1, SD about .35; it repeats after 64 units."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - i, y - j, z - k
    fx, fy, fz = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy), fz * fz * (3 - 2 * fz)
    i, j, k = int(i) & 63, int(j) & 63, int(k) & 63
    i2, j2, k2 = (i + 1) & 63, (j + 1) & 63, (k + 1) & 63
    a = lattice[k, j, i] + fx * (lattice[k, j, i2] - lattice[k, j, i])
    b = lattice[k, j2, i] + fx * (lattice[k, j2, i2] - lattice[k, j2, i])
    c = lattice[k2, j, i] + fx * (lattice[k2, j, i2] - lattice[k2, j, i])
    d = lattice[k2, j2, i] + fx * (lattice[k2, j2, i2] - lattice[k2, j2, i])
    a += fy * (b - a)
    c += fy * (d - c)
    return a + fz * (c - a)


def tissue_maps(
    borders: Borders,
    view: ProbeView,
    push: Push,
    look: Look,
    condition: Condition,
    lattice: Float32[np.ndarray, "64 64 64"],
    veins: Float[np.ndarray, "vein 8"],
    bath_y_mm: float,
) -> tuple[Float32[np.ndarray, "image v u"], Float32[np.ndarray, "image v u"]]:
    """Amplitudes after attenuation and time-gain compensation, in units of resting muscle's.

    Returns:
        Diffuse backscatter, and surfaces, which do not speckle.
    """
    shape = (view.images, *view.shape_vu)
    diffuse, surface = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    scanner, tissue = look.scanner, look.tissue
    table = acoustic_table()
    table[:, 0] *= 10.0 ** (np.array(tissue.echo_db or (0.0,) * len(Tissue)) / 20.0)
    pixel_mm = view.spacing_vu_mm[0]
    # Centre frequency falls with depth, for the higher half of the band is lost first.
    mhz = 2.0 + 0.55 * scanner.frequency_mhz
    _maps(
        (borders.codes, borders.kind, borders.away_mm, borders.facing, borders.skin_row, borders.skin_facing),
        (view.image_to_leg, view.first_row, view.last_row, view.shift_mm, view.line_db),
        push.table,
        (table, condition.seed, condition.infiltration, np.array(condition.lesion_xyzr_mm, dtype=np.float64)),
        (pixel_mm, mhz, _gain_db(look, mhz, pixel_mm * view.shape_vu[0]), scanner.reverberation, scanner.shadow_db),
        (tissue.grain, _amplitude(tissue.septa_db), tissue.septa_mm, tissue.septa_length_mm, _threshold(tissue.septa_share)),
        (
            _amplitude(tissue.fascia_db), tissue.fascia_mm, _threshold(tissue.continuity), _threshold(tissue.doubled),
            tissue.gap_mm, tissue.turning, tissue.least_facing,
        ),
        (_amplitude(tissue.fat_layers_db), tissue.fat_layer_mm),
        lattice,
        veins,
        bath_y_mm,
        (diffuse, surface),
    )  # fmt: skip
    return diffuse, surface


def _amplitude(db: float) -> float:
    return 10.0 ** (db / 20.0)


def _threshold(share: float) -> float:
    """The value that smooth noise of SD .35 exceeds on about this share of places."""
    return float(0.35 * np.interp(share, (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0), (3.5, 1.6, 0.7, 0.0, -0.7, -1.6, -3.5)))


def _gain_db(look: Look, mhz: float, depth_mm: float) -> Float[np.ndarray, " mm"]:
    """Time-gain compensation by depth under the face: what muscle loses, and the sliders' errors."""
    depth: Float[np.ndarray, " mm"] = np.arange(0.0, depth_mm + 2.0 * TGC_STEP_MM, TGC_STEP_MM)
    sliders = np.linspace(0.0, 90.0, len(look.scanner.tgc_db))
    errors = np.interp(depth, sliders, np.array(look.scanner.tgc_db))
    return np.minimum(2.0 * 0.58 * mhz * depth / 10.0 * look.scanner.made_up, MOST_GAIN_DB) + errors


@no_type_check
@compiled(parallel=True)
def _maps(borders, view, push, leg, machine, septa, fascia, fat, lattice, veins, bath_y, out):
    codes, kinds, away, facing, skin_row, skin_facing = borders
    poses, first_row, last_row, shift, line_db = view
    acoustic, seed, fatty, lesion = leg
    pixel, mhz, tgc_db, reverberation, shadow_db = machine
    grain, septa_amp, septa_mm, septa_length, septa_low = septa
    fascia_amp, fascia_mm, broken, doubled, gap, turning, least = fascia
    fat_amp, fat_mm = fat
    diffuse, surface = out
    n, rows, columns = codes.shape
    for f in prange(n):
        p = poses[f]
        loss = np.zeros(columns)
        dark = np.zeros(columns)
        for v in range(rows):
            for u in range(columns):
                start = first_row[f, u]
                if not start <= v < last_row[f, u]:
                    continue
                code = codes[f, v, u]
                amplitude, attenuation, texture, pennation = acoustic[code]
                x, y, z = place_of_pixel(p, shift[f, u], u, v)
                if v == skin_row[f, u]:
                    loss[u] -= 24.0 * math.log10(max(0.08, skin_facing[f, u]))
                depth = pixel * (v - start + 0.5)
                step = int(depth)
                rest = depth - step
                gain_db = tgc_db[step] * (1 - rest) + tgc_db[step + 1] * rest - loss[u] - dark[u] + line_db[f, u]
                gain = math.exp(0.1151292546 * gain_db) if gain_db > -80.0 else 0.0
                kind = kinds[f, v, u]
                a, s = 0.0, 0.0
                if code == 0:
                    back = (skin_row[f, u] - start) * pixel
                    if bath_y > -1e8:
                        d = y - bath_y - 0.02 * x
                        if abs(d) < 3.0:
                            s += 3.0 * math.exp(-0.5 * (d / 0.4) ** 2 - 0.1151292546 * max(0.0, tgc_db[step]))
                elif gain == 0.0:
                    a = 0.0
                else:
                    y = resting_y(push, x, y, z)
                    a = amplitude
                    if pennation > 0.0:
                        cosine, sine = math.cos(pennation), math.sin(pennation)
                        along = z * cosine - y * sine
                        across = z * sine + y * cosine
                        patch = smooth_at(lattice, x / 14.0 + code, across / 9.0, along / 34.0)
                        bent = across + 2.0 * smooth_at(lattice, x / 10.0, across / 11.0 + 31.0, along / 28.0)
                        fine = smooth_at(lattice, x / 3.5, bent / 0.9 + 7.0, along / 13.0)
                        a *= math.exp(texture * grain * (1.1 * fine + 0.8 * patch))
                        # Septa: short bright strokes across the bundles, slanting as the fascicles do.
                        slant = bent + 0.35 * x * math.sin(code * 2.4)
                        line = smooth_at(lattice, x / septa_length + code, slant / (0.45 * septa_mm) + 17.0, along / 16.0)
                        ridge = min(1.0, (line - 0.25) / 0.35)
                        if ridge > 0.0:
                            there = min(1.0, max(0.0, (patch + 0.8 * fine - septa_low) / 0.25))
                            a += (septa_amp - 1.0) * 0.7 * ridge * there
                            s += (septa_amp - 1.0) * 0.5 * ridge * there
                    elif code in (7, 17):
                        # Layers of the fat follow the skin; those between muscles lie across the beam.
                        q = (v - skin_row[f, u]) * pixel * skin_facing[f, u] if code == 7 else y
                        wave = smooth_at(lattice, x / 13.0, q / 6.0, z / 30.0)
                        line = smooth_at(lattice, x / 17.0, q / fat_mm + 0.8 * wave + 3.0, z / 33.0)
                        a *= math.exp(0.5 * wave + 0.5 * smooth_at(lattice, x / 3.0, q / 1.2, z / 6.0))
                        ridge = 1.0 - abs(line) * fat_mm / 0.4
                        if ridge > 0.0:
                            a += 0.5 * fat_amp * ridge
                            s += 0.4 * fat_amp * ridge * skin_facing[f, u]
                    elif texture > 0.0:
                        a *= math.exp(texture * 1.5 * smooth_at(lattice, x / 3.0, y / 0.8, z / 14.0))
                    soft = 1.0
                    if pennation > 0.0 and fatty > 0.0:
                        share = infiltration(fatty, x, y, z, seed)
                        a *= 1.0 + 5.0 * share
                        attenuation += 0.35 * share
                        soft = 1.0 - 0.75 * share
                    if lesion[3] > 0.0 and pennation > 0.0:
                        far = ((x - lesion[0]) ** 2 + (y - lesion[1]) ** 2 + (0.6 * (z - lesion[2])) ** 2) ** 0.5 / lesion[3]
                        far += 0.2 * value_noise(x / 5.0, y / 5.0, z / 8.0, seed + 51)
                        if far < 1.0:
                            a = a ** (far**4) * 0.3 ** (1 - far**4)
                            s *= far
                            soft *= far
                    for m in range(veins.shape[0]):
                        if veins[m, 0] < z < veins[m, 1]:
                            t = (z - veins[m, 0]) / (veins[m, 1] - veins[m, 0])
                            dx = x - veins[m, 2] - (veins[m, 4] - veins[m, 2]) * t
                            dy = 1.5 * (y - veins[m, 3] - (veins[m, 5] - veins[m, 3]) * t)
                            rho = math.sqrt(dx * dx + dy * dy) - veins[m, 6] * min(1.0, 6.0 * min(t, 1.0 - t))
                            if rho < 0.0:
                                a, s = 0.04, 0.0
                            elif rho < 0.7:
                                a += 1.2 * (0.7 - rho)
                    if kind >= 1:
                        d = away[f, v, u]
                        face = facing[f, v, u]
                        stretch = smooth_at(lattice, x / 15.0 + 5.0 * kind, y / 11.0, z / 27.0)
                        thick = 0.42 * fascia_mm * math.exp(1.1 * smooth_at(lattice, x / 16.0, y / 13.0 + 11.0, z / 30.0))
                        level, visible = fascia_amp, 1.0
                        if kind == 8:
                            level, thick, face = 30.0, 0.45, face**2.0
                        elif kind == 1:
                            level, thick, face = 5.0, 0.35, face**3.0
                        else:
                            if kind == 2:
                                level, thick = 3.0, 0.3
                            elif kind == 3:
                                level, visible = 1.2 * fascia_amp, min(1.0, max(0.35, (stretch - broken) / 0.2 + 0.5))
                            else:
                                share = stretch + 0.35 * smooth_at(lattice, x / 5.0, y / 4.0, z / 11.0 + 9.0)
                                visible = min(1.0, max(0.12, (share - broken) / 0.25 + 0.5))
                                if kind == 7:
                                    level, thick = 0.6 * fascia_amp, 0.7 * thick
                                elif kind == 5:
                                    level = 0.7 * fascia_amp
                            face = least + (1.0 - least) * face**turning
                        near = d / thick
                        profile = math.exp(-0.5 * near * near) if abs(near) < 4.0 else 0.0
                        if 3 <= kind <= 6:
                            two = smooth_at(lattice, x / 18.0 + 23.0, y / 15.0, z / 26.0 + 5.0 * kind)
                            two = min(1.0, max(0.0, (two - doubled) / 0.15 + 0.5))
                            near = (d - gap * (0.7 + 0.6 * visible)) / (0.7 * thick)
                            if two > 0.0 and abs(near) < 4.0:
                                profile += 0.8 * two * math.exp(-0.5 * near * near)
                        e = level * visible * face * profile * soft
                        if e > 0.01:
                            uneven = 1.0 + 0.8 * smooth_at(lattice, x / 2.0, y / 2.0, z / 6.0)
                            s += 0.75 * e * uneven
                            a = math.sqrt(a * a + (0.5 * e * uneven) ** 2) if kind != 8 else a
                if v - start >= 2 and skin_row[f, u] < rows:
                    back = (v - start) - 2 * (skin_row[f, u] - start)
                    if abs(back) * pixel < 1.5 and skin_row[f, u] - start > 2:
                        s += reverberation * 9.0 * skin_facing[f, u] ** 3 * math.exp(-0.5 * (back * pixel / 0.4) ** 2)
                diffuse[f, v, u] = a * gain
                surface[f, v, u] = s * gain
                lost = 2.0 * attenuation * mhz * pixel / 10.0
                if code in (4, 5):
                    dark[u] = min(shadow_db, dark[u] + lost)
                else:
                    loss[u] += lost
