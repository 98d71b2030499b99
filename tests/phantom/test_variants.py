"""People who differ: what sets them apart is in the anatomy and in the image."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.progress import drain
from ifssnet.phantom.anatomy import build_leg
from ifssnet.phantom.direct import direct_volume
from ifssnet.phantom.labels import leg_labels
from ifssnet.phantom.protocol import SMALL
from ifssnet.phantom.subject import VARIANTS, Subject, draw_subject

SETTINGS = SMALL.without_errors()


def _muscle_grey(subject: Subject, z_mm: float) -> tuple[float, np.ndarray, np.ndarray]:
    grid = Grid((6, 60, 60), (2.0, 2.0, 3.0), (-60.0, -70.0, z_mm))
    leg = build_leg(subject)
    image = drain(direct_volume(leg, grid, SETTINGS, seed=1)).array.astype(float)
    labels = leg_labels(leg, grid).array
    return float(image[labels > 0].mean()), image, labels


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_is_a_leg(variant) -> None:
    for seed in range(3):
        leg = build_leg(draw_subject(seed, variant))
        assert np.isfinite(leg.layers).all()
        assert leg.layers[..., 0].min() > 5


def test_children_are_smaller_and_diseased_muscle_differs() -> None:
    def mean(variant: str, muscle: str) -> float:
        return float(np.mean([getattr(draw_subject(s, variant), muscle).volume_cm3 for s in range(30)]))

    assert mean("child", "sol") < 0.5 * mean("adult", "sol")
    assert mean("pseudohypertrophy", "gm") > 1.3 * mean("child", "gm")
    assert mean("atrophy", "gm") < 0.75 * mean("adult", "gm")
    assert all(draw_subject(s, "duchenne").infiltration > 0.1 for s in range(10))


def test_fat_between_the_fibres_makes_muscle_bright() -> None:
    healthy, _, _ = _muscle_grey(Subject(seed=4), 150.0)
    fatty, _, _ = _muscle_grey(Subject(seed=4, infiltration=0.4), 150.0)
    assert fatty > healthy + 8


def test_an_injury_is_dark_and_stays_muscle() -> None:
    z = 8.0 + 0.6 * 219.0
    _, before, labels = _muscle_grey(Subject(seed=4), z - 6)
    _, after, same = _muscle_grey(Subject(seed=4, lesion_mm=10.0), z - 6)
    assert np.array_equal(labels, same)
    changed = before - after
    assert changed[labels == 2].max() > 30
    # Darker where the injury is, and not beside it.
    assert np.mean(changed[labels == 3]) < 0.3 * np.mean(changed[labels == 2]) + 0.5


def test_unknown_people_are_refused() -> None:
    with pytest.raises(InputError, match="seed"):
        draw_subject(-1)
