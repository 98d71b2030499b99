"""The noise of a tissue, looked up by itself and place after place."""

from __future__ import annotations

import numpy as np

from ifssnet.phantom.scanner.texture import NOWHERE, noise_beside, value_noise


def test_a_remembered_cell_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    steps = rng.normal(0.0, 0.4, (400, 3)).cumsum(axis=0)
    cell, corners = np.full(4, NOWHERE), np.zeros(8)
    for number, (x, y, z) in enumerate(steps.tolist()):
        seed = number // 150
        assert noise_beside(x, y, z, seed, cell, corners) == value_noise(x, y, z, seed)
