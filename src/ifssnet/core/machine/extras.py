"""Parts of the installation that a user may lack, and the command that adds them."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

_OF_EXTRA = re.compile(r"^(?P<package>[^;]+?)\s*;.*\bextra\s*==\s*['\"](?P<extra>[^'\"]+)['\"]")


def install_command(extra: str) -> str:
    """The command that installs an extra of this package, wherever the package itself came from.

    It names the libraries one by one, as the package's own description lists them: so it works beside an installation from a
    folder or a wheel, too.

    >>> install_command("dicom")
    'pip install "highdicom>=0.25"'
    """
    try:
        listed = requires("ifssnet") or []
    except PackageNotFoundError:
        listed = []
    found = [match["package"] for line in listed if (match := _OF_EXTRA.match(line)) and match["extra"] == extra]
    if not found:
        return f'pip install ".[{extra}]" in this package\'s folder'
    return f"pip install {' '.join(sorted(_quoted(package) for package in found))}"


def _quoted(requirement: str) -> str:
    """A requirement as a shell of any system takes it: `<` and `>` would send the output elsewhere."""
    return f'"{requirement}"'
