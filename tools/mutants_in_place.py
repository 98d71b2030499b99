"""Mutants that are put into the functions of a process that has loaded the tests and what they test."""

from __future__ import annotations

import gc
import importlib
import inspect
import io
import json
import os
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutants import Mutant

SECONDS = 30
"""A mutant's tests may take this long, and as much more as they take without it."""


@dataclass(frozen=True)
class Reached:
    """Which tests run which line, and how long they take.

    Attributes:
        tests: Path, line, tests; the empty name stands for what runs when the module is loaded.
        seconds: How long each test takes.
    """

    tests: Mapping[str, Mapping[int, set[str]]]
    seconds: Mapping[str, float]

    def by(self, mutant: Mutant) -> list[str]:
        """The tests that a mutant may change, the cheapest first; those that are named after its file count as cheaper."""
        by_line = self.tests.get(mutant.path, {})
        found = set[str]().union(*(by_line.get(line, set()) for line in range(mutant.line, mutant.last_line + 1)))
        # Lines of a module's own, and compiled ones that no coverage sees, may matter to every test of the file.
        if not found or "" in found:
            found = set[str]().union(*by_line.values()) - {""}
        stem = Path(mutant.path).stem
        # No test runs a line of a file that has nothing but names with values.
        found = found or {test for test in self.seconds if f"test_{stem}.py" in test}
        return sorted(found, key=lambda test: (self.seconds.get(test, 0.0) * (0.2 if stem in test else 1.0), test))

    def limit_s(self, tests: Sequence[str]) -> float:
        """After how many seconds of these tests a mutant loops for ever."""
        return SECONDS + 3 * sum(self.seconds.get(test, 0.0) for test in tests)


class InPlace:
    """A plugin of pytest that tries mutants in forks of the process that has collected the tests, instead of running them."""

    def __init__(self, every: Sequence[Mutant], reached: Reached, folder: Path, killed: Path) -> None:
        self.every, self.reached, self.folder, self.killed = every, reached, folder, killed

    def pytest_runtestloop(self, session: Any) -> bool:
        """Try each mutant that changes nothing but functions, and write down which ones a test noticed."""
        items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()
        with self.killed.open("w", encoding="utf-8") as stream:
            for mutant in self.every:
                tests = [test for test in self.reached.by(mutant) if test in items]
                module = sys.modules.get(_module_name(mutant.path))
                noticed = bool(tests) and module is not None and self._noticed(module, mutant, items, tests)
                stream.write(json.dumps(noticed) + "\n")
                stream.flush()
        return True

    def _noticed(self, module: types.ModuleType, mutant: Mutant, items: Mapping[str, Any], tests: Sequence[str]) -> bool:
        changed = changed_functions(module, mutant, self.folder)
        if changed is None:
            return False
        return forked(lambda: _run([items[test] for test in tests], module, changed), self.reached.limit_s(tests)) != 0


def _module_name(path: str) -> str:
    return ".".join(Path(path).relative_to("src").with_suffix("").parts).removesuffix(".__init__")


Functions = list[tuple[types.FunctionType, types.CodeType]]


def changed_functions(module: types.ModuleType, mutant: Mutant, folder: Path) -> Functions | None:
    """The loaded functions that a mutant changes, with their changed code; None where it changes what runs on loading."""
    path = str(folder / mutant.path)
    loader: Any = module.__spec__.loader if module.__spec__ else None
    before = loader.source_to_code((folder / mutant.path).read_bytes(), path)
    after = loader.source_to_code(mutant.source.encode("utf-8"), path)
    codes: list[types.CodeType] = []
    if not _differing(before, after, codes):
        return None
    functions = dict(_functions_of(module))
    if not codes or any(code.co_qualname not in functions for code in codes):
        return None
    found = [(functions[code.co_qualname], code) for code in codes]
    return found if all(function.__code__.co_freevars == code.co_freevars for function, code in found) else None


def _differing(before: types.CodeType, after: types.CodeType, functions: list[types.CodeType]) -> bool:
    """Collect the outermost functions whose code differs; False where anything differs that runs when the module is loaded."""
    if len(before.co_consts) != len(after.co_consts) or _own(before) != _own(after):
        return False
    for old, new in zip(before.co_consts, after.co_consts, strict=True):
        if not isinstance(old, types.CodeType) or not isinstance(new, types.CodeType):
            continue
        if old.co_flags & inspect.CO_OPTIMIZED:
            if not _same(old, new):
                functions.append(new)
        elif not _differing(old, new, functions):
            return False
    return True


def _own(code: types.CodeType) -> tuple[object, ...]:
    constants = tuple(repr(value) for value in code.co_consts if not isinstance(value, types.CodeType))
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_exceptiontable, constants


def _same(before: types.CodeType, after: types.CodeType) -> bool:
    functions: list[types.CodeType] = []
    return _differing(before, after, functions) and not functions


def _functions_of(module: types.ModuleType) -> Iterator[tuple[str, types.FunctionType]]:
    """The functions of a module's file, by qualified name, without the checks that are wrapped around them."""
    todo = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
    while todo:
        value = todo.pop()
        if isinstance(value, type):
            if value.__module__ == module.__name__:
                todo.extend(vars(value).values())
            continue
        for inner in ("__wrapped__", "__func__", "fget", "func", "py_func"):
            if getattr(value, inner, None) is not None:
                todo += [getattr(value, inner)]
        if isinstance(value, types.FunctionType) and not hasattr(value, "__wrapped__") and value.__module__ == module.__name__:
            yield value.__code__.co_qualname, value


def _run(items: Sequence[Any], module: types.ModuleType, changed: Functions) -> int:
    """Change functions in this process, which ends soon, and run tests up to the first that fails."""
    for function, code in changed:
        function.__code__ = code
    _compile_anew(module, {code.co_qualname for _, code in changed})
    for item, after in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if item.session.testsfailed:
            return 1
    return 0


def _compile_anew(module: types.ModuleType, changed: set[str]) -> None:
    """Forget the machine code of changed loops, and of those that have taken them into their own."""
    loaded = [value for name, other in sys.modules.items() if name.startswith("ifssnet.") for value in vars(other).values()]
    loops = list({id(value): value for value in loaded if hasattr(value, "_reset_overloads")}.values())
    stale = [loop for loop in loops if loop.__module__ == module.__name__ and loop.py_func.__qualname__ in changed]
    # The list grows while it is gone through: a loop may be within another one that is within a third.
    for inner in stale:
        stale += [loop for loop in loops if loop not in stale and inner in _named(loop.py_func)]
    for loop in stale:
        loop._cache = importlib.import_module("numba.core.caching").NullCache()
        loop._reset_overloads()


def _named(function: types.FunctionType) -> list[object]:
    return [function.__globals__.get(name) for name in function.__code__.co_names]


def forked(work: Callable[[], int], seconds: float) -> int:
    """Do something in a fork of this process, without its words; its exit code, or -1 when it had to be stopped."""
    child = os.fork()
    if child == 0:
        # The fork's own exit, whatever happens: nothing of the parent may run twice.
        code = 3
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                code = work()
        finally:
            os._exit(code)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1
