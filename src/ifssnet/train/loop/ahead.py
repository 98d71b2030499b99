"""Batches that threads draw before they are asked for, while the network learns from those before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event
from typing import Generic, Protocol, TypeVar, cast, runtime_checkable

import torch

from ifssnet.core.machine.threads import usable_processors

Batch = TypeVar("Batch")

MOST_THREADS = 8
"""Beyond that, threads wait for Python itself."""


@runtime_checkable
class DrawsAhead(Protocol):
    """A task whose batches can be drawn before they are asked for."""

    def expect(self, indices: Sequence[int], share: float) -> None:
        """These units come next, with this share of the training done; none gives up what was drawn ahead."""
        ...


@dataclass(eq=False)
class _Unit(Generic[Batch]):
    """A unit that is being drawn, and what came of it: batches, then None or what went wrong."""

    found: SimpleQueue[Batch | BaseException | None] = field(
        default_factory=lambda: cast("SimpleQueue[Batch | BaseException | None]", SimpleQueue())
    )
    unwanted: Event = field(default_factory=Event)


class DrawnAhead(Generic[Batch]):
    """Draws the batches of units, each unit in one thread and in its own order.

    What is drawn depends on the unit and the share alone, so neither the threads nor the moment have a part in it.

    Args:
        draw: The batches of a unit with a share of the training done, from random numbers of its own. It runs in a thread:
            nothing in it may use torch's random numbers, or numpy's common ones.
        threads: Units that are drawn at a time; 0 draws in the thread that asks.
    """

    def __init__(self, draw: Callable[[int, float], Iterator[Batch]], threads: int | None = None) -> None:
        self.threads = usual_threads() if threads is None else threads
        self._draw = draw
        self._pool: ThreadPoolExecutor | None = None
        self._units: dict[tuple[int, float], _Unit[Batch]] = {}

    def unit(self, index: int, share: float) -> Iterator[Batch]:
        """The batches of a unit, in their order; what goes wrong in drawing them is raised here."""
        if not self.threads:
            yield from self._draw(index, share)
            return
        unit = self._units.pop((index, share), None)
        if unit is None:
            # Somebody goes another way than was expected: nothing of it may be waited for.
            self.forget()
            unit = self._start(index, share)
        try:
            while (batch := unit.found.get()) is not None:
                if isinstance(batch, BaseException):
                    raise batch
                yield batch
        finally:
            unit.unwanted.set()

    def expect(self, indices: Sequence[int], share: float) -> None:
        """Begin with units that will be asked for, unless they are begun; none forgets all that were."""
        if not indices:
            self.forget()
        if self.threads:
            for index in indices:
                if (index, share) not in self._units:
                    self._units[index, share] = self._start(index, share)

    def forget(self) -> None:
        """Draw no further."""
        for unit in self._units.values():
            unit.unwanted.set()
        self._units.clear()

    def _start(self, index: int, share: float) -> _Unit[Batch]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, "draw")
        unit = _Unit[Batch]()
        self._pool.submit(self._fill, unit, index, share)
        return unit

    def _fill(self, unit: _Unit[Batch], index: int, share: float) -> None:
        if unit.unwanted.is_set():
            return
        try:
            for batch in self._draw(index, share):
                unit.found.put(batch)
                if unit.unwanted.is_set():
                    return
            unit.found.put(None)
        except BaseException as error:
            unit.found.put(error)


def usual_threads() -> int:
    """One beside a network on the processor; as many as there are cores for one on a graphics card, which waits for them."""
    return max(1, min(MOST_THREADS, usable_processors() - 1)) if torch.cuda.is_available() else 1
