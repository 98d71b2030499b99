"""Settings out of a weights file: a network is built, fed and used exactly as it was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from ifssnet.core.errors import InputError
from ifssnet.core.weights import Weights
from ifssnet.io.plain_data import structure
from ifssnet.propagate.network_input.region import Sampling

Settings = TypeVar("Settings")

_RENAMED: Mapping[str, str] = {"steady": "smooth_seeds"}
"""Settings of inference that weights files may have under an older name."""

_SINCE: Mapping[str, object] = {"references": False, "own_leg": None}
"""Settings that older weights files lack, and what their networks did."""


def trained_settings(kind: type[Settings], table: Mapping[str, object], what: str) -> Settings:
    """Settings of which none may be missing: a default of today need not be what was trained with.

    Args:
        kind: The dataclass of the settings.
        table: A table of a weights file.
        what: What the table is called, for errors.

    Raises:
        InputError: A value is missing, unknown or of another type, or cannot be.
    """
    try:
        return structure(kind, table, what, complete=True)
    except InputError as error:
        raise InputError(error.expected, error.received, "Use weights of this version.") from error


def network_settings(kind: type[Settings], weights: Weights) -> Settings:
    """The network's configuration as it was trained.

    Raises:
        InputError: A value is missing, unknown or of another type, or cannot be.
    """
    return trained_settings(kind, {**_since(kind), **weights.network}, f"the network of the weights of {weights.kind}")


def sampling_settings(weights: Weights) -> Sampling:
    """How grey levels and masks became the network's pixels in training.

    Raises:
        InputError: A value is missing or of another type, or cannot be.
    """
    table = {name: value for name, value in weights.sampling.items() if name in _names(Sampling)}
    return trained_settings(Sampling, table, _named(weights))


def further_settings(kind: type[Settings], weights: Weights, inference: type | None = None) -> Settings:
    """What use shares with training beside the sampling; none of it may be missing.

    Args:
        kind: A dataclass with all of it.
        weights: The file.
        inference: The dataclass of inference, where its settings stand beside the others instead of in a table of their own.

    Raises:
        InputError: A value is missing, unknown or of another type, or cannot be.
    """
    other = _names(Sampling)
    if inference is not None:
        other |= _names(inference) | set(_RENAMED)
    table = {name: value for name, value in weights.sampling.items() if name not in other}
    return trained_settings(kind, {**_since(kind), **table}, _named(weights))


def inference_settings(kind: type[Settings], table: Mapping[str, object], weights: Weights) -> Settings:
    """How the network was used in training. What a file does not say yet stays at its default, as inference may gain settings.

    Args:
        kind: The dataclass of the settings.
        table: The part of a weights file with them; entries that inference no longer has are left out.
        weights: The file, for errors.

    Raises:
        InputError: A value is of another type, or cannot be.
    """
    renamed = {_RENAMED.get(name, name): value for name, value in table.items()}
    return structure(kind, renamed, f"the inference of {_named(weights)}", ignore_unknown=True)


def _since(kind: Any) -> dict[str, object]:
    return {name: value for name, value in _SINCE.items() if name in _names(kind)}


def _names(kind: Any) -> set[str]:
    return {field.name for field in fields(kind)}


def _named(weights: Weights) -> str:
    return f"the sampling of the weights of {weights.kind}"
