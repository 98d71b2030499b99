"""Smooth random functions over height and angle."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ifssnet.geometry.untyped import smoothed_along


def smooth_noise(
    rng: np.random.Generator, rows: int, columns: int, length_rows: float, width_columns: float = 0.0
) -> Float[np.ndarray, "row column"]:
    """Gaussian noise of SD 1, smooth over `length_rows` along the leg and over `width_columns` around it (0: independent).

    Around the leg it is periodic; along the leg it is drawn beyond both ends, so that they are as rough as the middle.
    """
    pad = int(np.ceil(3 * length_rows))
    white = rng.standard_normal((rows + 2 * pad, columns))
    smooth = smoothed_along(white, length_rows, axis=0, mode="nearest")
    if width_columns > 0:
        smooth = smoothed_along(smooth, width_columns, axis=1, mode="wrap")
    return smooth[pad : pad + rows] / (_expected_sd(length_rows) * _expected_sd(width_columns))


def _expected_sd(sigma: float) -> float:
    """SD that white noise of SD 1 keeps after a Gaussian: the root of the kernel's energy.

    By expectation rather than by sample, so that a short leg is not forced to be as varied as a long one.
    """
    if sigma <= 0:
        return 1.0
    radius = int(np.ceil(4 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return float(np.sqrt(np.sum(kernel**2)) / np.sum(kernel))
