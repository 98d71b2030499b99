"""Weights as one safetensors file: numbers that cannot run code, and their description as JSON in the header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError
from ifssnet.core.machine.extras import install_command
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import Json, plain, plain_table, structure
from ifssnet.io.storage.atomic import atomic_path

FORMAT, VERSION = "ifssnet-weights", 1
_KEY = "ifssnet"
"""One key, because safetensors writes several in any order; so the same weights are the same bytes."""
STORED, FP16, FP32 = "stored", "fp16", "fp32"
"""The card's entry in a file whose numbers have 16 bits. It speaks of this file, so it goes when they are written in full."""
_RETRAIN = "Get the file again, or train the network again."


def save_weights(weights: Weights, path: Path, force: bool = False, half: bool = False) -> None:
    """Write weights, beside their target and moved into place.

    Args:
        weights: What to write.
        path: A name that ends in .safetensors.
        force: Replace a file that is there.
        half: Store floating point numbers in 16 bits (11 significant ones); they are read back as 32, and the card says
            `stored = fp16`.

    Raises:
        InputError: Another ending, a file that is there already, no room, numbers that 16 bits cannot hold, or no safetensors.
    """
    if path.suffix.lower() != ".safetensors":
        raise InputError("a name that ends in .safetensors", f"{path.name}", "Choose such a name.")
    stored = _as_stored(weights, half)
    header = _header_of(stored)
    tensors = {name: np.array(t, order="C", copy=True) for name, t in sorted(stored.tensors.items())}
    text = _json(plain(header))
    with atomic_path(path, force=force) as partial:
        partial.write_bytes(_safetensors().numpy.save(tensors, metadata={_KEY: text}))


def open_weights(path: Path, kind: str | None = None) -> Weights:
    """Read weights, and check that they are whole and what was written.

    Args:
        path: A file that `save_weights` wrote.
        kind: The network that they have to be of; None for any.

    Raises:
        InputError: No such file, no weights of this package, of another version or kind, cut short, changed since they were
            written, or no safetensors.
    """
    library = _safetensors()
    wanted = "a weights file (.safetensors) of ifssnet"
    if not path.is_file():
        raise InputError(wanted, f"{path}, which is {'a folder' if path.is_dir() else 'not there'}", "Check the path.")
    try:
        with library.safe_open(path, framework="numpy") as file:
            metadata = cast("dict[str, str] | None", file.metadata()) or {}
            header = _read_header(metadata.get(_KEY), path)
            raw = {str(name): np.asarray(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except (library.SafetensorError, OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(wanted, f"'{error}' in {path.name}", _RETRAIN) from error
    weights = Weights(header.kind, header.network, header.sampling, header.muscles, raw, header.card)
    if header.sha256 != _header_of(weights).sha256:
        raise InputError(f"{path.name} as it was written", "other contents than its hash tells", _RETRAIN)
    if kind is not None:
        weights.check_kind(kind)
    return replace(weights, tensors={name: t.astype(np.float32) if t.dtype == np.float16 else t for name, t in raw.items()})


@dataclass(frozen=True)
class _Header:
    """What the file says beside the tensors.

    Attributes:
        format: The format's name and version.
        sha256: Hash of the tensors' hash and of all that follows.
        kind: As in `Weights`, like the rest.
    """

    format: str
    sha256: str | None
    kind: str
    network: Mapping[str, Json]
    sampling: Mapping[str, Json]
    muscles: tuple[str, ...]
    card: Mapping[str, Json]


def _header_of(weights: Weights) -> _Header:
    """The description of weights, with its hash."""
    tables = (plain_table(weights.network), plain_table(weights.sampling), weights.muscles, plain_table(weights.card))
    header = _Header(f"{FORMAT}/{VERSION}", None, weights.kind, *tables)
    described = {key: value for key, value in plain_table(header).items() if key not in ("format", "sha256")}
    return replace(header, sha256=hashlib.sha256(f"{weights.sha256}\n{_json(described)}".encode()).hexdigest())


def _json(data: Json) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _read_header(text: str | None, path: Path) -> _Header:
    if text is None:
        raise InputError("a weights file of ifssnet", f"{path.name}, a safetensors file of somebody else", "Give another file.")
    found: object = json.loads(text)
    table = cast("Mapping[str, object]", found) if isinstance(found, Mapping) else dict[str, object]()
    given = str(table.get("format"))
    name, _, version = given.partition("/")
    if name != FORMAT or version != str(VERSION):
        newer = name == FORMAT and version.isascii() and version.isdigit() and int(version[:9]) > VERSION
        remedy = "Update ifssnet." if newer else "Train the network again with this version of ifssnet."
        raise InputError(f"weights in the format {FORMAT}/{VERSION}", f"'{given}' in {path.name}", remedy)
    try:
        return structure(_Header, table, f"the header of {path.name}")
    except InputError as error:
        raise InputError(error.expected, error.received, _RETRAIN) from error


def _as_stored(weights: Weights, half: bool) -> Weights:
    """The weights as a file has them."""
    card = {key: value for key, value in weights.card.items() if key != STORED}
    if not half:
        return replace(weights, card=card)
    halved = {name: _halved(name, tensor) for name, tensor in weights.tensors.items()}
    return replace(weights, card={**card, STORED: FP16}, tensors=halved)


def _halved(name: str, tensor: Shaped[np.ndarray, "*shape"]) -> Shaped[np.ndarray, "*shape"]:
    if tensor.dtype.kind != "f":
        return tensor
    with np.errstate(over="ignore"):
        half = tensor.astype(np.float16)
    if not np.array_equal(np.isfinite(half), np.isfinite(tensor)):
        raise InputError("numbers up to 65504 for 16 bits", f"larger ones in {name}", "Store the weights in full.")
    return half


def _safetensors() -> Any:
    try:
        import_module("safetensors.numpy")
        return import_module("safetensors")
    except ImportError as error:
        raise InputError("the package safetensors", "none installed", f"Run: {install_command('nn')}") from error
