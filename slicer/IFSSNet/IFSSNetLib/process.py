"""A command in a process of its own, watched by a timer, ended when the user cancels."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_STEP = re.compile(r"^(?P<stage>[^:]+): (?P<done>\d+) of (?P<total>\d+)$")


@dataclass(frozen=True)
class Step:
    """How far a command says that it is.

    Attributes:
        stage: What it does, in its own words.
        fraction: From 0 to 1, of this stage.
    """

    stage: str
    fraction: float


def step_of(line: str) -> Step | None:
    """The progress that a line tells, if it tells any.

    >>> step_of("propagating: 230 of 460")
    Step(stage='propagating', fraction=0.5)
    >>> step_of("warning: 3 of 4 muscles are drawn.") is None
    True
    """
    found = _STEP.match(line.strip())
    if found is None or not int(found["total"]):
        return None
    return Step(found["stage"], min(1.0, int(found["done"]) / int(found["total"])))


def environment_for(
    interpreter: str, own: str, here: Mapping[str, str], before_slicer: Mapping[str, str] | None
) -> dict[str, str]:
    """The variables for an interpreter.

    3D Slicer sets PYTHONHOME and library paths for its own Python. Another interpreter would load the wrong libraries.

    Args:
        interpreter: That runs the command.
        own: 3D Slicer's own.
        here: The variables of this process.
        before_slicer: Those that 3D Slicer was started with; None where they are not known.
    """
    if os.path.realpath(interpreter) == os.path.realpath(own):
        chosen = dict(here)
    elif before_slicer is not None:
        chosen = dict(before_slicer)
    else:
        chosen = {name: value for name, value in here.items() if not name.startswith(("PYTHON", "LD_LIBRARY", "DYLD_"))}
    # Names of muscles go through pipes: their encoding must not depend on the system's language.
    return {**chosen, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}


class Running:
    """One command that runs."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], answer_is_talk: bool = False) -> None:
        """Start it.

        Args:
            command: The interpreter, and what follows.
            environment: All variables of the process.
            answer_is_talk: Standard output is for the user to read as well, as pip's is.
        """
        self._answer = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if answer_is_talk else self._answer,
            stderr=subprocess.STDOUT if answer_is_talk else subprocess.PIPE,
            env=dict(environment),
            # No black window of a console in front of 3D Slicer on Windows.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self.said: list[str] = []
        self.cancelled = False
        self._text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        pipe = self._process.stderr or self._process.stdout
        if pipe is not None:
            with pipe:
                for line in pipe:
                    self.said.append(line.decode("utf-8", "replace").rstrip())
        self._process.wait()
        with self._answer:
            self._answer.seek(0)
            self._text = self._answer.read().decode("utf-8", "replace")

    @property
    def finished(self) -> bool:
        """It has ended, and all that it said has been read."""
        return self._process.poll() is not None and (self.cancelled or not self._reader.is_alive())

    @property
    def failed(self) -> bool:
        """It has ended, and not well."""
        return self._process.poll() not in (None, 0)

    def cancel(self, patience_s: float = 5.0) -> None:
        """End the process: it is asked first, and ended after some seconds if it has not stopped."""
        self.cancelled = True
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join(1.0)

    def answer(self) -> object:
        """What it answered in JSON; None where it answered nothing."""
        return json.loads(self._text) if self._text.strip() else None


class Work:
    """Commands one after another; a timer calls `poll`."""

    def __init__(self, commands: Sequence[Sequence[str]], environment: Mapping[str, str], answer_is_talk: bool = False) -> None:
        """Start the first of the commands."""
        self._waiting = [list(command) for command in commands]
        self._environment = dict(environment)
        self._talk = answer_is_talk
        self._ran: list[Running] = []
        self._all = len(self._waiting)
        self._begin()

    def _begin(self) -> None:
        self._ran.append(Running(self._waiting.pop(0), self._environment, self._talk))

    def poll(self) -> bool:
        """Go on to the next command if one has ended; True once there is nothing left to do."""
        now = self._ran[-1]
        if not now.finished:
            return False
        if now.failed or now.cancelled or not self._waiting:
            return True
        self._begin()
        return False

    @property
    def step(self) -> Step | None:
        """How far it is, of all commands together; None before the first word of it."""
        steps = [step for step in map(step_of, list(self._ran[-1].said)) if step is not None]
        if not steps:
            return None
        return Step(steps[-1].stage, (len(self._ran) - 1 + steps[-1].fraction) / self._all)

    @property
    def said(self) -> list[str]:
        """Everything said for a person, without the lines of progress."""
        return [line for running in self._ran for line in list(running.said) if line and step_of(line) is None]

    @property
    def failed(self) -> bool:
        """A command did not end well; `said` tells why."""
        return self._ran[-1].failed

    @property
    def cancelled(self) -> bool:
        """The user ended it."""
        return self._ran[-1].cancelled

    def cancel(self) -> None:
        """End what runs, and start nothing more."""
        self._waiting.clear()
        self._ran[-1].cancel()

    def answers(self) -> list[object]:
        """What each command answered in JSON."""
        return [running.answer() for running in self._ran]
