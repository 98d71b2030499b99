"""The command lines that the module runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

METHODS = (
    ("", "the default of the installed ifssnet"),
    ("shape-interpolation", "guided shape interpolation; needs no network"),
    ("anchored", "the anchored network; needs ifssnet[nn]"),
    ("fill-between-slices", "fill between slices"),
    ("grow-from-seeds", "grow from seeds"),
)
"""Methods that need no weights of one's own, and what each of them is."""


def ifss(interpreter: str, *words: str) -> list[str]:
    """A command of the ifssnet that is installed for an interpreter."""
    return [interpreter, "-m", "ifssnet", *words]


def segment(
    interpreter: str, volume: Path, seeds: Path, output: Path, method: str = "", corrections: Sequence[Path] = ()
) -> list[str]:
    """Segment every slice, with provenance, in JSON.

    >>> segment("python", Path("v.nrrd"), Path("s.seg.nrrd"), Path("o.seg.nrrd"), "anchored")[3:]
    ['segment', 'v.nrrd', '--seeds', 's.seg.nrrd', '-o', 'o.seg.nrrd', '--json', '--force', '--method', 'anchored']
    """
    words = ["segment", str(volume), "--seeds", str(seeds), "-o", str(output), "--json", "--force"]
    if method:
        words += ["--method", method]
    for path in corrections:
        words += ["--corrections", str(path)]
    if len(corrections) > 1:
        # A slice that was corrected twice is meant as it was left.
        words.append("--later-wins")
    return ifss(interpreter, *words)


def measure(interpreter: str, segmentation: Path, volume: Path) -> list[str]:
    """Measure each muscle, in JSON."""
    return ifss(interpreter, "measure", str(segmentation), "--volume", str(volume), "--json")


def suggest(interpreter: str, folder: Path, volume: Path, seeds: Path) -> list[list[str]]:
    """The slices to draw next: a session in a folder that is not there yet, what is drawn, and the question."""
    return [
        ifss(interpreter, "session", "new", str(folder), str(volume), "--json"),
        ifss(interpreter, "session", "draw", str(folder), str(seeds), "--json"),
        ifss(interpreter, "session", "suggest", str(folder), "--json"),
    ]


def install(interpreter: str, requirement: str) -> list[str]:
    """Install by pip: a name, or a folder, or the file of a wheel."""
    return [interpreter, "-m", "pip", "install", requirement]


def install_words(interpreter: str, requirement: str) -> str:
    """What pressing the button installs, and where."""
    torch = " and torch for the networks (about 750 MB more)" if "[nn]" in requirement else ", without torch"
    return (
        f"Runs pip install {requirement} for {interpreter}. It installs ifssnet and the libraries that it needs "
        f"(numpy, scipy, numba, SimpleITK, scikit-image and others, about 870 MB){torch}. It needs Python 3.11 or newer."
    )
