"""Work on several things at a time."""

from __future__ import annotations

import threading
import time

import pytest

from ifssnet.core.machine.threads import ahead, usable_threads


def test_as_many_threads_as_the_process_may_use_or_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert usable_threads() == 3
    for said in ("many", "0", ""):
        monkeypatch.setenv("OMP_NUM_THREADS", said)
        assert usable_threads() >= 1


@pytest.mark.parametrize("threads", ["1", "3"])
def test_order_stays_and_errors_come_in_their_turn(monkeypatch: pytest.MonkeyPatch, threads: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads)

    def work(item: int) -> int:
        time.sleep(0.002 * (5 - item))
        if item == 4:
            raise ValueError
        return item * item

    came: list[tuple[int, int]] = []
    with pytest.raises(ValueError):
        came.extend(ahead(work, range(6)))
    assert came == [(0, 0), (1, 1), (2, 4), (3, 9)]
    came.clear()
    for pair in (found := ahead(work, range(6))):
        came.append(pair)
        if len(came) == 4:
            break
    found.close()
    assert came == [(0, 0), (1, 1), (2, 4), (3, 9)]


def test_only_the_next_few_are_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    begun: list[int] = []
    found = ahead(begun.append, range(1000))
    next(found)
    assert len(begun) <= 3
    before = threading.active_count()
    found.close()
    assert threading.active_count() < before
