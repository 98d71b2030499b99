"""The log on disk: what was returned from is there, what was torn is said, and nothing is lost when the process is killed."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from cone import GM, SOL, draw_all, drawn, new_session, volume

from children import forked
from ifssnet.core.errors import InputError
from ifssnet.io.save import save
from ifssnet.workflow.session.events import SliceErased, Undone
from ifssnet.workflow.session.log import VERSION, LogWriter, read_log
from ifssnet.workflow.session.reducer import replay
from ifssnet.workflow.session.session import LOG, Session, now

HERE = Path(__file__).parent


def test_a_session_opens_where_it_was_left(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0, 20, 40)
        left = session.state
    with Session.open(tmp_path / "case") as again:
        assert again.state == left
        assert again.findings == ()
        assert again.volume.grid == left.grid


def test_a_torn_last_line_is_dropped_and_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0)
        left = session.state
    log = tmp_path / "case" / LOG
    whole = log.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    for torn in (whole + last[: len(last) // 2], whole + b"{", whole + last[:-5] + b"\n"):
        log.write_bytes(torn)
        with Session.open(tmp_path / "case") as again:
            assert again.state == left
            assert f"The last {len(torn) - len(whole)} bytes" in again.findings[0].text
            again.apply(drawn(SOL, 5))
        assert len(read_log(log).events) == left.events + 1


def test_damage_before_the_last_line_is_refused_and_nothing_is_cut_off(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0, 10)
    log = tmp_path / "case" / LOG
    lines = log.read_bytes().splitlines(keepends=True)
    damaged = b"".join([*lines[:2], lines[2].replace(b'"z":0', b'"z":1'), *lines[3:]])
    for data in (damaged, b"".join(lines[:2] + lines[3:])):
        log.write_bytes(data)
        with pytest.raises(InputError, match="a damaged one"):
            Session.open(tmp_path / "case")
        assert log.read_bytes() == data


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (f'{{"format": "ifssnet-session", "version": {VERSION + 1}}}', "newer version"),
        ('{"format": "ifssnet-session", "version": 0}', "an older program"),
        ('{"format": "ifssnet-session", "version": "1"}', "another file"),
        ('{"format": "something", "version": 1}', "another file"),
        ("[1, 2]", "another file"),
        ("hello", "another file"),
    ],
)
def test_logs_of_other_versions_and_other_files_are_refused(tmp_path: Path, first: str, words: str) -> None:
    with new_session(tmp_path):
        pass
    log = tmp_path / "case" / LOG
    rest = log.read_text(encoding="utf-8").split("\n", 1)[1]
    log.write_text(f"{first}\n{rest}", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        Session.open(tmp_path / "case")
    assert words in str(refused.value)


def test_one_at_a_time_may_change_a_session_and_others_may_read_it(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        with pytest.raises(InputError, match="open elsewhere"):
            Session.open(tmp_path / "case")
        with Session.open(tmp_path / "case", read_only=True) as reader:
            assert reader.state == session.state
            with pytest.raises(InputError, match="opened to be read"):
                reader.apply(drawn(SOL, 0))
    Session.open(tmp_path / "case").close()


def test_a_second_session_in_a_folder_is_refused(tmp_path: Path) -> None:
    with new_session(tmp_path), pytest.raises(InputError, match="without a session"):
        Session.create(tmp_path / "case", tmp_path / "leg.mha")


def test_events_that_cannot_be_leave_neither_state_nor_log_changed(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        before, log = session.state, (tmp_path / "case" / LOG).read_bytes()
        with pytest.raises(InputError):
            session.apply(drawn(SOL, 3), drawn(9, 3))
        assert session.state == before
        assert (tmp_path / "case" / LOG).read_bytes() == log


def test_a_full_disk_loses_nothing_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0)
        before, log = session.state, (tmp_path / "case" / LOG).read_bytes()

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(InputError, match="No space left"):
                session.apply(drawn(SOL, 7))
        assert session.state == before
        assert (tmp_path / "case" / LOG).read_bytes() == log
        session.apply(drawn(SOL, 7))
    assert replay(read_log(tmp_path / "case" / LOG).events).muscles[SOL].drawn.keys() == {0, 7}


def test_a_line_is_on_the_disk_before_the_event_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    with new_session(tmp_path) as session:
        log = tmp_path / "case" / LOG
        monkeypatch.setattr(os, "fsync", lambda _: flushed.append(log.stat().st_size))
        session.apply(drawn(SOL, 7))
        assert flushed == [log.stat().st_size]


KILLED = """
import sys
sys.path[:0] = [sys.argv[2]]
from pathlib import Path
from cone import SOL, drawn
from ifssnet.workflow.session.session import Session
session = Session.open(Path(sys.argv[1]))
for z in range(41):
    session.apply(drawn(SOL, z))
    print(z, flush=True)
