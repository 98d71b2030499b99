"""Mutation testing: does a test fail when one operator or number of the code is another?

Usage: `python tools/mutation.py src/ifssnet/measurement --tests tests/measurement` (in `.venv`, not on Windows).

Each mutant changes one place of one file: a comparison, an operator, a number, a condition, a named argument, a returned
value. The tests that reach the changed line run on it. A mutant that no test notices survives, and asks for a test. Those
that cannot be noticed are listed in `tools/equivalent_mutants.txt` with their reason.

Everything happens in a copy of the repository. One process loads the tests and what they test, and forks a child for each
mutant. The child puts the changed code into the functions that are loaded, and runs the tests that reach it, the cheapest
first, up to the first that fails. What changes a line that runs when a file is loaded, or survives so, is tried once more
from the start: the file is changed, and a fork that has loaded no more than the libraries loads everything anew.
"""

from __future__ import annotations

import argparse
import ast
import gc
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mutants import REPOSITORY, Mutant, mutants
from mutants_in_place import InPlace, Reached, forked

EQUIVALENT = REPOSITORY / "tools" / "equivalent_mutants.txt"
LIBRARIES = (
    "beartype",
    "hypothesis",
    "jaxtyping",
    "numba",
    "numpy",
    "pytest",
    "scipy.ndimage",
    "scipy.stats",
    "skimage.measure",
)
QUIET = (
    "-x",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "--no-header",
    "--tb=no",
    "--assert=plain",
    "-p",
    "no:unraisableexception",
    "-p",
    "no:threadexception",
    "-W",
    "ignore::pytest.PytestWarning",
)

BELOW = ("core", "geometry", "io")
"""Rooms that a process loads once for all mutants of the rooms above them."""


def main() -> None:
    """Try every mutant of the files that the command line names, and print those that survive."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("sources", nargs="+", help="files or folders of src/")
    arguments.add_argument("--tests", nargs="+", required=True, help="files or folders of tests/")
    arguments.add_argument("--leave-out", nargs="*", default=[], help="files of these that are not mutated")
    arguments.add_argument("--at-most", type=float, default=20.0, help="seconds; tests that take longer are left out (20)")
    chosen = arguments.parse_args()
    files = [path for source in chosen.sources for path in python_files(REPOSITORY / source)]
    files = [path for path in files if path not in chosen.leave_out]
    with tempfile.TemporaryDirectory() as folder:
        copy_repository(Path(folder))
        outcomes = try_all([mutant for path in files for mutant in mutants(path)], chosen.tests, Path(folder), chosen.at_most)
    report(outcomes)


def python_files(source: Path) -> list[str]:
    """The Python files of a folder, or the one file."""
    found = sorted(source.rglob("*.py")) if source.is_dir() else [source]
    return [path.relative_to(REPOSITORY).as_posix() for path in found]


def copy_repository(folder: Path) -> None:
    """The files that git knows, without its history."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode("utf-8").split("\0")):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, folder / name)


def try_all(every: list[Mutant], tests: list[str], folder: Path, at_most_s: float) -> list[tuple[Mutant, str]]:
    """Try each mutant in the copy; what became of it is "killed", "survived", or "not reached"."""
    _load(folder, {mutant.path for mutant in every})
    began = time.monotonic()
    reached = tests_by_line(tests, folder, at_most_s)
    print(f"{len(every)} mutants; the tests took {time.monotonic() - began:.0f} s", flush=True)
    # What is loaded by now stays: a child need not look through it for garbage.
    gc.freeze()
    quick = try_loaded(every, tests, reached, folder)
    print(f"{sum(quick)} killed after {time.monotonic() - began:.0f} s; the others once more, from the start", flush=True)
    outcomes: list[tuple[Mutant, str]] = []
    known = judged()
    for number, (mutant, killed) in enumerate(zip(every, quick, strict=True), start=1):
        # What somebody has judged equivalent is not waited for.
        outcome = "killed" if killed else "survived" if mutant.name in known else _outcome(mutant, reached, folder)
        outcomes.append((mutant, outcome))
        if outcome != "killed":
            print(
                f"{number}/{len(every)} {outcome}: {mutant.path}:{mutant.line}: {mutant.before} -> {mutant.after}", flush=True
            )
    return outcomes


def try_loaded(every: Sequence[Mutant], tests: Sequence[str], reached: Reached, folder: Path) -> list[bool]:
    """Whether a test noticed each mutant, among those that can be put into a process that runs."""
    killed = folder / "killed.json"
    pytest = importlib.import_module("pytest")
    forked(lambda: int(pytest.main([*QUIET, *tests], plugins=[InPlace(every, reached, folder, killed)])), seconds=36000)
    found = [json.loads(line) for line in killed.read_text(encoding="utf-8").splitlines()] if killed.exists() else []
    # What the process did not get to is tried from the start.
    return [*found, *[False] * (len(every) - len(found))]


