"""Mutation testing: does a test fail when one operator or number of the code is another?

Usage: `python tools/mutation.py src/ifssnet/measurement --tests tests/measurement` (in `.venv`, not on Windows).

Each mutant changes one place of one file: a comparison, an operator, a number, a condition, a named argument, a returned
value. The tests that reach the changed line run on it. A mutant that no test notices survives, and asks for a test. Those
that cannot be noticed are listed in `tools/equivalent_mutants.txt` with their reason.

Everything happens in a copy of the repository. A process that has loaded the libraries forks one child for each mutant, so
that a mutant costs little more than its tests.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import hashlib
import importlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
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
SECONDS = 120
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

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}

NOT_RESULTS = ("stacklevel", "dtype", "strict")
"""Named arguments that change where a warning points to, or what a mistake of ours would do, but no result."""
BELOW = ("core", "geometry", "io")
"""Rooms that a process loads once for all mutants of the rooms above them."""


@dataclass(frozen=True)
class Mutant:
    """One changed place.

    Attributes:
        path: The file, relative to the repository.
        line: Where the changed statement begins.
        last_line: Where the changed place ends.
        before: The changed expression or statement as it was.
        after: What it became.
        changed_line: The first line of the file that differs, without the white space around it.
        source: The whole file with the change.
    """

    path: str
    line: int
    last_line: int
    before: str
    after: str
    changed_line: str
    source: str

    @property
    def name(self) -> str:
        """The file and the changed line: the same for the same change, wherever in the file it moves to."""
        instead = f" instead of {self.before}" if self.after == "pass" else ""
        return f"{self.path}: {self.changed_line}{instead}"


def main() -> None:
    """Try every mutant of the files that the command line names, and print those that survive."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("sources", nargs="+", help="files or folders of src/")
    arguments.add_argument("--tests", nargs="+", required=True, help="files or folders of tests/")
    arguments.add_argument("--leave-out", nargs="*", default=[], help="files of these that are not mutated")
    chosen = arguments.parse_args()
    files = [path for source in chosen.sources for path in python_files(REPOSITORY / source)]
    files = [path for path in files if path not in chosen.leave_out]
    with tempfile.TemporaryDirectory() as folder:
        copy_repository(Path(folder))
        outcomes = try_all([mutant for path in files for mutant in mutants(path)], chosen.tests, Path(folder))
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


def mutants(path: str) -> Iterator[Mutant]:
    """Every mutant of a file.

    Args:
        path: Relative to the repository.
    """
    source = (REPOSITORY / path).read_text(encoding="utf-8")
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    seen: set[tuple[int, int, str]] = set()
    for node in mutable(tree):
        for changed in changes(node):
            after = ast.unparse(changed)
            place = (node.lineno, node.col_offset, after)
            if place in seen:
                continue
            seen.add(place)
            new = _replaced(lines, node, f"({after})" if isinstance(node, ast.expr) else after)
            with suppress(SyntaxError):
                ast.parse(new)
                yield Mutant(
                    path, node.lineno, node.end_lineno or node.lineno, ast.unparse(node), after, _changed(lines, new), new
                )


def _changed(lines: list[str], new: str) -> str:
    pairs = zip(lines, new.splitlines(keepends=True), strict=False)
    return next((after.strip() for before, after in pairs if before != after), "")


def _replaced(lines: list[str], node: ast.stmt | ast.expr, text: str) -> str:
    last_line = node.end_lineno or node.lineno
    # The tree counts bytes.
    first, last = lines[node.lineno - 1].encode("utf-8"), lines[last_line - 1].encode("utf-8")
    before, after = first[: node.col_offset].decode("utf-8"), last[node.end_col_offset :].decode("utf-8")
    return "".join([*lines[: node.lineno - 1], before + text + after, *lines[last_line:]])


def mutable(tree: ast.AST) -> Iterator[ast.stmt | ast.expr]:
    """The statements and expressions that a program's result depends on: no annotations, words or errors' texts."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "bases", "type_comment"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if not isinstance(node, ast.AST) or _is_words(node):
                continue
            if isinstance(node, ast.keyword) and node.arg in NOT_RESULTS:
                continue
            if isinstance(node, ast.stmt | ast.expr):
                yield node
            yield from mutable(node)


def _is_words(node: ast.AST) -> bool:
    """Imports, docstrings, texts, and calls that only make a sentence for a person."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Name) and called.id in ("InputError", "InputWarning", "TypeVar", "cast", "Finding")