"""


@pytest.mark.posix
def test_whoever_is_killed_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with new_session(tmp_path):
        pass
    acknowledged = -1
    for pause in (0.0, 0.003, 0.01):
        arguments = [sys.executable, "-c", KILLED, str(tmp_path / "case"), str(HERE)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
            assert process.stdout is not None
            acknowledged = max(acknowledged, int(process.stdout.readline()))
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
            acknowledged = max([acknowledged, *map(int, process.stdout.read().split("\n")[:-1])])
        with Session.open(tmp_path / "case") as session:
            assert set(session.state.muscles[SOL].drawn) >= set(range(acknowledged + 1))


def test_a_writer_begins_where_there_is_no_log(tmp_path: Path) -> None:
    LogWriter(tmp_path / LOG).close()
    with pytest.raises(InputError, match="a place to write"):
        LogWriter(tmp_path / LOG)
    with pytest.raises(InputError, match="interrupted before its first event"):
        read_log(tmp_path / LOG)


@pytest.mark.parametrize("left", [None, b"", b'{"format"', b'{"format":"ifssnet-session","version":1}\n', "half an event"])
def test_a_beginning_that_was_cut_short_is_begun_again(tmp_path: Path, left: bytes | str | None) -> None:
    with new_session(tmp_path) as session:
        whole = (tmp_path / "case" / LOG).read_bytes()
        opened = session.state
    log = tmp_path / "case" / LOG
    log.unlink()
    if left is not None:
        log.write_bytes(whole[:-30] if isinstance(left, str) else left)
    with pytest.raises(InputError, match="ifss session new"):
        Session.open(tmp_path / "case")
    with Session.create(tmp_path / "case", tmp_path / "leg.mha", by="expert") as session:
        assert session.state == opened
    with pytest.raises(InputError, match="one with a session"):
        Session.create(tmp_path / "case", tmp_path / "leg.mha", by="expert")


@pytest.mark.parametrize("name", ["leg.mhd", "leg.nhdr"])
def test_a_volume_in_two_files_is_one_file_in_the_session(tmp_path: Path, name: str) -> None:
    save(volume(), tmp_path / name)
    Session.create(tmp_path / "case", tmp_path / name, by="expert").close()
    for each in tmp_path.glob("leg.*"):
        each.unlink()
    with Session.open(tmp_path / "case") as again:
        assert (again.volume.array == volume().array).all()
        assert again.state.volume == "leg.mha"


def test_a_beginning_that_fails_lets_the_folder_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="No space left"):
            new_session(tmp_path)
    # Neither the lock nor what was left stands in the way.
    new_session(tmp_path).close()


@pytest.mark.posix
def test_a_folder_that_vanishes_is_said_at_the_next_stroke(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        draw_all(session, 0)
        before = session.state
        shutil.rmtree(tmp_path / "case")
        with pytest.raises(InputError, match="was deleted"):
            session.apply(drawn(SOL, 7))
        assert session.state == before


def test_a_clock_that_jumps_costs_no_work_and_invents_none(tmp_path: Path) -> None:
    with new_session(tmp_path) as session:
        for at in ("2026-05-01T10:00:00+00:00", "2019-01-01T00:00:00+00:00", "2031-01-01T00:00:00+00:00"):
            session.apply(replace(drawn(SOL, 7), at=at))
        # Years forward count as one long pause, years back as nothing.
        assert session.state.effort.active_seconds == 120.0
        left = session.state
    with Session.open(tmp_path / "case", read_only=True) as again:
        assert again.state == left


def _draw_until_killed(case: Path, told: int) -> None:
    """In a process of its own: draw, undo, erase, and tell how many events are on the disk."""
    with Session.open(case) as session:
        for turn in range(200):
            session.apply(drawn(SOL, turn % 41), drawn(GM, (3 * turn) % 41))
            if turn % 3 == 2:
                session.apply(Undone(now(), "expert"))
            if turn % 5 == 4:
                session.apply(SliceErased(now(), "expert", SOL, turn % 41))
            os.write(told, session.state.events.to_bytes(4, "little"))


@pytest.mark.slow
@pytest.mark.posix
def test_fifty_kills_at_random_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    new_session(tmp_path).close()
    case = tmp_path / "case"
    rng = np.random.default_rng(7)
    for _ in range(50):
        heard, told = os.pipe()
        child = forked(partial(_draw_until_killed, case, told))
        os.close(told)
        with os.fdopen(heard, "rb") as stream:
            # On a busy machine it may take a while to begin.
            acknowledged = stream.read(4)
            time.sleep(float(rng.uniform(0.0, 0.02)))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            acknowledged += stream.read()
        with Session.open(case) as session:
            assert session.state.events >= int.from_bytes(acknowledged[-4:], "little")
            again = replay(read_log(case / LOG).events)
            # What can be undone is a chain as long as the session: it is too deep to be compared as a whole.
            assert replace(again, past=None, future=None) == replace(session.state, past=None, future=None)
    assert session.state.events > 100
