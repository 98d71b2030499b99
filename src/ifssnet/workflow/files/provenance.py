"""What a result file says about how it came about: enough to do it again."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ifssnet.core.provenance import AnnotatedSlices, BodySide, CaseFacts, FileSource, WeightsSource
from ifssnet.core.seeds import Seeds
from ifssnet.core.weights import Weights

LIBRARIES = ("numpy", "scipy", "numba", "SimpleITK", "scikit-image")
BLOCK_BYTES = 1 << 20


def software() -> dict[str, str]:
    """Versions of this package, Python and the libraries that compute."""
    return dict(_versions())


@cache
def _versions() -> Mapping[str, str]:
    # Every look-up reads the whole description of a package.
    return {
        "ifssnet": version("ifssnet"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **{name: version(name) for name in LIBRARIES},
    }


def source(path: Path) -> dict[str, str]:
    """A file or a folder that went into a result, as a table."""
    return asdict(file_source(path))


def file_source(path: Path) -> FileSource:
    """A file's name and SHA-256; for a folder, of the names and contents of all its files in order."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            if path.is_dir():
                digest.update(file.relative_to(path).as_posix().encode())
            with file.open("rb") as stream:
                while block := stream.read(BLOCK_BYTES):
                    digest.update(block)
    return FileSource(path.name, digest.hexdigest())


def annotated_slices(seeds: Seeds) -> dict[str, AnnotatedSlices]:
    """Which slices the expert drew of each muscle, by its name, and on which of them it is present."""
    return {seeds.name(label): AnnotatedSlices(seeds.slices(label), seeds.present(label)) for label in seeds.labels}


def weights_source(weights: Weights, path: Path) -> WeightsSource:
    """Which weights, and where they come from; of their card the plain values."""
    card = {name: value for name, value in weights.card.items() if isinstance(value, str | int | float | bool)}
    return WeightsSource(path.name, weights.sha256, weights.kind, weights.muscles, card)


def case_facts(subject: str = "", side: BodySide | None = None, rater: str = "") -> CaseFacts:
    """What was said about a leg, with the date and time of now."""
    return CaseFacts(subject.strip(), side, rater.strip(), datetime.now().astimezone().isoformat(timespec="seconds"))
