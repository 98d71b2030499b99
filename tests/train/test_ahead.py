"""Batches that are drawn ahead are those that are drawn one after another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from ifssnet.train.loop.ahead import DrawnAhead, DrawsAhead
from ifssnet.train.tasks.anchored import AnchoredTask
from ifssnet.train.tasks.recurrent import RecurrentTask


def numbers(index: int, share: float) -> Iterator[tuple[int, float, float]]:
    rng = np.random.default_rng([index])
    for _ in range(5):
        time.sleep(0.001 * float(rng.random()))
        yield index, share, float(rng.random())


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_units_are_those_of_one_thread_in_whatever_order_they_are_expected(threads: int) -> None:
    ahead = DrawnAhead(numbers, threads)
    for unit in range(6):
        ahead.expect((unit,), unit / 6)
        ahead.expect((unit + 1,), (unit + 1) / 6)
        assert list(ahead.unit(unit, unit / 6)) == list(numbers(unit, unit / 6))
    # Another way than was expected: as when some units are timed and undone.
    assert list(ahead.unit(1, 0.5)) == list(numbers(1, 0.5))
    first, second = ahead.unit(2, 0.5), ahead.unit(3, 0.5)
    assert [next(first), next(second), *first, *second] == [
        *list(numbers(2, 0.5))[:1],
        *list(numbers(3, 0.5))[:1],
        *list(numbers(2, 0.5))[1:],
        *list(numbers(3, 0.5))[1:],
    ]


def test_the_next_unit_is_drawn_while_this_one_is_learned_from() -> None:
    done = threading.Event()

    def draw(index: int, share: float) -> Iterator[int]:
        yield index
        if index == 1:
            done.set()

    ahead = DrawnAhead(draw, 1)
    ahead.expect((0,), 0.0)
    ahead.expect((1,), 0.5)
    unit = ahead.unit(0, 0.0)
    next(unit)
    assert done.wait(10)


def test_what_goes_wrong_is_raised_where_it_is_asked_for() -> None:
    def draw(index: int, share: float) -> Iterator[int]:
        yield 1
        raise ValueError("a damaged leg")

    unit = DrawnAhead(draw, 1).unit(0, 0.0)
    assert next(unit) == 1
    with pytest.raises(ValueError, match="a damaged leg"):
        next(unit)


def test_what_nobody_wants_any_more_is_drawn_no_further() -> None:
    drawn: list[int] = []
    go = threading.Event()

    def draw(index: int, share: float) -> Iterator[int]:
        for _ in range(100):
            drawn.append(index)
            yield index
            assert go.wait(10)

    ahead = DrawnAhead(draw, 1)
    ahead.expect((0,), 0.0)
    while not drawn:
        time.sleep(0.001)
    ahead.expect((), 0.0)
    go.set()
    # The one thread has come to an end with the first unit when it draws the second.
    assert list(ahead.unit(1, 0.0)) == [1] * 100
    assert drawn.count(0) <= 2


def test_both_networks_of_this_package_are_drawn_for_ahead() -> None:
    assert issubclass(AnchoredTask, DrawsAhead)
    assert issubclass(RecurrentTask, DrawsAhead)
