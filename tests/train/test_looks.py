"""Random looks: what changes, and what has to stay."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.train.data.looks import RandomLooks, change_look

TISSUE = np.zeros((3, 40, 40), dtype=np.int64)
TISSUE[:, 10:30, 10:30] = 2
STACK = np.where(TISSUE == 2, np.float32(60), np.float32(120)) + np.random.default_rng(0).normal(0, 4, TISSUE.shape).astype(
    np.float32
)
STACK[:, :3] = 0


def _looks(seed: int, **options: float) -> np.ndarray:
    return change_look(
        np.random.default_rng(seed), STACK, TISSUE, 2, 1.1, RandomLooks(**{"chance": 1.0, "patched": 0.0, **options})
    )


def test_tissues_change_alike_on_all_that_is_shown() -> None:
    differences = []
    for seed in range(20):
        changed = _looks(seed, curve=0.0, field=0.0)
        inner, outer = (changed[:, 15:25, 15:25].mean(axis=(1, 2)), changed[:, 34:, 5:].mean(axis=(1, 2)))
        assert np.ptp(inner) < 3
        assert np.ptp(outer) < 3
        differences.append(float(inner.mean() - outer.mean()))
    # The muscle is darker here, and is brighter in some looks: nothing absolute can be learned.
    assert min(differences) < -80
    assert max(differences) > -40


def test_what_was_not_scanned_stays_dark_and_the_rest_does_not_become_so() -> None:
    for seed in range(10):
        changed = _looks(seed)
        assert not changed[STACK == 0].any()
        assert (changed[STACK > 0] >= 1).all()
        assert changed.max() <= 400


def test_contact_is_lost_on_the_wanted_slices_alone() -> None:
    changed = _looks(3, chance=0.0, patched=1.0)
    assert np.array_equal(changed[2], STACK[2])
    assert (changed[:2] < 0.7 * STACK[:2]).any()


def test_no_look_changes_nothing() -> None:
    assert np.array_equal(_looks(1, chance=0.0), STACK)


def test_a_display_curve_rises() -> None:
    flat = np.linspace(1, 255, 1600, dtype=np.float32).reshape(1, 40, 40)
    tissue = np.zeros((1, 40, 40), dtype=np.int64)
    looks = RandomLooks(chance=1.0, level=0.0, contrast=1.0, field=0.0, patched=0.0, curve=1.0)
    changed = change_look(np.random.default_rng(1), flat, tissue, 1, 1.1, looks).reshape(-1)
    assert (np.diff(changed) >= 0).all()
    assert np.abs(changed - flat.reshape(-1)).max() > 5


@pytest.mark.parametrize("wrong", [{"chance": 1.5}, {"patched": -0.1}, {"contrast": 0.5}, {"level": -1.0}])
def test_looks_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        RandomLooks(**wrong)
