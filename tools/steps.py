"""What has to pass, in one place: `make` runs these steps, and the continuous integration runs them on every system.

Usage: `python tools/steps.py install dev` and then `python tools/steps.py test`.
It needs nothing but Python, and node for `frontend`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VIRTUAL_ENVIRONMENT = REPOSITORY / ".venv"
SCRIPTS = VIRTUAL_ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PAGES = ("frontend/report-viewer", "frontend/app")
JOBS = os.environ.get("JOBS", "2")
# One file, one process, as its tests share what they set up; in the order of tests/conftest.py, the longest first.
PYTEST = ("pytest", "-n", JOBS, "--dist", "loadfile", "--no-loadscope-reorder")
COVERAGE = (*PYTEST, "--cov", "--cov-report", "term:skip-covered", "--cov-report", "xml:out/coverage.xml")

CHECK = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("lint-imports",), ("pyright",))
FRONTEND = tuple(("npm", "--prefix", page, "run", "--silent", "verify") for page in PAGES)
STEPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "check": CHECK,
    "frontend": FRONTEND,
    "test": (*CHECK, *FRONTEND, PYTEST),
    "test-all": (*CHECK, *FRONTEND, (*PYTEST, "-m", "")),
    "coverage": (COVERAGE,),
    "docs": (("mkdocs", "build", "--strict", "--quiet"),),
}
# pytest's processes share the cores. Libraries that each start a thread for every core wait for one another, which costs
# training's tests four times their work.
_CORES = (os.cpu_count() or 1) // int(JOBS) if JOBS.isdigit() else 1
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(max(1, _CORES)))
SETTINGS: dict[str, dict[str, str]] = {
    "test": THREADS,
    "test-all": {"HYPOTHESIS_PROFILE": "searching", **THREADS},
    "coverage": THREADS,
    "docs": {"NO_MKDOCS_2_WARNING": "1"},
}


def main() -> None:
    """Run the steps of one name, and stop at the first that fails with its exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("name", choices=["install", *STEPS])
    arguments.add_argument("locked", nargs="?", default="dev", help="what `install` installs: a file of requirements/")
    chosen = arguments.parse_args()
    if chosen.name == "install":
        install(chosen.locked)
        return
    settings = SETTINGS.get(chosen.name, {})
    run_side_by_side([step for step in STEPS[chosen.name] if step[0] != "pytest"], settings)
    for step in STEPS[chosen.name]:
        if step[0] == "pytest":
            run(step, settings)


def install(locked: str) -> None:
    """Make `.venv` if there is none and install the locked versions and the package there."""
    if not shutil.which("python", path=str(SCRIPTS)):
        venv.create(VIRTUAL_ENVIRONMENT, with_pip=True)
    pip = ("python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    run((*pip, "-r", f"requirements/{locked}.txt"), {})
    run((*pip, "--no-deps", "-e", "."), {})


def run_side_by_side(steps: list[tuple[str, ...]], settings: dict[str, str]) -> None:
    """Run commands two at a time, each with what it said once it has ended; the exit code is that of the first to fail.

    pyright and the pages' tools use one core each and take about a minute.
    """
    longest_first = sorted(steps, key=lambda step: step[0] != "pyright")
    with ThreadPoolExecutor(max_workers=2) as workers:
        for step, done in zip(longest_first, workers.map(partial(finished, settings=settings), longest_first), strict=True):
            print("+", *step, flush=True)
            print(done.stdout, end="", flush=True)
            if done.returncode:
                workers.shutdown(cancel_futures=True)
                sys.exit(done.returncode)


def run(step: tuple[str, ...], settings: dict[str, str]) -> None:
    """Run one command of the virtual environment; npm is the system's."""
    print("+", *step, flush=True)
    code = subprocess.run([program_of(step), *step[1:]], cwd=REPOSITORY, env=os.environ | settings, check=False).returncode
    if code:
        sys.exit(code)


def finished(step: tuple[str, ...], settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A command that has run, with what it said."""
    return subprocess.run(
        [program_of(step), *step[1:]],
        cwd=REPOSITORY,
        env=os.environ | settings,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def program_of(step: tuple[str, ...]) -> str:
    """Where a command's program is.

    Raises:
        SystemExit: It is not installed.
    """
    program = shutil.which(step[0], path=None if step[0] == "npm" else str(SCRIPTS))
    if program is None:
        sys.exit(f"{step[0]} is not installed: {'install node' if step[0] == 'npm' else 'python tools/steps.py install dev'}")
    return program


if __name__ == "__main__":
    main()