def changes(node: ast.stmt | ast.expr) -> Iterator[ast.stmt | ast.expr]:
    """What a place may become."""
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            yield _with(node, "ops", number, COMPARED[type(operator)]())
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in COMPUTED:
        yield _set(node, "op", COMPUTED[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield _set(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _other_constant(node)
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.If | ast.While):
        # Comparisons and `and` within it are changed by themselves.
        if isinstance(node.test, ast.Name | ast.Call | ast.Attribute | ast.NamedExpr):
            yield _set(node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Call):
        for number, keyword in enumerate(node.keywords):
            if keyword.arg not in (None, *NOT_RESULTS):
                yield _without(node, number)
    elif isinstance(node, ast.Continue | ast.Break | ast.Expr):
        yield ast.Pass()


def _other_constant(node: ast.Constant) -> Iterator[ast.expr]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)


def _set(node: ast.stmt | ast.expr, field: str, value: object) -> ast.stmt | ast.expr:
    changed = copy.copy(node)
    setattr(changed, field, value)
    return changed


def _with(node: ast.stmt | ast.expr, field: str, number: int, value: object) -> ast.stmt | ast.expr:
    values = list(getattr(node, field))
    values[number] = value
    return _set(node, field, values)


def _without(node: ast.Call, number: int) -> ast.stmt | ast.expr:
    return _set(node, "keywords", [keyword for other, keyword in enumerate(node.keywords) if other != number])


def try_all(every: list[Mutant], tests: list[str], folder: Path) -> list[tuple[Mutant, str]]:
    """Try each mutant in the copy; what became of it is "killed", "survived", or "not reached"."""
    _load(folder, {mutant.path for mutant in every})
    began = time.monotonic()
    reached = tests_by_line(tests, folder)
    print(f"{len(every)} mutants; the tests took {time.monotonic() - began:.0f} s", flush=True)
    # What is loaded by now stays: a child need not look through it for garbage.
    gc.freeze()
    outcomes: list[tuple[Mutant, str]] = []
    for number, mutant in enumerate(every, start=1):
        outcome = _outcome(mutant, reached.get(mutant.path, {}), folder)
        outcomes.append((mutant, outcome))
        if outcome != "killed":
            print(
                f"{number}/{len(every)} {outcome}: {mutant.path}:{mutant.line}: {mutant.before} -> {mutant.after}", flush=True
            )
    return outcomes


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


def tests_by_line(tests: list[str], folder: Path) -> dict[str, dict[int, set[str]]]:
    """Path to line to the tests that run it; the empty name stands for what runs when the module is loaded.

    Raises:
        SystemExit: A test fails without any mutant.
    """
    data = folder / ".coverage-of-tests"
    os.environ["COVERAGE_FILE"] = str(data)
    code = _in_child(["--cov=ifssnet", "--cov-context=test", "--cov-report=", "--cov-config=/dev/null", *tests], seconds=3600)
    if code != 0:
        sys.exit(f"the tests fail without any mutant (pytest says {code}): {' '.join(tests)}")
    from coverage import CoverageData

    measured = CoverageData(str(data))
    measured.read()
    found: dict[str, dict[int, set[str]]] = {}
    for name in measured.measured_files():
        by_line = measured.contexts_by_lineno(name)
        path = Path(name).resolve().relative_to(folder.resolve()).as_posix()
        found[path] = {line: {re.sub(r"\|\w+$", "", context) for context in contexts} for line, contexts in by_line.items()}
    return found


def _outcome(mutant: Mutant, by_line: dict[int, set[str]], folder: Path) -> str:
    lines = range(mutant.line, mutant.last_line + 1)
    reaching = set().union(*(by_line.get(line, set()) for line in lines))
    # Lines of a module's own, and compiled ones that no coverage sees, may matter to every test of the file.
    if not reaching or "" in reaching:
        reaching = set().union(*by_line.values()) - {""}
    if not reaching:
        return "not reached"
    target = folder / mutant.path
    original = target.read_bytes()
    try:
        target.write_text(mutant.source, encoding="utf-8")
        first_own = sorted(reaching, key=lambda test: (Path(mutant.path).stem not in test, test))
        return "survived" if _in_child(first_own, SECONDS) == 0 else "killed"
    finally:
        target.write_bytes(original)


def _in_child(words: list[str], seconds: int) -> int:
    """Run pytest in a fork of this process; its exit code, or -1 when it had to be stopped."""
    child = os.fork()
    if child == 0:
        # The worker's own exit, whatever happens: nothing of the parent may run twice.
        code = 3
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                run: Callable[[list[str]], int] = importlib.import_module("pytest").main
                code = int(run([*QUIET, *words]))
        finally:
            os._exit(code)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def report(outcomes: list[tuple[Mutant, str]]) -> None:
    """Numbers, and the survivors that nobody has judged yet; the exit code is 1 where there are any."""
    written = EQUIVALENT.read_text(encoding="utf-8") if EQUIVALENT.exists() else ""
    judged = {line.strip() for line in written.splitlines() if line.strip() and not line.startswith("#")}
    left = [(mutant, outcome) for mutant, outcome in outcomes if outcome != "killed"]
    equivalent = [mutant for mutant, _ in left if mutant.name in judged]
    open_ones = [(mutant, outcome) for mutant, outcome in left if mutant.name not in judged]
    killed = len(outcomes) - len(left)
    print(f"{len(outcomes)} mutants: {killed} killed, {len(equivalent)} judged equivalent, {len(open_ones)} open")
    for mutant, outcome in open_ones:
        print(f"{outcome}: {mutant.name}")
    sys.exit(1 if open_ones else 0)


if __name__ == "__main__":
    main()
