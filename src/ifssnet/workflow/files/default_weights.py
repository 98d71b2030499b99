"""Weights that come with the package, and how a command finds those that are meant."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.propagate.recurrent.inference import BOTH, FORWARD

PACKAGE_FOLDER = Path(str(files("ifssnet"))) / "weights"
ELSEWHERE = "IFSSNET_WEIGHTS"
"""Environment variable: a folder whose weights take the place of the package's, such as those that a laboratory fine-tuned."""

SUFFIX = ".safetensors"
DEFAULT = "default"
"""The word for the weights that come for whatever method or recipe is used."""

_KIND_OF_TASK = {"recurrent": "ifss-net"}
"""The methods of tasks that have another name than the method which they train."""


def weights_folder() -> Path:
    """Where the weights lie that nobody has to give a path to."""
    own = os.environ.get(ELSEWHERE)
    return Path(own) if own else PACKAGE_FOLDER


def shipped_weights() -> dict[str, Path]:
    """The weights that come with the package, by name."""
    files = (path for path in weights_folder().glob(f"*{SUFFIX}") if path.is_file())
    return {path.stem: path for path in sorted(files, key=lambda path: path.stem)}


def default_weights(method: str, direction: object = None) -> Path | None:
    """The weights that a method is used with when nobody gives others; None where the package has none.

    Args:
        method: Its name; the file is called the same.
        direction: The setting of that name, where somebody gave one. For a method that is to carry masks on there may be a
            file with a network for that, `METHOD-forward` or `METHOD-both`.
    """
    shipped = shipped_weights()
    names = {FORWARD: (f"{method}-{FORWARD}", f"{method}-{BOTH}"), BOTH: (f"{method}-{BOTH}",)}.get(str(direction), ())
    return next((shipped[name] for name in (*names, method) if name in shipped), None)


def find_weights(given: str | Path | None, method: str | None, direction: object = None) -> Path:
    """The file that is meant.

    Args:
        given: A path that ends in .safetensors, the name of weights that come with the package, "default", or None for that.
        method: Whose weights "default" is; None where no method was named.
        direction: As for `default_weights`.

    Raises:
        InputError: None come with the package under that name. Whether a path leads anywhere is for whoever opens it.
    """
    shipped = shipped_weights()
    if given is None or str(given) == DEFAULT:
        if method is not None and (found := default_weights(method, direction)):
            return found
        which = "a method that none was named of" if method is None else method
        raise InputError(f"weights for {which}", f"none; {_what_comes(shipped)}", "Give them: --weights FILE.")
    if str(given) in shipped:
        return shipped[str(given)]
    path = Path(given)
    if path.suffix.lower() == SUFFIX or path.exists():
        return path
    raise InputError(f"a weights file ({SUFFIX}), or the name of one", f"'{given}'; {_what_comes(shipped)}", "Check the path.")


def weights_to_start_from(given: str | Path, task: str, supervision: str, references: bool | None = None) -> Path:
    """The file that a training starts from.

    Args:
        given: As for `find_weights`; "default" is what comes for the recipe's own task and supervision.
        task: The recipe's task.
        supervision: The recipe's; weights that were trained with few labels are preferred where it begins with "weak".
        references: Whether the recipe's network is shown drawn slices, where a network can be: that decides instead, for the
            weights that were trained with few labels are those of a network that is not.

    Raises:
        InputError: None come with the package.
    """
    if str(given) != DEFAULT:
        return find_weights(given, None)
    kind, shipped = _KIND_OF_TASK.get(task, task), shipped_weights()
    weak = supervision.startswith("weak") if references is None else not references
    for name in ([f"{kind}-weak"] if weak else []) + [kind]:
        if name in shipped:
            return shipped[name]
    raise InputError(f"weights of {kind} to start from", f"none; {_what_comes(shipped)}", "Give a file: --from FILE.")


def _what_comes(shipped: dict[str, Path]) -> str:
    return f"those that come with this version are {', '.join(shipped)}" if shipped else "none come with this version"
