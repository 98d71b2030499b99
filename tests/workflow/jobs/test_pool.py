"""Work in processes that stay: each does many pieces, and none takes another's with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.progress import Progress, drain
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.workflow.jobs.run import Machines, run_all


@dataclass(frozen=True)
class Piece:
    """What is to be done in a test."""

    number: int
    folder: Path


def done_by(piece: Piece) -> tuple[int, int, str | None]:
    """Which process did it, and what it knows of threads; every kind of end, by the number."""
    if piece.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if piece.number == 2:
        raise InputError("a leg", "none", "Find one.")
    if piece.number == 3:
        raise ValueError("no such leg")
    return piece.number, os.getpid(), os.environ.get("OMP_NUM_THREADS")


@pytest.mark.posix
def test_few_processes_do_much_and_each_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    works = [Piece(number, tmp_path) for number in range(12)]
    seen: list[Progress] = []
    outcomes = drain(run_all(works, done_by, Machines(2), "working"), seen.append)
    assert [outcome.work for outcome in outcomes] == works
    done = [outcome.found for outcome in outcomes if outcome.found is not None]
    assert [number for number, _, _ in done] == [0, *range(4, 12)]
    # Two, and one for the one that was killed.
    assert len({process for _, process, _ in done}) <= 3
    assert {threads for *_, threads in done} == {str(max(1, (os.cpu_count() or 1) // 2))}
    assert "OMP_NUM_THREADS" not in os.environ
    assert "SIGKILL" in outcomes[1].error
    assert outcomes[3].error == "ValueError: no such leg"
    refusal = outcomes[2].refusal
    assert refusal is not None
    assert (refusal.expected, refusal.received, refusal.remedy) == ("a leg", "none", "Find one.")
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert {progress.total for progress in seen} == {12}
    assert seen[-1].done == 12


def half(piece: Piece) -> None:
    """Write half a file, and wait with the other half."""
    with atomic_path(piece.folder / f"{piece.number}.txt") as partial:
        partial.write_text("half", encoding="utf-8")
        time.sleep(60)


@pytest.mark.posix
def test_work_that_is_stopped_leaves_nothing_half_written(tmp_path: Path) -> None:
    work = run_all([Piece(number, tmp_path) for number in range(3)], half, Machines(2), "working")
    for _ in work:
        if len(list(tmp_path.iterdir())) == 2:
            break
    began = time.monotonic()
    work.close()
    assert list(tmp_path.iterdir()) == []
    assert time.monotonic() - began < 5


ORPHANS = """
import sys
from pathlib import Path
from test_pool import Piece, note
from ifssnet.core.progress import drain
from ifssnet.workflow.jobs.run import Machines, run_all
if __name__ == "__main__":
    drain(run_all([Piece(number, Path(sys.argv[1])) for number in range(50)], note, Machines(2), "working"))
"""


def note(piece: Piece) -> None:
    """Say which process does it."""
    (piece.folder / f"{piece.number}.txt").write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(0.05)


@pytest.mark.posix
def test_processes_end_with_the_one_that_gave_them_work(tmp_path: Path) -> None:
    script, found = tmp_path / "script.py", tmp_path / "found"
    script.write_text(ORPHANS, encoding="utf-8")
    found.mkdir()
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with subprocess.Popen([sys.executable, str(script), str(found)], env={**os.environ, "PYTHONPATH": path}) as parent:
        while len(list(found.iterdir())) < 6 and parent.poll() is None:
            time.sleep(0.02)
        parent.kill()
    # A process may end between its name and its number.
    workers = {int(text) for file in found.iterdir() if (text := file.read_text(encoding="utf-8"))}
    assert len(workers) == 2
    for _ in range(200):
        if not any(alive(worker) for worker in workers):
            break
        time.sleep(0.05)
    assert not any(alive(worker) for worker in workers)
    assert len(list(found.iterdir())) < 50


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("workers", [-1, 257])
def test_numbers_of_processes_that_cannot_be(workers: int) -> None:
    with pytest.raises(InputError, match="workers"):
        Machines(workers)
