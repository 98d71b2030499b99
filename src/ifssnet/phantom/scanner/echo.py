"""The field of echoes before the beam blurs it: backscatter, surfaces, and what is lost on the way."""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from jaxtyping import Complex64
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.phantom.anatomy.tissue import Condition, acoustic_table
from ifssnet.phantom.anatomy.view import ProbeView, Scene
from ifssnet.phantom.scanner.probe import Probe
from ifssnet.phantom.scanner.texture import NOWHERE, fascicles, infiltration, noise_beside, value_noise


def echo_field(
    scene: Scene, view: ProbeView, probe: Probe, condition: Condition, scatterers: Complex64[np.ndarray, "image v u"]
) -> Complex64[np.ndarray, "image v u"]:
    """Complex echoes after time-gain compensation.

    Args:
        scene: The tissue and the surfaces' echo at each pixel.
        view: Where the pixels lie.
        probe: The machine.
        condition: The tissue's state, and the seed of its texture.
        scatterers: White complex noise of unit power, the view's own.
    """
    out = np.zeros(scatterers.shape, dtype=np.complex64)
    _echoes(
        (scene.codes, scene.echo, scene.skin_row, scene.skin_facing),
        (view.image_to_leg, view.first_row, view.last_row, view.shift_mm, view.line_db),
        acoustic_table(),
        (view.spacing_vu_mm[0], probe.frequency_mhz, probe.tgc_db_cm),
        (condition.seed, condition.infiltration, np.array(condition.lesion_xyzr_mm, dtype=np.float64)),
        scatterers,
        out,
    )
    return out


@no_type_check
@compiled(parallel=True)
def _echoes(scene, view, acoustic, machine, tissue, scatterers, out):
    codes, echo, skin_row, skin_facing = scene
    poses, first_row, last_row, shift, line_db = view
    pixel, mhz, tgc = machine
    seed, fatty, lesion = tissue
    n, rows, columns = codes.shape
    turns = np.stack((np.cos(acoustic[:, 3]), np.sin(acoustic[:, 3])), axis=1)
    for f in prange(n):
        p = poses[f]
        losses_db = -line_db[f].astype(np.float64)
        cells, corners = np.full((4, 4), NOWHERE), np.zeros((4, 8))
        # Row by row: neighbours along a row share the cells of the noise, and lie side by side in memory.
        for v in range(rows):
            for u in range(columns):
                if not first_row[f, u] <= v < last_row[f, u]:
                    continue
                loss_db = losses_db[u]
                if v == skin_row[f, u]:
                    # Where the skin slopes away, less sound comes in and less comes back.
                    loss_db -= 30.0 * math.log10(max(0.05, skin_facing[f, u]))
                gain_db = tgc * pixel * (v - first_row[f, u] + 0.5) / 10.0 - loss_db
                code = codes[f, v, u]
                if gain_db < -90.0 or (code == 0 and echo[f, v, u] == 0.0):
                    losses_db[u] = loss_db + 2.0 * acoustic[code, 1] * mhz * pixel / 10.0
                    continue
                x = p[0, 0] * u + p[0, 1] * v + p[0, 3] - shift[f, u, 0]
                y = p[1, 0] * u + p[1, 1] * v + p[1, 3] - shift[f, u, 1]
                z = p[2, 0] * u + p[2, 1] * v + p[2, 3] - shift[f, u, 2]
                amplitude, attenuation, depth_texture, pennation = acoustic[code]
                if depth_texture > 0.0:
                    amplitude *= math.exp(
                        depth_texture * fascicles((turns[code, 0], turns[code, 1]), code, x, y, z, seed, cells, corners)
                    )
                surface = echo[f, v, u]
                if pennation > 0.0 and fatty > 0.0:
                    fat = infiltration(fatty, x, y, z, seed)
                    amplitude *= 1.0 + 5.0 * fat
                    attenuation += 0.35 * fat
                    surface *= 1.0 - 0.75 * fat
                if lesion[3] > 0.0 and pennation > 0.0:
                    away = ((x - lesion[0]) ** 2 + (y - lesion[1]) ** 2 + (0.6 * (z - lesion[2])) ** 2) ** 0.5 / lesion[3]
                    away += 0.2 * value_noise(x / 5.0, y / 5.0, z / 8.0, seed + 51)
                    if away < 1.0:
                        amplitude = amplitude ** (away**4) * 0.3 ** (1 - away**4)
                        surface *= away
                value = amplitude * scatterers[f, v, u]
                if surface > 1e-3:
                    uneven = 1.0 + 0.5 * noise_beside(x / 2.0, y / 2.0, z / 6.0, seed + 5, cells[3], corners[3])
                    value += surface * uneven * (0.75 + 0.5 * scatterers[f, v, u])
                out[f, v, u] = value * 10.0 ** (gain_db / 20.0)
                losses_db[u] = loss_db + 2.0 * attenuation * mhz * pixel / 10.0
