"""The words after `--methods` into methods."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ifssnet.cli.settings import given
from ifssnet.core.errors import InputError
from ifssnet.propagate.methods import LEARNED
from ifssnet.workflow.evaluation.compared_methods import ComparedMethod, names
from ifssnet.workflow.files.default_weights import default_weights, find_weights

_EXAMPLE = "Write for example --methods hold,guided,full=ifss-net@best.safetensors:direction=forward."
_PART = re.compile(
    r"(?:(?P<label>[^=@:]+)=)?(?P<name>[^=@:]+)(?:@(?P<weights>.+?))?(?::(?P<settings>[A-Za-z_-]+=[^:]*))?", re.DOTALL
)


def methods(words: Sequence[str], weights: Sequence[str] = (), direction: str | None = None) -> tuple[ComparedMethod, ...]:
    """Methods out of `NAME`, `NAME@WEIGHTS` or `LABEL=NAME[@WEIGHTS][:SETTING=VALUE,...]`, commas between them.

    Args:
        words: What was given, one or more times.
        weights: `NAME=FILE` or `LABEL=FILE`, for methods that name no file themselves. FILE may be the name of weights that
            come with the package; a learned method that is given none at all gets its own of these.
        direction: For methods that know directions and are given none.

    Raises:
        InputError: Words that are no methods, or weights for none of them.

    >>> [(m.label, m.name, dict(m.settings)) for m in methods(["hold,flat=shape-interpolation:plain=true,extrapolate_mm=5"])]
    [('hold', 'hold', {}), ('flat', 'shape-interpolation', {'plain': True, 'extrapolate_mm': 5})]
    """
    files = _files(weights)
    used: set[str] = set()
    found: list[ComparedMethod] = []
    for part in _parts(words):
        match = _PART.fullmatch(part)
        if match is None:
            raise InputError("methods with commas between them", f"'{part}'", _EXAMPLE)
        name = match["name"].strip()
        label = (match["label"] or name).strip()
        key = label if label in files else name
        used.add(key)
        if match["weights"] and key in files:
            raise InputError(f"one file of weights for {label}", f"{match['weights']} and {files[key]}", "Give one of them.")
        settings = given(match["settings"].split(",")) if match["settings"] else {}
        file = _weights(name, match["weights"] or files.get(key), settings.get("direction", direction))
        found.append(ComparedMethod(label, name, settings, file))
    if lost := sorted(files.keys() - used):
        raise InputError("weights for a method that is compared", f"'{lost[0]}'", "Name it after --methods too.")
    directed = tuple(one.directed(direction) for one in found)
    if direction is not None and all(one is before for one, before in zip(directed, found, strict=True)):
        raise InputError("a method that knows directions, and is given none, with --direction", "none", "Leave it out.")
    return directed


def _weights(method: str, given: str | Path | None, direction: object) -> Path | None:
    if given is not None:
        return find_weights(given, method, direction)
    return default_weights(method, direction) if method in LEARNED else None


def _parts(words: Sequence[str]) -> list[str]:
    """One string a method: a comma also stands between settings, which no method's name follows."""
    parts: list[str] = []
    for word in words:
        for piece in word.split(","):
            if "=" in piece and parts and ":" in parts[-1] and not _names_a_method(piece.partition("=")[2]):
                parts[-1] += f",{piece}"
            elif piece.strip():
                parts.append(piece.strip())
    return parts


def _names_a_method(text: str) -> bool:
    return re.split(r"[@:]", text, maxsplit=1)[0].strip() in names()


def _files(words: Sequence[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not equals or not name or not path:
            raise InputError("weights as NAME=FILE", f"'{word}'", "Write for example --weights anchored=best.safetensors.")
        files[name.strip()] = Path(path)
    return files
