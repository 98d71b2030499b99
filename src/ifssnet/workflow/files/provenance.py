"""What a result file says about how it came about: enough to do it again."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Json

LIBRARIES = ("numpy", "scipy", "numba", "SimpleITK", "scikit-image")
BLOCK_BYTES = 1 << 20


def software() -> dict[str, Json]:
    """Versions of this package, Python and the libraries that compute."""
    return {
        "ifssnet": version("ifssnet"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **{name: version(name) for name in LIBRARIES},
    }


def source(path: Path) -> dict[str, str]:
    """A file's name and SHA-256; for a folder, of the names and contents of all its files in order."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            if path.is_dir():
                digest.update(file.relative_to(path).as_posix().encode())
            with file.open("rb") as stream:
                while block := stream.read(BLOCK_BYTES):
                    digest.update(block)
    return {"file": path.name, "sha256": digest.hexdigest()}


def annotated(seeds: Seeds) -> Mapping[str, Json]:
    """Which slices the expert drew, a muscle, and on which of them it is present."""
    return {
        seeds.name(label): {"annotated": list(seeds.slices(label)), "present": list(seeds.present(label))}
        for label in seeds.labels
    }
