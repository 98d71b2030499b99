"""A release, checked as a stranger meets it.

- `python tools/release.py build` builds the source archive, and the wheel from it, into `dist/`, and looks into both.
- `python tools/release.py try [--demo]` installs the wheel in a fresh environment and works with it in an empty folder.
- `python tools/release.py check` does both, and runs the demo.
- `python tools/release.py tag v1.2.3 ADDRESS` says whether a tag may be released from the repository at that address.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import venv
import zipfile
from itertools import chain
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DIST = REPOSITORY / "dist"
IN_WHEEL = (
    "ifssnet/py.typed",
    "ifssnet/recipes/anchored.toml",
    "ifssnet/weights/anchored.safetensors",
    "ifssnet/figures/assets/report-viewer.js",
    "ifssnet/web/static/index.html",
    "ifssnet/web/static/assets/index.js",
)
IN_SOURCE = ("src/ifssnet/__init__.py", "recipes/anchored.toml", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")
WITH_NETWORKS = ("ifss weights list", "ifss train legs --recipe list", "ifss demo -o demo")


def main() -> None:
    """Do what the command line asks for."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = arguments.add_subparsers(dest="command", required=True)
    commands.add_parser("build")
    commands.add_parser("check")
    commands.add_parser("try").add_argument(
        "--demo", action="store_true", help="with the extra nn, and `ifss demo` as well: some minutes"
    )
    tagged = commands.add_parser("tag")
    tagged.add_argument("tag")
    tagged.add_argument("address")
    chosen = arguments.parse_args()
    if chosen.command in ("build", "check"):
        build()
    if chosen.command in ("try", "check"):
        try_wheel(demo=chosen.command == "check" or chosen.demo)
    if chosen.command == "tag":
        check_tag(chosen.tag, chosen.address)


def build() -> None:
    """Build both archives in an environment made for that, and look for what has been forgotten before."""
    for old in DIST.glob("ifssnet-*"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        scripts = _environment(Path(folder), "-r", str(REPOSITORY / "requirements" / "release.txt"))
        _run([scripts / "python", "-m", "build", "--outdir", DIST, REPOSITORY], REPOSITORY)
        _run([scripts / "python", "-m", "twine", "check", "--strict", *sorted(DIST.glob("ifssnet-*"))], REPOSITORY)
    with zipfile.ZipFile(_only("*.whl")) as wheel:
        _contains("the wheel", wheel.namelist(), IN_WHEEL)
    source = _only("*.tar.gz")
    with tarfile.open(source) as archive:
        top = source.name.removesuffix(".tar.gz")
        _contains("the source archive", archive.getnames(), [f"{top}/{name}" for name in IN_SOURCE])
    for made in sorted(DIST.glob("ifssnet-*")):
        print(f"{made.name}: {made.stat().st_size / 1e6:.1f} MB")


def try_wheel(demo: bool) -> None:
    """Install the wheel without the repository and take the README's first steps with it.

    Args:
        demo: Install the extra `nn` as well, list the networks that come with the package, and run the demo.
    """
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        wheel = _only("*.whl")
        locked = "nn" if demo else "base"
        scripts = _environment(Path(folder), "-r", str(REPOSITORY / "requirements" / f"{locked}.txt"), str(wheel))
        work = Path(folder) / "work"
        work.mkdir()
        print(f"installed in {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        for step in ("ifss --version", *five_minutes(), *(WITH_NETWORKS if demo else ())):
            program, *words = shlex.split(step)
            # What a shell would do: the process gets the names of the files, in order.
            expanded = [sorted(work.glob(word)) if set(word) & set("*?[") else [word] for word in words]
            _run([scripts / program, *chain.from_iterable(expanded)], work)
        print(f"first steps done in {time.monotonic() - began:.0f} s")


def five_minutes() -> list[str]:
    """The commands under "Five minutes" in the README: a new user's first steps."""
    section = (REPOSITORY / "README.md").read_text(encoding="utf-8").partition("## Five minutes")[2].partition("\n## ")[0]
    return re.findall(r"^ifss .+$", section, re.MULTILINE)


def check_tag(tag: str, address: str) -> None:
    """A tag names the version, the changelog dates it, and the package's page links to where the tag was made."""
    package = (REPOSITORY / "src/ifssnet/__init__.py").read_text(encoding="utf-8")
    version = re.findall(r'^__version__ = "(.+)"$', package, re.MULTILINE)[0]
    urls = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    if tag != f"v{version}":
        sys.exit(f"the tag is {tag}, the version {version}")
    if not re.search(rf"^## {re.escape(version)} - \d{{4}}-", changes, re.MULTILINE):
        sys.exit(f"CHANGELOG.md does not date version {version}")
    if urls.get("Source") != address:
        sys.exit(f"[project.urls] of pyproject.toml should say: Source = '{address}'")


def _environment(folder: Path, *requirements: str) -> Path:
    environment = folder / "venv"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    _run([scripts / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *requirements], folder)
    return scripts


def _run(words: list[str | Path], folder: Path) -> None:
    print("+", *words, flush=True)
    # What the repository's own checkout offers must not be found by accident.
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    code = subprocess.run([str(word) for word in words], cwd=folder, env=settings, check=False).returncode
    if code:
        sys.exit(code)


def _only(pattern: str) -> Path:
    found = list(DIST.glob(f"ifssnet-{pattern}"))
    if len(found) != 1:
        sys.exit(f"dist/ should hold one ifssnet-{pattern}; it holds {len(found)}: run `python tools/release.py build`")
    return found[0]


def _contains(what: str, names: list[str], needed: list[str] | tuple[str, ...]) -> None:
    missing = sorted(set(needed) - set(names))
    if missing:
        sys.exit(f"{what} lacks {', '.join(missing)}")


if __name__ == "__main__":
    main()