def _load(folder: Path, mutated: set[str]) -> None:
    for library in LIBRARIES:
        importlib.import_module(library)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.environ["PYTHONPATH"] = str(folder / "src")
    os.chdir(folder)
    sys.path.insert(0, str(folder / "src"))
    _keep_compiled_loops()
    _without_shrinking()
    # As the tests' conftest.py has it.
    importlib.import_module("jaxtyping").install_import_hook("ifssnet", "beartype.beartype")
    for room in BELOW:
        if not any(path.startswith(f"src/ifssnet/{room}/") for path in mutated):
            for path in sorted((folder / "src" / "ifssnet" / room).rglob("*.py")):
                parts = path.relative_to(folder / "src").with_suffix("").parts
                importlib.import_module(".".join(parts).removesuffix(".__init__"))


def _keep_compiled_loops() -> None:
    """Let numba's cache go by what is compiled: a mutant of any other function of the file costs no compiling."""
    caching = importlib.import_module("numba.core.caching")

    def stamp(locator: Any) -> bytes:
        tree = ast.parse(Path(locator._py_file).read_bytes())
        plain = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list]
        tree.body = [node for node in tree.body if node not in plain]
        return hashlib.sha256(ast.unparse(tree).encode("utf-8")).digest()

    caching.InTreeCacheLocator.get_source_stamp = stamp
    caching.InTreeCacheLocator.get_cache_path = lambda locator: f"{locator._cache_path}/{stamp(locator).hex()[:12]}"


def _without_shrinking() -> None:
    """Hypothesis' profile for mutants: that a test fails is enough, the smallest example is not looked for."""
    hypothesis = importlib.import_module("hypothesis")
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", derandomize=True, deadline=None, phases=phases)
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"


class Seconds:
    """A plugin of pytest that writes down how long each test takes with what it sets up."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add one part of a test."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        """Write what was found."""
        self.path.write_text(json.dumps(self.seconds), encoding="utf-8")


def tests_by_line(tests: list[str], folder: Path, at_most_s: float) -> Reached:
    """Run the tests once, and find which of them run which line, but for those that take long.

    Raises:
        SystemExit: A test fails without any mutant.
    """
    data, times = folder / ".coverage-of-tests", folder / "seconds.json"
    os.environ["COVERAGE_FILE"] = str(data)
    measured_words = ["--cov=ifssnet", "--cov-context=test", "--cov-report=", "--cov-config=/dev/null"]
    pytest = importlib.import_module("pytest")
    code = forked(lambda: int(pytest.main([*QUIET, *measured_words, *tests], plugins=[Seconds(times)])), seconds=3600)
    if code != 0:
        sys.exit(f"the tests fail without any mutant (pytest says {code}): {' '.join(tests)}")
    from coverage import CoverageData

    measured = CoverageData(str(data))
    measured.read()
    every: dict[str, float] = json.loads(times.read_text(encoding="utf-8"))
    seconds = {test: took for test, took in every.items() if took <= at_most_s}
    found: dict[str, dict[int, set[str]]] = {}
    for name in measured.measured_files():
        path = Path(name).resolve().relative_to(folder.resolve()).as_posix()
        by_line = measured.contexts_by_lineno(name)
        found[path] = {line: _tests_of(contexts, seconds) for line, contexts in by_line.items()}
    return Reached(found, seconds)


def _tests_of(contexts: Sequence[str], every: Mapping[str, float]) -> set[str]:
    """The tests of coverage's contexts; what one test sets up may be set up for the others of its file."""
    parts = [context.partition("|") for context in contexts]
    set_up = {test.partition("::")[0] for test, _, part in parts if part == "setup"}
    shared = {other for other in every if other.partition("::")[0] in set_up} if set_up else set[str]()
    return {test for test, _, _ in parts if test in every or not test} | shared


def _outcome(mutant: Mutant, reached: Reached, folder: Path) -> str:
    tests = reached.by(mutant)
    if not tests:
        return "not reached"
    target = folder / mutant.path
    original = target.read_bytes()
    pytest = importlib.import_module("pytest")
    try:
        target.write_text(mutant.source, encoding="utf-8")
        code = forked(lambda: int(pytest.main([*QUIET, *tests])), reached.limit_s(tests))
        return "survived" if code == 0 else "killed"
    finally:
        target.write_bytes(original)


def judged() -> set[str]:
    """The names of the mutants that somebody has judged equivalent."""
    written = EQUIVALENT.read_text(encoding="utf-8") if EQUIVALENT.exists() else ""
    return {line.strip() for line in written.splitlines() if line.strip() and not line.startswith("#")}


def report(outcomes: list[tuple[Mutant, str]]) -> None:
    """Numbers, and the survivors that nobody has judged yet; the exit code is 1 where there are any."""
    known = judged()
    left = [(mutant, outcome) for mutant, outcome in outcomes if outcome != "killed"]
    equivalent = [mutant for mutant, _ in left if mutant.name in known]
    open_ones = [(mutant, outcome) for mutant, outcome in left if mutant.name not in known]
    killed = len(outcomes) - len(left)
    print(f"{len(outcomes)} mutants: {killed} killed, {len(equivalent)} judged equivalent, {len(open_ones)} open")
    for mutant, outcome in open_ones:
        print(f"{outcome}: {mutant.name}")
    sys.exit(1 if open_ones else 0)


if __name__ == "__main__":
    main()
