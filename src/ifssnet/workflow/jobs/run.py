"""The same work on many legs: several at a time, and a bad one does not stop the rest."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress
from ifssnet.workflow.jobs.cluster import Cluster, on_cluster
from ifssnet.workflow.jobs.outcome import Ends, Found, Outcome, Work, attempt
from ifssnet.workflow.jobs.pool import in_pool

MAX_WORKERS = 256


@dataclass(frozen=True)
class Machines:
    """Where work is done.

    Attributes:
        workers: Processes of this machine at a time, which may run out of memory or crash without harm to the others; 0
            for one job after the other in this process.
        cluster: A cluster that is used instead; None for none.

    Raises:
        InputError: A number of workers that cannot be.
    """

    workers: int = 1
    cluster: Cluster | None = None

    @classmethod
    def of(cls, workers: int, address: str | None) -> Machines:
        """This machine, or the cluster at an address."""
        return cls(workers, None if address is None else Cluster(address))

    def __post_init__(self) -> None:
        if not 0 <= self.workers <= MAX_WORKERS:
            raise InputError(f"0 to {MAX_WORKERS} workers", f"{self.workers}", "Use as many as there are processor cores.")


def run_all(
    works: Sequence[Work],
    function: Callable[[Work], Found],
    machines: Machines,
    stage: str,
    shared: Sequence[Path] = (),
) -> Generator[Progress, None, list[Outcome[Work, Found]]]:
    """Do the work on every leg; what fails is reported at the end, in the order of `works`.

    Args:
        works: What to do, in this order.
        function: Does one job, at a module's top level so that another process finds it; writes its own result.
        machines: Where.
        stage: For the progress.
        shared: Folders that are written into, which every machine of a cluster has to see.
    """
    ended: dict[int, Outcome[Work, Found]] = {}
    with closing(_ends(works, function, machines, shared)) as ends:
        yield Progress(stage, 0, len(works))
        for end in ends:
            if isinstance(end, str):
                yield Progress(stage, len(ended), len(works), end)
                continue
            place, outcome = end
            ended[place] = outcome
            yield Progress(stage, len(ended), len(works))
    return [ended[place] for place in range(len(works))]


def _ends(
    works: Sequence[Work], function: Callable[[Work], Found], machines: Machines, shared: Sequence[Path]
) -> Ends[Work, Found]:
    if machines.cluster is not None:
        return on_cluster(works, function, machines.cluster, shared)
    if machines.workers == 0:
        return _here(works, function)
    return in_pool(works, function, machines.workers)


def _here(works: Sequence[Work], function: Callable[[Work], Found]) -> Ends[Work, Found]:
    for place, work in enumerate(works):
        yield place, attempt(function, work)
