"""People who differ: what sets them apart is in the anatomy and in the image."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.progress import drain
from ifssnet.phantom.anatomy.labels import leg_labels
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.subject import VARIANTS, Subject, draw_subject
from ifssnet.phantom.scanner.direct_volume import direct_volume
from ifssnet.phantom.scanner.protocol import SMALL

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


def test_fat_between_the_fibres_takes_more_sound_away_with_depth() -> None:
    """Near the probe fatty muscle is brighter by more than far from it: what lies between attenuates."""
    healthy, fatty = Subject(seed=4), Subject(seed=4, infiltration=0.5)
    _, before, labels = _muscle_grey(healthy, 150.0)
    _, after, _ = _muscle_grey(fatty, 150.0)
    gain = after - before
    depth = np.broadcast_to(np.arange(60)[None, :, None], labels.shape)
    first = np.where(labels > 0, depth, 60).min(axis=1, keepdims=True)
    under = 2.0 * (depth - first)
    near, far = gain[(labels > 0) & (under < 12)], gain[(labels > 0) & (under > 28)]
    assert near.size > 300
    assert far.size > 300
    assert near.mean() > far.mean() + 5


def test_what_sets_people_apart_is_in_the_anatomy() -> None:
    """The same seed is the same person but for the variant: volumes by their factors, legs shorter by the height."""
    for seed in range(5):
        adult, wasted = draw_subject(seed), draw_subject(seed, "atrophy")
        assert wasted.sol.volume_cm3 == pytest.approx(0.68 * adult.sol.volume_cm3)
        assert wasted.gm.volume_cm3 == pytest.approx(0.6 * adult.gm.volume_cm3)
        assert wasted.leg_mm == adult.leg_mm
        child, swollen = draw_subject(seed, "child"), draw_subject(seed, "pseudohypertrophy")
        assert child.leg_mm < adult.leg_mm - 30
        assert swollen.gm.volume_cm3 == pytest.approx(1.5 * child.gm.volume_cm3)
        assert swollen.leg_mm == child.leg_mm
        assert draw_subject(seed, "duchenne").visibility < child.visibility


def test_an_injury_is_a_ball_in_gm_and_the_rest_of_the_leg_is_as_it_was() -> None:
    """All that changes lies within the lesion's reach of its centre, or in its shadow below; labels do not change."""
    whole, hurt = build_leg(Subject(seed=4)), build_leg(Subject(seed=4, lesion_mm=10.0))
    x, y, z, radius = hurt.condition.lesion_xyzr_mm
    assert radius == 10.0
    assert whole.condition.lesion_xyzr_mm[3] == 0.0
    assert hurt.tissues(Grid((1, 1, 1), (1.0, 1.0, 1.0), (x, y, z)).index_to_mm, (1, 1, 1))[0, 0, 0] == 2
    assert z == pytest.approx(8.0 + 0.6 * 219.0, abs=1.0)
    grid = Grid((21, 60, 60), (2.0, 2.0, 3.0), (-60.0, -70.0, z - 30.0))
    a, b = (drain(direct_volume(leg, grid, SETTINGS, seed=1)).array.astype(int) for leg in (whole, hurt))
    k, _, i = np.nonzero(np.abs(a - b) > 12)
    assert len(k) > 50
    assert np.abs(grid.origin_xyz_mm[2] + 3.0 * k - z).max() < 10.0 / 0.6 + 6.0
    assert np.abs(grid.origin_xyz_mm[0] + 2.0 * i - x).max() < 10.0 + 6.0


def test_unknown_people_are_refused() -> None:
    with pytest.raises(InputError, match="seed"):
        draw_subject(-1)
