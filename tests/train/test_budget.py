from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifssnet.core.errors import InputError
from ifssnet.train.data.budget import AnnotationBudget

LEG = {"SOL": (0, 1399)}


def legs(number: int) -> dict[str, dict[str, tuple[int, int]]]:
    return {f"leg-{i:02d}": LEG for i in range(number)}


def test_the_papers_arithmetic() -> None:
    budget = AnnotationBudget()
    assert budget.counts(5) == (230, 115, 57, 42, 42)
    assert budget.total == 230 + 115 + 57 + 26 * 42 == 1494
    assert abs(budget.total - 1420) < 136
    assert budget.share == pytest.approx(1494 / 40600)
    halving = AnnotationBudget(floor=0)
    assert halving.counts(9) == (230, 115, 57, 28, 14, 7, 3, 1, 0)
    assert halving.total == 455
    assert AnnotationBudget("constant").total == 29 * 42
    assert AnnotationBudget("full").total == 40600


def test_runs_of_three_of_the_papers_legs() -> None:
    drawn = AnnotationBudget().annotated(legs(29))
    assert [len(muscles["SOL"]) for muscles in drawn.slices.values()][:4] == [3 * 77, 3 * 38, 3 * 19, 3 * 14]
    assert drawn.total == 231 + 114 + 57 + 26 * 42 == 1494
    assert drawn.available == 40600
    assert drawn.images == drawn.total
    assert drawn.share == pytest.approx(1494 / 40600)


def test_three_in_every_hundred() -> None:
    drawn = AnnotationBudget("constant", spread="blocks").annotated({"leg": LEG}).slices["leg"]["SOL"]
    assert drawn == tuple(100 * block + step for block in range(14) for step in range(3))


def test_both_ends_are_drawn() -> None:
    # Four runs over 20..119: starts at 20, 52 1/3, 84 2/3 and 117.
    budget = AnnotationBudget("constant", constant=12, leg_slices=100)
    drawn = budget.annotated({"leg": {"GM": (20, 119)}}).slices["leg"]["GM"]
    assert drawn == (20, 21, 22, 52, 53, 54, 85, 86, 87, 117, 118, 119)


def test_a_short_muscle_gets_the_same_share_and_at_least_its_first_slices() -> None:
    budget = AnnotationBudget("constant", spread="blocks")
    drawn = budget.annotated({"leg": {"SOL": (0, 1399), "GM": (300, 999), "GL": (500, 519), "bit": (7, 8)}}).slices["leg"]
    assert [len(drawn[muscle]) for muscle in ("SOL", "GM")] == [42, 21]
    assert drawn["GL"] == (500, 501, 502)
    assert drawn["bit"] == (7, 8)


def test_masks_on_one_slice_are_one_image() -> None:
    drawn = AnnotationBudget("full").annotated({"leg": {"SOL": (0, 9), "GM": (5, 14)}})
    assert (drawn.total, drawn.images, drawn.share) == (20, 15, 1)
    assert drawn.total_by_muscle == {"SOL": 10, "GM": 10}


def test_the_order_is_the_seeds_whatever_the_listing() -> None:
    named = legs(12)
    backwards = dict(reversed(named.items()))
    first = AnnotationBudget(order="shuffled", seed=3)
    assert first.annotated(named).slices == first.annotated(backwards).slices
    assert list(first.annotated(named).slices) != list(named)
    assert list(first.annotated(named).slices) != list(AnnotationBudget(order="shuffled", seed=4).annotated(named).slices)
    assert list(AnnotationBudget().annotated(backwards).slices) == list(backwards)
    dealt = first.annotated(named)
    assert dealt.planned[next(iter(dealt.slices))] == 230


@given(
    first=st.integers(0, 900),
    length=st.integers(1, 1600),
    constant=st.integers(1, 1400),
    spread=st.sampled_from(["ends", "blocks"]),
    run=st.integers(1, 5),
)
def test_what_is_drawn_lies_in_the_range_in_runs_from_its_first_slice(
    first: int, length: int, constant: int, spread: str, run: int
) -> None:
    budget = AnnotationBudget("constant", constant=constant, spread=spread, run=run)
    drawn = budget.annotated({"leg": {"SOL": (first, first + length - 1)}}).slices["leg"]["SOL"]
    assert drawn[0] == first
    assert drawn[-1] < first + length
    assert list(drawn) == sorted(set(drawn))
    if len(drawn) < length:
        assert len(drawn) % run == 0
        assert abs(len(drawn) - length * constant / 1400) <= run
        assert all(b - a == 1 for a, b in zip(drawn[::run], drawn[1::run], strict=False)) or run == 1
        starts = drawn[::run]
        gaps = [b - a for a, b in pairwise(starts)]
        assert not gaps or (max(gaps) - min(gaps) <= 1 and min(gaps) >= run)
        if spread == "ends" and len(starts) > 1:
            assert drawn[-1] == first + length - 1


@pytest.mark.parametrize(
    "wrong",
    [{"policy": "some"}, {"order": "random"}, {"spread": "even"}, {"first": 0}, {"floor": -1}, {"first": 1401}, {"decay": 0.0}],
)
def test_budgets_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        AnnotationBudget(**wrong)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match=r"9 and 3 for GM in leg"):
        AnnotationBudget().annotated({"leg": {"GM": (9, 3)}})
