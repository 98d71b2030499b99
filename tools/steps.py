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
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VIRTUAL_ENVIRONMENT = REPOSITORY / ".venv"
SCRIPTS = VIRTUAL_ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PAGES = ("frontend/report-viewer", "frontend/app")
PYTEST = ("pytest", "-n", os.environ.get("JOBS", "2"), "--dist", "loadfile")
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
SETTINGS = {"test-all": {"HYPOTHESIS_PROFILE": "searching"}, "docs": {"NO_MKDOCS_2_WARNING": "1"}}


def main() -> None:
    """Run the steps of one name, and stop at the first that fails with its exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("name", choices=["install", *STEPS])
    arguments.add_argument("locked", nargs="?", default="dev", help="what `install` installs: a file of requirements/")
    chosen = arguments.parse_args()
    if chosen.name == "install":
        install(chosen.locked)
        return
    for step in STEPS[chosen.name]:
        run(step, SETTINGS.get(chosen.name, {}))


def install(locked: str) -> None:
    """Make `.venv` if there is none and install the locked versions and the package there."""
    if not shutil.which("python", path=str(SCRIPTS)):
        venv.create(VIRTUAL_ENVIRONMENT, with_pip=True)
    pip = ("python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    run((*pip, "-r", f"requirements/{locked}.txt"), {})
    run((*pip, "--no-deps", "-e", "."), {})


def run(step: tuple[str, ...], settings: dict[str, str]) -> None:
    """Run one command of the virtual environment; npm is the system's."""
    print("+", *step, flush=True)
    program = shutil.which(step[0], path=None if step[0] == "npm" else str(SCRIPTS))
    if program is None:
        sys.exit(f"{step[0]} is not installed: {'install node' if step[0] == 'npm' else 'python tools/steps.py install dev'}")
    code = subprocess.run([program, *step[1:]], cwd=REPOSITORY, env=os.environ | settings, check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
